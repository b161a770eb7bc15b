/* file.h - whole files, within limits. Secrets are read only from files that nobody else can
 * read, and are made so that they never exist in another mode.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FILE_H
#define FILE_H

#include <stddef.h>

#include "base/err.h"

/* The whole file, at most `max` bytes, followed by a NUL; the caller frees. "-" is standard
 * input. ERR_NOT_FOUND if there is none, ERR_BAD_INPUT if it is larger. */
int file_read(const char *path, size_t max, char **ret, size_t *ret_len, struct err *err);

/* The same for a secret: a regular file owned by us or root (by anybody if we are root), not
 * accessible to group or others, else ERR_REFUSED with the chmod to run. The bytes are on the
 * secure heap: secret_free(p, len). */
int file_read_secret(const char *path, size_t max, unsigned char **ret, size_t *ret_len,
	struct err *err);

/* err_errno for a file that could not be opened and should be ours alone: if it is somebody
 * else's, the text names the chown to run. Reads errno. */
int file_fail_open(enum err_code code, const char *path, struct err *err);

/* Opens /dev/null where descriptor 0, 1 or 2 is closed: what is opened later must not become
 * the log. Call first of all. */
int file_open_standard(struct err *err);

/* All of it, however many calls that takes; -1 with errno. */
int file_write_all(int fd, const void *p, size_t len);

/* Syncs the directory that holds `path`, so that a new or renamed name there is durable. */
int file_sync_directory_of(const char *path, struct err *err);

/* Makes the file with mode 0600, written and synced with its directory; it appears whole or not
 * at all. ERR_CONFLICT if there is one already. */
int file_create_secret(const char *path, const void *p, size_t len, struct err *err);

/* Gives the finished file `draft` its proper name, durably, beside the one it has; ERR_CONFLICT
 * if that is taken. */
int file_publish(const char *draft, const char *path, struct err *err);

/* Writes a file that anybody may read (umask permitting), in the place of the one that is
 * there: whole or not at all. ERR_REFUSED if what is there is no regular file. One thread only:
 * it asks for the umask. */
int file_replace(const char *path, const void *p, size_t len, struct err *err);

#endif

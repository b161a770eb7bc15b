/* token_file.h - what a file with a token is, and how one comes into being inside a directory:
 * never readable by more than it should be, whole before it has its name.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TOKEN_FILE_H
#define TOKEN_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

/* All borrowed. */
struct token_file {
	const char *name; /* within its directory */
	const char *bytes;
	size_t len;
	uid_t uid;
	gid_t gid;
	mode_t mode;
};

/* Opens a directory for tokens. It is made (mode 0755: files have modes of their own) if only
 * its last part is missing. ERR_REFUSED if it is a link, or somebody else owns it or may write
 * to it: what is read there could be his. The caller closes the descriptor. */
int token_file_open_directory(const char *path, int *ret_fd, struct err *err);

/* Makes the new file `draft` in the directory `dir_fd`, with the bytes, owner and mode of
 * `file`, synced. */
int token_file_create(int dir_fd, const char *draft, const struct token_file *file,
	struct err *err);

/* Is `name` in `dir_fd` a regular file with just these bytes, owner and mode? */
bool token_file_is_same(int dir_fd, const char *name, const struct token_file *file);

/* The plain file dir/file->name, replaced by one rename; `ret_changed` (may be NULL) tells
 * whether it had to be. ERR_REFUSED if something else than a regular file is in its place. */
int token_file_replace(const char *dir, const struct token_file *file, bool *ret_changed,
	struct err *err);

/* Removes that file, if it is there, and its draft. */
int token_file_remove(const char *dir, const char *name, struct err *err);

#endif

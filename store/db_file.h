/* db_file.h - the file of an embedded database, before and around the engine: it appears whole
 * or not at all, belongs to us alone, and is not opened when others could have written it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_FILE_H
#define DB_FILE_H

#include "base/err.h"

/* ERR_NOT_FOUND if there is no such file, ERR_REFUSED with the chmod to run if its group or
 * others may write to it. */
int db_file_check(const char *path, struct err *err);

enum db_file_owner {
	DB_FILE_OURS,
	DB_FILE_OF_DIRECTORY, /* whose the directory is, if root makes it: a daemon's */
};

/* An empty file of mode 0600 beside `path`, under a name that comes back and is the caller's.
 */
int db_file_draft(const char *path, enum db_file_owner owner, char **ret, struct err *err);

/* Gives the draft its proper name, durably; ERR_CONFLICT if that is taken. */
int db_file_publish(const char *draft, const char *path, struct err *err);

/* Removes a file with all that the engine keeps beside it. */
void db_file_remove(const char *path);

/* A draft removes itself: what was published lives on under its proper name. */
void db_file_discard(char *draft);
static inline void auto_draft_(char **draft)
{
	db_file_discard(*draft);
}
#define auto_draft __attribute__((cleanup(auto_draft_)))

#endif

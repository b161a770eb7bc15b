/* db_file.c - see db_file.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/text.h"
#include "store/db_file.h"

int db_file_check(const char *path, struct err *err)
{
	struct stat st;

	/* Not open and fstat: closing a descriptor of the file would drop every lock that this
	 * process holds on it (POSIX), another handle's included. */
	if (stat(path, &st) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return err_set(err, ERR_NOT_FOUND,
				"there is no store '%s'; run 'issuerctl init' to make one",
				path);
		return err_errno(err, ERR_FAILED, "could not open store '%s'", path);
	}
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_FAILED, "store '%s' is not a regular file", path);
	if ((st.st_mode & 022) != 0)
		return err_set(err, ERR_REFUSED,
			"store '%s' has mode %04o, so others can change it; run: chmod 600 "
			"'%s'",
			path, (unsigned)(st.st_mode & 07777), path);
	return 0;
}

/* The same words as db.c has for a disk that fills up later. */
static int could_not_create(const char *path, struct err *err)
{
	if (errno == ENOSPC || errno == EDQUOT)
		return err_set(err, ERR_FAILED,
			"could not create '%s': disk full; free some space and try again",
			path);
	return err_errno(err, ERR_FAILED, "could not create '%s'", path);
}

/* 0 or -1 with errno. */
static int give_to_owner_of_directory(int fd, const char *path)
{
	auto_free char *copy = text_copy(path);
	struct stat st;

	return stat(dirname(copy), &st) < 0 ? -1 : fchown(fd, st.st_uid, st.st_gid);
}

int db_file_draft(const char *path, enum db_file_owner owner, char **ret, struct err *err)
{
	auto_draft char *draft = text_format("%s.new-XXXXXX", path);
	auto_close int fd = mkostemp(draft, O_CLOEXEC);

	if (fd < 0 ||
		(owner == DB_FILE_OF_DIRECTORY && geteuid() == 0 &&
			give_to_owner_of_directory(fd, path) < 0))
		return could_not_create(path, err);
	*ret = take(draft);
	return 0;
}

int db_file_publish(const char *draft, const char *path, struct err *err)
{
	if (file_publish(draft, path, err) == 0)
		return 0;
	return err->code == ERR_CONFLICT
		? err_set(err, ERR_CONFLICT, "store '%s' exists already", path)
		: -1;
}

void db_file_remove(const char *path)
{
	static const char *const suffix[] = { "", "-journal", "-wal", "-shm" };

	for (size_t i = 0; i < sizeof(suffix) / sizeof(suffix[0]); i++) {
		auto_free char *name = text_format("%s%s", path, suffix[i]);

		(void)unlink(name); /* most are not there */
	}
}

void db_file_discard(char *draft)
{
	if (draft)
		db_file_remove(draft);
	free(draft);
}

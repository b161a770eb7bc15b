/* token_file.c - see token_file.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/token_file.h"
#include "base/auto.h"
#include "base/file.h"
#include "base/text.h"

static int open_directory(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int refuse_directory(const char *path, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
		return err_set(err, ERR_REFUSED,
			"'%s' is a link, so somebody else may decide where it leads; write the "
			"directory itself",
			path);
	return err_errno(err, ERR_FAILED, "could not open the directory '%s'", path);
}

static int check_directory(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_errno(err, ERR_FAILED, "could not examine '%s'", path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return err_set(err, ERR_REFUSED,
			"the directory '%s' belongs to uid %u, who could change what is in it; "
			"run: chown %u '%s'",
			path, (unsigned)st.st_uid, (unsigned)geteuid(), path);
	if (st.st_mode & 022)
		return err_set(err, ERR_REFUSED,
			"the directory '%s' has mode %04o, so others could change what is in it; "
			"run: chmod go-w '%s'",
			path, (unsigned)(st.st_mode & 07777), path);
	return 0;
}

static int make_directory(const char *path, int *ret_fd, struct err *err)
{
	const bool is_ours = mkdir(path, 0755) == 0;

	if (!is_ours && errno != EEXIST)
		return err_errno(err, ERR_FAILED, "could not make the directory '%s'", path);
	*ret_fd = open_directory(path);
	if (is_ours && *ret_fd >= 0 && fchmod(*ret_fd, 0755) < 0) /* whatever the umask */
		return err_errno(err, ERR_FAILED, "could not set the mode of '%s'", path);
	return 0;
}

int token_file_open_directory(const char *path, int *ret_fd, struct err *err)
{
	auto_close int fd = open_directory(path);

	if (fd < 0 && errno == ENOENT && make_directory(path, &fd, err) < 0)
		return -1;
	if (fd < 0)
		return refuse_directory(path, err);
	if (check_directory(fd, path, err) < 0)
		return -1;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

static int give(int fd, const struct token_file *file, uid_t uid, gid_t gid, struct err *err)
{
	if (fchown(fd, uid, gid) == 0)
		return 0;
	return err_errno(err, ERR_FAILED, "could not give '%s' to uid %u and gid %u%s",
		file->name, (unsigned)file->uid, (unsigned)file->gid,
		errno == EPERM ? ", which takes root or CAP_CHOWN" : "");
}

/* The owner last: as long as the file is ours, its mode is ours to set, and a group that we are
 * in ours to give, without any right; then CAP_CHOWN is all that it takes. The modes of tokens
 * have no bits that a new owner would take away. */
static int settle(int fd, const struct token_file *file, struct err *err)
{
	struct stat st; /* its group may be the directory's, and not ours */

	if (fstat(fd, &st) < 0)
		return err_errno(err, ERR_FAILED, "could not examine '%s'", file->name);
	if (st.st_gid != file->gid && give(fd, file, (uid_t)-1, file->gid, err) < 0)
		return -1;
	if (fchmod(fd, file->mode) < 0)
		return err_errno(err, ERR_FAILED, "could not set the mode of '%s'", file->name);
	if (file->uid != geteuid() && give(fd, file, file->uid, (gid_t)-1, err) < 0)
		return -1;
	if (fsync(fd) < 0)
		return err_errno(err, ERR_FAILED, "could not write '%s'", file->name);
	return 0;
}

int token_file_create(int dir_fd, const char *draft, const struct token_file *file,
	struct err *err)
{
	auto_close int fd = openat(dir_fd, draft,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_errno(err, ERR_FAILED, "could not create '%s'", draft);
	if (file_write_all(fd, file->bytes, file->len) < 0)
		return err_errno(err, ERR_FAILED, "could not write '%s'", file->name);
	return settle(fd, file, err);
}

bool token_file_is_same(int dir_fd, const char *name, const struct token_file *file)
{
	auto_close int fd =
		openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	auto_free char *buf = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != file->uid ||
		st.st_gid != file->gid || (st.st_mode & 07777) != file->mode ||
		st.st_size != (off_t)file->len)
		return false;
	buf = text_alloc(file->len + 1, 1);
	return read(fd, buf, file->len + 1) == (ssize_t)file->len &&
		memcmp(buf, file->bytes, file->len) == 0;
}

/* One name, so that what a crash leaves is found again. */
static char *draft_of(const char *name)
{
	return text_format(".%s.new", name);
}

static int check_in_place(int dir_fd, const char *dir, const char *name, struct err *err)
{
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode))
		return err_set(err, ERR_REFUSED,
			"'%s/%s' is there and is no regular file; remove it, or choose another "
			"path",
			dir, name);
	return 0;
}

int token_file_replace(const char *dir, const struct token_file *file, bool *ret_changed,
	struct err *err)
{
	auto_free char *draft = draft_of(file->name);
	auto_close int dir_fd = -1;
	bool is_changed;

	if (token_file_open_directory(dir, &dir_fd, err) < 0 ||
		check_in_place(dir_fd, dir, file->name, err) < 0)
		return -1;
	(void)unlinkat(dir_fd, draft, 0); /* of one that was killed; else there is none */
	is_changed = !token_file_is_same(dir_fd, file->name, file);
	if (is_changed) {
		if (token_file_create(dir_fd, draft, file, err) < 0) {
			(void)unlinkat(dir_fd, draft, 0); /* the error tells more */
			return err_add(err, "'%s'", dir);
		}
		if (renameat(dir_fd, draft, dir_fd, file->name) < 0) {
			err_errno_(err, ERR_FAILED, "could not replace '%s/%s'", dir,
				file->name);
			(void)unlinkat(dir_fd, draft, 0);
			return -1;
		}
	}
	if (ret_changed)
		*ret_changed = is_changed;
	return 0;
}

int token_file_remove(const char *dir, const char *name, struct err *err)
{
	auto_free char *draft = draft_of(name);
	auto_close int dir_fd = open_directory(dir);

	if (dir_fd < 0)
		return errno == ENOENT ? 0 : refuse_directory(dir, err);
	(void)unlinkat(dir_fd, draft, 0); /* mostly there is none */
	if (unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT)
		return err_errno(err, ERR_FAILED, "could not remove '%s/%s'", dir, name);
	return 0;
}

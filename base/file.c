/* file.c - see file.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"

static enum err_code open_code(void)
{
	return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_FAILED;
}

int file_write_all(int fd, const void *bytes, size_t len)
{
	const char *p = bytes;

	while (len > 0) {
		const ssize_t n = write(fd, p, len);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* Reads until the end or until buf is full; -1 with errno. */
static ssize_t read_up_to(int fd, char *buf, size_t size)
{
	size_t len = 0;

	while (len < size) {
		const ssize_t n = read(fd, buf + len, size - len);

		if (n == 0)
			break;
		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0)
			len += (size_t)n;
	}
	return (ssize_t)len;
}

int file_read(const char *path, size_t max, char **ret, size_t *ret_len, struct err *err)
{
	const bool is_stdin = strcmp(path, "-") == 0;
	auto_close int opened = -1;
	auto_free char *buf = NULL;
	ssize_t len;

	if (!is_stdin) {
		opened = open(path, O_RDONLY | O_CLOEXEC);
		if (opened < 0)
			return err_errno(err, open_code(), "could not open '%s'", path);
	}
	buf = text_alloc(max + 2, 1);
	len = read_up_to(is_stdin ? STDIN_FILENO : opened, buf, max + 1);
	if (len < 0)
		return err_errno(err, ERR_FAILED, "could not read '%s'", path);
	if ((size_t)len > max)
		return err_set(err, ERR_BAD_INPUT, "'%s' is larger than %zu bytes", path, max);
	*ret_len = (size_t)len;
	*ret = take(buf);
	return 0;
}

static int check_private(int fd, const char *path, off_t *ret_size, struct err *err)
{
	struct stat st;
	mode_t allowed;

	if (fstat(fd, &st) < 0)
		return err_errno(err, ERR_FAILED, "could not examine '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_REFUSED, "'%s' is not a regular file", path);
	/* root helps a daemon that runs as somebody else, and whose key it is. */
	if (st.st_uid != geteuid() && st.st_uid != 0 && geteuid() != 0)
		return err_set(err, ERR_REFUSED,
			"'%s' belongs to uid %u, so its owner could change it; run: chown %u '%s'",
			path, (unsigned)st.st_uid, (unsigned)geteuid(), path);
	/* systemd gives out credentials as root:root 0440 with an ACL for the service alone. */
	allowed = st.st_uid == 0 && st.st_gid == 0 ? 0740 : 0700;
	if ((st.st_mode & 0777 & ~allowed) != 0)
		return err_set(err, ERR_REFUSED,
			"'%s' has mode %04o, so others can read it; run: chmod 600 '%s'", path,
			(unsigned)(st.st_mode & 07777), path);
	*ret_size = st.st_size;
	return 0;
}

int file_fail_open(enum err_code code, const char *path, struct err *err)
{
	const int why = errno;
	struct stat st;

	if (why == EACCES && stat(path, &st) == 0 && st.st_uid != geteuid())
		return err_set(err, code,
			"could not open '%s', which belongs to uid %u; run as root: chown %u '%s'",
			path, (unsigned)st.st_uid, (unsigned)geteuid(), path);
	errno = why;
	return err_errno(err, code, "could not open '%s'", path);
}

int file_read_secret(const char *path, size_t max, unsigned char **ret, size_t *ret_len,
	struct err *err)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	unsigned char *buf;
	off_t size;
	ssize_t len;

	if (fd < 0)
		return file_fail_open(open_code(), path, err);
	if (check_private(fd, path, &size, err) < 0)
		return -1;
	if (size > (off_t)max)
		return err_set(err, ERR_BAD_INPUT, "'%s' is larger than %zu bytes", path, max);
	/* The secure heap is small: no more than the file needs. The last byte stays zero. */
	buf = secret_alloc((size_t)size + 1);
	len = read_up_to(fd, (char *)buf, (size_t)size);
	if (len != size) {
		secret_free(buf, (size_t)size + 1);
		return err_set(err, ERR_FAILED, "could not read '%s' whole", path);
	}
	*ret = buf;
	*ret_len = (size_t)len;
	return 0;
}

int file_open_standard(struct err *err)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR); /* for keeps, so not close-on-exec */
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return err_errno(err, ERR_FAILED, "could not open '/dev/null'");
	(void)close(fd); /* 0, 1 and 2 were open already */
	return 0;
}

int file_sync_directory_of(const char *path, struct err *err)
{
	auto_free char *copy = text_copy(path);
	auto_close int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return err_errno(err, ERR_FAILED, "could not sync the directory of '%s'", path);
	return 0;
}

int file_publish(const char *draft, const char *path, struct err *err)
{
	/* link, unlike rename, never replaces what is there. */
	if (link(draft, path) < 0)
		return err_errno(err, errno == EEXIST ? ERR_CONFLICT : open_code(),
			"could not create '%s'", path);
	if (file_sync_directory_of(path, err) < 0) {
		(void)unlink(path); /* not made as promised; the error says why */
		return -1;
	}
	return 0;
}

static int write_durably(int fd, const char *path, const void *p, size_t len, struct err *err)
{
	return file_write_all(fd, p, len) < 0 || fsync(fd) < 0
		? err_errno(err, ERR_FAILED, "could not write '%s'", path)
		: 0;
}

int file_create_secret(const char *path, const void *p, size_t len, struct err *err)
{
	auto_free char *draft = text_format("%s.XXXXXX", path);
	auto_close int fd = mkostemp(draft, O_CLOEXEC); /* of mode 0600 */
	int rc;

	if (fd < 0)
		return err_errno(err, open_code(), "could not create '%s'", path);
	rc = write_durably(fd, path, p, len, err);
	if (rc == 0)
		rc = file_publish(draft, path, err);
	(void)unlink(draft); /* its proper name stays */
	return rc;
}

/* A device or a pipe would be replaced by a file; what a link points to would stay as it was.
 */
static int check_replaceable(const char *path, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return err_set(err, ERR_REFUSED,
			"'%s' is there and no regular file; give another name, or - for standard "
			"output",
			path);
	return 0;
}

int file_replace(const char *path, const void *p, size_t len, struct err *err)
{
	auto_free char *draft = text_format("%s.XXXXXX", path);
	const mode_t mask = umask(0);
	auto_close int fd = -1;
	int rc;

	(void)umask(mask);
	if (check_replaceable(path, err) < 0)
		return -1;
	fd = mkostemp(draft, O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, open_code(), "could not create '%s'", path);
	rc = write_durably(fd, path, p, len, err);
	if (rc == 0 && (fchmod(fd, 0666 & ~mask) < 0 || rename(draft, path) < 0))
		rc = err_errno(err, ERR_FAILED, "could not write '%s'", path);
	if (rc < 0)
		(void)unlink(draft); /* a leftover harms nobody */
	return rc;
}

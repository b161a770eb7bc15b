/* state.c - see state.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "agent/state.h"
#include "agent/token_file.h"
#include "base/auto.h"
#include "base/file.h"
#include "base/text.h"

#define STATUS     "status.json"
#define STATUS_MAX (8 * 1024 * 1024)

/* Who can open it can lock it, and so keep us from starting: nobody else may. */
static int open_lock(int dir_fd, int flags)
{
	return openat(dir_fd, "lock", flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

int state_lock(const char *dir, int *ret_fd, struct err *err)
{
	auto_close int dir_fd = -1;
	auto_close int fd = -1;

	if (token_file_open_directory(dir, &dir_fd, err) < 0)
		return err_add(err, "state");
	fd = open_lock(dir_fd, O_RDWR | O_CREAT);
	if (fd < 0 || fchmod(fd, 0600) < 0)
		return err_errno(err, ERR_FAILED, "could not open '%s/lock'", dir);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return err_set(err, ERR_CONFLICT,
				"another issuer-agent is running with the state '%s'; stop it, or "
				"write another directory as state",
				dir);
		return err_errno(err, ERR_FAILED, "could not lock '%s/lock'", dir);
	}
	*ret_fd = fd;
	fd = -1;
	return 0;
}

int state_check_locked(const char *dir, struct err *err)
{
	auto_close int dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int fd = dir_fd < 0 ? -1 : open_lock(dir_fd, O_RDONLY);

	if (fd < 0 && errno == EACCES)
		return err_set(err, ERR_FAILED,
			"only root and the user who runs issuer-agent can tell whether it is "
			"running");
	if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return 0;
	return err_set(err, ERR_UNHEALTHY, "issuer-agent is not running");
}

int state_write(const char *dir, const char *status, struct err *err)
{
	const struct token_file file = { STATUS, status, strlen(status), geteuid(), getegid(),
		0644 };

	return token_file_replace(dir, &file, NULL, err);
}

int state_read(const char *dir, char **ret, size_t *ret_len, struct err *err)
{
	auto_free char *path = text_format("%s/" STATUS, dir);

	return file_read(path, STATUS_MAX, ret, ret_len, err);
}

/* crash_agent.c - the calls of issuer-agent that change a directory, at which bad things
 * happen. See crash.c.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "t/lib/crash.h"

CRASH_WRAPPED(int, mkdirat, int fd, const char *path, mode_t mode);
CRASH_WRAPPED(int, symlinkat, const char *target, int fd, const char *path);
CRASH_WRAPPED(int, renameat, int from_fd, const char *from, int to_fd, const char *to);
CRASH_WRAPPED(int, unlinkat, int fd, const char *path, int flags);
CRASH_WRAPPED(int, fchmod, int fd, mode_t mode);
CRASH_WRAPPED(int, fsync, int fd);
CRASH_WRAPPED(ssize_t, write, int fd, const void *p, size_t len);

int wrap_mkdirat(int fd, const char *path, mode_t mode)
{
	return crash_before(CRASH_WRITE) ? -1 : real_mkdirat(fd, path, mode);
}

int wrap_symlinkat(const char *target, int fd, const char *path)
{
	return crash_before(CRASH_WRITE) ? -1 : real_symlinkat(target, fd, path);
}

int wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return crash_before(CRASH_WRITE) ? -1 : real_renameat(from_fd, from, to_fd, to);
}

int wrap_unlinkat(int fd, const char *path, int flags)
{
	return crash_before(CRASH_WRITE) ? -1 : real_unlinkat(fd, path, flags);
}

int wrap_fchmod(int fd, mode_t mode)
{
	return crash_before(CRASH_WRITE) ? -1 : real_fchmod(fd, mode);
}

int wrap_fsync(int fd)
{
	return crash_before(CRASH_WRITE) ? -1 : real_fsync(fd);
}

/* What is logged is no step of anything. */
ssize_t wrap_write(int fd, const void *p, size_t len)
{
	return fd > STDERR_FILENO && crash_before(CRASH_WRITE) ? -1 : real_write(fd, p, len);
}

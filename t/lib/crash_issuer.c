/* crash_issuer.c - the calls of issuerd and issuerctl at which bad things happen: SQLite's,
 * through its VFS, and ours, through the linker. See crash.c.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <sqlite3.h>

#include "t/lib/crash.h"

/* ---- SQLite's calls ---- */

static ssize_t crash_pwrite(int fd, const void *p, size_t len, off_t at)
{
	return crash_before(CRASH_WRITE) ? -1 : pwrite(fd, p, len, at);
}

static ssize_t crash_write(int fd, const void *p, size_t len)
{
	return crash_before(CRASH_WRITE) ? -1 : write(fd, p, len);
}

static ssize_t crash_pread(int fd, void *p, size_t len, off_t at)
{
	return crash_before(CRASH_READ) ? -1 : pread(fd, p, len, at);
}

static ssize_t crash_read(int fd, void *p, size_t len)
{
	return crash_before(CRASH_READ) ? -1 : read(fd, p, len);
}

static int crash_ftruncate(int fd, off_t size)
{
	return crash_before(CRASH_WRITE) ? -1 : ftruncate(fd, size);
}

static int crash_unlink(const char *path)
{
	return crash_before(CRASH_WRITE) ? -1 : unlink(path);
}

/* SQLite syncs through none of the calls that it lets us replace; but its library finds this
 * function before libc's. */
int fdatasync(int fd)
{
	return crash_before(CRASH_SYNC) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

static void replace(sqlite3_vfs *vfs, const char *name, sqlite3_syscall_ptr call)
{
	if (vfs->xGetSystemCall(vfs, name))
		(void)vfs->xSetSystemCall(vfs, name, call);
}

__attribute__((constructor)) static void install(void)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	if (!vfs)
		abort();
	replace(vfs, "pwrite", (sqlite3_syscall_ptr)crash_pwrite);
	replace(vfs, "pwrite64", (sqlite3_syscall_ptr)crash_pwrite);
	replace(vfs, "write", (sqlite3_syscall_ptr)crash_write);
	replace(vfs, "pread", (sqlite3_syscall_ptr)crash_pread);
	replace(vfs, "pread64", (sqlite3_syscall_ptr)crash_pread);
	replace(vfs, "read", (sqlite3_syscall_ptr)crash_read);
	replace(vfs, "ftruncate", (sqlite3_syscall_ptr)crash_ftruncate);
	replace(vfs, "unlink", (sqlite3_syscall_ptr)crash_unlink);
}

/* ---- ours ---- */

CRASH_WRAPPED(int, fsync, int fd);
CRASH_WRAPPED(int, link, const char *from, const char *to);
CRASH_WRAPPED(int, rename, const char *from, const char *to);
CRASH_WRAPPED(int, mkostemp, char *template, int flags);
CRASH_WRAPPED(ssize_t, send, int fd, const void *p, size_t len, int flags);

int wrap_fsync(int fd)
{
	return crash_before(CRASH_WRITE) ? -1 : real_fsync(fd);
}

int wrap_link(const char *from, const char *to)
{
	return crash_before(CRASH_WRITE) ? -1 : real_link(from, to);
}

int wrap_rename(const char *from, const char *to)
{
	return crash_before(CRASH_WRITE) ? -1 : real_rename(from, to);
}

int wrap_mkostemp(char *template, int flags)
{
	return crash_before(CRASH_WRITE) ? -1 : real_mkostemp(template, flags);
}

ssize_t wrap_send(int fd, const void *p, size_t len, int flags)
{
	return crash_before(CRASH_SEND) ? -1 : real_send(fd, p, len, flags);
}

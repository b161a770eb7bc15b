/* crash.c - a program that dies at its Nth write: linked into t/issuerd-crash and
 * t/issuerctl-crash, whose objects are otherwise those of the product. While the file that
 * $TEST_CRASH names is there, every call that changes a file is counted (SQLite's own, through
 * its VFS, and ours, through the linker), from when the file appeared; before call N, where N
 * is the number in the file, the process is killed, or with "N parent" the process that started
 * it.
 * SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	ino_t armed; /* the file that was seen */
	long count;
} crash;

/* What the file says; false if there is none. */
static int read_order(char ret[64], ino_t *ret_file)
{
	const char *path = getenv("TEST_CRASH");
	const int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	struct stat st;
	ssize_t len;

	if (fd < 0)
		return 0;
	len = read(fd, ret, 63);
	if (len < 0 || fstat(fd, &st) < 0)
		abort();
	(void)close(fd); /* only read */
	ret[len] = '\0';
	*ret_file = st.st_ino;
	return 1;
}

static void before_write(void)
{
	char order[64];
	ino_t file = 0;

	if (!read_order(order, &file))
		return;
	if (pthread_mutex_lock(&lock) != 0)
		abort();
	if (crash.armed != file)
		crash.count = 0;
	crash.armed = file;
	crash.count++;
	if (crash.count == strtol(order, NULL, 10))
		(void)kill(strstr(order, "parent") ? getppid() : getpid(), SIGKILL);
	(void)pthread_mutex_unlock(&lock); /* held */
}

/* ---- SQLite's calls ---- */

static ssize_t crash_pwrite(int fd, const void *p, size_t len, off_t at)
{
	before_write();
	return pwrite(fd, p, len, at);
}

static ssize_t crash_write(int fd, const void *p, size_t len)
{
	before_write();
	return write(fd, p, len);
}

static int crash_ftruncate(int fd, off_t size)
{
	before_write();
	return ftruncate(fd, size);
}

static int crash_unlink(const char *path)
{
	before_write();
	return unlink(path);
}

/* SQLite syncs through no call that can be replaced; a write comes before each. */
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
	replace(vfs, "ftruncate", (sqlite3_syscall_ptr)crash_ftruncate);
	replace(vfs, "unlink", (sqlite3_syscall_ptr)crash_unlink);
}

/* ---- ours: with --wrap=X the linker sends calls of X to __wrap_X, and __real_X is X ---- */

#define WRAPPED(type, name, ...)                                                               \
	type real_##name(__VA_ARGS__) __asm__("__real_" #name);                                \
	type wrap_##name(__VA_ARGS__) __asm__("__wrap_" #name)

WRAPPED(int, fsync, int fd);
WRAPPED(int, link, const char *from, const char *to);
WRAPPED(int, rename, const char *from, const char *to);
WRAPPED(int, mkostemp, char *template, int flags);

int wrap_fsync(int fd)
{
	before_write();
	return real_fsync(fd);
}

int wrap_link(const char *from, const char *to)
{
	before_write();
	return real_link(from, to);
}

int wrap_rename(const char *from, const char *to)
{
	before_write();
	return real_rename(from, to);
}

int wrap_mkostemp(char *template, int flags)
{
	before_write();
	return real_mkostemp(template, flags);
}

/* crash.c - a program to which bad things happen at its Nth call of a kind: linked into
 * t/issuerd-crash and t/issuerctl-crash, whose objects are otherwise those of the product.
 * While the file that $TEST_CRASH names is there, calls are counted (SQLite's own, through its
 * VFS, and ours, through the linker), from when the file appeared. It holds N and words behind
 * it:
 *
 *   write (or none of these four)   calls that change a file
 *   sync                            fdatasync, by which SQLite commits
 *   read                            of SQLite's files
 *   send                            packets, between gateway and signer
 *   (nothing)                       before call N the process is killed
 *   parent                          the process that started it is
 *   full, io                        call N and all after it fail: no space, an I/O error
 *   a number                        only in the process with this id
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

enum call { WRITE, SYNC, READ, SEND };

struct order {
	struct timespec made;
	long nth;
	enum call call;
	int to_parent;
	int error; /* 0: kill */
	long pid;  /* 0: any */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	struct timespec armed; /* the file that was seen: inodes are used again */
	long count;
} crash;

/* What the file says; false if there is none. */
static int read_file(char ret[64], struct timespec *ret_made)
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
	*ret_made = st.st_mtim;
	return 1;
}

static void read_word(const char *word, struct order *order)
{
	static const char *const calls[] = {
		[WRITE] = "write", [SYNC] = "sync", [READ] = "read", [SEND] = "send"
	};

	for (enum call c = WRITE; c <= SEND; c++)
		if (strcmp(word, calls[c]) == 0)
			order->call = c;
	if (strcmp(word, "parent") == 0)
		order->to_parent = 1;
	else if (strcmp(word, "full") == 0)
		order->error = ENOSPC;
	else if (strcmp(word, "io") == 0)
		order->error = EIO;
	else if (strtol(word, NULL, 10) > 0)
		order->pid = strtol(word, NULL, 10);
}

static int read_order(struct order *ret)
{
	char text[64];
	char *rest = text;

	if (!read_file(text, &ret->made))
		return 0;
	ret->nth = strtol(text, &rest, 10);
	for (char *word; (word = strtok_r(NULL, " \n", &rest));)
		read_word(word, ret);
	return 1;
}

/* 0 if the call may go on, or the error with which it fails. */
static int before(enum call call)
{
	struct order order = { .call = WRITE };
	int error = 0;

	if (!read_order(&order) || order.call != call ||
		(order.pid != 0 && order.pid != getpid()))
		return 0;
	if (pthread_mutex_lock(&lock) != 0)
		abort();
	if (crash.armed.tv_sec != order.made.tv_sec ||
		crash.armed.tv_nsec != order.made.tv_nsec)
		crash.count = 0;
	crash.armed = order.made;
	crash.count++;
	if (order.error != 0 && crash.count >= order.nth)
		error = order.error;
	else if (order.error == 0 && crash.count == order.nth)
		(void)kill(order.to_parent ? getppid() : getpid(), SIGKILL);
	(void)pthread_mutex_unlock(&lock); /* held */
	errno = error;
	return error;
}

/* ---- SQLite's calls ---- */

static ssize_t crash_pwrite(int fd, const void *p, size_t len, off_t at)
{
	return before(WRITE) ? -1 : pwrite(fd, p, len, at);
}

static ssize_t crash_write(int fd, const void *p, size_t len)
{
	return before(WRITE) ? -1 : write(fd, p, len);
}

static ssize_t crash_pread(int fd, void *p, size_t len, off_t at)
{
	return before(READ) ? -1 : pread(fd, p, len, at);
}

static ssize_t crash_read(int fd, void *p, size_t len)
{
	return before(READ) ? -1 : read(fd, p, len);
}

static int crash_ftruncate(int fd, off_t size)
{
	return before(WRITE) ? -1 : ftruncate(fd, size);
}

static int crash_unlink(const char *path)
{
	return before(WRITE) ? -1 : unlink(path);
}

/* SQLite syncs through none of the calls that it lets us replace; but its library finds this
 * function before libc's. */
int fdatasync(int fd)
{
	return before(SYNC) ? -1 : (int)syscall(SYS_fdatasync, fd);
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

/* ---- ours: with --wrap=X the linker sends calls of X to __wrap_X, and __real_X is X ---- */

#define WRAPPED(type, name, ...)                                                               \
	type real_##name(__VA_ARGS__) __asm__("__real_" #name);                                \
	type wrap_##name(__VA_ARGS__) __asm__("__wrap_" #name)

WRAPPED(int, fsync, int fd);
WRAPPED(int, link, const char *from, const char *to);
WRAPPED(int, rename, const char *from, const char *to);
WRAPPED(int, mkostemp, char *template, int flags);
WRAPPED(ssize_t, send, int fd, const void *p, size_t len, int flags);

int wrap_fsync(int fd)
{
	return before(WRITE) ? -1 : real_fsync(fd);
}

int wrap_link(const char *from, const char *to)
{
	return before(WRITE) ? -1 : real_link(from, to);
}

int wrap_rename(const char *from, const char *to)
{
	return before(WRITE) ? -1 : real_rename(from, to);
}

int wrap_mkostemp(char *template, int flags)
{
	return before(WRITE) ? -1 : real_mkostemp(template, flags);
}

ssize_t wrap_send(int fd, const void *p, size_t len, int flags)
{
	return before(SEND) ? -1 : real_send(fd, p, len, flags);
}

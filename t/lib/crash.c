/* crash.c - a program to which bad things happen at its Nth call of a kind: linked into
 * t/issuerd-crash, t/issuerctl-crash and t/issuer-agent-crash, whose objects are otherwise
 * those of the product. While the file that $TEST_CRASH names is there, calls are counted
 * (SQLite's own, through its VFS, and ours, through the linker), from when the file appeared.
 * It holds N and words behind it:
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

#include "t/lib/crash.h"

struct order {
	struct timespec made;
	long nth;
	enum crash_call call;
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
	static const char *const calls[] = { [CRASH_WRITE] = "write",
		[CRASH_SYNC] = "sync",
		[CRASH_READ] = "read",
		[CRASH_SEND] = "send" };

	for (enum crash_call c = CRASH_WRITE; c <= CRASH_SEND; c++)
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

int crash_before(enum crash_call call)
{
	struct order order = { .call = CRASH_WRITE };
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

/* signer_spawn.c - see signer_spawn.h; and the other end of the settings' way.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/text.h"
#include "keys/signer_spawn.h"

#define READY_TIMEOUT_MS 30000

/* The signer starts with no signal blocked, whatever the calling thread blocks. */
static int spawn(const struct signer_program *program, int child_fd, pid_t *ret,
	struct err *err)
{
	extern char **environ;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	int rc;

	(void)sigemptyset(&none); /* cannot fail */
	if (posix_spawn_file_actions_init(&actions) != 0 || posix_spawnattr_init(&attr) != 0)
		abort(); /* only for want of memory */
	rc = posix_spawn_file_actions_adddup2(&actions, child_fd, SIGNER_FD);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, program->metrics_fd,
			SIGNER_METRICS_FD);
	if (rc == 0) /* what else is open here is none of its business */
		rc = posix_spawn_file_actions_addclosefrom_np(&actions, SIGNER_METRICS_FD + 1);
	if (rc == 0)
		rc = posix_spawnattr_setsigmask(&attr, &none);
	if (rc == 0)
		rc = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	if (rc == 0)
		rc = posix_spawn(ret, "/proc/self/exe", &actions, &attr, program->argv,
			environ);
	(void)posix_spawn_file_actions_destroy(&actions); /* these two cannot fail */
	(void)posix_spawnattr_destroy(&attr);
	errno = rc;
	return rc == 0 ? 0 : err_errno(err, ERR_FAILED, "could not start the signer process");
}

/* Waits until `fd` can be read; ERR_BUSY if stop_fd could be first, ERR_TIMEOUT if neither. */
static int wait_readable(int fd, int stop_fd, struct err *err)
{
	struct pollfd fds[] = { { .fd = fd, .events = POLLIN },
		{ .fd = stop_fd, .events = POLLIN } };
	int rc;

	do
		rc = poll(fds, 2, READY_TIMEOUT_MS);
	while (rc < 0 && errno == EINTR);
	if (rc <= 0)
		return err_set(err, ERR_TIMEOUT, "the signer process did not get ready");
	return fds[1].revents ? err_set(err, ERR_BUSY, "stopping") : 0;
}

/* The first message: ready, or the reason why not. */
static int wait_ready(int fd, int stop_fd, struct err *err)
{
	auto_free char *packet = text_alloc(SIGNER_MESSAGE_MAX, 1);
	struct signer_reply reply;
	ssize_t len;

	if (wait_readable(fd, stop_fd, err) < 0)
		return -1;
	len = recv(fd, packet, SIGNER_MESSAGE_MAX, 0);
	if (len <= 0)
		return err_set(err, ERR_FAILED, "the signer process ended before it was ready");
	if (signer_reply_read(packet, (size_t)len, &reply, err) < 0)
		return -1;
	mint_token_free(&reply.token);
	if (reply.err.code != ERR_NONE)
		return err_set(err, reply.err.code, "%s", reply.err.text);
	return 0;
}

int signer_reap(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static int send_settings(int fd, const struct signer_program *program, struct err *err)
{
	if (send(fd, program->settings, program->settings_len, MSG_NOSIGNAL) < 0)
		return err_errno(err, ERR_FAILED, "could not send the signer its settings");
	return 0;
}

int signer_receive_settings(int fd, char **ret, size_t *ret_len, struct err *err)
{
	auto_free char *packet = text_alloc(SIGNER_MESSAGE_MAX + 1, 1);
	const ssize_t len = recv(fd, packet, SIGNER_MESSAGE_MAX, 0);

	if (len <= 0)
		return err_set(err, ERR_FAILED, "no settings came from the gateway");
	*ret_len = (size_t)len;
	*ret = take(packet);
	return 0;
}

int signer_spawn(const struct signer_program *program, int stop_fd, pid_t *ret_pid, int *ret_fd,
	struct err *err)
{
	static const struct timeval look = { .tv_sec = SIGNER_LOOK_MS / 1000 };
	int pair[2];
	int rc;

	/* Above SIGNER_FD, so that the child's dup2 clears close-on-exec. */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_errno(err, ERR_FAILED, "could not make a socket pair");
	(void)setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &look,
		sizeof(look)); /* cannot fail on a socket */
	if (pair[1] == SIGNER_FD) {
		const int moved = fcntl(pair[1], F_DUPFD_CLOEXEC, SIGNER_FD + 1);

		(void)close(pair[1]); /* `moved` is the same socket */
		pair[1] = moved;
	}
	rc = pair[1] < 0 ? err_errno(err, ERR_FAILED, "could not move a socket")
			 : spawn(program, pair[1], ret_pid, err);
	if (pair[1] >= 0)
		(void)close(pair[1]); /* the child has its own */
	if (rc == 0 &&
		(send_settings(pair[0], program, err) < 0 ||
			wait_ready(pair[0], stop_fd, err) < 0)) {
		(void)close(pair[0]); /* ends the child, if it still lives */
		(void)kill(*ret_pid, SIGKILL);
		(void)signer_reap(*ret_pid); /* `err` has its reason */
		return -1;
	}
	if (rc < 0)
		(void)close(pair[0]); /* never used */
	else
		*ret_fd = pair[0];
	return rc;
}

/* signer.c - see signer.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "keys/signer_spawn.h"

#define PENDING_MAX                                                                            \
	SIGNER_QUEUE_MAX /* requests under way; beyond that callers are told to come back */
/* Somebody else may hold the store: a batch that is under way waits 5 s for it, once the thread
 * that looks for changes has waited its 5 s, and so does the next batch, which has what came
 * meanwhile. Not a word for longer than that is a hang. */
#define SILENCE_MAX_MS 25000
/* A slow machine may take minutes for SIGNER_QUEUE_MAX signatures, and speaks all the time. */
#define ANSWER_MAX_MS  300000
#define RETRY_FIRST_MS 50
#define RETRY_MAX_MS   800 /* minting is back within a second of whatever stopped it */

struct pending {
	signer_done_fn *done; /* NULL: the place is free */
	void *ctx;
	int64_t id;
	int64_t since_ms;
};

struct signer {
	struct signer_program program;
	pthread_t reader;
	int stop_fd;  /* readable once signer_stop was called */
	int ended_fd; /* readable once the reader has ended */
	bool is_joined;
	pthread_mutex_t lock; /* guards all below */
	pid_t pid;            /* of the signer while fd >= 0; the reader reaps it after that */
	int fd;               /* -1: no signer */
	bool is_stopping;
	struct err audit; /* why it cannot be written; ERR_NONE if it can */
	int64_t next_id;
	size_t pending_count;
	struct pending pending[PENDING_MAX];
};

/* ---- requests under way ---- */

/* Takes the waiting request `id` out of the list; false if there is none. */
static bool pending_take(struct signer *signer, int64_t id, struct pending *ret)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&signer->lock);
	struct pending *place = &signer->pending[(uint64_t)id % PENDING_MAX];

	(void)held;
	if (!place->done || place->id != id)
		return false;
	*ret = *place;
	place->done = NULL;
	signer->pending_count--;
	return true;
}

/* A free place and the id that leads to it. Call with the lock held. */
static struct pending *pending_place(struct signer *signer)
{
	if (signer->pending_count == PENDING_MAX)
		return NULL;
	for (size_t i = 0; i < PENDING_MAX; i++) {
		struct pending *place =
			&signer->pending[(uint64_t)++signer->next_id % PENDING_MAX];

		if (!place->done) {
			place->id = signer->next_id;
			return place;
		}
	}
	return NULL;
}

static void pending_fail_all(struct signer *signer)
{
	for (size_t i = 0; i < PENDING_MAX; i++) {
		struct signer_reply reply = { .id = 0 };
		struct pending place;
		int64_t id;

		{
			auto_unlock pthread_mutex_t *held = auto_lock(&signer->lock);

			(void)held;
			id = signer->pending[i].id;
		}
		if (!pending_take(signer, id, &place))
			continue;
		(void)err_set(&reply.err, ERR_BUSY, "the signer is restarting");
		place.done(place.ctx, &reply);
	}
}

static int send_request(struct signer *signer, const struct signer_request *request,
	struct err *err)
{
	auto_free char *packet = NULL;
	size_t len;

	if (signer_request_write(request, &packet, &len, err) < 0)
		return -1;
	if (send(signer->fd, packet, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return err_set(err, ERR_BUSY, "the signer takes no more requests");
	return 0;
}

static int too_many(struct err *err)
{
	return err_set(err, ERR_BUSY, "too many requests are under way");
}

int signer_ask(struct signer *signer, const struct signer_request *request,
	signer_done_fn *done, void *ctx, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&signer->lock);
	struct signer_request numbered = *request;
	struct pending *place;

	(void)held;
	if (signer->fd < 0 || signer->is_stopping)
		return err_set(err, ERR_BUSY, "the signer is restarting");
	place = pending_place(signer);
	if (!place)
		return too_many(err);
	numbered.id = place->id;
	if (send_request(signer, &numbered, err) < 0)
		return -1;
	place->ctx = ctx;
	place->since_ms = clock_monotonic_ms();
	place->done = done;
	signer->pending_count++;
	return 0;
}

int signer_check_room(struct signer *signer, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&signer->lock);

	(void)held;
	return signer->pending_count < PENDING_MAX ? 0 : too_many(err);
}

bool signer_is_up(struct signer *signer)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&signer->lock);

	(void)held;
	return signer->fd >= 0 && !signer->is_stopping;
}

int signer_check_audit(struct signer *signer, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&signer->lock);

	(void)held;
	if (signer->audit.code == ERR_NONE)
		return 0;
	*err = signer->audit;
	return -1;
}

/* ---- the reader: delivers answers, replaces a dead signer ---- */

static void log_end(int status)
{
	if (status != 0)
		log_event(LOG_ERROR, "signer.died", "signal",
			WIFSIGNALED(status) ? text_num(WTERMSIG(status)).s : NULL, "exit",
			WIFEXITED(status) ? text_num(WEXITSTATUS(status)).s : NULL, NULL);
}

static void note_audit(struct signer *signer, const struct err *why)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&signer->lock);

	(void)held;
	signer->audit = *why;
}

static void deliver(struct signer *signer, const char *packet, size_t len)
{
	struct signer_reply reply;
	struct pending place;
	struct err err = ERR_INIT;

	if (signer_reply_read(packet, len, &reply, &err) < 0) {
		log_event(LOG_ERROR, "signer.bad_reply", "error", err.text, NULL);
		return;
	}
	if (reply.id == SIGNER_AUDIT_ID)
		note_audit(signer, &reply.err);
	else if (pending_take(signer, reply.id, &place))
		place.done(place.ctx, &reply);
	mint_token_free(&reply.token);
}

/* The longest that any request has waited; 0 if there is none. */
static int64_t longest_wait_ms(struct signer *signer)
{
	const int64_t now_ms = clock_monotonic_ms();
	auto_unlock pthread_mutex_t *held = auto_lock(&signer->lock);
	int64_t longest_ms = 0;

	(void)held;
	for (size_t i = 0; i < PENDING_MAX; i++) {
		const struct pending *place = &signer->pending[i];

		if (place->done && now_ms - place->since_ms > longest_ms)
			longest_ms = now_ms - place->since_ms;
	}
	return longest_ms;
}

/* Does somebody wait while the signer, heard last at `heard_ms`, is silent; or in vain? */
static bool is_hanging(struct signer *signer, int64_t heard_ms)
{
	const int64_t wait_ms = longest_wait_ms(signer);

	return wait_ms > ANSWER_MAX_MS ||
		(wait_ms > SILENCE_MAX_MS && clock_monotonic_ms() - heard_ms > SILENCE_MAX_MS);
}

/* A signer that does not answer is replaced; its socket ends with it, so the reader goes on. */
static void kill_hanging(struct signer *signer)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&signer->lock);

	(void)held;
	if (signer->fd >= 0) {
		log_event(LOG_ERROR, "signer.hangs", "pid", text_num(signer->pid).s, NULL);
		(void)kill(signer->pid, SIGKILL); /* not reaped yet: the pid is still its own */
	}
}

static void read_replies(struct signer *signer, char *packet)
{
	int64_t heard_ms = clock_monotonic_ms();
	int64_t look_ms = heard_ms + SIGNER_LOOK_MS;

	for (;;) {
		/* returns after SIGNER_LOOK_MS at the latest */
		const ssize_t len = recv(signer->fd, packet, SIGNER_MESSAGE_MAX, 0);
		const int64_t now_ms = clock_monotonic_ms();

		if (len > 0) {
			heard_ms = now_ms;
			deliver(signer, packet, (size_t)len);
		} else if (len == 0 || (errno != EAGAIN && errno != EINTR)) {
			return;
		}
		if (now_ms >= look_ms) {
			look_ms = now_ms + SIGNER_LOOK_MS;
			if (is_hanging(signer, heard_ms))
				kill_hanging(signer);
		}
	}
}

/* The socket is dead: nobody may send into it any more. Returns whether that was wanted. */
static bool detach(struct signer *signer)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&signer->lock);

	(void)held;
	(void)close(
		signer->fd); /* only the reader closes, so no number is reused under a sender */
	signer->fd = -1;
	signer->audit = (struct err)ERR_INIT; /* the next one will say */
	return signer->is_stopping;
}

/* Waits up to `ms`; true if it is time to stop. */
static bool wait_stop(const struct signer *signer, int ms)
{
	struct pollfd pfd = { .fd = signer->stop_fd, .events = POLLIN };

	return poll(&pfd, 1, ms) > 0;
}

/* Tries until there is a signer again; false if it is time to stop. */
static bool relaunch(struct signer *signer)
{
	int wait_ms = 0;

	while (!wait_stop(signer, wait_ms)) {
		struct err err = ERR_INIT;
		pid_t pid;
		int fd;

		if (signer_spawn(&signer->program, signer->stop_fd, &pid, &fd, &err) == 0) {
			auto_unlock pthread_mutex_t *held = auto_lock(&signer->lock);

			(void)held;
			signer->fd = fd;
			signer->pid = pid;
			if (signer->is_stopping)
				(void)shutdown(fd,
					SHUT_WR); /* signer_stop came too early to do it */
			metrics_add(&signer->program.metrics->restarts, 1);
			log_event(LOG_INFO, "signer.restarted", "pid", text_num(pid).s, NULL);
			return true;
		}
		log_event(LOG_ERROR, "signer.start_failed", "error", err.text, NULL);
		wait_ms = wait_ms == 0 ? RETRY_FIRST_MS : wait_ms * 2;
		wait_ms = wait_ms > RETRY_MAX_MS ? RETRY_MAX_MS : wait_ms;
	}
	return false;
}

static void *read_loop(void *arg)
{
	struct signer *signer = arg;
	auto_free char *packet = text_alloc(SIGNER_MESSAGE_MAX, 1);
	bool is_wanted;

	do {
		read_replies(signer, packet);
		is_wanted = detach(signer);
		pending_fail_all(signer);
		log_end(signer_reap(signer->pid));
	} while (!is_wanted && relaunch(signer));
	(void)eventfd_write(signer->ended_fd, 1); /* an eventfd at 0 always takes 1 */
	return NULL;
}

/* Gives back what no thread uses any more. */
static void discard(struct signer *signer)
{
	(void)close(signer->stop_fd); /* nobody waits for these */
	(void)close(signer->ended_fd);
	(void)pthread_mutex_destroy(&signer->lock); /* nobody is left to hold it */
	free(signer);
}

int signer_start(const struct signer_program *program, struct signer **ret, struct err *err)
{
	struct signer *signer = text_alloc(1, sizeof(*signer));

	signer->program = *program;
	signer->stop_fd = eventfd(0, EFD_CLOEXEC);
	signer->ended_fd = eventfd(0, EFD_CLOEXEC);
	if (pthread_mutex_init(&signer->lock, NULL) != 0 || signer->stop_fd < 0 ||
		signer->ended_fd < 0)
		abort();
	if (signer_spawn(program, signer->stop_fd, &signer->pid, &signer->fd, err) < 0) {
		discard(signer);
		return -1;
	}
	if (pthread_create(&signer->reader, NULL, read_loop, signer) != 0) {
		(void)close(signer->fd); /* the process sees it and ends */
		(void)signer_reap(signer->pid);
		discard(signer);
		return err_set(err, ERR_FAILED, "could not start a thread");
	}
	*ret = signer;
	return 0;
}

void signer_stop(struct signer *signer, int timeout_ms)
{
	struct pollfd ended;

	if (!signer || signer->is_joined)
		return;
	{
		auto_unlock pthread_mutex_t *held = auto_lock(&signer->lock);

		(void)held;
		signer->is_stopping = true;
		if (signer->fd >= 0)
			(void)shutdown(signer->fd,
				SHUT_WR); /* dead already? the reader knows */
	}
	(void)eventfd_write(signer->stop_fd, 1); /* an eventfd at 0 always takes 1 */
	ended = (struct pollfd){ .fd = signer->ended_fd, .events = POLLIN };
	if (poll(&ended, 1, timeout_ms) <= 0)
		kill_hanging(signer);
	(void)pthread_join(signer->reader, NULL); /* started, not detached */
	signer->is_joined = true;
}

void signer_free(struct signer *signer)
{
	if (!signer)
		return;
	signer_stop(signer, 0);
	discard(signer);
}

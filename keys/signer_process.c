/* signer_process.c - see signer_process.h. One thread reads, some sign, one writes:
 *
 *   socket -> main -> [to_sign] -> workers -> [batch] -> writer: commit, then answer -> socket
 *
 * and one follows clock and store (signer_due.h).
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/thread.h"
#include "keys/keyring.h"
#include "keys/signer_batch.h"
#include "keys/signer_due.h"
#include "keys/signer_job.h"
#include "keys/signer_process.h"

#define SIGNER_WORKERS_MAX 64
#define SIGNER_TICK_MS     250 /* how soon a change by issuerctl is seen */

#define COMMIT_TRIES 8 /* each lost race is a change of the keys */

struct signer_process {
	int fd;
	const struct signer_settings *settings;
	struct sealing *sealing;
	struct keyring_slot *slot;
	struct signer_metrics *metrics;
	struct signer_queue *to_sign;
	struct signer_batch *batch;
	struct signer_due due;
	pthread_t workers[SIGNER_WORKERS_MAX];
	size_t worker_count;
	pthread_t writer;
	pthread_t clock_follower;
	int stop_fd;                  /* readable when it is time to end */
	atomic_bool is_audit_failing; /* the last commit failed */
};

static void send_reply(int fd, const struct signer_reply *reply)
{
	auto_free char *packet = NULL;
	struct err err = ERR_INIT;
	size_t len;

	if (signer_reply_write(reply, &packet, &len, &err) < 0)
		log_event(LOG_ERROR, "signer.reply_failed", "error", err.text, NULL);
	else if (send(fd, packet, len, MSG_NOSIGNAL) < 0)
		log_event(LOG_DEBUG, "signer.gateway_gone", "error", strerror(errno), NULL);
}

static void refuse(const struct signer_process *sp, int64_t id, const struct err *why)
{
	const struct signer_reply reply = { .id = id, .err = *why };

	send_reply(sp->fd, &reply);
}

/* ---- workers ---- */

static int sign(struct signer_process *sp, struct signer_job *job, struct err *err)
{
	const struct clock_reading clock = clock_read();
	auto_keyring struct keyring *ring = NULL;

	if (keyring_slot_sign(sp->slot, clock, &ring, err) < 0)
		return -1;
	job->revision = keyring_revision(ring);
	return mint(ring, &sp->settings->mint, &job->request.mint, clock.now, &job->reply.token,
		err);
}

static void sign_timed(struct signer_process *sp, struct signer_job *job)
{
	const int64_t began_us = clock_monotonic_us();

	if (sign(sp, job, &job->reply.err) == 0) /* if not, the reply carries the error */
		metrics_observe(&sp->metrics->sign, &metrics_seconds,
			clock_monotonic_us() - began_us);
}

static void *work(void *arg)
{
	struct signer_process *sp = arg;
	struct signer_job *job;
	struct err err = ERR_INIT;

	/* Signing takes all the CPU there is. Whoever serves keys, commits and answers comes
	 * first: a signature waits a little longer, and no verifier does. */
	if (thread_give_way(&err) < 0)
		log_event(LOG_WARN, "signer.not_nice", "error", err.text, NULL);
	while ((job = signer_queue_pop(sp->to_sign))) {
		if (job->request.deed == SIGNER_MINT)
			sign_timed(sp, job);
		signer_batch_put(sp->batch, job);
	}
	return NULL;
}

/* ---- writer ---- */

/* The strings of a row that the job itself does not hold. */
struct row_strings {
	char *audience;
	char *bound;
	char subject[NAME_SUBJECT_MAX];
};

/* What a job leaves behind, whatever became of it: a token, the gateway's refusal, or our own
 * of a wish that the gateway should not have passed on. Strings are borrowed from the job. */
static struct store_audit audit_row(const struct signer_job *job, const struct row_strings *s,
	unix_time now)
{
	const struct signer_request *req = &job->request;
	const bool is_mint = req->deed == SIGNER_MINT;
	struct store_audit row = {
		.at = now,
		.event =
			req->deed == SIGNER_REVIEW_REFUSED ? "review.refused" : "token.refused",
		.actor = req->actor,
		.auth = req->auth,
		.peer = req->peer,
		.agent = req->agent,
		.subject = is_mint ? s->subject : req->subject,
		.audience = s->audience,
		.asked_s = req->asked_s,
		.bound = is_mint ? s->bound : req->bound,
		.rule = is_mint ? "signer" : req->rule,
		.outcome = is_mint || !req->outcome ? "Refused" : req->outcome,
		.detail = is_mint ? job->reply.err.text : req->detail,
	};

	if (job->reply.token.token) {
		row.lifetime_s = req->mint.lifetime_s;
		row.rule = req->rule;
		row.detail = NULL;
		mint_audit(&job->reply.token, &row);
	}
	return row;
}

/* What the token itself says, whatever the gateway would. NULL if it is bound to nothing. */
static char *say_bound(const struct claims_bound *bound)
{
	if (bound->pod_name)
		return text_format("pod %s (uid %s)", bound->pod_name, bound->pod_uid);
	if (bound->node_name)
		return text_format("node %s (uid %s)", bound->node_name, bound->node_uid);
	return NULL;
}

static struct store_audit row_of(const struct signer_job *job, struct row_strings *s,
	unix_time now)
{
	const struct signer_request *req = &job->request;
	const bool is_mint = req->deed == SIGNER_MINT;
	const json_t *audiences = is_mint ? req->mint.audiences : req->audiences;

	s->audience = audiences ? json_dumps(audiences, JSON_COMPACT) : NULL;
	if (is_mint) {
		name_subject(req->mint.namespace, req->mint.name, s->subject);
		s->bound = say_bound(&req->mint.bound);
	}
	return audit_row(job, s, now);
}

/* Commits a row for each job in one transaction. */
static int append(struct signer_process *sp, struct signer_job *first, int64_t revision,
	struct err *err)
{
	struct store_audit *rows = text_alloc(SIGNER_BATCH_MAX, sizeof(*rows));
	struct row_strings *strings = text_alloc(SIGNER_BATCH_MAX, sizeof(*strings));
	const unix_time now = clock_now();
	size_t count = 0;
	int rc;

	for (struct signer_job *job = first; job; job = job->next, count++)
		rows[count] = row_of(job, &strings[count], now);
	rc = store_audit_append(sp->settings->store, sp->settings->issuer, revision, rows,
		count, err);
	for (size_t i = 0; i < count; i++) {
		free(strings[i].audience);
		free(strings[i].bound);
	}
	free(strings);
	free(rows);
	return rc;
}

/* Signs anew what was signed by other rows than those in force, and says of which revision all
 * tokens are now. */
static int64_t agree(struct signer_process *sp, struct signer_job *first)
{
	auto_keyring struct keyring *ring = NULL;
	struct err err = ERR_INIT;
	int64_t revision;

	if (keyring_slot_get(sp->slot, clock_read(), &ring, &err) < 0)
		return STORE_ANY_REVISION - 1; /* of none: nothing is committed */
	revision = keyring_revision(ring);
	for (struct signer_job *job = first; job; job = job->next)
		if (job->reply.token.token && job->revision != revision) {
			mint_token_free(&job->reply.token);
			(void)sign(sp, job, &job->reply.err); /* the reply carries it */
		}
	return revision;
}

/* A key that is revoked between a signature and its commit gives the signature no row: it is
 * made again with the key that signs now. */
static int commit(struct signer_process *sp, struct signer_job *first, struct err *err)
{
	int rc = -1;

	for (int i = 0; i < COMMIT_TRIES && rc < 0; i++) {
		*err = (struct err)ERR_INIT;
		rc = append(sp, first, agree(sp, first), err);
		if (rc < 0 &&
			(err->code != ERR_CONFLICT ||
				signer_due_refresh(&sp->due, clock_read(), err) < 0))
			return -1;
	}
	return rc;
}

/* Tells the gateway, which cannot write and so cannot know, of each failure and of its end; the
 * log of the first: a disk that is full needs no line for each batch. */
static void tell_audit(struct signer_process *sp, const struct err *why)
{
	const bool is_failing = why->code != ERR_NONE;
	const bool was_failing = atomic_exchange(&sp->is_audit_failing, is_failing);

	if (is_failing)
		metrics_add(&sp->metrics->commit_failures, 1);
	if (is_failing || was_failing)
		refuse(sp, SIGNER_AUDIT_ID, why);
	if (is_failing && !was_failing)
		log_event(LOG_ERROR, "audit.failed", "error", why->text, NULL);
	if (was_failing && !is_failing)
		log_event(LOG_INFO, "audit.resumed", NULL);
}

/* A server that is not ready may be asked for nothing: it finds out by itself that it can write
 * again, by a row that says so. */
static void try_audit(struct signer_process *sp)
{
	const struct store_audit row = {
		.at = clock_now(), .event = "audit.resumed", .actor = "issuerd", .outcome = "ok"
	};
	struct err err = ERR_INIT;

	(void)store_audit_append(sp->settings->store, sp->settings->issuer, STORE_ANY_REVISION,
		&row, 1, &err); /* the gateway is told */
	tell_audit(sp, &err);
}

/* No token leaves without its row: if the commit failed, nobody gets one. */
static void refuse_all(struct signer_job *first)
{
	for (struct signer_job *job = first; job; job = job->next)
		if (job->reply.err.code == ERR_NONE) {
			(void)err_set(&job->reply.err, ERR_BUSY,
				"the audit could not be written");
			mint_token_free(&job->reply.token);
		}
}

static void log_issued(const struct signer_job *job)
{
	const struct mint_token *token = &job->reply.token;

	if (token->token)
		log_event(LOG_INFO, "token.issued", "id", job->request.request_id, "jti",
			token->jti, "kid", token->kid, "sub", token->subject, "actor",
			job->request.actor, "peer", job->request.peer, "ttl",
			text_num(job->request.mint.lifetime_s).s, NULL);
}

/* All answers first: they are waited for, the log is not. */
static void answer(const struct signer_process *sp, struct signer_job *first)
{
	for (struct signer_job *job = first; job; job = job->next) {
		job->reply.id = job->request.id;
		/* First: whoever has an answer must not find itself counted. */
		metrics_add(&sp->metrics->under_way, -1);
		send_reply(sp->fd, &job->reply);
	}
	while (first) {
		struct signer_job *job = first;

		first = job->next;
		log_issued(job);
		signer_job_free(job);
	}
}

static int commit_timed(struct signer_process *sp, struct signer_job *first, struct err *err)
{
	struct signer_metrics *m = sp->metrics;
	const int64_t began_us = clock_monotonic_us();
	int64_t count = 0;
	int rc;

	for (const struct signer_job *job = first; job; job = job->next)
		count++;
	metrics_set(&m->waiting_since_ms, first->since_ms);
	rc = commit(sp, first, err);
	metrics_set(&m->waiting_since_ms, 0);
	metrics_observe(&m->commit, &metrics_seconds, clock_monotonic_us() - began_us);
	metrics_observe(&m->batch, &metrics_things, count);
	return rc;
}

static void *write_batches(void *arg)
{
	struct signer_process *sp = arg;
	struct signer_job *first;

	while ((first = signer_batch_take(sp->batch))) {
		struct err err = ERR_INIT;

		if (commit_timed(sp, first, &err) < 0)
			refuse_all(first);
		tell_audit(sp, &err);
		answer(sp, first);
	}
	return NULL;
}

/* ---- clock and store ---- */

/* A thread of its own: making a key takes seconds, and the store may be locked as long. */
static void *follow_clock(void *arg)
{
	struct signer_process *sp = arg;
	struct pollfd pfd = { .fd = sp->stop_fd, .events = POLLIN };

	while (poll(&pfd, 1, SIGNER_TICK_MS) <= 0) {
		if (atomic_load(&sp->is_audit_failing))
			try_audit(sp);
		signer_due_tick(&sp->due, clock_read());
	}
	return NULL;
}

/* ---- the socket ---- */

/* Hands a request to the workers, unless there are too many. */
static bool accept_job(struct signer_process *sp, struct signer_job *job)
{
	if (!signer_batch_expect(sp->batch))
		return false;
	job->since_ms = clock_monotonic_ms();
	metrics_add(&sp->metrics->under_way, 1);
	if (signer_queue_push(sp->to_sign, job))
		return true;
	metrics_add(&sp->metrics->under_way, -1);
	signer_batch_miss(sp->batch);
	return false;
}

/* Takes one packet from the gateway; false if it cannot even be answered. */
static bool receive(struct signer_process *sp, const char *packet, size_t len)
{
	struct signer_job *job = text_alloc(1, sizeof(*job));
	struct err err = ERR_INIT;
	int64_t id;

	if (signer_request_read(packet, len, &job->request, &err) == 0 && accept_job(sp, job))
		return true;
	if (err.code == ERR_NONE)
		(void)err_set(&err, ERR_BUSY, "too many tokens are under way");
	else
		log_event(LOG_ERROR, "signer.bad_request", "error", err.text, NULL);
	id = job->request.id;
	if (id != 0)
		refuse(sp, id, &err);
	signer_job_free(job);
	return id != 0;
}

/* Reads packets until the gateway closes its end, or talks nonsense. */
static int serve(struct signer_process *sp, struct err *err)
{
	auto_free char *packet = text_alloc(SIGNER_MESSAGE_MAX, 1);

	for (;;) {
		const ssize_t len = recv(sp->fd, packet, SIGNER_MESSAGE_MAX, 0);

		if (len == 0 || (len > 0 && !receive(sp, packet, (size_t)len)))
			return 0;
		if (len < 0 && errno != EINTR)
			return err_errno(err, ERR_FAILED, "could not wait for the gateway");
	}
}

/* ---- start and end ---- */

/* In the order of the pipe, so that nothing is lost on the way. */
static void stop_workers(struct signer_process *sp)
{
	signer_queue_close(sp->to_sign);
	for (size_t i = 0; i < sp->worker_count; i++)
		(void)pthread_join(sp->workers[i], NULL); /* started, not detached */
	signer_batch_close(sp->batch);
	(void)pthread_join(sp->writer, NULL);
}

static void stop_threads(struct signer_process *sp)
{
	(void)eventfd_write(sp->stop_fd, 1); /* an eventfd at 0 always takes 1 */
	(void)pthread_join(sp->clock_follower, NULL);
	stop_workers(sp);
	signer_due_checkpoint(&sp->due, clock_read());
}

static int start_threads(struct signer_process *sp, struct err *err)
{
	const long cores = sysconf(_SC_NPROCESSORS_ONLN);
	const size_t wanted = cores < 1      ? 1
		: cores > SIGNER_WORKERS_MAX ? SIGNER_WORKERS_MAX
					     : (size_t)cores;

	if (pthread_create(&sp->writer, NULL, write_batches, sp) != 0)
		return err_set(err, ERR_FAILED, "could not start a thread");
	for (size_t i = 0; i < wanted; i++)
		if (pthread_create(&sp->workers[sp->worker_count], NULL, work, sp) == 0)
			sp->worker_count++;
	if (sp->worker_count > 0 &&
		pthread_create(&sp->clock_follower, NULL, follow_clock, sp) == 0)
		return 0;
	stop_workers(sp);
	return err_set(err, ERR_FAILED, "could not start a thread");
}

/* Keys must not reach the swap. Locks pages as they are touched, so memory stays small; where
 * the limit does not allow it, OpenSSL's secure heap is still locked on its own. */
static void lock_memory(void)
{
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0)
		log_event(LOG_WARN, "signer.memory_not_locked", "error", strerror(errno),
			"hint", "raise LimitMEMLOCK", NULL);
}

/* A store that was put back from a backup is worth a word each time, until something is planned
 * in it. */
static int tell_restored(const struct signer_process *sp, struct err *err)
{
	auto_store_keys struct store_keys keys = { .count = 0 };

	if (store_keys_load(sp->settings->store, sp->settings->issuer, &keys, err) < 0)
		return -1;
	if (keys.memory.backup_at != TIME_UNSET)
		log_event(LOG_WARN, "store.restored", "backup_of",
			text_time(keys.memory.backup_at).s, "hint",
			"what was changed since then is lost, revocations of keys and clients too",
			NULL);
	return 0;
}

static int prepare(struct signer_process *sp, struct err *err)
{
	const struct signer_settings *settings = sp->settings;

	lock_memory();
	sp->sealing = sealing_new(settings->sealing_paths, settings->sealing_count);
	/* The slot opens the keys: a wrong sealing key must stop us before a rotation adds
	 * more. */
	if (keyring_slot_open(settings->store, settings->issuer, sp->sealing, &settings->plan,
		    clock_read(), &sp->slot, err) < 0 ||
		tell_restored(sp, err) < 0)
		return -1;
	sp->due = (struct signer_due){
		.settings = settings, .sealing = sp->sealing, .slot = sp->slot
	};
	if (signer_due_start(&sp->due, clock_read(), err) < 0)
		return -1;
	sp->to_sign = signer_queue_new(SIGNER_QUEUE_MAX);
	sp->batch = signer_batch_new(SIGNER_QUEUE_MAX);
	return start_threads(sp, err);
}

static void release(struct signer_process *sp)
{
	signer_queue_free(sp->to_sign);
	signer_batch_free(sp->batch);
	keyring_slot_close(sp->slot);
	sealing_free(sp->sealing);
	if (sp->stop_fd >= 0)
		(void)close(sp->stop_fd); /* nobody waits for it any more */
}

void signer_process_refuse(int fd, const struct err *why)
{
	const struct signer_reply reply = { .id = SIGNER_READY_ID, .err = *why };

	send_reply(fd, &reply);
}

int signer_process_run(int fd, const struct signer_settings *settings, struct err *err)
{
	struct signer_process sp = {
		.fd = fd, .settings = settings, .metrics = settings->metrics
	};
	const struct signer_reply ready = { .id = SIGNER_READY_ID };
	int rc;

	/* A terminal or service manager signals both processes; the gateway decides when we
	 * end. */
	(void)signal(SIGINT, SIG_IGN); /* these cannot fail with valid numbers */
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	sp.stop_fd = eventfd(0, EFD_CLOEXEC);
	rc = sp.stop_fd < 0 ? err_errno(err, ERR_FAILED, "could not make an eventfd")
			    : prepare(&sp, err);
	if (rc < 0) {
		release(&sp);
		return -1;
	}
	send_reply(fd, &ready);
	rc = serve(&sp, err);
	stop_threads(&sp);
	release(&sp);
	return rc;
}

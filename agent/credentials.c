/* credentials.c - see credentials.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/crypto.h>

#include "agent/credentials.h"
#include "agent/held.h"
#include "agent/sts.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"

#define ENTRIES_MAX 1024
#define WAITING_MAX 256
#define EARLY_MAX_S (20 * 60) /* SDKs ask for new ones when 15 minutes are left */
#define LAST_S      60        /* nobody is given less */

/* What STS gave for one service account and role, and how asking went. */
struct entry {
	char *name; /* of both, and of the session */
	struct sts_answer answer;
	struct refresh_life life; /* lifetime_s 0: there is none */
	struct held_retry retry;
	struct log_trouble trouble;
	struct err why;
};

/* A call that waits for the thread. */
struct waiting {
	struct http_call *call;
	struct projector_workload workload;
	struct waiting *next;
};

struct credentials {
	const struct agent_sts *sts;
	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t news;
	struct entry *entries[ENTRIES_MAX];
	size_t entry_count;
	struct waiting *first, **last;
	size_t waiting_count;
	atomic_bool is_stopping;
	struct metrics_number served, exchanged, refused, failed;
};

/* ---- answers ---- */

static void reply_json(struct http_call *call, int status, json_t *json)
{
	char *body = json ? json_dumps(json, JSON_COMPACT) : NULL;

	if (!body)
		abort(); /* strings are checked UTF-8: memory is gone */
	json_decref(json);
	http_reply_header(call, "Cache-Control", "no-store");
	http_reply_body(call, status, "application/json", body, strlen(body));
}

void credentials_refuse(struct http_call *call, int status, const char *code,
	const char *message)
{
	reply_json(call, status, json_pack("{s:s, s:s}", "code", code, "message", message));
}

/* arn:aws:iam::123456789012:role/name */
static char *account_of(const char *role_arn)
{
	const char *at = role_arn;

	for (int i = 0; i < 4 && at; i++) {
		at = strchr(at, ':');
		at = at ? at + 1 : NULL;
	}
	return at && strcspn(at, ":") > 0 ? text_format("%.*s", (int)strcspn(at, ":"), at)
					  : NULL;
}

static void reply(const struct entry *e, struct http_call *call, const char *role_arn)
{
	auto_free char *account = account_of(role_arn);

	reply_json(call, 200,
		json_pack("{s:s, s:s, s:s, s:s, s:s*}", "AccessKeyId", e->answer.access_key_id,
			"SecretAccessKey", e->answer.secret_access_key, "Token",
			e->answer.session_token, "Expiration", e->answer.expiration,
			"AccountId", account));
}

static void reply_failure(const struct entry *e, struct http_call *call)
{
	if (e->why.code == ERR_REFUSED)
		credentials_refuse(call, 403, "AccessDenied", e->why.text);
	else
		credentials_refuse(call, 503, "ServiceUnavailable", e->why.text);
}

/* ---- what is kept ---- */

static char *name_of(const struct projector_workload *w)
{
	return text_format("%s %s %s %s", w->service_account, w->audience, w->role_arn,
		w->session_name);
}

static struct entry *find(struct credentials *c, const char *name)
{
	for (size_t i = 0; i < c->entry_count; i++)
		if (strcmp(c->entries[i]->name, name) == 0)
			return c->entries[i];
	return NULL;
}

static int64_t left_s(const struct entry *e, struct clock_reading now)
{
	return e->life.lifetime_s - refresh_age(e->life.got, now);
}

/* Good for a client that will not be back soon. */
static bool is_fresh(const struct entry *e, struct clock_reading now)
{
	return e->life.lifetime_s > 0 &&
		left_s(e, now) > num_min(EARLY_MAX_S, e->life.lifetime_s / 4);
}

/* Can the call be answered without STS? Under the lock. */
static bool answer_kept(struct credentials *c, struct http_call *call,
	const struct projector_workload *w)
{
	const struct clock_reading now = clock_read();
	auto_free char *name = name_of(w);
	const struct entry *e = find(c, name);

	if (!e)
		return false;
	if (is_fresh(e, now) ||
		(held_retry_in(&e->retry, now) > 0 && left_s(e, now) > LAST_S)) {
		reply(e, call, w->role_arn);
		metrics_add(&c->served, 1);
		return true;
	}
	if (held_retry_in(&e->retry, now) > 0) {
		reply_failure(e, call);
		return true;
	}
	return false;
}

static void entry_free(struct entry *e)
{
	sts_answer_clear(&e->answer);
	free(e->name);
	free(e);
}

/* The one of this name, made if need be: the oldest makes room. Under the lock. */
static struct entry *entry_of(struct credentials *c, const struct projector_workload *w)
{
	auto_free char *name = name_of(w);
	struct entry *e = find(c, name);

	if (e)
		return e;
	if (c->entry_count == ENTRIES_MAX) {
		entry_free(c->entries[0]);
		c->entry_count--;
		for (size_t i = 0; i < c->entry_count; i++)
			c->entries[i] = c->entries[i + 1];
	}
	e = text_alloc(1, sizeof(*e));
	e->name = take(name);
	c->entries[c->entry_count++] = e;
	return e;
}

/* STS is believed for as long as we asked for, and no answer without a use is kept. */
static int keep(struct credentials *c, struct entry *e, const struct projector_workload *w,
	struct sts_answer *answer, struct err *err)
{
	const struct clock_reading now = clock_read();
	int64_t left;

	if (__builtin_sub_overflow(answer->expires_at, now.now, &left) || left <= LAST_S) {
		sts_answer_clear(answer);
		return err_set(err, ERR_UNHEALTHY,
			"STS gave credentials that expire at once; is this clock right?");
	}
	sts_answer_clear(&e->answer);
	e->answer = *answer;
	e->life = (struct refresh_life){ now, num_min(left, c->sts->lifetime.s), 0 };
	e->retry = (struct held_retry){ .failures = 0 };
	log_trouble_over(&e->trouble);
	metrics_add(&c->exchanged, 1);
	log_event(LOG_INFO, "credentials.obtained", "sa", w->service_account, "role",
		w->role_arn, "session", w->session_name, "key", answer->access_key_id, "exp",
		answer->expiration, NULL);
	return 0;
}

static void fail(struct credentials *c, struct entry *e, int64_t asked_s, const struct err *err)
{
	held_retry_later(&e->retry, clock_read(), asked_s);
	e->why = *err;
	metrics_add(err->code == ERR_REFUSED ? &c->refused : &c->failed, 1);
	log_trouble(&e->trouble, "credentials.failed", err);
}

/* ---- the thread ---- */

static void waiting_free(struct waiting *w)
{
	projector_workload_clear(&w->workload);
	free(w);
}

/* The next call, or NULL when it is over. */
static struct waiting *next(struct credentials *c)
{
	auto_unlock pthread_mutex_t *lock = auto_lock(&c->lock);
	struct waiting *w;

	while (!c->first && !atomic_load(&c->is_stopping))
		(void)pthread_cond_wait(&c->news, &c->lock); /* it is held */
	w = c->first;
	if (!w)
		return NULL;
	c->first = w->next;
	if (!c->first)
		c->last = &c->first;
	c->waiting_count--;
	return w;
}

/* Whoever was before this one in the queue may have brought what it wants. */
static bool is_answered(struct credentials *c, struct waiting *w)
{
	auto_unlock pthread_mutex_t *lock = auto_lock(&c->lock);

	return answer_kept(c, w->call, &w->workload);
}

static void exchange(struct credentials *c, struct waiting *w)
{
	struct sts_answer answer = { .access_key_id = NULL };
	struct err err = ERR_INIT;
	int64_t asked_s = 0;
	int rc = sts_exchange(c->sts, &w->workload, &c->is_stopping, &answer, &asked_s, &err);
	auto_unlock pthread_mutex_t *lock = auto_lock(&c->lock);
	struct entry *e = entry_of(c, &w->workload);

	if (rc == 0)
		rc = keep(c, e, &w->workload, &answer, &err);
	if (rc < 0)
		fail(c, e, asked_s, &err);
	if (rc == 0 || left_s(e, clock_read()) > LAST_S) {
		reply(e, w->call, w->workload.role_arn);
		metrics_add(&c->served, 1);
	} else {
		reply_failure(e, w->call);
	}
}

static void *run(void *ctx)
{
	struct credentials *c = ctx;
	struct waiting *w;

	while ((w = next(c))) {
		if (atomic_load(&c->is_stopping))
			credentials_refuse(w->call, 503, "ServiceUnavailable", "stopping");
		else if (!is_answered(c, w))
			exchange(c, w);
		http_resume(w->call);
		waiting_free(w);
	}
	return NULL;
}

int credentials_start(const struct agent_sts *sts, struct credentials **ret, struct err *err)
{
	struct credentials *c = text_alloc(1, sizeof(*c));
	int rc;

	c->sts = sts;
	c->last = &c->first;
	if (pthread_mutex_init(&c->lock, NULL) != 0 || pthread_cond_init(&c->news, NULL) != 0)
		abort();
	rc = pthread_create(&c->thread, NULL, run, c);
	if (rc != 0) {
		credentials_free(c);
		return err_set(err, ERR_FAILED, "could not start a thread: %s", strerror(rc));
	}
	*ret = c;
	return 0;
}

void credentials_serve(struct credentials *c, struct http_call *call,
	struct projector_workload *workload)
{
	auto_unlock pthread_mutex_t *lock = auto_lock(&c->lock);
	struct waiting *w;

	if (answer_kept(c, call, workload))
		return;
	if (c->waiting_count == WAITING_MAX || atomic_load(&c->is_stopping)) {
		credentials_refuse(call, 503, "ServiceUnavailable",
			"too many are waiting; try again");
		return;
	}
	w = text_alloc(1, sizeof(*w));
	w->call = call;
	w->workload = *workload;
	*workload = (struct projector_workload){ .token = NULL };
	http_suspend(call);
	*c->last = w;
	c->last = &w->next;
	c->waiting_count++;
	(void)pthread_cond_signal(&c->news); /* cannot fail */
}

void credentials_stop(struct credentials *c)
{
	if (!c)
		return;
	{
		auto_unlock pthread_mutex_t *lock = auto_lock(&c->lock);

		atomic_store(&c->is_stopping, true);
		(void)pthread_cond_signal(&c->news); /* cannot fail */
	}
	(void)pthread_join(c->thread, NULL); /* it is there, and ends */
}

void credentials_free(struct credentials *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->entry_count; i++)
		entry_free(c->entries[i]);
	(void)pthread_cond_destroy(&c->news);  /* nobody waits */
	(void)pthread_mutex_destroy(&c->lock); /* nobody holds it */
	free(c);
}

void credentials_metrics(struct credentials *c, struct text *out)
{
	const char *name = "issuer_agent_sts_requests_total";

	metrics_single(out, "issuer_agent_credentials_served_total", "counter",
		"Answers with credentials.", (double)metrics_get(&c->served));
	metrics_family(out, name, "counter", "Calls of STS, by their result.");
	metrics_sample(out, name, (double)metrics_get(&c->exchanged), "result", "ok", NULL);
	metrics_sample(out, name, (double)metrics_get(&c->refused), "result", "refused", NULL);
	metrics_sample(out, name, (double)metrics_get(&c->failed), "result", "failed", NULL);
}

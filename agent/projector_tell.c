/* projector_tell.c - what a projector tells others: its status, numbers, and tokens to those
 * who may have them. See projector.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/crypto.h>

#include "agent/projector_state.h"
#include "base/auto.h"
#include "base/num.h"
#include "base/secret.h"
#include "base/text.h"

/* ---- the status ---- */

/* A word for how a projection stands. */
static const char *state_of(const struct projector *p, const struct held *h,
	struct clock_reading now)
{
	const bool is_failing = h->retry.failures > 0 || p->server_retry.failures > 0;

	if (!h->token.token)
		return is_failing ? "failing" : "waiting";
	if (refresh_is_expired(&h->life, now))
		return "expired";
	if (!h->is_written)
		return "unwritten";
	return is_failing && refresh_due_in(&h->life, now) == 0 ? "stale" : "fresh";
}

static const struct volume *volume_of(const struct projector_set *set, const struct held *h)
{
	for (size_t i = 0; i < set->volume_count; i++)
		for (size_t j = 0; j < set->volumes[i].count; j++)
			if (set->volumes[i].members[j] == h)
				return &set->volumes[i];
	return NULL;
}

/* The nearest cause: no token, or one that could not be written. */
static const char *error_of(const struct projector *p, const struct held *h)
{
	const struct volume *v;

	if (h->failure)
		return h->failure->text;
	v = volume_of(&p->set, h);
	if (h->token.token && v && v->failure)
		return v->failure->text;
	return p->server_error[0] != '\0' ? p->server_error : NULL;
}

static json_t *time_or_null(unix_time t)
{
	return t == TIME_UNSET ? json_null() : json_integer(t);
}

static json_t *describe(const struct projector *p, const struct held *h,
	struct clock_reading now)
{
	auto_free char *file = agent_conf_file(h->conf);
	const bool has = h->token.token != NULL;

	return json_pack(
		"{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:s*, s:s*, s:s*, s:s?}",
		"service_account", h->conf->service_account, "audience", h->conf->audience,
		"file", file, "state", state_of(p, h, now), "obtained_at",
		time_or_null(has ? h->life.got.now : TIME_UNSET), "lives_until",
		time_or_null(has ? h->life.got.now + h->life.lifetime_s : TIME_UNSET),
		"expires_at", time_or_null(has ? h->token.expires_at : TIME_UNSET),
		"refresh_at", time_or_null(now.now + held_due_in(h, now)), "written_at",
		time_or_null(h->written_at), "failures", (json_int_t)h->retry.failures, "kid",
		has ? h->token.kid : NULL, "jti", has ? h->token.jti : NULL, "role_arn",
		h->conf->role_arn, "error", error_of(p, h));
}

char *projector_status(struct projector *p, unix_time now)
{
	const struct clock_reading clock = { now, clock_read().uptime_s };
	json_auto_t *list = json_array();
	json_auto_t *status = NULL;
	auto_unlock pthread_mutex_t *lock = auto_lock(&p->lock);
	char *text;

	for (size_t i = 0; i < p->set.count; i++)
		if (json_array_append_new(list, describe(p, &p->set.held[i], clock)) < 0)
			abort(); /* strings are checked UTF-8: memory is gone */
	status = json_pack("{s:I, s:s, s:s, s:s?, s:O}", "written_at", (json_int_t)now,
		"configuration", p->set.conf->path, "server", p->set.conf->server.url, "error",
		p->server_error[0] != '\0' ? p->server_error : NULL, "projections", list);
	text = status ? json_dumps(status, JSON_INDENT(2)) : NULL;
	if (!text)
		abort();
	return text;
}

int projector_first_error(struct projector *p, struct err *err)
{
	auto_unlock pthread_mutex_t *lock = auto_lock(&p->lock);

	for (size_t i = 0; i < p->set.count; i++) {
		const char *error = error_of(p, &p->set.held[i]);

		if (error)
			return err_set(err, ERR_FAILED, "%s", error);
	}
	return 0;
}

/* ---- the numbers ---- */

static void count_states(struct text *out, const struct projector *p, struct clock_reading now)
{
	static const char *const states[] = { "fresh", "stale", "unwritten", "waiting",
		"failing", "expired" };
	const char *name = "issuer_agent_projections";

	metrics_family(out, name, "gauge", "Projections, by how they stand.");
	for (size_t s = 0; s < sizeof(states) / sizeof(states[0]); s++) {
		int64_t n = 0;

		for (size_t i = 0; i < p->set.count; i++)
			n += strcmp(state_of(p, &p->set.held[i], now), states[s]) == 0;
		metrics_sample(out, name, (double)n, "state", states[s], NULL);
	}
}

/* The life that is left of the token that has least of it. */
static void least_life(struct text *out, const struct projector *p, struct clock_reading now)
{
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < p->set.count; i++) {
		const struct held *h = &p->set.held[i];

		least = num_min(least,
			h->token.token ? h->life.lifetime_s - refresh_age(h->life.got, now)
				       : 0);
	}
	metrics_single(out, "issuer_agent_least_life_seconds", "gauge",
		"Seconds until the first token expires; 0 or less if one has, or is missing.",
		(double)(p->set.count > 0 ? least : 0));
}

void projector_metrics(struct projector *p, struct text *out, struct clock_reading now)
{
	auto_unlock pthread_mutex_t *lock = auto_lock(&p->lock);
	const struct projector_numbers *n = &p->numbers;

	metrics_family(out, "issuer_agent_token_requests_total", "counter",
		"Requests for a token, by their result.");
	metrics_sample(out, "issuer_agent_token_requests_total",
		(double)metrics_get(&n->tokens_ok), "result", "ok", NULL);
	metrics_sample(out, "issuer_agent_token_requests_total",
		(double)metrics_get(&n->tokens_refused), "result", "refused", NULL);
	metrics_sample(out, "issuer_agent_token_requests_total",
		(double)metrics_get(&n->tokens_failed), "result", "failed", NULL);
	metrics_family(out, "issuer_agent_token_request_seconds", "histogram",
		"How long a request for a token took.");
	metrics_histogram_samples(out, "issuer_agent_token_request_seconds", &n->durations,
		&metrics_seconds, NULL, NULL);
	metrics_family(out, "issuer_agent_writes_total", "counter",
		"Directories and files written, by the result.");
	metrics_sample(out, "issuer_agent_writes_total", (double)metrics_get(&n->writes_ok),
		"result", "ok", NULL);
	metrics_sample(out, "issuer_agent_writes_total", (double)metrics_get(&n->writes_failed),
		"result", "failed", NULL);
	metrics_single(out, "issuer_agent_keys_gone_total", "counter",
		"Tokens replaced early because their key is no longer published.",
		(double)metrics_get(&n->keys_gone));
	count_states(out, p, now);
	least_life(out, p, now);
}

/* ---- tokens, to those who may have them ---- */

static char *copy_or_null(const char *s)
{
	return s ? text_copy(s) : NULL;
}

static void copy_workload(const struct held *h, struct projector_workload *ret)
{
	*ret = (struct projector_workload){
		.service_account = text_copy(h->conf->service_account),
		.audience = text_copy(h->conf->audience),
		.role_arn = copy_or_null(h->conf->role_arn),
		.region = copy_or_null(h->conf->region),
		.session_name = copy_or_null(h->conf->session_name),
		.token = text_copy(h->token.token),
		.expires_at = h->token.expires_at,
	};
}

void projector_workload_clear(struct projector_workload *w)
{
	if (w->token)
		OPENSSL_cleanse(w->token, strlen(w->token));
	free(w->service_account);
	free(w->audience);
	free(w->role_arn);
	free(w->region);
	free(w->session_name);
	free(w->token);
	*w = (struct projector_workload){ .token = NULL };
}

/* Of hashes, so that time tells nothing of the token. */
static bool is_token(const struct token_answer *held, const struct refresh_life *life,
	struct clock_reading now, const unsigned char wanted[SECRET_HASH_LEN])
{
	return held->token && !refresh_is_expired(life, now) &&
		secret_equal(held->hash, wanted, SECRET_HASH_LEN);
}

int projector_find_token(struct projector *p, const char *token, struct clock_reading now,
	struct projector_workload *ret, struct err *err)
{
	unsigned char wanted[SECRET_HASH_LEN];
	const struct held *found = NULL;
	auto_unlock pthread_mutex_t *lock = auto_lock(&p->lock);

	secret_hash(token, strlen(token), wanted);
	for (size_t i = 0; i < p->set.count; i++) {
		const struct held *h = &p->set.held[i];
		const bool is_now = is_token(&h->token, &h->life, now, wanted);
		const bool is_before = is_token(&h->before, &h->before_life, now, wanted);

		if ((is_now || is_before) && held_is_good(h, now))
			found = h;
	}
	if (!found)
		return err_set(err, ERR_REFUSED,
			"that is not a token which this agent keeps, or it has expired");
	copy_workload(found, ret);
	return 0;
}

static bool is_asked_for(const struct held *h, uid_t uid, const char *service_account,
	const char *audience)
{
	return h->conf->uid == uid &&
		(!service_account || strcmp(service_account, h->conf->service_account) == 0) &&
		(!audience || strcmp(audience, h->conf->audience) == 0);
}

int projector_find_uid(struct projector *p, uid_t uid, const char *service_account,
	const char *audience, struct clock_reading now, struct projector_workload *ret,
	struct err *err)
{
	const struct held *found = NULL;
	auto_unlock pthread_mutex_t *lock = auto_lock(&p->lock);

	for (size_t i = 0; i < p->set.count; i++) {
		const struct held *h = &p->set.held[i];

		if (!is_asked_for(h, uid, service_account, audience))
			continue;
		if (found && !held_is_for_same(found->conf, h->conf))
			return err_set(err, ERR_CONFLICT,
				"uid %u has several tokens; name one with ?service_account=NS/NAME "
				"and audience=AUDIENCE",
				(unsigned)uid);
		found = h;
	}
	if (!found)
		return err_set(err, ERR_NOT_FOUND, "uid %u has no such token here",
			(unsigned)uid);
	if (!held_is_good(found, now))
		return err_set(err, ERR_BUSY, "there is no good token of %s just now",
			found->conf->service_account);
	copy_workload(found, ret);
	return 0;
}

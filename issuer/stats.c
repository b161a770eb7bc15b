/* stats.c - see stats.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "issuer/health.h"
#include "issuer/stats.h"

static const char *const route_names[STATS_ROUTES] = { "other", "discovery", "jwks", "token",
	"token_review", "self_subject_review", "api_index", "health", "metrics" };

struct stats *stats_new(const struct conf *conf)
{
	struct stats *stats = text_alloc(1, sizeof(*stats));

	stats->started_at = clock_now();
	stats->listeners = text_alloc(conf->listener_count, sizeof(*stats->listeners));
	stats->listener_count = conf->listener_count;
	for (size_t i = 0; i < stats->listener_count; i++) {
		const struct conf_listener *listener = &conf->listeners[i];

		stats->listeners[i].name =
			listener->socket ? listener->socket : listener->address;
	}
	return stats;
}

void stats_free(struct stats *stats)
{
	if (stats)
		free(stats->listeners);
	free(stats);
}

/* Kubernetes calls both by one name. */
static enum kube_reason named(int reason)
{
	return reason == KUBE_HEADERS_TOO_LARGE ? KUBE_BAD_REQUEST : (enum kube_reason)reason;
}

void stats_count(struct stats *stats, enum stats_route route, const struct http_call *call,
	int64_t duration_us)
{
	const int status = call->reply.status - STATS_STATUS_MIN;

	if (status >= 0 && status < STATS_STATUSES)
		metrics_add(&stats->requests[route][status], 1);
	metrics_observe(&stats->durations[route], &metrics_seconds, duration_us);
	if (route == STATS_TOKEN)
		metrics_add(&stats->tokens[named(call->refused)], 1);
	else if (route == STATS_TOKEN_REVIEW && call->is_rejected)
		metrics_add(&stats->reviews_rejected, 1);
	else if (route == STATS_TOKEN_REVIEW)
		metrics_add(&stats->reviews[named(call->refused)], 1);
}

/* ---- what the process is ---- */

static double resident_bytes(void)
{
	long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");
	char line[128];

	if (f && fgets(line, sizeof(line), f)) {
		const char *second = strchr(line, ' ');

		pages = second ? strtol(second, NULL, 10) : 0;
	}
	if (f)
		(void)fclose(f); /* only read from */
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static double seconds(struct timeval tv)
{
	return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

static void add_process(struct text *out, const struct stats *stats)
{
	struct rusage usage;

	metrics_family(out, "issuerd_build_info", "gauge", "Which issuerd this is; always 1.");
	metrics_sample(out, "issuerd_build_info", 1, "version", PACKAGE_VERSION, NULL);
	metrics_single(out, "process_start_time_seconds", "gauge",
		"When the gateway was started, in seconds since 1970.",
		(double)stats->started_at);
	metrics_single(out, "process_resident_memory_bytes", "gauge",
		"Resident memory of the gateway.", resident_bytes());
	(void)getrusage(RUSAGE_SELF, &usage); /* cannot fail with valid arguments */
	metrics_single(out, "process_cpu_seconds_total", "counter",
		"CPU time of the gateway, user and system.",
		seconds(usage.ru_utime) + seconds(usage.ru_stime));
}

static void add_checks(struct text *out, const struct gateway *gw, struct clock_reading clock)
{
	struct health_result results[HEALTH_CHECKS_MAX];
	const size_t count = health_ready(gw, clock, results);

	metrics_family(out, "issuerd_check", "gauge",
		"Checks of /readyz: 1 passed, 0 failed (/readyz and the log say why).");
	for (size_t i = 0; i < count; i++)
		metrics_sample(out, "issuerd_check", results[i].why.code == ERR_NONE ? 1 : 0,
			"check", results[i].name, NULL);
}

/* ---- requests ---- */

static const char *result_of(enum kube_reason reason)
{
	return reason == KUBE_INTERNAL || reason == KUBE_UNAVAILABLE ? "failed" : "refused";
}

/* All of them from the beginning: a rate needs a zero to start from. */
static void add_outcomes(struct text *out, const char *name, const char *issuer,
	const char *good, const struct metrics_number by_reason[KUBE_REASONS])
{
	metrics_sample(out, name, (double)metrics_get(&by_reason[KUBE_NONE]), "issuer", issuer,
		"result", good, "reason", "", NULL);
	for (enum kube_reason reason = KUBE_NONE + 1; reason < KUBE_REASONS; reason++)
		if (named((int)reason) == reason)
			metrics_sample(out, name, (double)metrics_get(&by_reason[reason]),
				"issuer", issuer, "result", result_of(reason), "reason",
				kube_reason_name(reason), NULL);
}

static void add_tokens(struct text *out, const struct stats *stats, const char *issuer)
{
	metrics_family(out, "issuerd_tokens_total", "counter",
		"Requests for a token, by what became of them.");
	add_outcomes(out, "issuerd_tokens_total", issuer, "issued", stats->tokens);
	metrics_family(out, "issuerd_token_reviews_total", "counter",
		"Reviews of a token, by what became of them; rejected: the token is not good.");
	add_outcomes(out, "issuerd_token_reviews_total", issuer, "authenticated",
		stats->reviews);
	metrics_sample(out, "issuerd_token_reviews_total",
		(double)metrics_get(&stats->reviews_rejected), "issuer", issuer, "result",
		"rejected", "reason", "", NULL);
}

static void add_requests(struct text *out, const struct stats *stats)
{
	metrics_family(out, "issuerd_requests_total", "counter",
		"Requests that were answered, by what they are for and the status.");
	for (size_t route = 0; route < STATS_ROUTES; route++)
		for (size_t i = 0; i < STATS_STATUSES; i++) {
			const int64_t n = metrics_get(&stats->requests[route][i]);

			if (n > 0)
				metrics_sample(out, "issuerd_requests_total", (double)n,
					"route", route_names[route], "code",
					text_num((int64_t)i + STATS_STATUS_MIN).s, NULL);
		}
	metrics_family(out, "issuerd_request_duration_seconds", "histogram",
		"From the whole request to its answer.");
	for (size_t route = 0; route < STATS_ROUTES; route++)
		metrics_histogram_samples(out, "issuerd_request_duration_seconds",
			&stats->durations[route], &metrics_seconds, "route",
			route_names[route]);
}

static void add_listeners(struct text *out, const struct stats *stats, uint32_t max)
{
	metrics_family(out, "issuerd_connections", "gauge", "Open connections.");
	for (size_t i = 0; i < stats->listener_count; i++)
		metrics_sample(out, "issuerd_connections",
			(double)metrics_get(&stats->listeners[i].connections), "listener",
			stats->listeners[i].name, NULL);
	metrics_family(out, "issuerd_connections_max", "gauge",
		"The most there can be (limits.connections).");
	for (size_t i = 0; i < stats->listener_count; i++)
		metrics_sample(out, "issuerd_connections_max", max, "listener",
			stats->listeners[i].name, NULL);
	metrics_family(out, "issuerd_tls_certificate_expiry_timestamp_seconds", "gauge",
		"When the listener's certificate ends, in seconds since 1970.");
	for (size_t i = 0; i < stats->listener_count; i++) {
		const struct stats_listener *listener = &stats->listeners[i];
		const int64_t at = metrics_get(&listener->certificate_expires);

		if (at != 0)
			metrics_sample(out, "issuerd_tls_certificate_expiry_timestamp_seconds",
				(double)at, "listener", listener->name, NULL);
	}
}

/* ---- keys ---- */

static void add_key_states(struct text *out, const char *issuer, const struct store_keys *keys,
	unix_time now)
{
	size_t in_state[PLAN_REVOKED + 1] = { 0 };

	for (size_t i = 0; i < keys->count; i++)
		in_state[plan_state(keys, i, now)]++;
	metrics_family(out, "issuerd_keys", "gauge", "Keys in the store, by state.");
	for (enum plan_state state = PLAN_STAGED; state <= PLAN_REVOKED; state++)
		metrics_sample(out, "issuerd_keys", (double)in_state[state], "issuer", issuer,
			"state", plan_state_name(state), NULL);
	metrics_family(out, "issuerd_keys_published", "gauge", "Keys in the JWKS.");
	metrics_sample(out, "issuerd_keys_published", (double)plan_published(keys, now),
		"issuer", issuer, NULL);
	metrics_single(out, "issuerd_keys_published_max", "gauge",
		"The most that can be in the JWKS.", PLAN_PUBLISHED_MAX);
}

static void add_key_times(struct text *out, const char *issuer, const struct store_keys *keys,
	unix_time now)
{
	const ptrdiff_t active = plan_active(keys, now);
	const unix_time next = plan_next_change(keys, now);

	metrics_family(out, "issuerd_active_key_age_seconds", "gauge",
		"Since when the active key signs.");
	if (active >= 0)
		metrics_sample(out, "issuerd_active_key_age_seconds",
			(double)(now - plan_since(keys, (size_t)active, now)), "issuer", issuer,
			NULL);
	metrics_family(out, "issuerd_key_next_change_seconds", "gauge",
		"Until the next scheduled change of a key's state.");
	metrics_sample(out, "issuerd_key_next_change_seconds",
		next == PLAN_NEVER ? INFINITY : (double)(next - now), "issuer", issuer, NULL);
}

/* A store that cannot be read leaves them out; the check "store" says so. */
static void add_keys(struct text *out, const struct gateway *gw, struct clock_reading clock)
{
	auto_store_keys struct store_keys keys = { .count = 0 };
	struct err ignored = ERR_INIT;
	unix_time now;

	if (store_keys_load(gw->store, gw->issuer->name, &keys, &ignored) < 0)
		return;
	now = plan_time(&keys.memory, gw->plan.clock_skew_s, clock);
	add_key_states(out, gw->issuer->name, &keys, now);
	add_key_times(out, gw->issuer->name, &keys, now);
}

/* ---- the signer ---- */

static void add_histogram(struct text *out, const char *name, const char *help,
	const struct metrics_histogram *histogram, const struct metrics_scale *scale)
{
	metrics_family(out, name, "histogram", help);
	metrics_histogram_samples(out, name, histogram, scale, NULL, NULL);
}

static void add_signer(struct text *out, const struct gateway *gw)
{
	const struct signer_metrics *m = gw->signer_metrics;

	metrics_single(out, "issuerd_signer_up", "gauge", "Is there a signer process?",
		signer_is_up(gw->signer) ? 1 : 0);
	metrics_single(out, "issuerd_signer_restarts_total", "counter",
		"Signer processes that took the place of one that died.",
		(double)metrics_get(&m->restarts));
	metrics_single(out, "issuerd_signer_queue_depth", "gauge",
		"Requests the signer has taken and not answered.",
		(double)metrics_get(&m->under_way));
	metrics_single(out, "issuerd_signer_queue_max", "gauge", "The most it takes.",
		SIGNER_QUEUE_MAX);
	add_histogram(out, "issuerd_sign_duration_seconds", "Making and signing one token.",
		&m->sign, &metrics_seconds);
	metrics_single(out, "issuerd_key_rotation_failures_total", "counter",
		"Looks at what is due that failed.",
		(double)metrics_get(&m->rotation_failures));
}

static void add_audit(struct text *out, const struct signer_metrics *m)
{
	const int64_t since_ms = metrics_get(&m->waiting_since_ms);

	add_histogram(out, "issuerd_audit_commit_duration_seconds",
		"Committing one batch of audit records.", &m->commit, &metrics_seconds);
	add_histogram(out, "issuerd_audit_batch_rows", "Audit records in one commit.",
		&m->batch, &metrics_things);
	metrics_single(out, "issuerd_audit_commit_failures_total", "counter",
		"Commits that failed: nobody gets a token.",
		(double)metrics_get(&m->commit_failures));
	metrics_single(out, "issuerd_audit_lag_seconds", "gauge",
		"How long the oldest request of the commit under way has waited; 0 if none is.",
		since_ms == 0 ? 0 : (double)(clock_monotonic_ms() - since_ms) / 1000);
	metrics_single(out, "issuerd_audit_checkpoint_timestamp_seconds", "gauge",
		"When the audit's head was last signed, or found signed; 0: not yet.",
		(double)metrics_get(&m->checkpoint_at));
	metrics_single(out, "issuerd_audit_checkpoint_failures_total", "counter",
		"Signatures of the audit's head that failed.",
		(double)metrics_get(&m->checkpoint_failures));
}

void stats_serve(const struct gateway *gw, struct http_call *call, struct clock_reading clock)
{
	auto_text struct text out = TEXT_INIT;
	size_t len;

	add_process(&out, gw->stats);
	add_checks(&out, gw, clock);
	add_tokens(&out, gw->stats, gw->issuer->name);
	add_requests(&out, gw->stats);
	add_listeners(&out, gw->stats, gw->conf->limits.connections);
	add_keys(&out, gw, clock);
	add_signer(&out, gw);
	add_audit(&out, gw->signer_metrics);
	http_reply_header(call, "Cache-Control", "no-cache, private");
	http_reply_header(call, "X-Content-Type-Options", "nosniff");
	len = out.len;
	http_reply_body(call, 200, METRICS_CONTENT_TYPE, text_take(&out), len);
}

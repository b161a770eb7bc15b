/* stats.h - what the gateway counts, and /metrics, where operators read that and the signer's
 * numbers (doc/monitoring.md). No label names a subject or a client: there may be millions.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STATS_H
#define STATS_H

#include "base/metrics.h"
#include "issuer/gateway.h"
#include "issuer/kube.h"
#include "serve/http.h"

/* What requests are for. */
enum stats_route {
	STATS_OTHER,
	STATS_DISCOVERY,
	STATS_JWKS,
	STATS_TOKEN,
	STATS_TOKEN_REVIEW,
	STATS_SELF_SUBJECT_REVIEW,
	STATS_API_INDEX,
	STATS_HEALTH,
	STATS_METRICS,
	STATS_ROUTES,
};

#define STATS_STATUS_MIN 100
#define STATS_STATUSES   500

/* One for each listener of the configuration, in its order. */
struct stats_listener {
	const char *name; /* as configured; borrowed */
	struct metrics_number connections;
	struct metrics_number certificate_expires; /* unix time; 0: no TLS */
};

struct stats {
	unix_time started_at;
	struct metrics_number requests[STATS_ROUTES][STATS_STATUSES];
	struct metrics_histogram durations[STATS_ROUTES]; /* metrics_seconds */
	/* By why they were refused, KUBE_NONE if they were not; of a review that says no with
	 * 201, KUBE_UNAUTHORIZED. */
	struct metrics_number tokens[KUBE_REASONS];
	struct metrics_number reviews[KUBE_REASONS];
	struct metrics_number reviews_rejected;
	struct stats_listener *listeners;
	size_t listener_count;
};

struct stats *stats_new(const struct conf *conf);
void stats_free(struct stats *stats);

/* Counts a call that is answered, `duration_us` after it had come. Any thread. */
void stats_count(struct stats *stats, enum stats_route route, const struct http_call *call,
	int64_t duration_us);

/* GET /metrics. */
void stats_serve(const struct gateway *gw, struct http_call *call, struct clock_reading clock);

#endif

/* projector.h - keeps all token files of a configuration: which token is due, asking for it,
 * writing it, and what is to be said about it. One thread calls projector_pass; what others ask
 * comes out of copies, made under a lock that is never held while the network or a file is
 * waited for.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef PROJECTOR_H
#define PROJECTOR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "agent/held.h"
#include "base/err.h"
#include "base/metrics.h"
#include "conf/agent_conf.h"

/* What is counted, for /metrics. */
struct projector_numbers {
	struct metrics_number tokens_ok, tokens_refused, tokens_failed;
	struct metrics_number writes_ok, writes_failed;
	struct metrics_number keys_gone;    /* tokens replaced because their key was */
	struct metrics_histogram durations; /* of questions; metrics_seconds */
};

struct projector;

/* The configuration becomes the projector's. */
struct projector *projector_new(struct agent_conf *conf);
void projector_free(struct projector *p);
static inline void auto_projector_(struct projector **p)
{
	projector_free(*p);
}
#define auto_projector __attribute__((cleanup(auto_projector_)))

/* What a pass came to. */
struct projector_pass {
	struct clock_reading at; /* when it began */
	int64_t next_in_s;       /* until the next one, from then */
	bool is_changed;         /* something that projector_status tells */
	bool is_server_well;     /* the last question had an answer */
	/* How many projections ended with a token that is good and in its file; without one
	 * because the issuer says no, or the file cannot be written; without one for now. */
	size_t good, lost, missing;
};

/* Asks for all tokens that are due, and writes what came. Logs. Ends early, between two
 * questions or in one, once `*is_cancelled`. */
struct projector_pass projector_pass(struct projector *p, const atomic_bool *is_cancelled);

/* From now on it is this configuration, which becomes the projector's: tokens that both know
 * stay, files that only the old one had are removed. The thread that passes. */
void projector_reload(struct projector *p, struct agent_conf *conf);

/* Removes all files. The thread that passes. */
void projector_remove(struct projector *p);

/* Why the last pass failed for the first projection that it failed for; "" if it did not. */
int projector_first_error(struct projector *p, struct err *err);

/* All of it as JSON for a status file; the caller frees. Any thread. */
char *projector_status(struct projector *p, unix_time now);

/* The numbers, and the text of those that are counted now. Any thread. */
void projector_metrics(struct projector *p, struct text *out, struct clock_reading now);

/* Milliseconds of the monotonic clock when the passing thread last got on; any thread. */
int64_t projector_heartbeat(const struct projector *p);

/* A copy of what a workload may have. projector_workload_clear releases it. */
struct projector_workload {
	char *service_account, *audience, *role_arn, *region, *session_name; /* or NULL */
	char *token;
	unix_time expires_at;
};
void projector_workload_clear(struct projector_workload *w);
#define auto_workload __attribute__((cleanup(projector_workload_clear)))

/* The one whose token is `token`, now or before the last refresh, and has not expired.
 * ERR_REFUSED if there is none. Takes as long whichever it is. Any thread. */
int projector_find_token(struct projector *p, const char *token, struct clock_reading now,
	struct projector_workload *ret, struct err *err);

/* The one that belongs to `uid`, is of this service account and audience (each NULL: of any),
 * and has a token that is good. ERR_NOT_FOUND if there is none, ERR_CONFLICT if there are
 * several, ERR_BUSY if it has none just now. Any thread. */
int projector_find_uid(struct projector *p, uid_t uid, const char *service_account,
	const char *audience, struct clock_reading now, struct projector_workload *ret,
	struct err *err);

#endif

/* refresh.h - when a token is to be replaced, and when to try again: pure. As the kubelet's
 * token manager does it (kubernetes/kubernetes pkg/kubelet/token/token_manager.go): after 80 %
 * of its life or 24 h, whichever is first, less some seconds of chance. A token's age is the
 * longer of what the clock and what the uptime say has passed since it came, so that a clock
 * that is set, in either direction, or a machine that slept makes nobody keep a token too long,
 * and a clock that is simply wrong does no harm.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef REFRESH_H
#define REFRESH_H

#include <stdbool.h>

#include "base/clock.h"

#define REFRESH_AGE_MAX_S    86400
#define REFRESH_JITTER_MAX_S 9
#define REFRESH_RETRY_MIN_S  1
#define REFRESH_RETRY_MAX_S  300
#define REFRESH_ASKED_MAX_S  3600 /* of Retry-After */

/* A token that came at `got` and lives for lifetime_s from then. jitter_s is 0 to
 * REFRESH_JITTER_MAX_S. */
struct refresh_life {
	struct clock_reading got;
	int64_t lifetime_s;
	int64_t jitter_s;
};

/* Seconds since `then`, 0 at least. */
int64_t refresh_age(struct clock_reading then, struct clock_reading now);

/* The age at which a token is to be replaced; 0 at least. */
int64_t refresh_due_age(const struct refresh_life *life);

/* Seconds until then; 0: now. */
int64_t refresh_due_in(const struct refresh_life *life, struct clock_reading now);

/* Can nobody take it for good any more? */
bool refresh_is_expired(const struct refresh_life *life, struct clock_reading now);

/* Seconds to wait after `failures` in a row (1 at least): doubled each time, up to the longest,
 * and of that a part between half and all, as `chance` (any number) decides. Never less than
 * the server asked for (0: it did not), within reason. */
int64_t refresh_retry_in(unsigned failures, uint32_t chance, int64_t asked_s);

#endif

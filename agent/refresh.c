/* refresh.c - see refresh.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/refresh.h"
#include "base/num.h"

/* Clocks of tests, and broken ones, may be anywhere. */
static int64_t passed(int64_t then, int64_t now)
{
	int64_t s;

	return __builtin_sub_overflow(now, then, &s) ? (now > then ? INT64_MAX : 0) : s;
}

int64_t refresh_age(struct clock_reading then, struct clock_reading now)
{
	return num_max(0,
		num_max(passed(then.now, now.now), passed(then.uptime_s, now.uptime_s)));
}

int64_t refresh_due_age(const struct refresh_life *life)
{
	const int64_t age = life->lifetime_s - life->lifetime_s / 5;

	return num_max(0, num_min(REFRESH_AGE_MAX_S, age) - life->jitter_s);
}

int64_t refresh_due_in(const struct refresh_life *life, struct clock_reading now)
{
	return num_max(0, refresh_due_age(life) - refresh_age(life->got, now));
}

bool refresh_is_expired(const struct refresh_life *life, struct clock_reading now)
{
	return refresh_age(life->got, now) >= life->lifetime_s;
}

int64_t refresh_retry_in(unsigned failures, uint32_t chance, int64_t asked_s)
{
	int64_t longest = REFRESH_RETRY_MIN_S;
	int64_t half;

	while (--failures > 0 && longest < REFRESH_RETRY_MAX_S)
		longest *= 2;
	longest = num_min(longest, REFRESH_RETRY_MAX_S);
	half = longest / 2;
	return num_max(num_max(REFRESH_RETRY_MIN_S, half + chance % (longest - half + 1)),
		num_min(asked_s, REFRESH_ASKED_MAX_S));
}

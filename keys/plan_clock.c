/* plan_clock.c - is the clock one to plan by? See plan.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/num.h"
#include "base/text.h"
#include "keys/plan.h"

int plan_clock_not_back(unix_time clock_at, int64_t clock_skew_s, unix_time now,
	struct err *err)
{
	if (clock_at == TIME_UNSET || now >= clock_at - clock_skew_s)
		return 0;
	return err_set(err, ERR_EARLY,
		"the clock says %s, but the store was last written at %s: it went back; set it right, "
		"or if it is right now run: issuerctl db accept-clock",
		text_time(now).s, text_time(clock_at).s);
}

/* At least so much time has passed since: a machine that started anew has been running for less
 * than that. */
static int64_t passed_at_least(const struct store_memory *memory, int64_t uptime_s)
{
	if (memory->uptime_s < 0 || uptime_s < 0)
		return 0;
	return uptime_s >= memory->uptime_s ? uptime_s - memory->uptime_s : uptime_s;
}

static int not_ahead(const struct store_memory *memory, struct clock_reading clock,
	struct err *err)
{
	const int64_t passed = passed_at_least(memory, clock.uptime_s);

	if (memory->clock_at == TIME_UNSET ||
		clock.now - memory->clock_at <= passed + PLAN_AHEAD_MAX_S)
		return 0;
	return err_set(err, ERR_EARLY,
		"the clock says %s, %s after the store was last written, and this machine has not been "
		"running that long; if the clock is right run: issuerctl db accept-clock",
		text_time(clock.now).s, text_span(clock.now - memory->clock_at).s);
}

int plan_clock_check(const struct store_memory *memory, int64_t clock_skew_s,
	struct clock_reading clock, struct err *err)
{
	if (plan_clock_not_back(memory->clock_at, clock_skew_s, clock.now, err) < 0)
		return -1;
	return not_ahead(memory, clock, err);
}

unix_time plan_time(const struct store_memory *memory, int64_t clock_skew_s,
	struct clock_reading clock)
{
	struct err ignored = ERR_INIT;

	if (plan_clock_check(memory, clock_skew_s, clock, &ignored) < 0)
		return memory->clock_at + passed_at_least(memory, clock.uptime_s);
	return num_max(clock.now, memory->clock_at);
}

/* clock.c - the real clock.
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/num.h"

#define FOREVER_S (INT64_C(1) << 40) /* beyond any clock */
#define SET_S     2                  /* both clocks are read in whole seconds, in turn */

unix_time clock_now(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME, &ts) != 0)
		abort(); /* not with a valid clock id; and a made-up time would sign tokens */
	return (unix_time)ts.tv_sec;
}

int64_t clock_uptime(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_BOOTTIME, &ts) != 0)
		abort();                              /* not with a valid clock id */
	return (int64_t)ts.tv_sec + (ts.tv_nsec > 0); /* rounded as sysinfo(2) does it */
}

/* Two timers: one for time that passes, one that is never due and tells when the clock is set.
 */
int clock_wait(const struct pollfd *fds, size_t count, struct clock_reading since,
	int64_t seconds)
{
	const struct clock_reading now = clock_read();
	const int64_t passed_s = num_max(0, now.uptime_s - since.uptime_s);
	const int64_t set_s = now.now - since.now - passed_s;
	const int64_t left_s = set_s < -SET_S || set_s > SET_S ? 0 : seconds - passed_s;
	const struct itimerspec never = { .it_value.tv_sec = FOREVER_S };
	const struct itimerspec due = { .it_value.tv_sec =
						num_min(num_max(left_s, 0), FOREVER_S),
		.it_value.tv_nsec = left_s <= 0 };
	auto_close int passed = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC);
	auto_close int set = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC);
	struct pollfd all[CLOCK_WAIT_FDS + 2] = { { .fd = passed, .events = POLLIN },
		{ .fd = set, .events = POLLIN } };
	int rc;

	assert(count <= CLOCK_WAIT_FDS);
	if (count > 0)
		memcpy(all + 2, fds, count * sizeof(*fds));
	if (passed < 0 || set < 0 || timerfd_settime(passed, 0, &due, NULL) < 0 ||
		timerfd_settime(set, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never,
			NULL) < 0)
		return -1;
	rc = poll(all, count + 2, -1);
	if (rc <= 0)
		return rc;
	return rc - (all[0].revents != 0) - (all[1].revents != 0);
}

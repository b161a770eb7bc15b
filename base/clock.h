/* clock.h - the only source of the present. Leaf functions take `now`; edges read it here, once
 * per request. Tests link another implementation of clock_now, clock_uptime
 * and clock_wait (t/lib/clock_file.c).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CLOCK_H
#define CLOCK_H

#include <poll.h>
#include <stdint.h>
#include <time.h>

/* Seconds since 1970-01-01T00:00:00Z, the only form of time. */
typedef int64_t unix_time;

/* A time that has not been decided. 1970 itself never occurs. */
#define TIME_UNSET ((unix_time)0)

unix_time clock_now(void);

/* Seconds that this machine has been running, suspended or not: what tells time that passed
 * from a clock that was set. Starts anew with the machine. Tests link another. */
int64_t clock_uptime(void);

/* Both, as a plan wants them. */
struct clock_reading {
	unix_time now;
	int64_t uptime_s;
};

static inline struct clock_reading clock_read(void)
{
	return (struct clock_reading){ .now = clock_now(), .uptime_s = clock_uptime() };
}

/* poll(2) that waits for the clock, too: until `seconds` have passed since then, suspended or
 * not, or somebody has set the clock since (0), a descriptor is ready (their number), or a
 * signal came
 * (-1 with EINTR). At most CLOCK_WAIT_FDS descriptors. Tests link another. */
#define CLOCK_WAIT_FDS 4
int clock_wait(const struct pollfd *fds, size_t count, struct clock_reading since,
	int64_t seconds);

/* Microseconds that only ever go forward, for how long something takes; says nothing of the
 * date. */
static inline int64_t clock_monotonic_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail with a valid clock */
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static inline int64_t clock_monotonic_ms(void)
{
	return clock_monotonic_us() / 1000;
}

#endif

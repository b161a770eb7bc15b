/* clock.c - the real clock.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

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

/* clock_file.c - a clock that tests set: clock_now() is the decimal number in the file that
 * $TEST_CLOCK names, or the real time if the variable is unset. Linked in place of
 * base/clock.c, so the shipped programs carry no hook. Who sets the clock renames a new file
 * over the old one (t/lib/clock.sh), so a reader never meets half a number.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

static unix_time real_now(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME, &ts) != 0)
		abort();
	return (unix_time)ts.tv_sec;
}

unix_time clock_now(void)
{
	const char *path = getenv("TEST_CLOCK");
	struct err err = ERR_INIT;
	auto_free char *s = NULL;
	size_t len;
	int64_t now;

	if (!path)
		return real_now();
	if (file_read(path, 32, &s, &len, &err) < 0)
		abort();
	s[strcspn(s, "\n")] = '\0';
	if (text_int(s, INT64_MIN, INT64_MAX, &now, &err) < 0)
		abort();
	return now;
}

/* clock_file.c - a clock that tests set: clock_now() and clock_uptime() are the two decimal
 * numbers in the file that $TEST_CLOCK names, or the real ones if the variable is unset. Linked
 * in place of base/clock.c, so the shipped programs carry no hook. Who sets the clock renames a
 * new file over the old one (t/lib/clock.sh), so a reader never meets half a number.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/sysinfo.h>
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

/* Number `n`, counted from 0, in the file; false if there is no file to look into. */
static bool number_in_file(int n, int64_t *ret)
{
	const char *path = getenv("TEST_CLOCK");
	struct err err = ERR_INIT;
	auto_free char *s = NULL;
	char *word, *rest;
	size_t len;

	if (!path)
		return false;
	if (file_read(path, 64, &s, &len, &err) < 0)
		abort();
	word = strtok_r(s, " \n", &rest);
	while (n-- > 0)
		word = strtok_r(NULL, " \n", &rest);
	if (!word || text_int(word, INT64_MIN, INT64_MAX, ret, &err) < 0)
		abort();
	return true;
}

unix_time clock_now(void)
{
	int64_t now;

	return number_in_file(0, &now) ? now : real_now();
}

int64_t clock_uptime(void)
{
	struct sysinfo info;
	int64_t uptime_s;

	if (number_in_file(1, &uptime_s))
		return uptime_s;
	if (sysinfo(&info) != 0)
		abort();
	return (int64_t)info.uptime;
}

/* Looks at the file ten times a second; real seconds count for nothing, unless there is no
 * file. */
int clock_wait(const struct pollfd *fds, size_t count, struct clock_reading since,
	int64_t seconds)
{
	struct pollfd copy[CLOCK_WAIT_FDS];

	if (count > 0)
		memcpy(copy, fds, count * sizeof(*fds));
	for (;;) {
		const struct clock_reading now = clock_read();
		const int64_t passed_s = now.uptime_s - since.uptime_s;
		const int64_t set_s = now.now - since.now - passed_s;
		int rc;

		if (passed_s >= seconds || set_s < -2 || set_s > 2)
			return 0; /* so much has passed, or somebody set the clock */
		rc = poll(copy, count, 100);
		if (rc != 0)
			return rc;
	}
}

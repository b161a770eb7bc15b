/* progress.c - see progress.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "ctl/progress.h"

#define ERASE_LINE "\r\033[K"

void progress_say(const char *fmt, ...)
{
	va_list ap;

	if (!isatty(STDERR_FILENO))
		return;
	(void)fputs(ERASE_LINE, stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fflush(stderr);
}

void progress_end(void)
{
	if (isatty(STDERR_FILENO))
		(void)fputs(ERASE_LINE, stderr);
}

void progress_count(int64_t done, int64_t total, void *ctx)
{
	const struct progress_words *words = ctx;

	progress_say("%s %" PRId64 " of %" PRId64 " %s (%" PRId64 " %%)", words->verb, done,
		total, words->noun, total > 0 ? done * 100 / total : 100);
}

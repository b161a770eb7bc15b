/* progress.h - a line on the terminal that is rewritten while something takes long. Goes to
 * standard error, and only if that is a terminal.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdint.h>

void progress_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Clears the line. */
void progress_end(void);

/* "copied 12 of 80 pages" as a store_progress_fn; `ctx` is the verb and the noun. */
struct progress_words {
	const char *verb;
	const char *noun;
};
void progress_count(int64_t done, int64_t total, void *ctx);

#endif

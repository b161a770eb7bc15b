/* text.h - growing strings, and numbers, durations and times as people write them.
 * Memory that runs out aborts: every size from outside is capped before it comes here.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TEXT_H
#define TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/err.h"

/* A growing string; `s` is NUL-terminated, or NULL while nothing was added. */
struct text {
	char *s;
	size_t len;
	size_t cap;
};

#define TEXT_INIT                                                                              \
	{                                                                                      \
		.s = NULL                                                                      \
	}

void text_add(struct text *t, const char *s);
void text_add_bytes(struct text *t, const void *p, size_t len);
void text_addf(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void text_addv(struct text *t, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
void text_free(struct text *t);
static inline void auto_text_(struct text *t)
{
	text_free(t);
}
#define auto_text __attribute__((cleanup(auto_text_)))

/* The string itself, now the caller's to free(); never NULL. `t` is empty afterwards. */
char *text_take(struct text *t);

/* malloc, calloc and strdup that abort instead of returning NULL; the caller frees. */
void *text_alloc(size_t count, size_t size);
char *text_copy(const char *s);
char *text_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Copies `s` into `dst[size]` if it fits whole; false (and dst untouched) otherwise. */
bool text_fit(char *dst, size_t size, const char *s);

/* A whole decimal integer within [min, max]; anything else is ERR_BAD_INPUT. */
int text_int(const char *s, int64_t min, int64_t max, int64_t *ret, struct err *err);

/* A duration: "90" or "90s", "15m", "24h", "30d", "2w", or several in falling order ("1h30m"),
 * in seconds, within [min_s, max_s]; anything else is ERR_BAD_INPUT. */
int text_duration(const char *s, int64_t min_s, int64_t max_s, int64_t *ret_s, struct err *err);

/* What text_time writes: RFC 3339 in UTC with whole seconds; anything else is ERR_BAD_INPUT. */
int text_read_time(const char *s, unix_time *ret, struct err *err);

/* The length of the UTF-8 character at `text` (RFC 3629 §4: no overlongs, no surrogates,
 * nothing above 10FFFF), or 0; 0 for control characters and the end, too. */
size_t text_character(const char *text);

/* Makes `s` fit for any log, terminal and JSON: control characters and bytes that are not UTF-8
 * (RFC 3629) become '?', one each. */
void text_clean(char *s);
/* Would that change nothing? */
bool text_is_clean(const char *s);

/* Small strings by value; use `.s` within the full expression they are made in. */
struct text_small {
	char s[48];
};
struct text_small text_num(int64_t n);
/* "30d", "1h30m", "0s": exact, and what text_duration reads back. */
struct text_small text_span(int64_t seconds);
/* RFC 3339 in UTC with whole seconds, "2026-11-23T17:33:10Z"; "-" for TIME_UNSET. */
struct text_small text_time(unix_time t);
/* Distance from `now` for people: "in 3h", "2d ago", "now": the two largest units. */
struct text_small text_relative(unix_time t, unix_time now);

#endif

/* text.c - see text.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

static const struct {
	char name;
	int64_t seconds;
} units[] = { { 'w', 604800 }, { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };

#define UNIT_COUNT (sizeof(units) / sizeof(units[0]))

void *text_alloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);

	if (!p)
		abort();
	return p;
}

char *text_copy(const char *s)
{
	const size_t size = strlen(s) + 1;

	return memcpy(text_alloc(size, 1), s, size);
}

char *text_format(const char *fmt, ...)
{
	char *s;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		abort();
	va_end(ap);
	return s;
}

static void text_reserve(struct text *t, size_t more)
{
	size_t need;

	if (__builtin_add_overflow(t->len, more, &need) ||
		__builtin_add_overflow(need, 1, &need))
		abort();
	if (need <= t->cap)
		return;
	if (need < t->cap * 2)
		need = t->cap * 2;
	t->s = realloc(t->s, need);
	if (!t->s)
		abort();
	t->cap = need;
}

void text_add_bytes(struct text *t, const void *p, size_t len)
{
	text_reserve(t, len);
	if (len > 0)
		memcpy(t->s + t->len, p, len);
	t->len += len;
	t->s[t->len] = '\0';
}

void text_add(struct text *t, const char *s)
{
	text_add_bytes(t, s, strlen(s));
}

void text_addv(struct text *t, const char *fmt, va_list ap)
{
	auto_free char *s = NULL;
	const int len = vasprintf(&s, fmt, ap);

	if (len < 0)
		abort();
	text_add_bytes(t, s, (size_t)len);
}

void text_addf(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_addv(t, fmt, ap);
	va_end(ap);
}

void text_free(struct text *t)
{
	free(t->s);
	*t = (struct text)TEXT_INIT;
}

char *text_take(struct text *t)
{
	char *s = t->s ? t->s : text_copy("");

	*t = (struct text)TEXT_INIT;
	return s;
}

bool text_fit(char *dst, size_t size, const char *s)
{
	const size_t len = strlen(s);

	if (len >= size)
		return false;
	memcpy(dst, s, len + 1);
	return true;
}

size_t text_character(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	static const struct {
		unsigned char lead_min, lead_max, next_min, next_max;
		size_t len;
	} forms[] = {
		{ 0x20, 0x7e, 0x00, 0xff, 1 },
		{ 0xc2, 0xc2, 0xa0, 0xbf, 2 }, /* below are the control characters of C1 */
		{ 0xc3, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (s[0] < forms[i].lead_min || s[0] > forms[i].lead_max)
			continue;
		if (forms[i].len > 1 && (s[1] < forms[i].next_min || s[1] > forms[i].next_max))
			return 0;
		for (size_t n = 2; n < forms[i].len; n++)
			if ((s[n] & 0xc0) != 0x80)
				return 0;
		return forms[i].len;
	}
	return 0;
}

void text_clean(char *s)
{
	while (*s != '\0') {
		const size_t len = text_character(s);

		if (len == 0)
			*s = '?';
		s += len == 0 ? 1 : len;
	}
}

bool text_is_clean(const char *s)
{
	size_t len;

	while (*s != '\0') {
		len = text_character(s);
		if (len == 0)
			return false;
		s += len;
	}
	return true;
}

int text_int(const char *s, int64_t min, int64_t max, int64_t *ret, struct err *err)
{
	char *end;
	intmax_t n;

	/* strtoimax would skip blanks and take a plus sign; we do not. */
	errno = 0;
	n = strtoimax(s, &end, 10);
	if (errno != 0 || end == s || *end != '\0' ||
		!(isdigit((unsigned char)*s) || *s == '-'))
		return err_set(err, ERR_BAD_INPUT, "'%s' is not a whole number", s);
	if (n < min || n > max)
		return err_set(err, ERR_BAD_INPUT,
			"%s is out of range; allowed are %" PRId64 " to %" PRId64, s, min, max);
	*ret = n;
	return 0;
}

/* Reads one "90m" at *s and moves past it; `from` is the first unit still allowed. */
static bool duration_part(const char **s, size_t *from, int64_t *total)
{
	char *end;
	intmax_t n;
	int64_t part;
	size_t i;

	if (!isdigit((unsigned char)**s))
		return false;
	errno = 0;
	n = strtoimax(*s, &end, 10);
	if (errno != 0)
		return false;
	for (i = *from; i < UNIT_COUNT && units[i].name != *end; i++)
		;
	if (i == UNIT_COUNT)
		return false;
	*from = i + 1;
	*s = end + 1;
	return !__builtin_mul_overflow(n, units[i].seconds, &part) &&
		!__builtin_add_overflow(*total, part, total);
}

int text_duration(const char *s, int64_t min_s, int64_t max_s, int64_t *ret_s, struct err *err)
{
	const char *p = s;
	size_t from = 0;
	int64_t total = 0;
	struct err ignored = ERR_INIT;

	if (text_int(s, 0, INT64_MAX, &total, &ignored) == 0)
		p += strlen(s);
	else if (*p == '\0')
		return err_set(err, ERR_BAD_INPUT,
			"a duration is missing; write one like 90s or 1h30m");
	while (*p != '\0')
		if (!duration_part(&p, &from, &total))
			return err_set(err, ERR_BAD_INPUT,
				"'%s' is not a duration; write one like 90s, 15m, 24h, 30d or 1h30m",
				s);
	if (total < min_s || total > max_s)
		return err_set(err, ERR_BAD_INPUT,
			"duration %s is out of range; allowed are %s to %s", s,
			text_span(min_s).s, text_span(max_s).s);
	*ret_s = total;
	return 0;
}

static bool read_two_digits(const char *s, int max, int *ret)
{
	if (!isdigit((unsigned char)s[0]) || !isdigit((unsigned char)s[1]))
		return false;
	*ret = (s[0] - '0') * 10 + (s[1] - '0');
	return *ret <= max;
}

/* "Z" or "+02:00" behind a time: seconds to subtract. */
static bool read_offset(const char *s, int64_t *ret_s)
{
	int hours, minutes;

	*ret_s = 0;
	if (strcmp(s, "Z") == 0)
		return true;
	if ((s[0] != '+' && s[0] != '-') || strlen(s) != 6 || s[3] != ':' ||
		!read_two_digits(s + 1, 23, &hours) || !read_two_digits(s + 4, 59, &minutes))
		return false;
	*ret_s = (s[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	return true;
}

int text_read_time(const char *s, unix_time *ret, struct err *err)
{
	struct tm tm = { .tm_sec = 0 };
	const char *end = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm);
	const unix_time at = end ? (unix_time)timegm(&tm) : TIME_UNSET;
	int64_t offset_s;

	if (end && *end == '.' && isdigit((unsigned char)end[1]))
		end += 1 + strspn(end + 1, "0123456789");
	/* strptime takes 30 February and single digits; what is meant reads back the same. */
	if (at <= 0 || strncmp(text_time(at).s, s, strlen("2027-01-31T00:00:00")) != 0 ||
		!read_offset(end, &offset_s) || at - offset_s <= 0)
		return err_set(err, ERR_BAD_INPUT,
			"'%.64s' is not a time; write one like 2027-01-31T00:00:00Z", s);
	*ret = at - offset_s;
	return 0;
}

struct text_small text_num(int64_t n)
{
	struct text_small ret;

	(void)snprintf(ret.s, sizeof(ret.s), "%" PRId64, n); /* 20 digits fit */
	return ret;
}

/* At most `parts` units of `seconds`, largest first. Weeks are read but not written: people
 * count days. */
static struct text_small span_parts(int64_t seconds, int parts)
{
	struct text_small ret = { "" };
	size_t len = 0;

	for (size_t i = 1; i < UNIT_COUNT && parts > 0; i++) {
		const int64_t n = seconds / units[i].seconds;

		if (n == 0)
			continue;
		len += (size_t)snprintf(ret.s + len, sizeof(ret.s) - len, "%" PRId64 "%c", n,
			units[i].name);
		seconds -= n * units[i].seconds;
		parts--;
	}
	return len > 0 ? ret : (struct text_small){ "0s" };
}

struct text_small text_span(int64_t seconds)
{
	return span_parts(seconds, UNIT_COUNT);
}

struct text_small text_time(unix_time t)
{
	struct text_small ret = { "-" };
	const time_t tt = (time_t)t;
	struct tm tm;

	if (t != TIME_UNSET && gmtime_r(&tt, &tm))
		(void)strftime(ret.s, sizeof(ret.s), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return ret;
}

struct text_small text_relative(unix_time t, unix_time now)
{
	struct text_small ret = { "-" };
	int64_t span;

	if (t == TIME_UNSET)
		return ret;
	if (t == now)
		return (struct text_small){ "now" };
	if (__builtin_sub_overflow(t > now ? t : now, t > now ? now : t, &span))
		span = INT64_MAX; /* an absurd row must not hurt who lists it */
	/* Two parts of an int64_t of seconds have at most 20 characters. */
	(void)snprintf(ret.s, sizeof(ret.s), t > now ? "in %.40s" : "%.40s ago",
		span_parts(span, 2).s);
	return ret;
}

/* negotiate.c - see negotiate.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "issuer/negotiate.h"

#define BLANKS " \t"

/* A piece of a header, without blanks around it. */
struct piece {
	const char *s;
	size_t len;
};

static struct piece trim(const char *s, size_t len)
{
	while (len > 0 && strchr(BLANKS, *s)) {
		s++;
		len--;
	}
	while (len > 0 && strchr(BLANKS, s[len - 1]))
		len--;
	return (struct piece){ s, len };
}

/* Up to `separator` outside of quotes; `*rest` moves behind it, or becomes NULL. */
static struct piece next(const char **rest, char separator)
{
	const char *start = *rest;
	const char *p = start;
	bool is_quoted = false;

	for (; *p != '\0' && (is_quoted || *p != separator); p++) {
		if (*p == '"')
			is_quoted = !is_quoted;
		else if (*p == '\\' && is_quoted && p[1] != '\0')
			p++;
	}
	*rest = *p == separator ? p + 1 : NULL;
	return trim(start, (size_t)(p - start));
}

static bool is(struct piece piece, const char *s)
{
	return piece.len == strlen(s) && strncasecmp(piece.s, s, piece.len) == 0;
}

static bool starts(struct piece piece, const char *s)
{
	return piece.len >= strlen(s) && strncasecmp(piece.s, s, strlen(s)) == 0;
}

/* The type itself, "application/" and a star, or two stars. */
static bool covers(struct piece range, const char *type)
{
	const size_t main_len = (size_t)(strchr(type, '/') - type) + 1;

	return is(range, "*/*") || is(range, type) ||
		(range.len == main_len + 1 && strncasecmp(range.s, type, main_len) == 0 &&
			range.s[main_len] == '*');
}

/* "0", "0.0", "0.000": not wanted. */
static bool is_zero(struct piece value)
{
	return value.len > 0 && strspn(value.s, "0.") >= value.len;
}

/* One element of the header: a range and its parameters. */
static bool element_accepts(struct piece element, const char *type)
{
	char *copy = strndup(element.s, element.len);
	const char *rest = copy;
	bool accepts;

	if (!copy)
		abort();
	accepts = covers(next(&rest, ';'), type);
	while (rest && accepts) {
		const struct piece parameter = next(&rest, ';');

		if (starts(parameter, "q="))
			accepts =
				!is_zero((struct piece){ parameter.s + 2, parameter.len - 2 });
		else if (starts(parameter, "as="))
			accepts = false;
	}
	free(copy);
	return accepts;
}

bool negotiate_accepts(const char *accept, const char *type)
{
	const char *rest = accept;

	if (!accept || accept[strspn(accept, BLANKS)] == '\0')
		return true;
	while (rest)
		if (element_accepts(next(&rest, ','), type))
			return true;
	return false;
}

bool negotiate_is(const char *content_type, const char *type)
{
	const char *rest = content_type;

	return is(next(&rest, ';'), type);
}

/* negotiate.c - see negotiate.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "issuer/negotiate.h"

#define BLANKS         " \t"
#define NO_TOKEN       "()<>@,;:\\\"/[]?=" BLANKS /* RFC 2045 §5.1, beside what is not ASCII */
#define PARAMETERS_MAX 16

/* A piece of a header. */
struct piece {
	const char *s;
	size_t len;
};

static struct piece piece_of(const char *s)
{
	return (struct piece){ s, strlen(s) };
}

static struct piece trim(struct piece piece)
{
	while (piece.len > 0 && strchr(BLANKS, *piece.s)) {
		piece.s++;
		piece.len--;
	}
	while (piece.len > 0 && strchr(BLANKS, piece.s[piece.len - 1]))
		piece.len--;
	return piece;
}

/* What stands before `separator`, or all; `*rest` is left with what stands behind it. */
static struct piece cut(struct piece *rest, char separator)
{
	const char *at = memchr(rest->s, separator, rest->len);
	const struct piece found = { rest->s, at ? (size_t)(at - rest->s) : rest->len };
	const size_t taken = found.len + (at ? 1 : 0);

	rest->s += taken;
	rest->len -= taken;
	return found;
}

static bool is(struct piece piece, struct piece other)
{
	return piece.len == other.len && memcmp(piece.s, other.s, other.len) == 0;
}

static bool reads(struct piece piece, const char *s)
{
	return is(piece, piece_of(s));
}

/* ---- Accept ---- */

/* The type itself, its main type and a star, two stars, or one. */
static bool covers(struct piece range, const char *type)
{
	struct piece sub_type = piece_of(type);
	const struct piece main_type = cut(&sub_type, '/');
	const struct piece main_range = trim(cut(&range, '/'));
	struct piece sub_range;

	if (range.len == 0)
		return reads(main_range, "*");
	sub_range = trim(cut(&range, '/'));
	if (range.len > 0)
		return false;
	if (reads(sub_range, "*"))
		return reads(main_range, "*") || is(main_range, main_type);
	return is(main_range, main_type) && is(sub_range, sub_type);
}

/* "0", "0.0", "0.000": not wanted. */
static bool is_zero(struct piece value)
{
	return value.len > 0 && strspn(value.s, "0.") >= value.len;
}

/* What has no value, or two, is not looked at. */
static bool allows(struct piece parameter, bool *pretty)
{
	const struct piece name = trim(cut(&parameter, '='));
	const struct piece value = trim(cut(&parameter, '='));

	if (value.len == 0 || parameter.len > 0)
		return true;
	if (reads(name, "q"))
		return !is_zero(value);
	if (reads(name, "stream"))
		return reads(value, "watch");
	if (reads(name, "sv"))
		return reads(value, "v1");
	if (reads(name, "pretty"))
		*pretty = reads(value, "1");
	return !reads(name, "as") && !reads(name, "g") && !reads(name, "v");
}

/* One element of the header: a range and its parameters. */
static bool element_accepts(struct piece element, const char *type, bool *ret_pretty)
{
	bool is_pretty = false;

	if (!covers(cut(&element, ';'), type))
		return false;
	while (element.len > 0)
		if (!allows(cut(&element, ';'), &is_pretty))
			return false;
	*ret_pretty = is_pretty;
	return true;
}

bool negotiate_accepts(const char *accept, const char *type, bool *ret_pretty)
{
	struct piece rest = trim(piece_of(accept ? accept : ""));

	*ret_pretty = false;
	if (rest.len == 0)
		return true;
	while (rest.len > 0)
		if (element_accepts(cut(&rest, ','), type, ret_pretty))
			return true;
	return false;
}

/* ---- Content-Type ---- */

static struct piece skip(struct piece rest, size_t len)
{
	return (struct piece){ rest.s + len, rest.len - len };
}

static bool is_token_character(char c)
{
	const unsigned char u = (unsigned char)c;

	return u > ' ' && u < 0x7f && !strchr(NO_TOKEN, c);
}

static struct piece take_token(struct piece *rest)
{
	struct piece token = { rest->s, 0 };

	while (token.len < rest->len && is_token_character(rest->s[token.len]))
		token.len++;
	*rest = skip(*rest, token.len);
	return token;
}

/* Quotes and all; empty if the closing one is missing. A backslash is one, unless what follows
 * could not stand there without. */
static struct piece take_quoted(struct piece *rest)
{
	struct piece quoted = { rest->s, 0 };

	for (size_t i = 1; i < rest->len && quoted.len == 0; i++) {
		if (rest->s[i] == '"')
			quoted.len = i + 1;
		else if (rest->s[i] == '\\' && i + 1 < rest->len &&
			strchr(NO_TOKEN, rest->s[i + 1]))
			i++;
	}
	*rest = skip(*rest, quoted.len);
	return quoted;
}

struct parameter {
	struct piece name, value;
};

/* Takes "; name=value" off `*rest`; false if it does not begin like that. */
static bool take_parameter(struct piece *rest, struct parameter *ret)
{
	if (*rest->s != ';')
		return false;
	*rest = trim(skip(*rest, 1));
	ret->name = take_token(rest);
	*rest = trim(*rest);
	if (ret->name.len == 0 || *rest->s != '=')
		return false;
	*rest = trim(skip(*rest, 1));
	ret->value = *rest->s == '"' ? take_quoted(rest) : take_token(rest);
	*rest = trim(*rest);
	return ret->value.len > 0;
}

static bool contradicts(const struct parameter *one, const struct parameter *other)
{
	return one->name.len == other->name.len &&
		strncasecmp(one->name.s, other->name.s, one->name.len) == 0 &&
		!is(one->value, other->value);
}

/* One semicolon at the end is as good as none. */
static bool are_parameters(struct piece rest)
{
	struct parameter seen[PARAMETERS_MAX];

	for (size_t count = 0; rest.len > 0 && !reads(rest, ";"); count++) {
		if (count == PARAMETERS_MAX || !take_parameter(&rest, &seen[count]))
			return false;
		for (size_t i = 0; i < count; i++)
			if (contradicts(&seen[i], &seen[count]))
				return false;
	}
	return true;
}

bool negotiate_is(const char *content_type, const char *type)
{
	const struct piece whole = trim(piece_of(content_type));
	struct piece behind = whole;
	const struct piece base = cut(&behind, ';');
	const struct piece named = trim(base);

	return named.len == strlen(type) && strncasecmp(named.s, type, named.len) == 0 &&
		are_parameters(skip(whole, base.len));
}

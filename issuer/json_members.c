/* json_members.c - see json_members.h. How deep it goes is the types' depth, not the text's.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/text.h"
#include "issuer/json_members.h"

struct walk {
	const char *p, *end;
	struct text path; /* of the value being read */
	json_members_fn *each;
	void *ctx;
};

static char peek(const struct walk *walk)
{
	char c = '\0';

	if (walk->p < walk->end)
		c = *walk->p;
	return c;
}

static void skip_blanks(struct walk *walk)
{
	while (walk->p < walk->end && strchr(" \t\r\n", *walk->p))
		walk->p++;
}

/* From its opening quote to behind the closing one. */
static void skip_string(struct walk *walk)
{
	for (walk->p++; walk->p < walk->end && *walk->p != '"'; walk->p++)
		if (*walk->p == '\\')
			walk->p++;
	walk->p++;
}

/* Up to what ends it: a comma or a bracket that is not its own. */
static void skip_value(struct walk *walk)
{
	size_t depth = 0;

	while (walk->p < walk->end) {
		const char c = *walk->p;

		if (depth == 0 && (c == ',' || c == '}' || c == ']'))
			return;
		depth += c == '{' || c == '[';
		depth -= c == '}' || c == ']';
		if (c == '"')
			skip_string(walk);
		else
			walk->p++;
	}
}

/* At the next member or element? Else behind the bracket that closes them. */
static bool next(struct walk *walk, char close)
{
	skip_blanks(walk);
	if (peek(walk) == ',')
		walk->p++;
	skip_blanks(walk);
	if (walk->p < walk->end && *walk->p != close)
		return true;
	walk->p++;
	return false;
}

static void path_cut(struct walk *walk, size_t len)
{
	walk->path.len = len;
	if (walk->path.s)
		walk->path.s[len] = '\0';
}

/* A member's name, as it reads without escapes; leaves the walk at its value. */
static json_t *take_name(struct walk *walk)
{
	const char *start = walk->p;
	json_t *name;

	skip_string(walk);
	name = json_loadb(start, (size_t)(walk->p - start), JSON_DECODE_ANY, NULL);
	if (!name)
		abort(); /* it was parsed before */
	skip_blanks(walk);
	walk->p++; /* the colon */
	skip_blanks(walk);
	return name;
}

static void check_value(struct walk *walk, const struct field *field);

/* `fields` is NULL for a map, which knows every name. */
static void check_object(struct walk *walk, const struct field *fields)
{
	const size_t path_len = walk->path.len;
	json_auto_t *seen = json_object();

	walk->p++;
	while (next(walk, '}')) {
		json_auto_t *owned = take_name(walk);
		const char *name = json_string_value(owned);
		const struct field *field = fields ? fields_find(fields, name) : NULL;

		path_cut(walk, path_len);
		text_addf(&walk->path, "%s%s", path_len > 0 ? "." : "", name);
		if (fields && !field)
			walk->each(JSON_MEMBER_UNKNOWN, walk->path.s, walk->ctx);
		else if (json_object_get(seen, name))
			walk->each(JSON_MEMBER_REPEATED, walk->path.s, walk->ctx);
		else
			(void)json_object_set_new(seen, name, json_true()); /* memory only */
		check_value(walk, field);
	}
	path_cut(walk, path_len);
}

static void check_objects(struct walk *walk, const struct field *fields)
{
	const size_t path_len = walk->path.len;

	walk->p++;
	for (size_t i = 0; next(walk, ']'); i++) {
		text_addf(&walk->path, "[%zu]", i);
		if (peek(walk) == '{')
			check_object(walk, fields);
		else
			skip_value(walk);
		path_cut(walk, path_len);
	}
}

static void check_value(struct walk *walk, const struct field *field)
{
	const char c = peek(walk);

	if (field && field->type == FIELD_OBJECT && c == '{')
		check_object(walk, field->members);
	else if (field && field->type == FIELD_STRING_MAP && c == '{')
		check_object(walk, NULL);
	else if (field && field->type == FIELD_OBJECTS && c == '[')
		check_objects(walk, field->members);
	else
		skip_value(walk);
}

void json_members_check(const char *text, size_t len, const struct field *fields,
	json_members_fn *each, void *ctx)
{
	struct walk walk = { .p = text, .end = text + len, .each = each, .ctx = ctx };

	skip_blanks(&walk);
	if (peek(&walk) == '{')
		check_object(&walk, fields);
	text_free(&walk.path);
}

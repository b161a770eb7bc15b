/* json_members.c - see json_members.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/text.h"
#include "issuer/json_members.h"

/* Deeper than jansson goes (JSON_PARSER_MAX_DEPTH). */
#define LEVELS_MAX 2049

/* One open object or array; `seen` is NULL for an array. */
struct level {
	json_t *seen;
	size_t path_len; /* of the path that leads here */
};

struct walk {
	struct text path; /* of the value being read */
	struct level *levels;
	size_t depth;
	json_members_fn *each;
	void *ctx;
};

/* The end of the string that starts at the quote `p`. */
static const char *string_end(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p;
}

static void path_cut(struct walk *walk, size_t len)
{
	walk->path.len = len;
	if (walk->path.s)
		walk->path.s[len] = '\0';
}

static void open_level(struct walk *walk, bool is_object)
{
	assert(walk->depth < LEVELS_MAX);
	walk->levels[walk->depth++] = (struct level){
		.seen = is_object ? json_object() : NULL,
		.path_len = walk->path.len,
	};
}

static void close_level(struct walk *walk)
{
	assert(walk->depth > 0);
	json_decref(walk->levels[--walk->depth].seen);
	path_cut(walk, walk->levels[walk->depth].path_len);
}

/* A member name: from here on it is the path's last part. */
static void take_name(struct walk *walk, const char *name, size_t len)
{
	struct level *level = &walk->levels[walk->depth - 1];
	auto_free char *key = strndup(name, len);

	if (!key)
		abort();
	path_cut(walk, level->path_len);
	text_add(&walk->path, level->path_len > 0 ? "." : "");
	text_add(&walk->path, key);
	if (json_object_get(level->seen, key))
		walk->each(walk->path.s, walk->ctx);
	/* Fails only for a name that is no UTF-8 once cut out of its text; then it is not
	 * counted. */
	(void)json_object_set_new(level->seen, key, json_true());
}

void json_members_repeated(const char *text, size_t len, json_members_fn *each, void *ctx)
{
	struct walk walk = { .each = each, .ctx = ctx };
	auto_free struct level *levels = text_alloc(LEVELS_MAX, sizeof(*levels));
	const char *end = text + len;
	bool is_name = false;

	walk.levels = levels;
	for (const char *p = text; p < end; p++) {
		if (*p == '{' || *p == '[') {
			open_level(&walk, *p == '{');
			is_name = *p == '{';
		} else if (*p == '}' || *p == ']') {
			close_level(&walk);
			is_name = false;
		} else if (*p == ',') {
			is_name = walk.depth > 0 && walk.levels[walk.depth - 1].seen != NULL;
		} else if (*p == '"') {
			const char *close = string_end(p, end);

			if (is_name)
				take_name(&walk, p + 1, (size_t)(close - p - 1));
			is_name = false;
			p = close;
		}
	}
	text_free(&walk.path);
}

/* yamltree.c - see yamltree.h. The only user of libyaml.
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/auto.h"
#include "base/text.h"
#include "conf/yamltree.h"

struct reader {
	yaml_parser_t parser;
	yaml_event_t event; /* the current one; empty before the first */
	const char *name;
	const char *bytes;
	size_t len;
};

static void reader_close(struct reader *r)
{
	yaml_event_delete(&r->event);
	yaml_parser_delete(&r->parser);
}

static void auto_reader_(struct reader *r)
{
	reader_close(r);
}
#define auto_reader __attribute__((cleanup(auto_reader_)))

int yamltree_refuse(struct err *err, const char *name, unsigned line, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* a cut text is still a text */
	va_end(ap);
	for (char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	return err_set(err, ERR_BAD_INPUT, "%s:%u: %s", name, line, text);
}

void yamltree_free(struct yamltree *node)
{
	while (node) {
		struct yamltree *next = node->next;

		yamltree_free(node->first); /* as deep as the text, which is capped */
		free(node->key);
		free(node->value);
		free(node);
		node = next;
	}
}

static unsigned line_of(const yaml_mark_t *mark)
{
	return (unsigned)(mark->line + 1);
}

/* Bad characters stop libyaml's reader, which knows the offset but not the line. */
static unsigned line_at(const struct reader *r, size_t offset)
{
	unsigned line = 1;

	for (size_t i = 0; i < offset && i < r->len; i++)
		if (r->bytes[i] == '\n')
			line++;
	return line;
}

static int refuse_syntax(const struct reader *r, struct err *err)
{
	const yaml_parser_t *p = &r->parser;
	const char *problem = p->problem ? p->problem : "it cannot be read";

	if (p->error == YAML_MEMORY_ERROR)
		abort();
	if (p->error == YAML_READER_ERROR)
		return yamltree_refuse(err, r->name, line_at(r, p->problem_offset),
			"this is not YAML: %s; write it in UTF-8, without control characters",
			problem);
	return yamltree_refuse(err, r->name, line_of(&p->problem_mark),
		"this is not YAML: %s; check the quotes and the indentation (blanks, no tabs) "
		"here and in the line above",
		problem);
}

static bool event_has_anchor(const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_ALIAS_EVENT:
		return true;
	case YAML_SCALAR_EVENT:
		return e->data.scalar.anchor != NULL;
	case YAML_SEQUENCE_START_EVENT:
		return e->data.sequence_start.anchor != NULL;
	case YAML_MAPPING_START_EVENT:
		return e->data.mapping_start.anchor != NULL;
	default:
		return false;
	}
}

static bool event_has_tag(const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		return e->data.scalar.tag != NULL;
	case YAML_SEQUENCE_START_EVENT:
		return e->data.sequence_start.tag != NULL;
	case YAML_MAPPING_START_EVENT:
		return e->data.mapping_start.tag != NULL;
	default:
		return false;
	}
}

/* Moves on to the next event, refusing what no settings file needs. */
static int advance(struct reader *r, struct err *err)
{
	yaml_event_delete(&r->event);
	if (!yaml_parser_parse(&r->parser, &r->event))
		return refuse_syntax(r, err);
	if (event_has_anchor(&r->event))
		return yamltree_refuse(err, r->name, line_of(&r->event.start_mark),
			"anchors and aliases (& and *) are not allowed; write the value out, "
			"in quotes if it begins so");
	if (event_has_tag(&r->event))
		return yamltree_refuse(err, r->name, line_of(&r->event.start_mark),
			"tags (!) are not allowed; put the value in quotes if it begins so");
	return 0;
}

/* The current event, a scalar, as a string. */
static int scalar_text(const struct reader *r, char **ret, struct err *err)
{
	const char *value = (const char *)r->event.data.scalar.value;

	if (strlen(value) != r->event.data.scalar.length)
		return yamltree_refuse(err, r->name, line_of(&r->event.start_mark),
			"a value holds a NUL character; remove the \\0");
	*ret = text_copy(value);
	return 0;
}

static bool is_null_word(const char *s)
{
	return *s == '\0' || strcmp(s, "~") == 0 || strcmp(s, "null") == 0 ||
		strcmp(s, "Null") == 0 || strcmp(s, "NULL") == 0;
}

static int read_node(struct reader *r, unsigned depth, struct yamltree **ret, struct err *err);

/* One item: a value, in a mapping with its key before it. */
static int read_item(struct reader *r, bool in_mapping, unsigned depth, struct yamltree **ret,
	struct err *err)
{
	const unsigned line = line_of(&r->event.start_mark);
	auto_free char *key = NULL;

	if (!in_mapping)
		return read_node(r, depth, ret, err);
	if (r->event.type != YAML_SCALAR_EVENT)
		return yamltree_refuse(err, r->name, line,
			"a key must be a single word; write 'key: value'");
	if (scalar_text(r, &key, err) < 0 || advance(r, err) < 0 ||
		read_node(r, depth, ret, err) < 0)
		return -1;
	(*ret)->key = take(key);
	(*ret)->line = line;
	return 0;
}

static int check_new_key(const struct reader *r, const struct yamltree *parent,
	const struct yamltree *item, struct err *err)
{
	for (const struct yamltree *i = parent->first; item->key && i; i = i->next)
		if (strcmp(i->key, item->key) == 0)
			return yamltree_refuse(err, r->name, item->line,
				"'%.80s' is set twice, first in line %u; remove one", item->key,
				i->line);
	return 0;
}

/* The items of `parent`, up to the event that ends it. */
static int read_items(struct reader *r, unsigned depth, struct yamltree *parent,
	struct err *err)
{
	const bool in_mapping = parent->kind == YAMLTREE_MAPPING;
	const yaml_event_type_t end =
		in_mapping ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
	struct yamltree **last = &parent->first;

	if (depth >= YAMLTREE_DEPTH_MAX)
		return yamltree_refuse(err, r->name, parent->line,
			"this is nested deeper than %d levels; no setting is",
			YAMLTREE_DEPTH_MAX);
	for (;;) {
		auto_yamltree struct yamltree *item = NULL;

		if (advance(r, err) < 0)
			return -1;
		if (r->event.type == end)
			return 0;
		if (parent->count == YAMLTREE_ITEMS_MAX)
			return yamltree_refuse(err, r->name, line_of(&r->event.start_mark),
				"there are more than %d entries; remove some",
				YAMLTREE_ITEMS_MAX);
		if (read_item(r, in_mapping, depth + 1, &item, err) < 0 ||
			check_new_key(r, parent, item, err) < 0)
			return -1;
		assert(last);
		*last = take(item);
		last = &(*last)->next;
		parent->count++;
	}
}

/* The value that begins with the current event; afterwards its last event is the current one.
 */
static int read_node(struct reader *r, unsigned depth, struct yamltree **ret, struct err *err)
{
	auto_yamltree struct yamltree *node = text_alloc(1, sizeof(*node));

	node->line = line_of(&r->event.start_mark);
	if (r->event.type == YAML_SCALAR_EVENT) {
		node->kind = YAMLTREE_SCALAR;
		if (scalar_text(r, &node->value, err) < 0)
			return -1;
		node->is_null = r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
			is_null_word(node->value);
	} else {
		node->kind = r->event.type == YAML_MAPPING_START_EVENT ? YAMLTREE_MAPPING
								       : YAMLTREE_LIST;
		if (read_items(r, depth, node, err) < 0)
			return -1;
	}
	*ret = take(node);
	return 0;
}

static struct yamltree *new_null(void)
{
	struct yamltree *node = text_alloc(1, sizeof(*node));

	node->kind = YAMLTREE_SCALAR;
	node->line = 1;
	node->value = text_copy("");
	node->is_null = true;
	return node;
}

/* The one document of the stream. */
static int read_document(struct reader *r, struct yamltree **ret, struct err *err)
{
	if (advance(r, err) < 0 || advance(r, err) < 0) /* past the start of the stream */
		return -1;
	if (r->event.type == YAML_STREAM_END_EVENT) {
		*ret = new_null();
		return 0;
	}
	if (advance(r, err) < 0 || read_node(r, 0, ret, err) < 0)
		return -1;
	if (advance(r, err) < 0 || advance(r, err) < 0) /* past the end of the document */
		return -1;
	if (r->event.type != YAML_STREAM_END_EVENT)
		return yamltree_refuse(err, r->name, line_of(&r->event.start_mark),
			"a second document begins; remove it and its '---'");
	return 0;
}

int yamltree_read(const char *name, const char *bytes, size_t len, struct yamltree **ret,
	struct err *err)
{
	auto_yamltree struct yamltree *root = NULL;
	auto_reader struct reader r = { .name = name, .bytes = bytes, .len = len };

	if (!yaml_parser_initialize(&r.parser))
		abort(); /* out of memory is its only failure */
	if (len > YAMLTREE_BYTES_MAX)
		return yamltree_refuse(err, name, 1,
			"the text is larger than %d bytes; shorten it", YAMLTREE_BYTES_MAX);
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)bytes, len);
	if (read_document(&r, &root, err) < 0)
		return -1;
	*ret = take(root);
	return 0;
}

/* The item of `node` that `path` names first, or NULL; moves *path behind that name. */
static const struct yamltree *find_step(const struct yamltree *node, const char **path)
{
	const char *p = *path;
	const struct yamltree *i = node->first;

	if (*p == '[') {
		char *end;
		unsigned long n = strtoul(p + 1, &end, 10);

		for (; i && n > 0; n--)
			i = i->next;
		*path = *end == ']' ? end + 1 : end;
		return node->kind == YAMLTREE_LIST ? i : NULL;
	}
	p += *p == '.';
	*path = p + strcspn(p, ".[");
	if (node->kind != YAMLTREE_MAPPING)
		return NULL;
	while (i &&
		!(strncmp(i->key, p, (size_t)(*path - p)) == 0 && i->key[*path - p] == '\0'))
		i = i->next;
	return i;
}

const struct yamltree *yamltree_find(const struct yamltree *root, const char *path,
	bool *ret_exact)
{
	const struct yamltree *node = root;
	const struct yamltree *next = root;

	while (next && *path != '\0') {
		next = find_step(node, &path);
		if (next)
			node = next;
	}
	if (ret_exact)
		*ret_exact = next != NULL;
	return node;
}

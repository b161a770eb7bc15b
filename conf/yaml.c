/* yaml.c - see yaml.h. The text is walked against the schema first, because libcyaml alone
 * names wrong lines, takes any word for a boolean and an empty file for success; only a text
 * without fault goes on to libcyaml, which builds the structure. SPDX-License-Identifier:
 * Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cyaml/cyaml.h>

#include "base/auto.h"
#include "conf/words.h"
#include "conf/yaml.h"
#include "conf/yamltree.h"

#define PATH_SIZE 256 /* of a setting's full path in messages */

struct yaml {
	char *name;
	struct yamltree *root;
};

struct walk {
	const char *name;
	char path[PATH_SIZE]; /* of the setting being looked at; "" at the root */
	struct err *err;
};

static int refuse_word(const struct walk *w, unsigned line, const char *what, const char *given,
	const struct words *words)
{
	auto_text struct text hint = TEXT_INIT;

	words_hint(words, given, &hint);
	return yamltree_refuse(w->err, w->name, line, "%s '%.80s' in %s; %s", what, given,
		*w->path ? w->path : "the file", hint.s);
}

/* Refusals of one setting: "PATH ..." at its line. */
static int refuse(const struct walk *w, const struct yamltree *node, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int refuse(const struct walk *w, const struct yamltree *node, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* a cut text is still a text */
	va_end(ap);
	return yamltree_refuse(w->err, w->name, node->line, "%s %s",
		*w->path ? w->path : "the file", text);
}

static int check_kind(const struct walk *w, const struct yamltree *node,
	enum yamltree_kind kind)
{
	static const char *const wanted[] = {
		[YAMLTREE_SCALAR] = "must be a single value; write 'key: value' on one line",
		[YAMLTREE_LIST] =
			"must be a list; write [a, b], or a line with '- ' for each entry",
		[YAMLTREE_MAPPING] = "must hold settings; write 'key: value' lines below it",
	};

	if (node->is_null && *w->path)
		return refuse(w, node, "is empty; give it a value or remove the line");
	if (node->is_null)
		return refuse(w, node, "is empty; write its settings as 'key: value' lines");
	if (node->kind != kind)
		return refuse(w, node, "%s", wanted[kind]);
	return 0;
}

static int check_int(const struct walk *w, const struct yamltree *node,
	const struct cyaml_schema_value *schema)
{
	const unsigned bits = schema->data_size < sizeof(int64_t) ? 8 * schema->data_size : 64;
	const bool is_unsigned = schema->type == CYAML_UINT;
	const int64_t max = (int64_t)(UINT64_MAX >> (64 - bits + (!is_unsigned || bits == 64)));
	const int64_t min = is_unsigned ? 0 : -max - 1;
	const char *digits;
	int64_t n;
	struct err why = ERR_INIT;

	if (check_kind(w, node, YAMLTREE_SCALAR) < 0)
		return -1;
	digits = node->value + (*node->value == '-');
	/* libcyaml would read a leading 0 as octal. */
	if (*digits == '\0' || strspn(digits, "0123456789") != strlen(digits) ||
		(*digits == '0' && digits[1] != '\0'))
		return refuse(w, node,
			"must be a whole number, not '%.80s'; write it in decimal digits",
			node->value);
	if (text_int(node->value, min, max, &n, &why) < 0)
		return refuse(w, node, "%s", why.text);
	return 0;
}

static int check_bool(const struct walk *w, const struct yamltree *node)
{
	if (check_kind(w, node, YAMLTREE_SCALAR) < 0)
		return -1;
	if (strcmp(node->value, "true") != 0 && strcmp(node->value, "false") != 0)
		return refuse(w, node,
			"must be true or false, not '%.80s'; write one of the two",
			node->value);
	return 0;
}

static int check_string(const struct walk *w, const struct yamltree *node,
	const struct cyaml_schema_value *schema)
{
	if (check_kind(w, node, YAMLTREE_SCALAR) < 0)
		return -1;
	if (*node->value == '\0' && schema->string.min > 0)
		return refuse(w, node, "is empty; give it a value or remove the line");
	if (strlen(node->value) < schema->string.min)
		return refuse(w, node, "is too short; write at least %u bytes",
			schema->string.min);
	if (strlen(node->value) > schema->string.max)
		return refuse(w, node, "is too long; write at most %u bytes",
			schema->string.max);
	return 0;
}

static int check_choice(const struct walk *w, const struct yamltree *node,
	const struct cyaml_schema_value *schema)
{
	struct words words = WORDS_INIT;

	if (check_kind(w, node, YAMLTREE_SCALAR) < 0)
		return -1;
	for (uint32_t i = 0; i < schema->enumeration.count; i++) {
		if (strcmp(schema->enumeration.strings[i].str, node->value) == 0)
			return 0;
		words_add(&words, schema->enumeration.strings[i].str);
	}
	return refuse_word(w, node->line, "unknown word", node->value, &words);
}

static int check_value(struct walk *w, const struct yamltree *node,
	const struct cyaml_schema_value *schema);

/* An item is one path step deeper: ".key" or "[3]". */
static int check_item(struct walk *w, const struct yamltree *item, size_t index,
	const struct cyaml_schema_value *schema)
{
	const size_t len = strlen(w->path);
	char *end = w->path + len;
	int rc;

	/* A path that does not fit is cut: messages alone are made of it. */
	if (item->key)
		(void)snprintf(end, PATH_SIZE - len, "%s%s", len > 0 ? "." : "", item->key);
	else
		(void)snprintf(end, PATH_SIZE - len, "[%zu]", index);
	rc = check_value(w, item, schema);
	*end = '\0';
	return rc;
}

static int check_set(struct walk *w, const struct yamltree *node,
	const struct cyaml_schema_value *schema)
{
	if (check_kind(w, node, YAMLTREE_LIST) < 0)
		return -1;
	for (const struct yamltree *i = node->first; i; i = i->next)
		if (check_choice(w, i, schema) < 0)
			return -1;
	return 0;
}

static int check_list(struct walk *w, const struct yamltree *node,
	const struct cyaml_schema_value *schema)
{
	size_t index = 0;

	if (check_kind(w, node, YAMLTREE_LIST) < 0)
		return -1;
	if (node->count < schema->sequence.min)
		return refuse(w, node, "has too few entries: %zu; write at least %u",
			node->count, schema->sequence.min);
	if (node->count > schema->sequence.max)
		return refuse(w, node, "has too many entries: %zu; write at most %u",
			node->count, schema->sequence.max);
	for (const struct yamltree *i = node->first; i; i = i->next)
		if (check_item(w, i, index++, schema->sequence.entry) < 0)
			return -1;
	return 0;
}

static const struct yamltree *item_of(const struct yamltree *mapping, const char *key)
{
	const struct yamltree *i = mapping->first;

	while (i && strcmp(i->key, key) != 0)
		i = i->next;
	return i;
}

static const struct cyaml_schema_field *field_of(const struct cyaml_schema_field *fields,
	const char *key)
{
	while (fields->key && strcmp(fields->key, key) != 0)
		fields++;
	return fields->key ? fields : NULL;
}

static int check_mapping(struct walk *w, const struct yamltree *node,
	const struct cyaml_schema_value *schema)
{
	const struct cyaml_schema_field *fields = schema->mapping.fields;
	struct words words = WORDS_INIT;

	if (check_kind(w, node, YAMLTREE_MAPPING) < 0)
		return -1;
	for (const struct cyaml_schema_field *f = fields; f->key; f++)
		words_add(&words, f->key);
	for (const struct yamltree *i = node->first; i; i = i->next) {
		const struct cyaml_schema_field *f = field_of(fields, i->key);

		if (!f)
			return refuse_word(w, i->line, "unknown key", i->key, &words);
		if (check_item(w, i, 0, &f->value) < 0)
			return -1;
	}
	for (const struct cyaml_schema_field *f = fields; f->key; f++)
		if (!(f->value.flags & CYAML_FLAG_OPTIONAL) && !item_of(node, f->key))
			return yamltree_refuse(w->err, w->name, node->line,
				"%s%s%s is missing; it has no default", w->path,
				*w->path ? "." : "", f->key);
	return 0;
}

static int check_value(struct walk *w, const struct yamltree *node,
	const struct cyaml_schema_value *schema)
{
	switch (schema->type) {
	case CYAML_INT:
	case CYAML_UINT:
		return check_int(w, node, schema);
	case CYAML_BOOL:
		return check_bool(w, node);
	case CYAML_STRING:
		return check_string(w, node, schema);
	case CYAML_ENUM:
		return check_choice(w, node, schema);
	case CYAML_FLAGS:
		return check_set(w, node, schema);
	case CYAML_SEQUENCE:
	case CYAML_SEQUENCE_FIXED:
		return check_list(w, node, schema);
	case CYAML_MAPPING:
		return check_mapping(w, node, schema);
	default: /* floats and bit fields: none of our settings is one */
		return err_set(w->err, ERR_FAILED,
			"the schema of %s has a type without a check", w->path);
	}
}

static void keep_first_line(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
	__attribute__((format(printf, 3, 0)));

static void keep_first_line(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
{
	char *text = ctx;

	(void)level; /* errors are all we ask for */
	if (*text == '\0') {
		(void)vsnprintf(text, ERR_TEXT_MAX, fmt, args); /* a cut text is still a text */
		text[strcspn(text, "\n")] = '\0';
	}
}

/* `text[ERR_TEXT_MAX]` receives what libcyaml has to say first. */
static cyaml_config_t config_for(char *text)
{
	*text = '\0';
	return (cyaml_config_t){
		.log_fn = keep_first_line,
		.log_ctx = text,
		.log_level = CYAML_LOG_ERROR,
		.mem_fn = cyaml_mem,
		.flags = CYAML_CFG_NO_ALIAS | CYAML_CFG_STYLE_BLOCK,
	};
}

int yaml_load(const char *name, const char *bytes, size_t len,
	const struct cyaml_schema_value *schema, void **ret_data, struct yaml **ret_yaml,
	struct err *err)
{
	auto_yamltree struct yamltree *root = NULL;
	struct walk w = { .name = name, .err = err };
	char text[ERR_TEXT_MAX];
	const cyaml_config_t config = config_for(text);
	cyaml_data_t *data = NULL;
	cyaml_err_t rc;
	struct yaml *yaml;

	if (yamltree_read(name, bytes, len, &root, err) < 0 ||
		check_value(&w, root, schema) < 0)
		return -1;
	rc = cyaml_load_data((const uint8_t *)bytes, len, &config, schema, &data, NULL);
	if (rc != CYAML_OK || !data)
		return yamltree_refuse(err, name, 1, "could not be loaded: %s (%s)",
			cyaml_strerror(rc), text);
	yaml = text_alloc(1, sizeof(*yaml));
	yaml->name = text_copy(name);
	yaml->root = take(root);
	*ret_yaml = yaml;
	*ret_data = data;
	return 0;
}

void yaml_free_data(const struct cyaml_schema_value *schema, void *data)
{
	char text[ERR_TEXT_MAX];
	const cyaml_config_t config = config_for(text);

	if (data)
		(void)cyaml_free(&config, schema, data, 0); /* fails on a bad schema only */
}

void yaml_close(struct yaml *yaml)
{
	if (!yaml)
		return;
	free(yaml->name);
	yamltree_free(yaml->root);
	free(yaml);
}

bool yaml_has(const struct yaml *yaml, const char *path)
{
	bool is_exact;

	(void)yamltree_find(yaml->root, path, &is_exact);
	return is_exact;
}

unsigned yaml_line(const struct yaml *yaml, const char *path)
{
	return yamltree_find(yaml->root, path, NULL)->line;
}

int yaml_refuse(const struct yaml *yaml, const char *path, struct err *err, const char *fmt,
	...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* a cut text is still a text */
	va_end(ap);
	return yamltree_refuse(err, yaml->name, yaml_line(yaml, path), "%s", text);
}

int yaml_print(const struct cyaml_schema_value *schema, const void *data, struct text *out,
	struct err *err)
{
	char text[ERR_TEXT_MAX];
	const cyaml_config_t config = config_for(text);
	char *printed = NULL;
	size_t len = 0;
	const cyaml_err_t rc = cyaml_save_data(&printed, &len, &config, schema, data, 0);

	if (rc != CYAML_OK)
		return err_set(err, ERR_FAILED, "could not write settings as YAML: %s (%s)",
			cyaml_strerror(rc), text);
	text_add_bytes(out, printed, len);
	(void)cyaml_mem(NULL, printed, 0); /* size 0 releases */
	return 0;
}

/* kube_options.c - see kube_options.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "issuer/kube.h"
#include "issuer/kube_options.h"

#define VALUES_MAX  8   /* of one option */
#define MANAGER_MAX 128 /* bytes of a fieldManager */
#define SHOWN_MAX   128 /* bytes of a value in an error */
#define CAUSES_MAX  16  /* each may show a whole value */

/* The values of one option. */
struct values {
	char *value[VALUES_MAX];
	size_t count;
};

static void values_free(struct values *values)
{
	for (size_t i = 0; i < values->count; i++)
		free(values->value[i]);
}
#define auto_values __attribute__((cleanup(values_free)))

static struct values values_of(struct http_call *call, const char *name)
{
	struct values values = { .count = 0 };

	values.count = http_query(call, name, values.value, VALUES_MAX);
	if (values.count > VALUES_MAX)
		values.count = VALUES_MAX;
	return values;
}

/* Takes over `message`. */
static void add_cause(json_t *causes, const char *field, const char *reason, char *message)
{
	auto_free char *owned = message;

	text_clean(owned); /* it shows what a stranger sent, cut */
	if (json_array_size(causes) < CAUSES_MAX)
		(void)json_array_append_new(causes, /* fails for memory only */
			json_pack("{s:s, s:s, s:s}", "reason", reason, "message", owned,
				"field", field));
}

/* ---- fieldManager ---- */

bool kube_options_is_printable(uint32_t code_point)
{
	/* Controls, formats, blanks, surrogates and private use: Unicode 14. */
	static const struct {
		uint32_t first, last;
	} others[] = { { 0x0, 0x1f }, { 0x7f, 0xa0 }, { 0xad, 0xad }, { 0x600, 0x605 },
		{ 0x61c, 0x61c }, { 0x6dd, 0x6dd }, { 0x70f, 0x70f }, { 0x890, 0x891 },
		{ 0x8e2, 0x8e2 }, { 0x1680, 0x1680 }, { 0x180e, 0x180e }, { 0x2000, 0x200f },
		{ 0x2028, 0x202f }, { 0x205f, 0x206f }, { 0x3000, 0x3000 }, { 0xd800, 0xf8ff },
		{ 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0x110bd, 0x110bd },
		{ 0x110cd, 0x110cd }, { 0x13430, 0x1343f }, { 0x1bca0, 0x1bca3 },
		{ 0x1d173, 0x1d17a }, { 0xe0001, 0xe007f }, { 0xf0000, 0x10fffd } };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (code_point >= others[i].first && code_point <= others[i].last)
			return false;
	return true;
}

/* Its length; a byte that is part of none is U+FFFD, as in Go. */
static size_t read_character(const char *text, uint32_t *ret)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t len = text_character(text);

	if (len == 0 && s[0] == 0xc2 && (s[1] & 0xe0) == 0x80)
		len = 2; /* a control character of C1 */
	*ret = len == 0 && s[0] >= 0x80 ? 0xfffd : len < 2 ? s[0] : s[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++)
		*ret = *ret << 6 | (s[i] & 0x3f);
	return len == 0 ? 1 : len;
}

/* Nothing is managed here, but who sends what Kubernetes would refuse should hear of it. */
static void check_manager(struct http_call *call, json_t *causes)
{
	static const char field[] = "fieldManager";
	auto_values struct values values = values_of(call, field);
	const char *manager = values.count > 0 ? values.value[0] : "";
	uint32_t c;

	if (strlen(manager) > MANAGER_MAX)
		add_cause(causes, field, "FieldValueTooLong",
			text_format("Too long: may not be more than %d bytes", MANAGER_MAX));
	for (size_t at = 0, len; manager[at] != '\0'; at += len) {
		len = read_character(manager + at, &c);
		if (!kube_options_is_printable(c))
			add_cause(causes, field, "FieldValueInvalid",
				text_format("Invalid value: \"%.*s\": invalid character "
					    "U+%04" PRIX32 " (at position %zu)",
					SHOWN_MAX, manager, c, at));
	}
}

/* ---- the others ---- */

static void unsupported(json_t *causes, const char *field, const char *value,
	const char *allowed)
{
	add_cause(causes, field, "FieldValueNotSupported",
		text_format("Unsupported value: %s: supported values: %s", value, allowed));
}

/* A dry run mints all the same, as in Kubernetes: a token is nothing that is stored. */
static void check_dry_run(struct http_call *call, json_t *causes)
{
	auto_values struct values values = values_of(call, "dryRun");
	auto_text struct text list = TEXT_INIT;
	bool is_good = true;

	for (size_t i = 0; i < values.count; i++) {
		is_good = is_good && strcmp(values.value[i], "All") == 0;
		text_addf(&list, "%s\"%.*s\"", i > 0 ? "," : "[", SHOWN_MAX, values.value[i]);
	}
	text_add(&list, "]");
	if (!is_good)
		unsupported(causes, "dryRun", list.s, "\"All\"");
}

/* Adds a cause if it is none; it is KUBE_WARN then. */
static enum kube_validation validation_of(struct http_call *call, json_t *causes)
{
	static const char *const names[] = {
		[KUBE_IGNORE] = "Ignore", [KUBE_WARN] = "Warn", [KUBE_STRICT] = "Strict"
	};
	auto_values struct values values = values_of(call, "fieldValidation");
	auto_free char *shown = NULL;

	if (values.count == 0 || *values.value[0] == '\0')
		return KUBE_WARN;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], values.value[0]) == 0)
			return (enum kube_validation)i;
	shown = text_format("\"%.*s\"", SHOWN_MAX, values.value[0]);
	unsupported(causes, "fieldValidation", shown, "\"\", \"Ignore\", \"Strict\", \"Warn\"");
	return KUBE_WARN;
}

/* All that is wrong with them, in Kubernetes' order. */
static json_t *check(struct http_call *call, enum kube_validation *ret)
{
	json_t *causes = json_array();

	check_manager(call, causes);
	check_dry_run(call, causes);
	*ret = validation_of(call, causes);
	return causes;
}

json_t *kube_options_details(struct http_call *call)
{
	enum kube_validation ignored;

	return json_pack("{s:s, s:s, s:o}", "group", "meta.k8s.io", "kind", "CreateOptions",
		"causes", check(call, &ignored));
}

int kube_options_read(struct http_call *call, enum kube_validation *ret, struct err *err)
{
	json_auto_t *causes = check(call, ret);
	auto_text struct text list = TEXT_INIT;
	const size_t count = json_array_size(causes);

	if (count == 0)
		return 0;
	for (size_t i = 0; i < count; i++) {
		const json_t *cause = json_array_get(causes, i);

		text_addf(&list, "%s%s: %s", i > 0 ? ", " : "",
			json_string_value(json_object_get(cause, "field")),
			json_string_value(json_object_get(cause, "message")));
	}
	(void)kube_refuse(err, KUBE_INVALID,
		"CreateOptions.meta.k8s.io \"\" is invalid: %s%s%s", count > 1 ? "[" : "",
		list.s, count > 1 ? "]" : "");
	err->field = KUBE_OPTIONS_FIELD;
	return -1;
}

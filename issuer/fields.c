/* fields.c - see fields.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "issuer/fields.h"

static const char *const names[] = {
	[FIELD_STRING] = "string (without zero bytes)",
	[FIELD_STRING_ALWAYS] = "string (without zero bytes)",
	[FIELD_INT64] = "int64",
	[FIELD_INT64_GIVEN] = "int64",
	[FIELD_BOOL] = "bool",
	[FIELD_BOOL_GIVEN] = "bool",
	[FIELD_TIME] = "time",
	[FIELD_STRINGS] = "[]string",
	[FIELD_STRING_MAP] = "map[string]string",
	[FIELD_OBJECT] = "object",
	[FIELD_OBJECTS] = "[]object",
	[FIELD_ANY] = "any",
};

const char *fields_type_name(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "object";
	case JSON_ARRAY:
		return "array";
	case JSON_STRING:
		return "string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "bool";
	case JSON_NULL:
		break;
	}
	return "null";
}

static int wrong(const json_t *value, const char *path, const char *wanted, struct err *err)
{
	return err_set(err, ERR_BAD_INPUT, "cannot use %s for field %.200s, which has type %s",
		fields_type_name(value), path, wanted);
}

/* Without a zero byte: what is compared and looked up is what was sent. */
static bool is_plain_string(const json_t *value)
{
	return json_is_string(value) &&
		strlen(json_string_value(value)) == json_string_length(value);
}

static bool read_time(const json_t *value, unix_time *ret)
{
	struct err ignored = ERR_INIT;

	return is_plain_string(value) &&
		text_read_time(json_string_value(value), ret, &ignored) == 0;
}

static bool is_time(const json_t *value)
{
	unix_time ignored;

	return read_time(value, &ignored);
}

/* Go reads null for a string as the empty one, where there is no member to be absent. */
static int check_strings(json_t *list, const char *path, struct err *err)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		if (json_is_null(one))
			(void)json_array_set_new(list, i,
				json_string("")); /* for memory only */
		else if (!json_is_string(one))
			return wrong(one, path, "string", err);
	}
	return 0;
}

static int check_map(json_t *map, const char *path, struct err *err)
{
	const char *key;
	const json_t *one;

	json_object_foreach(map, key, one)
	{
		if (json_is_null(one))
			(void)json_object_set_new(map, key, json_string(""));
		else if (!json_is_string(one))
			return wrong(one, path, "string", err);
	}
	return 0;
}

static int check_object(json_t *object, const struct field *fields, const char *path,
	struct err *err);

static int check_objects(json_t *list, const struct field *fields, const char *path,
	struct err *err)
{
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		auto_free char *at = text_format("%s[%zu]", path, i);

		if (!json_is_object(one) && !json_is_null(one))
			return wrong(one, at, "object", err);
		if (check_object(one, fields, at, err) < 0)
			return -1;
	}
	return 0;
}

static bool has_type(const json_t *value, enum field_type type)
{
	switch (type) {
	case FIELD_STRING:
	case FIELD_STRING_ALWAYS:
		return is_plain_string(value);
	case FIELD_INT64:
	case FIELD_INT64_GIVEN:
		return json_is_integer(value);
	case FIELD_BOOL:
	case FIELD_BOOL_GIVEN:
		return json_is_boolean(value);
	case FIELD_TIME:
		return is_time(value);
	case FIELD_STRINGS:
	case FIELD_OBJECTS:
		return json_is_array(value);
	case FIELD_STRING_MAP:
	case FIELD_OBJECT:
		return json_is_object(value);
	case FIELD_ANY:
		break;
	}
	return true;
}

static int check_value(json_t *value, const struct field *field, const char *path,
	struct err *err)
{
	if (json_is_null(value))
		return 0;
	if (!has_type(value, field->type))
		return wrong(value, path, names[field->type], err);
	switch (field->type) {
	case FIELD_STRINGS:
		return check_strings(value, path, err);
	case FIELD_STRING_MAP:
		return check_map(value, path, err);
	case FIELD_OBJECT:
		return check_object(value, field->members, path, err);
	case FIELD_OBJECTS:
		return check_objects(value, field->members, path, err);
	default:
		return 0;
	}
}

const struct field *fields_find(const struct field *fields, const char *name)
{
	while (fields->name && strcmp(fields->name, name) != 0)
		fields++;
	return fields->name ? fields : NULL;
}

static int check_object(json_t *object, const struct field *fields, const char *path,
	struct err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		auto_free char *at = text_format("%s%s%s", path, *path ? "." : "", key);
		const struct field *field = fields_find(fields, key);

		if (field && check_value(value, field, at, err) < 0)
			return -1;
	}
	return 0;
}

int fields_check(json_t *object, const struct field *fields, struct err *err)
{
	return check_object(object, fields, "", err);
}

static bool is_empty(const json_t *value)
{
	return json_is_null(value) ||
		(json_is_string(value) && json_string_length(value) == 0) ||
		(json_is_array(value) && json_array_size(value) == 0) ||
		(json_is_object(value) && json_object_size(value) == 0) ||
		(json_is_integer(value) && json_integer_value(value) == 0) ||
		json_is_false(value);
}

static json_t *copy_objects(const json_t *list, const struct field *fields)
{
	json_t *copy = json_array();
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)(void)
		json_array_append_new(copy, fields_copy(one, fields));
	return copy;
}

static json_t *copy_time(json_t *value)
{
	unix_time at;

	return read_time(value, &at) ? json_string(text_time(at).s) : json_incref(value);
}

/* What Go would write; NULL for nothing. */
static json_t *copy_value(json_t *value, const struct field *field)
{
	const bool is_there = value && !json_is_null(value);

	switch (field->type) {
	case FIELD_STRING_ALWAYS:
		return is_there ? json_incref(value) : json_string("");
	case FIELD_INT64_GIVEN:
	case FIELD_BOOL_GIVEN:
		return is_there ? json_incref(value) : NULL;
	default:
		break;
	}
	if (!is_there || is_empty(value))
		return NULL;
	switch (field->type) {
	case FIELD_OBJECT:
		return fields_copy(value, field->members);
	case FIELD_OBJECTS:
		return copy_objects(value, field->members);
	case FIELD_TIME:
		return copy_time(value);
	default:
		return json_incref(value);
	}
}

json_t *fields_copy(const json_t *object, const struct field *fields)
{
	json_t *copy = json_object();

	for (; fields->name; fields++) {
		json_t *value = copy_value(json_object_get(object, fields->name), fields);

		if (value)
			(void)json_object_set_new(copy, fields->name,
				value); /* fails for memory only */
	}
	return copy;
}

const char *fields_string(const json_t *object, const char *member)
{
	return json_string_value(json_object_get(object, member));
}

json_t *fields_object(const json_t *object, const char *member)
{
	json_t *value = json_object_get(object, member);

	return json_is_object(value) ? value : NULL;
}

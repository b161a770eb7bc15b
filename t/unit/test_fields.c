/* test_fields.c - issuer/fields.c: members have the types they must have, and a copy holds what
 * is known and not empty.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "issuer/fields.h"
#include "t/unit/keys_fixture.h"

static const struct field inner[] = {
	{ "name", FIELD_STRING, NULL },
	{ "on", FIELD_BOOL, NULL },
	{ NULL, FIELD_ANY, NULL },
};

static const struct field as_go_writes[] = {
	{ "always", FIELD_STRING_ALWAYS, NULL },
	{ "number", FIELD_INT64_GIVEN, NULL },
	{ "bool", FIELD_BOOL_GIVEN, NULL },
	{ "time", FIELD_TIME, NULL },
	{ NULL, FIELD_ANY, NULL },
};

static const struct field outer[] = {
	{ "string", FIELD_STRING, NULL },
	{ "number", FIELD_INT64, NULL },
	{ "bool", FIELD_BOOL, NULL },
	{ "time", FIELD_TIME, NULL },
	{ "strings", FIELD_STRINGS, NULL },
	{ "map", FIELD_STRING_MAP, NULL },
	{ "object", FIELD_OBJECT, inner },
	{ "objects", FIELD_OBJECTS, inner },
	{ "any", FIELD_ANY, NULL },
	{ NULL, FIELD_ANY, NULL },
};

static json_t *loaded(const char *text)
{
	json_t *json = json_loads(text, JSON_ALLOW_NUL, NULL);

	if (!json)
		fail_msg("%s is no JSON", text);
	return json;
}

static void assert_good(const char *text)
{
	json_auto_t *object = loaded(text);
	struct err err;

	assert_succeeds(fields_check(object, outer, &err));
}

static void assert_wrong(const char *text, const char *why)
{
	json_auto_t *object = loaded(text);
	struct err err;

	assert_fails(ERR_BAD_INPUT, fields_check(object, outer, &err));
	assert_string_equal(err.text, why);
}

static void every_member_of_its_type_is_good(void **state)
{
	(void)state;
	assert_good("{}");
	assert_good("{\"string\":\"s\",\"number\":-7,\"bool\":false,"
		    "\"time\":\"2030-03-17T17:46:40Z\",\"strings\":[\"a\",\"\"],"
		    "\"map\":{\"a\":\"b\"},\"object\":{\"name\":\"n\",\"on\":true},"
		    "\"objects\":[{\"name\":\"n\"},{}],\"any\":[1,{\"x\":null}]}");
	assert_good("{\"number\":9223372036854775807}");
	assert_good("{\"strings\":[\"a\\u0000b\"]}");
}

static void null_stands_for_an_absent_member_everywhere(void **state)
{
	struct err err;

	(void)state;
	assert_succeeds(fields_check(NULL, outer, &err));
	for (const struct field *f = outer; f->name; f++) {
		auto_free char *text = text_format("{\"%s\":null}", f->name);

		assert_good(text);
	}
	assert_good("{\"object\":{\"name\":null,\"on\":null},\"objects\":[null]}");
}

/* There is no member that could be absent. */
static void null_among_strings_is_an_empty_one(void **state)
{
	json_auto_t *object = loaded("{\"strings\":[null,\"a\",null],\"map\":{\"a\":null,"
				     "\"b\":\"c\",\"d\":null},\"any\":[null]}");
	json_auto_t *wanted = loaded("{\"strings\":[\"\",\"a\",\"\"],\"map\":{\"a\":\"\","
				     "\"b\":\"c\",\"d\":\"\"},\"any\":[null]}");
	json_auto_t *copy = NULL;
	struct err err;

	(void)state;
	assert_succeeds(fields_check(object, outer, &err));
	assert_true(json_equal(object, wanted));
	copy = fields_copy(object, outer);
	assert_true(json_equal(copy, wanted));
}

static void a_wrong_type_is_named_with_its_path(void **state)
{
	(void)state;
	assert_wrong("{\"string\":7}",
		"cannot use number for field string, which has type string (without zero bytes)");
	assert_wrong("{\"number\":\"7\"}",
		"cannot use string for field number, which has type int64");
	assert_wrong("{\"number\":7.0}",
		"cannot use number for field number, which has type int64");
	assert_wrong("{\"bool\":0}", "cannot use number for field bool, which has type bool");
	assert_wrong("{\"time\":\"soon\"}",
		"cannot use string for field time, which has type time");
	assert_wrong("{\"time\":1900000000}",
		"cannot use number for field time, which has type time");
	assert_wrong("{\"strings\":{}}",
		"cannot use object for field strings, which has type []string");
	assert_wrong("{\"strings\":[\"a\",7]}",
		"cannot use number for field strings, which has type string");
	assert_wrong("{\"strings\":[null,{}]}",
		"cannot use object for field strings, which has type string");
	assert_wrong("{\"map\":[]}",
		"cannot use array for field map, which has type map[string]string");
	assert_wrong("{\"map\":{\"a\":7}}",
		"cannot use number for field map, which has type string");
	assert_wrong("{\"map\":{\"a\":null,\"b\":[]}}",
		"cannot use array for field map, which has type string");
	assert_wrong("{\"object\":[]}",
		"cannot use array for field object, which has type object");
	assert_wrong("{\"object\":{\"on\":\"yes\"}}",
		"cannot use string for field object.on, which has type bool");
	assert_wrong("{\"objects\":{}}",
		"cannot use object for field objects, which has type []object");
	assert_wrong("{\"objects\":[{},7]}",
		"cannot use number for field objects[1], which has type object");
	assert_wrong("{\"objects\":[{},{\"on\":[]}]}",
		"cannot use array for field objects[1].on, which has type bool");
}

/* A string that is compared or looked up ends where C thinks it does. */
static void a_zero_byte_makes_no_string(void **state)
{
	static const char *const texts[] = { "{\"string\":\"\\u0000\"}",
		"{\"string\":\"a\\u0000b\"}", "{\"object\":{\"name\":\"a\\u0000\"}}",
		"{\"time\":\"2030-03-17T17:46:40Z\\u0000x\"}" };
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		json_auto_t *object = loaded(texts[i]);

		assert_fails(ERR_BAD_INPUT, fields_check(object, outer, &err));
	}
}

static void pointers_have_types_too(void **state)
{
	static const char *const wrong[] = { "{\"always\":7}", "{\"always\":\"\\u0000\"}",
		"{\"number\":\"7\"}", "{\"number\":7.0}", "{\"bool\":0}" };
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		json_auto_t *object = loaded(wrong[i]);

		assert_fails(ERR_BAD_INPUT, fields_check(object, as_go_writes, &err));
	}
}

static void unknown_members_have_any_type(void **state)
{
	(void)state;
	assert_good("{\"z\":1,\"string\":\"s\",\"a\":null,\"\":{}}");
	assert_good("{\"String\":7}");
	assert_good("{\"object\":{\"x\":1},\"objects\":[{},{\"y\":[]}]}");
	assert_null(fields_find(outer, "String"));
	assert_null(fields_find(outer, ""));
	assert_ptr_equal(fields_find(outer, "number"), &outer[1]);
}

static void assert_copies_of(const struct field *fields, const char *text, const char *expected)
{
	json_auto_t *object = loaded(text);
	json_auto_t *copy = fields_copy(object, fields);
	json_auto_t *wanted = fixture_json(expected);

	if (!json_equal(copy, wanted))
		fail_msg("%s is copied otherwise than %s", text, expected);
}

static void assert_copies(const char *text, const char *expected)
{
	assert_copies_of(outer, text, expected);
}

/* Pointers, and members without omitempty. */
static void a_copy_has_what_go_writes_of_it(void **state)
{
	(void)state;
	assert_copies_of(as_go_writes, "{}", "{\"always\":\"\"}");
	assert_copies_of(as_go_writes, "{\"x\":1}", "{\"always\":\"\"}");
	assert_copies_of(as_go_writes, "{\"always\":null,\"number\":null,\"bool\":null}",
		"{\"always\":\"\"}");
	assert_copies_of(as_go_writes, "{\"always\":\"x\",\"number\":0,\"bool\":false}",
		"{\"always\":\"x\",\"number\":0,\"bool\":false}");
	assert_copies_of(as_go_writes, "{\"number\":-7,\"bool\":true}",
		"{\"always\":\"\",\"number\":-7,\"bool\":true}");
}

static void a_copy_has_times_in_utc_to_the_second(void **state)
{
	static const char *const texts[] = { "2030-03-17T17:46:40Z",
		"2030-03-17T18:46:40+01:00", "2030-03-17T12:16:40.999-05:30" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		auto_free char *text = text_format("{\"time\":\"%s\"}", texts[i]);

		assert_copies(text, "{\"time\":\"2030-03-17T17:46:40Z\"}");
	}
}

static void a_copy_has_what_is_known_and_not_empty(void **state)
{
	json_auto_t *of_nothing = fields_copy(NULL, outer);

	(void)state;
	assert_int_equal(json_object_size(of_nothing), 0);
	assert_copies("{\"string\":\"s\",\"number\":7,\"bool\":true,\"strings\":[\"\"],"
		      "\"map\":{\"a\":\"\"},\"any\":[0]}",
		"{\"string\":\"s\",\"number\":7,\"bool\":true,\"strings\":[\"\"],"
		"\"map\":{\"a\":\"\"},\"any\":[0]}");
	assert_copies("{\"string\":\"\",\"number\":0,\"bool\":false,\"strings\":[],\"map\":{},"
		      "\"object\":{},\"objects\":[],\"any\":null}",
		"{}");
	assert_copies("{\"x\":1,\"object\":{\"name\":\"n\",\"x\":1},\"objects\":[{\"x\":1},"
		      "{\"on\":true}]}",
		"{\"object\":{\"name\":\"n\"},\"objects\":[{},{\"on\":true}]}");
}

/* What is done to the copy is not done to the original, nor the other way round. */
static void a_copy_lives_by_itself(void **state)
{
	json_t *object = loaded("{\"object\":{\"name\":\"n\"},\"string\":\"s\"}");
	json_auto_t *copy = fields_copy(object, outer);

	(void)state;
	assert_int_equal(json_object_del(fields_object(object, "object"), "name"), 0);
	json_decref(object);
	assert_string_equal(fields_string(copy, "string"), "s");
	assert_string_equal(fields_string(fields_object(copy, "object"), "name"), "n");
}

static void members_that_are_not_there_are_null(void **state)
{
	json_auto_t *object = loaded("{\"s\":\"x\",\"n\":null,\"o\":{},\"i\":7}");

	(void)state;
	assert_string_equal(fields_string(object, "s"), "x");
	assert_null(fields_string(object, "n"));
	assert_null(fields_string(object, "i"));
	assert_null(fields_string(object, "z"));
	assert_null(fields_string(NULL, "s"));
	assert_non_null(fields_object(object, "o"));
	assert_null(fields_object(object, "n"));
	assert_null(fields_object(object, "s"));
	assert_null(fields_object(object, "z"));
	assert_null(fields_object(NULL, "o"));
}

static void values_have_the_names_of_their_types(void **state)
{
	static const struct {
		const char *text, *name;
	} cases[] = { { "null", "null" }, { "true", "bool" }, { "false", "bool" },
		{ "7", "number" }, { "7.5", "number" }, { "\"\"", "string" }, { "[]", "array" },
		{ "{}", "object" } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		json_auto_t *value = json_loads(cases[i].text, JSON_DECODE_ANY, NULL);

		assert_string_equal(fields_type_name(value), cases[i].name);
	}
}

UNIT_MAIN(cmocka_unit_test(every_member_of_its_type_is_good),
	cmocka_unit_test(null_stands_for_an_absent_member_everywhere),
	cmocka_unit_test(null_among_strings_is_an_empty_one),
	cmocka_unit_test(a_wrong_type_is_named_with_its_path),
	cmocka_unit_test(a_zero_byte_makes_no_string),
	cmocka_unit_test(pointers_have_types_too),
	cmocka_unit_test(unknown_members_have_any_type),
	cmocka_unit_test(a_copy_has_what_is_known_and_not_empty),
	cmocka_unit_test(a_copy_has_what_go_writes_of_it),
	cmocka_unit_test(a_copy_has_times_in_utc_to_the_second),
	cmocka_unit_test(a_copy_lives_by_itself),
	cmocka_unit_test(members_that_are_not_there_are_null),
	cmocka_unit_test(values_have_the_names_of_their_types));

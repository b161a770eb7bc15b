/* test_json_members.c - issuer/json_members.c: members that are not known, and members that
 * stand twice, in the order of the text, where the types go.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "issuer/json_members.h"
#include "t/unit/unit.h"

static const struct field inner[] = {
	{ "a", FIELD_STRING, NULL },
	{ "b", FIELD_STRINGS, NULL },
	{ NULL, FIELD_ANY, NULL },
};

static const struct field outer[] = {
	{ "a", FIELD_STRING, NULL },
	{ "any", FIELD_ANY, NULL },
	{ "map", FIELD_STRING_MAP, NULL },
	{ "o", FIELD_OBJECT, inner },
	{ "l", FIELD_OBJECTS, inner },
	{ NULL, FIELD_ANY, NULL },
};

static void on_member(enum json_member what, const char *path, void *ctx)
{
	text_addf(ctx, "%c%s;", what == JSON_MEMBER_UNKNOWN ? '?' : '2', path);
}

/* Each path behind a '?' if it is unknown, a '2' if it is repeated. */
static void assert_tells(const char *text, const char *expected)
{
	auto_text struct text told = TEXT_INIT;

	text_add(&told, "");
	json_members_check(text, strlen(text), outer, on_member, &told);
	if (strcmp(told.s ? told.s : "", expected) != 0)
		fail_msg("%.200s: %s", text, told.s);
}

static void members_that_are_known_and_stand_once_are_not_told(void **state)
{
	static const char *const texts[] = { "null", "7", "\"a\"", "[]", "{}", " { } ",
		"[{\"a\":1,\"a\":1,\"x\":1}]", "{\"a\":1,\"o\":{\"a\":1}}",
		"{\"l\":[{\"a\":1},{\"a\":1}]}", "{\"l\":[]}", "{\"l\":[ null , {} , 7 ]}",
		"{\"a\":\"\\\"a\\\":1,\",\"o\":{\"a\":\"{\"}}", "{\"a\":\"\\\\\",\"o\":{}}",
		"{\"map\":{\"x\":\"\",\"y\":\"\"}}", "{\"o\":null,\"l\":null,\"map\":null}",
		"{\"o\":[{\"x\":1}],\"l\":{\"x\":1},\"map\":[{\"x\":1,\"x\":1}]}" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_tells(texts[i], "");
}

static void the_others_are_told_with_their_path(void **state)
{
	static const struct {
		const char *text, *told;
	} cases[] = {
		{ "{\"a\":1,\"a\":2}", "2a;" },
		{ "{\"a\":1,\"a\":2,\"a\":3}", "2a;2a;" },
		{ " { \"a\" : 1 , \"a\" : 2 } ", "2a;" },
		{ "{\"x\":1}", "?x;" },
		{ "{\"A\":1,\"a\":1}", "?A;" },
		{ "{\"\":1}", "?;" },
		{ "{\"o\":{\"b\":[\"a\"],\"b\":[\"b\"]}}", "2o.b;" },
		{ "{\"o\":{\"a\":1},\"o\":{\"a\":1}}", "2o;" },
		{ "{\"o\":{\"a\":1,\"a\":1,\"x\":1},\"o\":{\"x\":1}}", "2o.a;?o.x;2o;?o.x;" },
		{ "{\"l\":[{\"a\":1,\"a\":1},{\"a\":1,\"x\":1}]}", "2l[0].a;?l[1].x;" },
		{ "{\"l\":[7,{\"x\":1}],\"x\":1}", "?l[1].x;?x;" },
		{ "{\"map\":{\"k\":\"}\",\"k\":\"]\"}}", "2map.k;" },
		{ "{\"a.b\":1,\"o\":{\"x\":1}}", "?a.b;?o.x;" },
		{ "{\"x\":1,\"o\":{\"a\":1,\"a\":2},\"y\":1}", "?x;2o.a;?y;" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_tells(cases[i].text, cases[i].told);
}

static void nobody_looks_into_what_is_unknown_or_of_any_type(void **state)
{
	(void)state;
	assert_tells("{\"x\":{\"a\":1,\"a\":1},\"x\":[{\"y\":1,\"y\":1}]}", "?x;?x;");
	assert_tells("{\"any\":{\"a\":1,\"a\":1,\"x\":[{\"a\":1,\"a\":1}]}}", "");
	assert_tells("{\"a\":{\"x\":1,\"x\":1}}", "");
}

static void escapes_make_no_other_name(void **state)
{
	(void)state;
	assert_tells("{\"a\":1,\"\\u0061\":1}", "2a;");
	assert_tells("{\"\\u006f\":{\"x\\\"\\\\\\n\":1}}", "?o.x\"\\\n;");
	assert_tells("{\"\xc3\xa9\":1,\"\\u00e9\":1}", "?\xc3\xa9;?\xc3\xa9;");
}

/* The depth that jansson lets through, and more names than fit anywhere. */
static void depth_and_number_do_no_harm(void **state)
{
	auto_text struct text deep = TEXT_INIT;
	auto_text struct text wide = TEXT_INIT;

	(void)state;
	text_add(&deep, "{\"x\":");
	for (int i = 0; i < 100000; i++)
		text_add(&deep, "[");
	for (int i = 0; i < 100000; i++)
		text_add(&deep, "]");
	text_add(&deep, ",\"a\":1,\"a\":1}");
	assert_tells(deep.s, "?x;2a;");
	text_add(&wide, "{\"map\":{\"x\":0");
	for (int i = 0; i < 20000; i++)
		text_addf(&wide, ",\"k%d\":0", i);
	text_add(&wide, "}}");
	assert_tells(wide.s, "");
}

UNIT_MAIN(cmocka_unit_test(members_that_are_known_and_stand_once_are_not_told),
	cmocka_unit_test(the_others_are_told_with_their_path),
	cmocka_unit_test(nobody_looks_into_what_is_unknown_or_of_any_type),
	cmocka_unit_test(escapes_make_no_other_name),
	cmocka_unit_test(depth_and_number_do_no_harm));

/* test_json_members.c - issuer/json_members.c: members that stand twice, wherever they stand.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "issuer/json_members.h"
#include "t/unit/unit.h"

static void on_repeated(const char *path, void *ctx)
{
	struct text *paths = ctx;

	text_add(paths, path);
	text_add(paths, ";");
}

static void assert_repeated(const char *text, const char *expected)
{
	auto_text struct text paths = TEXT_INIT;

	text_add(&paths, "");
	json_members_repeated(text, strlen(text), on_repeated, &paths);
	assert_string_equal(paths.s ? paths.s : "", expected);
}

static void members_that_stand_once_are_not_told(void **state)
{
	static const char *const texts[] = { "null", "7", "\"a\"", "[]", "{}",
		"{\"a\":1,\"b\":2}", "{\"a\":{\"a\":{\"a\":1}}}", "[{\"a\":1},{\"a\":1}]",
		"{\"a\":\"a\",\"b\":\"a\"}", "{\"a\":[\"a\",\"a\"]}", "{\"a\":1,\"A\":1}",
		"{\"a\":1,\"a.b\":1}", "{\"a\":\"\\\"a\\\":1,\",\"b\":\"{\"}",
		"{\"\\\\\":1,\"\\\"\":1}", "{\"x\":{\"a\":1},\"y\":{\"a\":1}}" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_repeated(texts[i], "");
}

static void members_that_stand_twice_are_told_with_their_path(void **state)
{
	static const struct {
		const char *text, *paths;
	} cases[] = {
		{ "{\"a\":1,\"a\":2}", "a;" },
		{ "{\"a\":1,\"a\":2,\"a\":3}", "a;a;" },
		{ " { \"a\" : 1 , \"a\" : 2 } ", "a;" },
		{ "{\"spec\":{\"audiences\":[\"a\"],\"audiences\":[\"b\"]}}",
			"spec.audiences;" },
		{ "{\"s\":{\"a\":1},\"s\":{\"a\":1}}", "s;" },
		{ "{\"s\":{\"x\":{\"a\":1,\"a\":1}},\"s\":1}", "s.x.a;s;" },
		{ "{\"l\":[{\"a\":1,\"a\":1},{\"a\":1}]}", "l.a;" },
		{ "[{\"a\":1,\"a\":1}]", "a;" },
		{ "{\"\":1,\"\":1}", ";" },
		{ "{\"a\":\"}\",\"a\":\"]\"}", "a;" },
		{ "{\"a\":{\"b\":1},\"c\":{},\"b\":1,\"b\":1}", "b;" },
		{ "{\"a\\\"\":1,\"a\\\"\":1}", "a\\\";" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_repeated(cases[i].text, cases[i].paths);
}

/* The depth that jansson lets through, and more names than fit anywhere. */
static void depth_and_number_do_no_harm(void **state)
{
	auto_text struct text deep = TEXT_INIT;
	auto_text struct text wide = TEXT_INIT;
	auto_text struct text paths = TEXT_INIT;

	(void)state;
	for (int i = 0; i < 2047; i++)
		text_add(&deep, "{\"a\":");
	text_add(&deep, "{\"b\":1,\"b\":2}");
	for (int i = 0; i < 2047; i++)
		text_add(&deep, "}");
	json_members_repeated(deep.s, deep.len, on_repeated, &paths);
	assert_int_equal(paths.len, 2 * 2047 + 2);
	text_add(&wide, "{\"x\":0");
	for (int i = 0; i < 20000; i++)
		text_addf(&wide, ",\"k%d\":0", i);
	text_add(&wide, "}");
	assert_repeated(wide.s, "");
}

UNIT_MAIN(cmocka_unit_test(members_that_stand_once_are_not_told),
	cmocka_unit_test(members_that_stand_twice_are_told_with_their_path),
	cmocka_unit_test(depth_and_number_do_no_harm));

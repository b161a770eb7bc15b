/* test_output.c - ctl/output.c: the same list as table, JSON and names.
 * SPDX-License-Identifier: Apache-2.0 */
#include "t/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "ctl/output.h"

static const struct output_column columns[] = { { "NAME", "name", OUTPUT_WHOLE },
	{ "N", "number", OUTPUT_WHOLE }, { "LISTED", "list", OUTPUT_WHOLE },
	{ "LAST", "last", OUTPUT_WHOLE }, { .title = NULL } };

static json_t *sample(void)
{
	return json_pack("[{s:s, s:i, s:[s,s], s:s}, {s:s, s:b, s:[], s:n}]", "name", "a",
		"number", 12345, "list", "x", "y", "last", "end", "name", "much longer",
		"number", 1, "list", "last");
}

/* What `print` writes to standard output; the caller frees. */
static char *printed(enum cmd_output form, json_t *json, bool is_list)
{
	const struct cmd_run run = { .output = form };
	char *text = NULL;
	size_t len;
	FILE *was = stdout;
	struct err err;

	stdout = open_memstream(&text, &len);
	assert_non_null(stdout);
	if (is_list)
		assert_succeeds(output_list(&run, json, columns, "name", &err));
	else
		assert_succeeds(output_object(&run, json, "name", &err));
	assert_int_equal(fclose(stdout), 0);
	stdout = was;
	return text;
}

static void a_column_is_as_wide_as_its_widest_cell(void **state)
{
	auto_free char *text = printed(CMD_TABLE, sample(), true);

	(void)state;
	assert_string_equal(text,
		"NAME         N      LISTED  LAST\n"
		"a            12345  x,y     end\n"
		"much longer  yes    -       -\n");
}

static void an_empty_table_has_its_head(void **state)
{
	auto_free char *text = printed(CMD_TABLE, json_array(), true);

	(void)state;
	assert_string_equal(text, "NAME  N  LISTED  LAST\n");
}

static void a_cell_is_one_line_that_no_terminal_obeys(void **state)
{
	auto_free char *table = printed(CMD_TABLE,
		json_pack("[{s:s, s:n, s:[s,{s:s}], s:s}]", "name", "a\nb", "number", "list",
			"\x1b[2Jx", "k", "\xc2\x9b", "last", "\x7f\xc3\xa9"),
		true);
	auto_free char *name = printed(CMD_NAME, json_pack("[{s:s}]", "name", "a\nb"), true);

	(void)state;
	assert_string_equal(table,
		"NAME  N  LISTED            LAST\n"
		"a?b   -  ?[2Jx,{\"k\":\"??\"}  ?\xc3\xa9\n");
	assert_string_equal(name, "a?b\n");
}

static void json_is_what_went_in(void **state)
{
	auto_free char *text = printed(CMD_JSON, sample(), true);
	json_auto_t *want = sample();
	json_auto_t *got = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	(void)state;
	assert_true(json_equal(got, want));
	assert_int_equal(text[strlen(text) - 1], '\n');
}

static void a_name_per_line(void **state)
{
	auto_free char *text = printed(CMD_NAME, sample(), true);
	auto_free char *one =
		printed(CMD_NAME, json_pack("{s:i, s:s}", "name", 7, "x", "y"), false);

	(void)state;
	assert_string_equal(text, "a\nmuch longer\n");
	assert_string_equal(one, "7\n");
}

static void an_object_is_a_line_per_member(void **state)
{
	auto_free char *text = printed(CMD_TABLE,
		json_pack("{s:s, s:b, s:{s:s}, s:s, s:f}", "name", "a", "changed", 0, "more",
			"k", "v", "empty", "", "seconds", 1.236),
		false);

	(void)state;
	assert_string_equal(text,
		"name             a\n"
		"changed          no\n"
		"more             {\"k\":\"v\"}\n"
		"empty            -\n"
		"seconds          1.24\n");
}

static void a_time_is_rfc_3339_or_null(void **state)
{
	json_auto_t *set = output_time(1900000000);
	json_auto_t *unset = output_time(TIME_UNSET);

	(void)state;
	assert_string_equal(json_string_value(set), "2030-03-17T17:46:40Z");
	assert_true(json_is_null(unset));
}

static void a_full_disk_is_a_failure_then_and_later(void **state)
{
	const struct cmd_run run = { .output = CMD_JSON };
	FILE *was = stdout;
	struct err err;

	(void)state;
	stdout = fopen("/dev/full", "w");
	if (stdout) {
		assert_fails(ERR_FAILED, output_list(&run, sample(), columns, "name", &err));
		assert_mentions(err.text, "standard output");
		assert_fails(ERR_FAILED, output_flush(&err));
		assert_mentions(err.text, "standard output");
		(void)fclose(stdout); /* fails, as it should */
	}
	stdout = was;
}

UNIT_MAIN(cmocka_unit_test(a_column_is_as_wide_as_its_widest_cell),
	cmocka_unit_test(an_empty_table_has_its_head), cmocka_unit_test(json_is_what_went_in),
	cmocka_unit_test(a_cell_is_one_line_that_no_terminal_obeys),
	cmocka_unit_test(a_name_per_line), cmocka_unit_test(an_object_is_a_line_per_member),
	cmocka_unit_test(a_time_is_rfc_3339_or_null),
	cmocka_unit_test(a_full_disk_is_a_failure_then_and_later));

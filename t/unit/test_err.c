/* test_err.c - base/err.c: codes, context, cut and cleaned texts.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "t/unit/unit.h"

static void set_fills_code_and_text_and_yields_minus_one(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(err_set(&err, ERR_NOT_FOUND, "no key '%s'", "abc"), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_string_equal(err.text, "no key 'abc'");
}

static void set_forgets_detail_and_field_of_an_earlier_error(void **state)
{
	struct err err = { .code = ERR_FAILED, .detail = 403, .field = "spec", .text = "old" };

	(void)state;
	(void)err_set(&err, ERR_BUSY, "new");
	assert_int_equal(err.detail, 0);
	assert_null(err.field);
	assert_string_equal(err.text, "new");
}

static void set_may_quote_the_text_it_replaces(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	(void)err_set(&err, ERR_FAILED, "disk full");
	(void)err_set(&err, ERR_REFUSED, "gave up after '%s'", err.text);
	assert_string_equal(err.text, "gave up after 'disk full'");
}

static void a_text_that_does_not_fit_is_cut(void **state)
{
	char longer[2 * ERR_TEXT_MAX];
	struct err err = ERR_INIT;

	(void)state;
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(err_set(&err, ERR_FAILED, "%s", longer), -1);
	assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
	assert_int_equal(err_add(&err, "%s", longer), -1);
	assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
}

static void a_text_that_just_fits_is_whole(void **state)
{
	char whole[ERR_TEXT_MAX];
	struct err err = ERR_INIT;

	(void)state;
	memset(whole, 'x', sizeof(whole));
	whole[sizeof(whole) - 1] = '\0';
	(void)err_set(&err, ERR_FAILED, "%s", whole);
	assert_string_equal(err.text, whole);
}

static void errno_is_explained(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	errno = ENOENT;
	assert_int_equal(err_errno(&err, ERR_NOT_FOUND, "could not open '%s'", "x"), -1);
	assert_string_equal(err.text, "could not open 'x': No such file or directory");
	assert_int_equal(err.code, ERR_NOT_FOUND);
}

static void context_goes_in_front_and_the_rest_stays(void **state)
{
	struct err err = {
		.code = ERR_CONFLICT, .detail = 409, .field = "name", .text = "exists"
	};

	(void)state;
	assert_int_equal(err_add(&err, "could not add '%s'", "ci"), -1);
	assert_int_equal(err_add(&err, "start"), -1);
	assert_string_equal(err.text, "start: could not add 'ci': exists");
	assert_int_equal(err.code, ERR_CONFLICT);
	assert_int_equal(err.detail, 409);
	assert_string_equal(err.field, "name");
}

static void context_that_fills_the_text_leaves_a_terminated_text(void **state)
{
	char longer[ERR_TEXT_MAX];
	struct err err = ERR_INIT;

	(void)state;
	for (size_t len = ERR_TEXT_MAX - 4; len < ERR_TEXT_MAX; len++) {
		memset(longer, 'c', len);
		longer[len] = '\0';
		(void)err_set(&err, ERR_FAILED, "cause");
		(void)err_add(&err, "%s", longer);
		assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
		assert_memory_equal(err.text, longer, len);
	}
}

/* Texts quote what strangers sent. */
static void a_text_is_fit_for_a_terminal_and_for_json(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	(void)err_set(&err, ERR_REFUSED, "no '%s'", "a\nb\x1b[2J\x7f\xff\xc3\xa4");
	assert_string_equal(err.text, "no 'a?b?[2J??\xc3\xa4'");
	(void)err_add(&err, "in\r'%s'", "\xed\xa0\x80\xc2\x9b");
	assert_string_equal(err.text, "in?'????\?': no 'a?b?[2J??\xc3\xa4'");
	errno = ENOENT;
	(void)err_errno(&err, ERR_FAILED, "could not open '%s'", "\t\xc3");
	assert_string_equal(err.text, "could not open '?\?': No such file or directory");
}

/* Cut in the middle of a character, at each place where that can be. */
static void a_cut_text_ends_with_whole_characters(void **state)
{
	static const char *const characters[] = { "\xc3\xa4", "\xe2\x82\xac",
		"\xf0\x9f\x98\x80" };

	(void)state;
	for (size_t c = 0; c < 3; c++) {
		const size_t width = strlen(characters[c]);

		for (size_t part = 1; part < width; part++) {
			char longer[ERR_TEXT_MAX + 8];
			struct err err = ERR_INIT;
			const size_t at = ERR_TEXT_MAX - 1 - part;

			memset(longer, 'x', sizeof(longer));
			memcpy(longer + at, characters[c], width + 1);
			for (int is_added = 0; is_added < 2; is_added++) {
				(void)err_set(&err, ERR_FAILED, "%s", is_added ? "" : longer);
				if (is_added)
					(void)err_add(&err, "%s", longer);
				assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
				assert_memory_equal(err.text, longer, at);
				for (size_t i = at; i < ERR_TEXT_MAX - 1; i++)
					assert_int_equal(err.text[i], '?');
			}
		}
	}
}

static void exit_status_tells_what_to_do_next(void **state)
{
	static const struct {
		enum err_code code;
		int status;
	} cases[] = {
		{ ERR_NONE, 1 }, /* a failure that did not say why is one all the same */
		{ ERR_NOT_FOUND, 1 },
		{ ERR_CONFLICT, 1 },
		{ ERR_BUSY, 1 },
		{ ERR_BAD_INPUT, 1 },
		{ ERR_USAGE, 2 },
		{ ERR_REFUSED, 1 },
		{ ERR_FAILED, 1 },
		{ ERR_EARLY, 3 },
		{ ERR_UNHEALTHY, 4 },
		{ ERR_TIMEOUT, 5 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct err err = { .code = cases[i].code };

		assert_int_equal(err_exit_status(&err), cases[i].status);
	}
}

UNIT_MAIN(cmocka_unit_test(set_fills_code_and_text_and_yields_minus_one),
	cmocka_unit_test(set_forgets_detail_and_field_of_an_earlier_error),
	cmocka_unit_test(set_may_quote_the_text_it_replaces),
	cmocka_unit_test(a_text_that_does_not_fit_is_cut),
	cmocka_unit_test(a_text_that_just_fits_is_whole), cmocka_unit_test(errno_is_explained),
	cmocka_unit_test(context_goes_in_front_and_the_rest_stays),
	cmocka_unit_test(context_that_fills_the_text_leaves_a_terminated_text),
	cmocka_unit_test(a_text_is_fit_for_a_terminal_and_for_json),
	cmocka_unit_test(a_cut_text_ends_with_whole_characters),
	cmocka_unit_test(exit_status_tells_what_to_do_next));

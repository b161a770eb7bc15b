/* test_text.c - base/text.c: growing strings, cleaned ones, numbers, durations and times.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "t/unit/unit.h"

static void a_text_grows_and_stays_terminated(void **state)
{
	auto_text struct text t = TEXT_INIT;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		text_add(&t, "ab");
		text_addf(&t, "%d", i % 10);
		assert_int_equal(t.len, 3 * (i + 1));
		assert_int_equal(strlen(t.s), t.len);
		assert_true(t.cap > t.len);
	}
}

static void bytes_may_hold_a_nul(void **state)
{
	auto_text struct text t = TEXT_INIT;

	(void)state;
	text_add_bytes(&t, "a\0b", 3);
	text_add_bytes(&t, NULL, 0);
	assert_int_equal(t.len, 3);
	assert_memory_equal(t.s, "a\0b", 4);
}

static void taking_an_empty_text_gives_an_empty_string(void **state)
{
	struct text t = TEXT_INIT;
	auto_free char *s = text_take(&t);

	(void)state;
	assert_string_equal(s, "");
	assert_null(t.s);
}

static void taking_leaves_an_empty_text(void **state)
{
	auto_text struct text t = TEXT_INIT;
	auto_free char *s = NULL;

	(void)state;
	text_add(&t, "x");
	s = text_take(&t);
	assert_string_equal(s, "x");
	assert_null(t.s);
	assert_int_equal(t.len, 0);
	text_free(&t);
	text_free(&t);
}

static void allocating_nothing_gives_a_pointer(void **state)
{
	auto_free void *p = text_alloc(0, 0);

	(void)state;
	assert_non_null(p);
}

static void copies_and_formats_are_new_strings(void **state)
{
	auto_free char *copy = text_copy("abc");
	auto_free char *formatted = text_format("%s-%d", copy, 7);

	(void)state;
	assert_string_equal(copy, "abc");
	assert_string_equal(formatted, "abc-7");
}

static void fit_copies_whole_or_not_at_all(void **state)
{
	char dst[4] = "old";

	(void)state;
	assert_false(text_fit(dst, sizeof(dst), "abcd"));
	assert_string_equal(dst, "old");
	assert_false(text_fit(dst, 0, ""));
	assert_true(text_fit(dst, sizeof(dst), "abc"));
	assert_string_equal(dst, "abc");
	assert_true(text_fit(dst, 1, ""));
	assert_string_equal(dst, "");
}

/* ---- text_clean ---- */

static void assert_cleaned(const char *s, const char *want)
{
	/* Exactly as large as needed: the sanitizers see a look behind the end. */
	auto_free char *got = text_copy(s);

	text_clean(got);
	if (strcmp(got, want) != 0)
		fail_msg("'%s' became '%s' instead of '%s'", s, got, want);
	text_clean(got);
	assert_string_equal(got, want);
}

static void characters_of_every_length_are_kept(void **state)
{
	/* the first and last of each row in the table of RFC 3629 §4 */
	static const char *const kept[] = { "", " ~", "plain text, \"quoted\\\"", "\xc2\xa0",
		"\xc3\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xe0\xbf\xbf", "\xe1\x80\x80",
		"\xec\xbf\xbf", "\xed\x80\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
		"\xf0\x90\x80\x80", "\xf0\xbf\xbf\xbf", "\xf1\x80\x80\x80", "\xf3\xbf\xbf\xbf",
		"\xf4\x80\x80\x80", "\xf4\x8f\xbf\xbf",
		"a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z" };

	(void)state;
	for (size_t i = 0; i < COUNT(kept); i++)
		assert_cleaned(kept[i], kept[i]);
}

static void control_characters_become_question_marks(void **state)
{
	(void)state;
	for (int c = 1; c < 0x80; c++) {
		const char s[] = { 'a', (char)c, 'b', '\0' };

		assert_cleaned(s, c < 0x20 || c == 0x7f ? "a?b" : s);
	}
	/* C1, which a terminal obeys as it does ESC: CSI is 9b */
	for (int c = 0x80; c <= 0x9f; c++) {
		const char s[] = { 'a', '\xc2', (char)c, 'b', '\0' };

		assert_cleaned(s, "a??b");
	}
	assert_cleaned("\x1b]0;x\x07", "?]0;x?");
}

static void what_is_not_utf8_becomes_question_marks(void **state)
{
	static const struct {
		const char *s, *want;
	} cases[] = {
		{ "\x80", "?" },                          /* a continuation alone */
		{ "\xbf\xbf", "??" },                     /* two */
		{ "\xc0\x80", "??" },                     /* overlong: NUL */
		{ "\xc0\xaf", "??" },                     /* overlong: '/' */
		{ "\xc1\xbf", "??" },                     /* overlong: 7f */
		{ "\xe0\x80\xaf", "???" },                /* overlong: '/' in three */
		{ "\xe0\x9f\xbf", "???" },                /* overlong: the last */
		{ "\xf0\x80\x80\xaf", "????" },           /* overlong: '/' in four */
		{ "\xf0\x8f\xbf\xbf", "????" },           /* overlong: the last */
		{ "\xed\xa0\x80", "???" },                /* the first surrogate */
		{ "\xed\xbf\xbf", "???" },                /* the last */
		{ "\xed\xa0\xbd\xed\xb8\x80", "??????" }, /* a pair, as CESU-8 has it */
		{ "\xf4\x90\x80\x80", "????" },           /* one beyond 10FFFF */
		{ "\xf5\x80\x80\x80", "????" },           /* beyond */
		{ "\xf8\x88\x80\x80\x80", "?????" },      /* five bytes */
		{ "\xfe\xff", "??" },                     /* never in UTF-8 */
		{ "\xc3", "?" },                          /* cut at the end, at each place */
		{ "\xe2", "?" },
		{ "\xe2\x82", "??" },
		{ "\xf0", "?" },
		{ "\xf0\x9f", "??" },
		{ "\xf0\x9f\x98", "???" },
		{ "\xc3\x28", "\?(" }, /* cut by another character */
		{ "\xe2\x28\xa1", "\?(?" },
		{ "\xe2\x82\x28", "?\?(" },
		{ "\xf0\x9f\x98z", "???z" },
		{ "\xc3\xc3\xa4", "?\xc3\xa4" }, /* the next character is whole again */
		{ "\xe2\x82\xe2\x82\xac", "??\xe2\x82\xac" },
		{ "\xf0\x9f\xc3\xa4\xff", "??\xc3\xa4?" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_cleaned(cases[i].s, cases[i].want);
}

/* RFC 3629 §3 by arithmetic, not by table: is this three-byte string one character? */
static bool is_three_byte_character(unsigned a, unsigned b, unsigned c)
{
	const unsigned n = (a & 0x0f) << 12 | (b & 0x3f) << 6 | (c & 0x3f);

	return (a & 0xf0) == 0xe0 && (b & 0xc0) == 0x80 && (c & 0xc0) == 0x80 && n >= 0x800 &&
		(n < 0xd800 || n > 0xdfff);
}

static void every_three_byte_form_is_judged_right(void **state)
{
	(void)state;
	for (unsigned a = 0xe0; a <= 0xef; a++)
		for (unsigned b = 0x80; b <= 0xff; b++)
			for (unsigned c = 0x80; c <= 0xbf; c++) {
				char s[] = { (char)a, (char)b, (char)c, '\0' };

				text_clean(s);
				if (is_three_byte_character(a, b, c) != (s[0] != '?'))
					fail_msg("%02x %02x %02x was misjudged", a, b, c);
			}
}

static void whole_numbers_are_read(void **state)
{
	static const struct {
		const char *s;
		int64_t n;
	} cases[] = {
		{ "0", 0 },
		{ "-0", 0 },
		{ "7", 7 },
		{ "-7", -7 },
		{ "0010", 10 },
		{ "9223372036854775807", INT64_MAX },
		{ "-9223372036854775808", INT64_MIN },
	};
	struct err err;
	int64_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_succeeds(text_int(cases[i].s, INT64_MIN, INT64_MAX, &n, &err));
		assert_true(n == cases[i].n);
	}
}

static void anything_else_is_no_number(void **state)
{
	static const char *const cases[] = { "", "-", "--1", "+1", " 1", "1 ", "1\n", "1a", "a",
		"0x10", "1.0", "1e3", "9223372036854775808", "-9223372036854775809", "\t1",
		"1,000", "99999999999999999999999999" };
	struct err err;
	int64_t n = 42;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_fails(ERR_BAD_INPUT, text_int(cases[i], INT64_MIN, INT64_MAX, &n, &err));
	assert_int_equal(n, 42);
}

static void numbers_one_beyond_the_limits_are_refused(void **state)
{
	struct err err;
	int64_t n = 42;

	(void)state;
	assert_succeeds(text_int("1", 1, 10, &n, &err));
	assert_succeeds(text_int("10", 1, 10, &n, &err));
	assert_fails(ERR_BAD_INPUT, text_int("0", 1, 10, &n, &err));
	assert_fails(ERR_BAD_INPUT, text_int("11", 1, 10, &n, &err));
	assert_string_equal(err.text, "11 is out of range; allowed are 1 to 10");
	assert_int_equal(n, 10);
}

static void durations_are_read(void **state)
{
	static const struct {
		const char *s;
		int64_t seconds;
	} cases[] = {
		{ "0", 0 },
		{ "90", 90 },
		{ "90s", 90 },
		{ "15m", 900 },
		{ "24h", 86400 },
		{ "30d", 2592000 },
		{ "2w", 1209600 },
		{ "1h30m", 5400 },
		{ "1w2d3h4m5s", 604800 + 2 * 86400 + 3 * 3600 + 4 * 60 + 5 },
		{ "1d1s", 86401 },
		{ "90m", 5400 },
		{ "9223372036854775807", INT64_MAX },
		{ "9223372036854775807s", INT64_MAX },
	};
	struct err err;
	int64_t s;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_succeeds(text_duration(cases[i].s, 0, INT64_MAX, &s, &err));
		assert_true(s == cases[i].seconds);
	}
}

static void anything_else_is_no_duration(void **state)
{
	static const char *const cases[] = { "", " ", "s", "h", "-5", "-5m", "+5m", "1h30",
		"30m1h", "1h1h", "1m1m", "1 h", "1h ", " 1h", "1H", "1y", "1ms", "1.5h",
		"1h-30m", "h1", "1hh", "9223372036854775808", "9223372036854775808s",
		"15250284452472w", "15250284452471w9223372036854775807s",
		"99999999999999999999d" };
	struct err err;
	int64_t s = 42;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_fails(ERR_BAD_INPUT, text_duration(cases[i], 0, INT64_MAX, &s, &err));
	assert_int_equal(s, 42);
}

static void durations_one_beyond_the_limits_are_refused(void **state)
{
	struct err err;
	int64_t s = 42;

	(void)state;
	assert_succeeds(text_duration("10m", 600, 86400, &s, &err));
	assert_int_equal(s, 600);
	assert_succeeds(text_duration("1d", 600, 86400, &s, &err));
	assert_int_equal(s, 86400);
	assert_fails(ERR_BAD_INPUT, text_duration("599", 600, 86400, &s, &err));
	assert_mentions(err.text, "allowed are 10m to 1d");
	assert_fails(ERR_BAD_INPUT, text_duration("1d1s", 600, 86400, &s, &err));
	assert_int_equal(s, 86400);
}

static void spans_are_exact(void **state)
{
	static const struct {
		int64_t seconds;
		const char *s;
	} cases[] = {
		{ 0, "0s" },
		{ 1, "1s" },
		{ 60, "1m" },
		{ 61, "1m1s" },
		{ 3600, "1h" },
		{ 5400, "1h30m" },
		{ 86400, "1d" },
		{ 604800, "7d" },
		{ 2592000, "30d" },
		{ 90061, "1d1h1m1s" },
		{ INT64_MAX, "106751991167300d15h30m7s" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(text_span(cases[i].seconds).s, cases[i].s);
}

static void spans_read_back_as_they_were(void **state)
{
	struct err err;
	int64_t s;

	(void)state;
	for (int64_t n = 0; n < INT64_MAX / 3; n = n * 2 + 1) {
		assert_succeeds(text_duration(text_span(n).s, 0, INT64_MAX, &s, &err));
		assert_true(s == n);
	}
}

static void numbers_are_written(void **state)
{
	(void)state;
	assert_string_equal(text_num(0).s, "0");
	assert_string_equal(text_num(INT64_MIN).s, "-9223372036854775808");
	assert_string_equal(text_num(INT64_MAX).s, "9223372036854775807");
}

static void times_are_rfc_3339_in_utc(void **state)
{
	(void)state;
	assert_string_equal(text_time(1).s, "1970-01-01T00:00:01Z");
	assert_string_equal(text_time(-1).s, "1969-12-31T23:59:59Z");
	assert_string_equal(text_time(951782400).s, "2000-02-29T00:00:00Z");
	assert_string_equal(text_time(1900000000).s, "2030-03-17T17:46:40Z");
	assert_string_equal(text_time(INT64_C(2147483648)).s, "2038-01-19T03:14:08Z");
	assert_string_equal(text_time(INT64_C(253402300799)).s, "9999-12-31T23:59:59Z");
}

static void a_time_that_is_unset_or_absurd_is_a_dash(void **state)
{
	(void)state;
	assert_string_equal(text_time(TIME_UNSET).s, "-");
	assert_string_equal(text_time(INT64_MAX).s, "-");
	assert_string_equal(text_time(INT64_MIN).s, "-");
}

static void distances_show_the_two_largest_units(void **state)
{
	const unix_time now = 1900000000;

	(void)state;
	assert_string_equal(text_relative(now, now).s, "now");
	assert_string_equal(text_relative(now + 1, now).s, "in 1s");
	assert_string_equal(text_relative(now - 1, now).s, "1s ago");
	assert_string_equal(text_relative(now + 3 * 3600, now).s, "in 3h");
	assert_string_equal(text_relative(now + 90061, now).s, "in 1d1h");
	assert_string_equal(text_relative(now - 2 * 86400 - 59, now).s, "2d59s ago");
	assert_string_equal(text_relative(TIME_UNSET, now).s, "-");
}

/* A row with an absurd time must not hurt who lists it. */
static void distances_between_extremes_do_no_harm(void **state)
{
	(void)state;
	assert_true(strlen(text_relative(INT64_MAX, 1).s) > 0);
	assert_true(strlen(text_relative(1, INT64_MAX).s) > 0);
	assert_true(strlen(text_relative(INT64_MIN, INT64_MAX).s) > 0);
	assert_true(strlen(text_relative(INT64_MAX, INT64_MIN).s) > 0);
}

/* RFC 3339 §5.6; of fractions nothing is kept. */
static void a_time_may_have_a_fraction_and_an_offset(void **state)
{
	static const char *const same[] = { "2030-03-17T17:46:40Z", "2030-03-17T17:46:40.5Z",
		"2030-03-17T17:46:40.999999999Z", "2030-03-17T17:46:40+00:00",
		"2030-03-17T17:46:40-00:00", "2030-03-17T19:46:40+02:00",
		"2030-03-17T12:16:40.25-05:30", "2030-03-18T17:45:40+23:59" };
	struct err err;
	unix_time at;

	(void)state;
	for (size_t i = 0; i < COUNT(same); i++) {
		assert_succeeds(text_read_time(same[i], &at, &err));
		assert_int_equal(at, 1900000000);
	}
}

static void a_time_reads_back_and_nothing_else_does(void **state)
{
	static const char *const bad[] = { "", "2027-01-31", "2027-01-31T00:00:00", "now",
		"2027-02-30T00:00:00Z", "2027-1-31T00:00:00Z", "2027-01-31T00:00:00Z ",
		" 2027-01-31T00:00:00Z", "2027-01-31t00:00:00z", "2027-01-31T24:00:00Z",
		"2027-01-31T00:00:60Z", "1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z",
		"2027-01-31T00:00:00.Z", "2027-01-31T00:00:00,5Z", "2027-01-31T00:00:00.5",
		"2027-01-31T00:00:00+0000", "2027-01-31T00:00:00+00",
		"2027-01-31T00:00:00+24:00", "2027-01-31T00:00:00+00:60",
		"2027-01-31T00:00:00+0:000", "2027-01-31T00:00:00 00:00",
		"2027-01-31T00:00:00+-1:00", "2027-01-31T00:00:00+00:00Z",
		"1970-01-01T00:00:00+00:00", "1970-01-01T00:59:59+01:00" };
	struct err err;
	unix_time at = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_fails(ERR_BAD_INPUT, text_read_time(bad[i], &at, &err));
		assert_int_equal(at, 77);
	}
	assert_succeeds(text_read_time("2030-03-17T17:46:40Z", &at, &err));
	assert_int_equal(at, 1900000000);
}

UNIT_MAIN(cmocka_unit_test(a_time_reads_back_and_nothing_else_does),
	cmocka_unit_test(a_time_may_have_a_fraction_and_an_offset),
	cmocka_unit_test(a_text_grows_and_stays_terminated),
	cmocka_unit_test(bytes_may_hold_a_nul),
	cmocka_unit_test(taking_an_empty_text_gives_an_empty_string),
	cmocka_unit_test(taking_leaves_an_empty_text),
	cmocka_unit_test(allocating_nothing_gives_a_pointer),
	cmocka_unit_test(copies_and_formats_are_new_strings),
	cmocka_unit_test(fit_copies_whole_or_not_at_all),
	cmocka_unit_test(characters_of_every_length_are_kept),
	cmocka_unit_test(control_characters_become_question_marks),
	cmocka_unit_test(what_is_not_utf8_becomes_question_marks),
	cmocka_unit_test(every_three_byte_form_is_judged_right),
	cmocka_unit_test(whole_numbers_are_read), cmocka_unit_test(anything_else_is_no_number),
	cmocka_unit_test(numbers_one_beyond_the_limits_are_refused),
	cmocka_unit_test(durations_are_read), cmocka_unit_test(anything_else_is_no_duration),
	cmocka_unit_test(durations_one_beyond_the_limits_are_refused),
	cmocka_unit_test(spans_are_exact), cmocka_unit_test(spans_read_back_as_they_were),
	cmocka_unit_test(numbers_are_written), cmocka_unit_test(times_are_rfc_3339_in_utc),
	cmocka_unit_test(a_time_that_is_unset_or_absurd_is_a_dash),
	cmocka_unit_test(distances_show_the_two_largest_units),
	cmocka_unit_test(distances_between_extremes_do_no_harm));

/* test_log.c - base/log.c: one line per event, which no value can break or make a terminal
 * obey. The clock stands still: this file's clock_now is linked in place of libclock.a.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "t/unit/unit.h"

/* bytes of a written value, as base/log.c has it */
#define VALUE_MAX 512

#define PREFIX "ts=2030-03-17T17:46:40Z level=info event=test.event"

static int real_stderr = -1;
static int captured = -1;

unix_time clock_now(void)
{
	return 1900000000;
}

static int capture(void **state)
{
	char path[] = "test_log.XXXXXX";

	(void)state;
	log_set_level(LOG_INFO);
	captured = mkostemp(path, O_APPEND);
	real_stderr = dup(STDERR_FILENO);
	if (captured < 0 || real_stderr < 0 || unlink(path) < 0)
		return -1;
	return dup2(captured, STDERR_FILENO) < 0 ? -1 : 0;
}

static int release(void **state)
{
	(void)state;
	(void)dup2(real_stderr, STDERR_FILENO); /* the tests are over anyway */
	(void)close(real_stderr);
	(void)close(captured);
	return 0;
}

/* All that was logged; the caller frees. */
static char *logged(void)
{
	const off_t len = lseek(captured, 0, SEEK_END);
	char *s;

	assert_true(len >= 0);
	s = text_alloc((size_t)len + 1, 1);
	assert_true(pread(captured, s, (size_t)len, 0) == len);
	return s;
}

static void assert_value_becomes(const char *value, const char *written)
{
	auto_free char *want = text_format(PREFIX " key=%s\n", written);
	auto_free char *got = NULL;

	assert_int_equal(ftruncate(captured, 0), 0);
	log_event(LOG_INFO, "test.event", "key", value, NULL);
	got = logged();
	assert_string_equal(got, want);
}

static void an_event_is_one_line_of_pairs(void **state)
{
	auto_free char *got = NULL;

	(void)state;
	log_event(LOG_INFO, "test.event", "jti", "abc-1", "ttl", text_num(600).s, NULL);
	got = logged();
	assert_string_equal(got, PREFIX " jti=abc-1 ttl=600\n");
}

static void an_event_needs_no_pairs(void **state)
{
	auto_free char *got = NULL;

	(void)state;
	log_event(LOG_INFO, "test.event", NULL);
	got = logged();
	assert_string_equal(got, PREFIX "\n");
}

static void a_pair_without_value_is_left_out(void **state)
{
	auto_free char *got = NULL;
	const char *none = NULL;

	(void)state;
	log_event(LOG_INFO, "test.event", "a", none, "b", "2", "c", none, NULL);
	got = logged();
	assert_string_equal(got, PREFIX " b=2\n");
}

static void levels_below_the_threshold_are_dropped(void **state)
{
	auto_free char *got = NULL;

	(void)state;
	log_set_level(LOG_WARN);
	log_event(LOG_DEBUG, "no", NULL);
	log_event(LOG_INFO, "no", NULL);
	log_event(LOG_WARN, "yes.warn", NULL);
	log_event(LOG_ERROR, "yes.error", NULL);
	got = logged();
	assert_string_equal(got,
		"ts=2030-03-17T17:46:40Z level=warn event=yes.warn\n"
		"ts=2030-03-17T17:46:40Z level=error event=yes.error\n");
}

static void debug_is_off_until_asked_for(void **state)
{
	auto_free char *got = NULL;

	(void)state;
	log_event(LOG_DEBUG, "no", NULL);
	log_set_level(LOG_DEBUG);
	log_event(LOG_DEBUG, "yes", NULL);
	got = logged();
	assert_string_equal(got, "ts=2030-03-17T17:46:40Z level=debug event=yes\n");
}

static void plain_values_stay_plain(void **state)
{
	(void)state;
	assert_value_becomes("system:serviceaccount:ns:name", "system:serviceaccount:ns:name");
	assert_value_becomes("https://x/y?z#~!@$%^&*()[]{};,'",
		"https://x/y?z#~!@$%^&*()[]{};,'");
}

static void blanks_quotes_and_equals_signs_are_quoted(void **state)
{
	(void)state;
	assert_value_becomes("", "\"\"");
	assert_value_becomes("two words", "\"two words\"");
	assert_value_becomes("a=b", "\"a=b\"");
	assert_value_becomes("say \"no\"", "\"say \\\"no\\\"\"");
	assert_value_becomes("back\\slash", "\"back\\\\slash\"");
}

static void control_characters_are_escaped(void **state)
{
	(void)state;
	assert_value_becomes("a\nlevel=error event=fake", "\"a\\x0alevel=error event=fake\"");
	assert_value_becomes("a\r\n", "\"a\\x0d\\x0a\"");
	assert_value_becomes("\x1b[2J", "\"\\x1b[2J\"");
	assert_value_becomes("\t", "\"\\x09\"");
	assert_value_becomes("\x01\x1f\x7f", "\"\\x01\\x1f\\x7f\"");
	assert_value_becomes("\xc3\xa4", "\"\\xc3\\xa4\"");
	assert_value_becomes("\x80\xff", "\"\\x80\\xff\"");
}

static void long_values_are_cut(void **state)
{
	auto_free char *whole = text_alloc(514, 1);
	auto_free char *cut = NULL;

	(void)state;
	memset(whole, 'x', 512);
	assert_value_becomes(whole, whole);
	cut = text_format("\"%s...\"", whole);
	whole[512] = 'x';
	assert_value_becomes(whole, cut);
	/* also if it would be quoted anyway: whole with 512 bytes, cut with one more */
	whole[0] = ' ';
	whole[512] = '\0';
	free(cut);
	cut = text_format("\"%s\"", whole);
	assert_value_becomes(whole, cut);
	whole[512] = 'x';
	free(cut);
	cut = text_format("\"%.512s...\"", whole);
	assert_value_becomes(whole, cut);
}

/* Escaping must not make a line four times as long. */
static void what_is_cut_is_the_escaped_value(void **state)
{
	char whole[VALUE_MAX + 1] = "";
	auto_text struct text cut = TEXT_INIT;

	(void)state;
	memset(whole, '\n', VALUE_MAX / 4);
	text_add(&cut, "\"");
	for (int i = 0; i < VALUE_MAX / 4; i++)
		text_add(&cut, "\\x0a");
	text_add(&cut, "\"");
	assert_value_becomes(whole, cut.s);
	for (int more = 1; more <= VALUE_MAX * 3 / 4; more += 100) {
		memset(whole, '\n', (size_t)(VALUE_MAX / 4 + more));
		cut.len = 1 + VALUE_MAX;
		text_add(&cut, "...\"");
		assert_value_becomes(whole, cut.s);
	}
	/* An escape is never cut in two. */
	memset(whole, '\0', sizeof(whole));
	memset(whole, '\n', VALUE_MAX / 4 + 1);
	whole[0] = 'x';
	cut.len = 0;
	text_add(&cut, "\"x");
	for (int i = 0; i < VALUE_MAX / 4; i++)
		text_add(&cut, "\\x0a");
	text_add(&cut, "\"");
	assert_value_becomes(whole, cut.s);
	whole[VALUE_MAX / 4 + 1] = 'y';
	cut.len--;
	text_add(&cut, "...\"");
	assert_value_becomes(whole, cut.s);
}

static void a_level_has_a_name(void **state)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };
	static const char *const others[] = { "", "Debug", "warning", "debug ", "deb" };

	(void)state;
	for (size_t threshold = 0; threshold < 4; threshold++) {
		auto_free char *got = NULL;
		size_t lines = 0;

		assert_int_equal(ftruncate(captured, 0), 0);
		log_set_level_named(names[threshold]);
		for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
			log_set_level_named(others[i]);
		for (size_t level = 0; level < 4; level++)
			log_event((enum log_level)level, names[level], NULL);
		got = logged();
		for (const char *at = got; (at = strchr(at, '\n')); at++)
			lines++;
		assert_int_equal(lines, 4 - threshold);
		assert_mentions(got, names[threshold]);
	}
}

static void an_absurd_event_is_still_one_line(void **state)
{
	auto_free char *huge = text_alloc(100001, 1);
	auto_free char *got = NULL;

	(void)state;
	memset(huge, '\n', 100000);
	log_event(LOG_INFO, "test.event", "a", huge, "b", huge, "c", huge, "d", huge, NULL);
	got = logged();
	assert_ptr_equal(strchr(got, '\n'), got + strlen(got) - 1);
}

#define THREADS      4
#define LINES        200
#define THREAD_VALUE "0123456789012345678901234567890123456789"

static void *log_many(void *unused)
{
	(void)unused;
	for (int i = 0; i < LINES; i++)
		log_event(LOG_INFO, "test.event", "key", THREAD_VALUE, NULL);
	return NULL;
}

static void lines_of_threads_do_not_mix(void **state)
{
	static const char line[] = PREFIX " key=" THREAD_VALUE "\n";
	pthread_t threads[THREADS];
	auto_free char *got = NULL;

	(void)state;
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, log_many, NULL), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	got = logged();
	assert_int_equal(strlen(got), (sizeof(line) - 1) * THREADS * LINES);
	for (const char *at = got; *at != '\0'; at += sizeof(line) - 1)
		assert_memory_equal(at, line, sizeof(line) - 1);
}

static void as_json_an_event_is_an_object_of_strings(void **state)
{
	auto_free char *got = NULL;

	(void)state;
	log_set_format_named("json");
	log_set_format_named("xml");
	log_event(LOG_WARN, "test.event", "a", "1", "none", NULL, "b", "q\"\n\xff\xc3\xbc",
		NULL);
	log_set_format_named("logfmt");
	got = logged();
	assert_non_null(strstr(got,
		"\"level\":\"warn\",\"event\":\"test.event\",\"a\":\"1\","
		"\"b\":\"q\\\"??\\u00FC\"}\n"));
	assert_memory_equal(got, "{\"ts\":\"2", 8);
	assert_ptr_equal(strchr(got, '\n'), got + strlen(got) - 1);
}

static size_t lines_so_far(void)
{
	auto_free char *got = logged();
	size_t lines = 0;

	for (const char *at = got; (at = strchr(at, '\n')); at++)
		lines++;
	return lines;
}

static void trouble_is_said_once_for_each_reason(void **state)
{
	struct log_trouble trouble = { .said = "" };
	struct err err = ERR_INIT;

	(void)state;
	(void)err_set(&err, ERR_EARLY, "the clock says 2030-03-17T17:46:40Z");
	log_trouble(&trouble, "test.failed", &err);
	assert_int_equal(lines_so_far(), 1);
	(void)err_set(&err, ERR_EARLY, "the clock says 2030-03-17T18:00:01Z");
	log_trouble(&trouble, "test.failed", &err);
	assert_int_equal(lines_so_far(), 1);
	(void)err_set(&err, ERR_BUSY, "the store is locked");
	log_trouble(&trouble, "test.failed", &err);
	assert_int_equal(lines_so_far(), 2);
	log_trouble_over(&trouble);
	log_trouble(&trouble, "test.failed", &err);
	assert_int_equal(lines_so_far(), 3);
}

static void a_closed_stderr_does_no_harm(void **state)
{
	const int saved = dup(STDERR_FILENO);

	(void)state;
	assert_true(saved >= 0);
	assert_int_equal(close(STDERR_FILENO), 0);
	errno = 0;
	log_event(LOG_INFO, "test.event", NULL);
	assert_int_equal(errno, EBADF);
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	assert_int_equal(close(saved), 0);
}

#define log_test(f) cmocka_unit_test_setup_teardown(f, capture, release)

UNIT_MAIN(log_test(trouble_is_said_once_for_each_reason),
	log_test(as_json_an_event_is_an_object_of_strings),
	log_test(an_event_is_one_line_of_pairs), log_test(an_event_needs_no_pairs),
	log_test(a_pair_without_value_is_left_out),
	log_test(levels_below_the_threshold_are_dropped),
	log_test(debug_is_off_until_asked_for), log_test(plain_values_stay_plain),
	log_test(blanks_quotes_and_equals_signs_are_quoted),
	log_test(control_characters_are_escaped), log_test(long_values_are_cut),
	log_test(what_is_cut_is_the_escaped_value), log_test(a_level_has_a_name),
	log_test(an_absurd_event_is_still_one_line), log_test(lines_of_threads_do_not_mix),
	log_test(a_closed_stderr_does_no_harm));

/* unit.h - what every unit test includes: cmocka with the headers it wants before it, and the
 * main of a test program, which runs one group and takes a filter: t/unit/test_text '*weeks*'.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* At the end of a program: UNIT_MAIN(cmocka_unit_test(a), cmocka_unit_test(b)) */
#define UNIT_MAIN(...) UNIT_MAIN_WITH(NULL, NULL, __VA_ARGS__)
#define UNIT_MAIN_WITH(setup, teardown, ...)                                                   \
	int main(int argc, char **argv)                                                        \
	{                                                                                      \
		const struct CMUnitTest tests[] = { __VA_ARGS__ };                             \
		if (argc > 1)                                                                  \
			cmocka_set_test_filter(argv[1]);                                       \
		return cmocka_run_group_tests(tests, setup, teardown);                         \
	}                                                                                      \
	struct unit_main_ends_here

/* The call fails with this code and says something. Needs a `struct err err` in scope. */
#define assert_fails(expected, call)                                                           \
	do {                                                                                   \
		err = (struct err)ERR_INIT;                                                    \
		assert_int_equal((call), -1);                                                  \
		assert_int_equal(err.code, (expected));                                        \
		assert_true(err.text[0] != '\0');                                              \
	} while (0)

#define assert_succeeds(call)                                                                  \
	do {                                                                                   \
		err = (struct err)ERR_INIT;                                                    \
		if ((call) < 0)                                                                \
			fail_msg("%s: %s", #call, err.text);                                   \
		assert_int_equal(err.code, ERR_NONE);                                          \
	} while (0)

/* `text` contains `part`. */
#define assert_mentions(text, part)                                                            \
	do {                                                                                   \
		if (!strstr((text), (part)))                                                   \
			fail_msg("'%s' does not mention '%s'", (text), (part));                \
	} while (0)

#endif

/* test_refresh.c - when a token is replaced and when a failure is tried again: by hand, and
 * over random lives, jitters, clocks that are set and machines that sleep.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/refresh.h"
#include "base/num.h"
#include "t/unit/chance.h"
#include "t/unit/unit.h"

static struct clock_reading at(int64_t now, int64_t uptime_s)
{
	return (struct clock_reading){ now, uptime_s };
}

static void a_token_is_due_after_80_percent_of_its_life(void **state)
{
	const struct refresh_life life = { at(1000, 50), 3600, 0 };

	(void)state;
	assert_int_equal(refresh_due_age(&life), 2880);
	assert_int_equal(refresh_due_in(&life, at(1000, 50)), 2880);
	assert_int_equal(refresh_due_in(&life, at(3879, 2929)), 1);
	assert_int_equal(refresh_due_in(&life, at(3880, 2930)), 0);
}

static void a_long_life_is_due_after_a_day(void **state)
{
	const struct refresh_life life = { at(0, 0), 30 * 86400, 0 };
	const struct refresh_life chance = { at(0, 0), 30 * 86400, 9 };

	(void)state;
	assert_int_equal(refresh_due_age(&life), 86400);
	assert_int_equal(refresh_due_age(&chance), 86391);
}

static void a_token_expires_with_its_life(void **state)
{
	const struct refresh_life life = { at(1000, 50), 600, 0 };

	(void)state;
	assert_false(refresh_is_expired(&life, at(1599, 649)));
	assert_true(refresh_is_expired(&life, at(1600, 650)));
}

static void a_clock_that_is_set_keeps_no_token_too_long(void **state)
{
	const struct refresh_life life = { at(100000, 50), 3600, 0 };

	(void)state;
	/* Back by a day, while the whole life passes. */
	assert_int_equal(refresh_due_in(&life, at(100000 - 86400, 50 + 3600)), 0);
	assert_true(refresh_is_expired(&life, at(100000 - 86400, 50 + 3600)));
	/* Ahead by a day, while nothing passes. */
	assert_int_equal(refresh_due_in(&life, at(100000 + 86400, 51)), 0);
	/* Back by a day, while nothing passes: there is time. */
	assert_int_equal(refresh_due_in(&life, at(100000 - 86400, 50)), 2880);
}

static void ages_do_not_overflow(void **state)
{
	(void)state;
	assert_int_equal(refresh_age(at(INT64_MIN, 0), at(INT64_MAX, 0)), INT64_MAX);
	assert_int_equal(refresh_age(at(INT64_MAX, 0), at(INT64_MIN, 0)), 0);
}

static void failures_wait_longer_and_longer(void **state)
{
	(void)state;
	assert_int_equal(refresh_retry_in(1, 0, 0), REFRESH_RETRY_MIN_S);
	assert_int_equal(refresh_retry_in(2, 1, 0), 2);
	assert_int_equal(refresh_retry_in(4, 4, 0), 8);
	assert_int_equal(refresh_retry_in(5, 0, 0), 8);
	assert_in_range(refresh_retry_in(UINT32_MAX, 12345, 0), REFRESH_RETRY_MAX_S / 2,
		REFRESH_RETRY_MAX_S);
}

static void a_server_that_asks_for_time_gets_it(void **state)
{
	(void)state;
	assert_int_equal(refresh_retry_in(1, 0, 30), 30);
	assert_int_equal(refresh_retry_in(1, 0, INT64_MAX), REFRESH_ASKED_MAX_S);
	assert_int_equal(refresh_retry_in(3, 2, 1), 4);
}

/* What is asked of the rule, whatever happens to clock and machine. */
static void check_history(struct chance *chance)
{
	const int64_t lifetime_s =
		chance_between(chance, 1, chance_one_in(chance, 2) ? 7200 : 40 * 86400);
	const struct refresh_life life = { at(chance_between(chance, 1, INT64_C(1) << 40),
						   chance_between(chance, 0, INT64_C(1) << 31)),
		lifetime_s, chance_between(chance, 0, REFRESH_JITTER_MAX_S) };
	struct clock_reading now = life.got;
	int64_t passed_s = 0; /* really */
	const int64_t due_age = refresh_due_age(&life);

	/* Early enough for a fifth of the life to be left, late enough not to be a nuisance. */
	assert_in_range(due_age, 0, num_min(86400, lifetime_s - lifetime_s / 5));
	assert_true(due_age + REFRESH_JITTER_MAX_S >=
		num_min(86400, lifetime_s - lifetime_s / 5));
	for (int i = 0; i < 20; i++) {
		const int64_t due_in = refresh_due_in(&life, now);
		const int64_t step = chance_between(chance, 0, due_in + 100);

		/* Whoever waits so long does not come after the time is up. */
		assert_true(due_in >= 0 && passed_s + due_in <= num_max(due_age, passed_s));
		if (passed_s >= lifetime_s)
			assert_true(refresh_is_expired(&life, now));
		if (refresh_is_expired(&life, now))
			assert_int_equal(due_in, 0);
		now.now += step;
		now.uptime_s += step;
		passed_s += step;
		if (chance_one_in(chance, 3))
			now.now += chance_between(chance, -100000, 100000);
	}
}

static void no_history_keeps_a_token_too_long(void **state)
{
	struct chance chance = { (uint64_t)chance_setting("SEED", 20261128) };
	const int64_t histories = chance_runs("HISTORIES", 20000);

	(void)state;
	for (int64_t i = 0; i < histories; i++)
		check_history(&chance);
}

/* A server that is away for long is asked seldom, and found again soon. */
static void waiting_is_bounded(void **state)
{
	struct chance chance = { 7 };

	(void)state;
	for (unsigned failures = 1; failures < 2000; failures++) {
		const int64_t asked =
			chance_one_in(&chance, 2) ? 0 : chance_between(&chance, 0, 9999);
		const int64_t wait =
			refresh_retry_in(failures, (uint32_t)chance_next(&chance), asked);

		assert_in_range(wait, REFRESH_RETRY_MIN_S,
			num_max(REFRESH_RETRY_MAX_S, num_min(asked, REFRESH_ASKED_MAX_S)));
		assert_true(wait >= num_min(asked, REFRESH_ASKED_MAX_S));
	}
}

UNIT_MAIN(cmocka_unit_test(a_token_is_due_after_80_percent_of_its_life),
	cmocka_unit_test(a_long_life_is_due_after_a_day),
	cmocka_unit_test(a_token_expires_with_its_life),
	cmocka_unit_test(a_clock_that_is_set_keeps_no_token_too_long),
	cmocka_unit_test(ages_do_not_overflow),
	cmocka_unit_test(failures_wait_longer_and_longer),
	cmocka_unit_test(a_server_that_asks_for_time_gets_it),
	cmocka_unit_test(no_history_keeps_a_token_too_long),
	cmocka_unit_test(waiting_is_bounded));

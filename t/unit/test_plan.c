/* test_plan.c - keys/plan.c by example: the state table, and what is planned when. Random
 * histories are in test_plan_property.c.
 * SPDX-License-Identifier: Apache-2.0 */
#include "t/unit/plan_world.h"

/* ---- states ---- */

/* Two keys: the first lives through all states, the second takes over from it. */
static void two_keys(struct world *world)
{
	world_init(world);
	world->keys.count = 2;
	world->rows[0] = (struct store_key){
		.generation = 1,
		.publish_at = 100,
		.activate_at = 200,
		.remove_at = 400,
	};
	world->rows[1] =
		(struct store_key){ .generation = 2, .publish_at = 150, .activate_at = 300 };
}

static void every_state_begins_at_its_second(void **state)
{
	static const struct {
		unix_time now;
		enum plan_state state;
		const char *name;
		bool is_published;
	} cases[] = {
		{ 1, PLAN_STAGED, "staged", false },
		{ 99, PLAN_STAGED, "staged", false },
		{ 100, PLAN_STANDBY, "standby", true },
		{ 199, PLAN_STANDBY, "standby", true },
		{ 200, PLAN_ACTIVE, "active", true },
		{ 299, PLAN_ACTIVE, "active", true },
		{ 300, PLAN_RETIRING, "retiring", true },
		{ 399, PLAN_RETIRING, "retiring", true },
		{ 400, PLAN_REMOVED, "removed", false },
		{ INT64_MAX, PLAN_REMOVED, "removed", false },
	};
	struct world world;

	(void)state;
	two_keys(&world);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const enum plan_state got = plan_state(&world.keys, 0, cases[i].now);

		assert_int_equal(got, cases[i].state);
		assert_string_equal(plan_state_name(got), cases[i].name);
		assert_true(plan_is_published(got) == cases[i].is_published);
	}
}

static void a_revoked_key_is_revoked_at_every_moment(void **state)
{
	struct world world;

	(void)state;
	two_keys(&world);
	world.rows[0].revoked_at = 250;
	for (unix_time now = 50; now < 500; now += 50) {
		assert_int_equal(plan_state(&world.keys, 0, now), PLAN_REVOKED);
		assert_true(plan_active(&world.keys, now) != 0);
		assert_true(plan_successor(&world.keys, now) != 0);
	}
	assert_string_equal(plan_state_name(PLAN_REVOKED), "revoked");
	assert_false(plan_is_published(PLAN_REVOKED));
	assert_true(plan_key_change(&world.keys, 0, 1) == PLAN_NEVER);
}

static void a_key_without_a_moment_waits_in_standby(void **state)
{
	struct world world;

	(void)state;
	two_keys(&world);
	world.rows[1].activate_at = TIME_UNSET;
	assert_int_equal(plan_state(&world.keys, 1, 149), PLAN_STAGED);
	assert_int_equal(plan_state(&world.keys, 1, 150), PLAN_STANDBY);
	assert_int_equal(plan_state(&world.keys, 1, INT64_MAX), PLAN_STANDBY);
	assert_int_equal(plan_state(&world.keys, 0, 399), PLAN_ACTIVE);
}

static void a_key_without_a_publication_is_staged(void **state)
{
	struct world world;

	(void)state;
	two_keys(&world);
	world.rows[1].publish_at = TIME_UNSET;
	for (unix_time now = 1; now < 500; now += 50) {
		assert_int_equal(plan_state(&world.keys, 1, now), PLAN_STAGED);
		assert_false(plan_is_published(plan_state(&world.keys, 1, now)));
	}
	assert_int_equal(plan_state(&world.keys, 1, INT64_MAX), PLAN_STAGED);
	/* also without a moment to sign, and it is next all the same */
	world.rows[1].activate_at = TIME_UNSET;
	assert_int_equal(plan_state(&world.keys, 1, 350), PLAN_STAGED);
	assert_int_equal(plan_successor(&world.keys, 350), 1);
}

static void who_takes_over_is_the_next_that_may_sign(void **state)
{
	struct world world;

	(void)state;
	two_keys(&world);
	assert_int_equal(plan_takes_over(&world.keys, 0), 1);
	assert_int_equal(plan_takes_over(&world.keys, 1), -1);
	world.keys.count = 4;
	world.rows[2] =
		(struct store_key){ .generation = 3, .publish_at = 150, .activate_at = 250 };
	world.rows[3] = (struct store_key){ .generation = 4, .publish_at = 150 };
	assert_int_equal(plan_takes_over(&world.keys, 0), 2);
	assert_int_equal(plan_takes_over(&world.keys, 2), 1);
	assert_int_equal(plan_takes_over(&world.keys, 1), -1); /* the last waits for a moment */
	world.rows[2].revoked_at = 240;
	assert_int_equal(plan_takes_over(&world.keys, 0), 1);
	world.rows[1].activate_at = 200; /* together: by generation */
	assert_int_equal(plan_takes_over(&world.keys, 0), 1);
	assert_int_equal(plan_takes_over(&world.keys, 1), -1);
}

static void a_key_without_an_end_retires_for_good(void **state)
{
	struct world world;

	(void)state;
	two_keys(&world);
	world.rows[0].remove_at = TIME_UNSET;
	assert_int_equal(plan_state(&world.keys, 0, INT64_MAX), PLAN_RETIRING);
}

static void of_two_that_begin_together_the_newer_signs(void **state)
{
	struct world world;

	(void)state;
	two_keys(&world);
	world.rows[1].activate_at = 200;
	assert_int_equal(plan_state(&world.keys, 0, 200), PLAN_RETIRING);
	assert_int_equal(plan_state(&world.keys, 1, 200), PLAN_ACTIVE);
}

static void a_revoked_successor_takes_nothing_over(void **state)
{
	struct world world;

	(void)state;
	two_keys(&world);
	world.rows[1].revoked_at = 290;
	assert_int_equal(plan_state(&world.keys, 0, 350), PLAN_ACTIVE);
}

static void the_active_and_the_next_key_are_found(void **state)
{
	struct world world;

	(void)state;
	world_init(&world);
	assert_int_equal(plan_active(&world.keys, 100), -1);
	assert_int_equal(plan_successor(&world.keys, 100), -1);
	two_keys(&world);
	assert_int_equal(plan_active(&world.keys, 199), -1);
	assert_int_equal(plan_successor(&world.keys, 199), 0);
	assert_int_equal(plan_active(&world.keys, 200), 0);
	assert_int_equal(plan_successor(&world.keys, 200), 1);
	assert_int_equal(plan_active(&world.keys, 300), 1);
	assert_int_equal(plan_successor(&world.keys, 300), -1);
}

static void a_standby_without_a_moment_comes_after_those_with_one(void **state)
{
	struct world world;

	(void)state;
	two_keys(&world);
	world.keys.count = 4;
	world.rows[2] = (struct store_key){ .generation = 3, .publish_at = 150 };
	world.rows[3] =
		(struct store_key){ .generation = 4, .publish_at = 150, .activate_at = 290 };
	assert_int_equal(plan_successor(&world.keys, 200), 3);
	world.rows[1].activate_at = world.rows[3].activate_at = TIME_UNSET;
	assert_int_equal(plan_successor(&world.keys, 200), 1);
}

static void the_next_change_is_never_missed(void **state)
{
	static const struct {
		unix_time now, key0, key1, all;
	} cases[] = {
		{ 1, 100, 150, 100 },
		{ 99, 100, 150, 100 },
		{ 100, 200, 150, 150 },
		{ 150, 200, 300, 200 },
		{ 199, 200, 300, 200 },
		{ 200, 300, 300, 300 },
		{ 299, 300, 300, 300 },
		{ 300, 400, PLAN_NEVER, 400 },
		{ 399, 400, PLAN_NEVER, 400 },
		{ 400, PLAN_NEVER, PLAN_NEVER, PLAN_NEVER },
	};
	struct world world;

	(void)state;
	two_keys(&world);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(plan_key_change(&world.keys, 0, cases[i].now) == cases[i].key0);
		assert_true(plan_key_change(&world.keys, 1, cases[i].now) == cases[i].key1);
		assert_true(plan_next_change(&world.keys, cases[i].now) == cases[i].all);
	}
	world_init(&world);
	assert_true(plan_next_change(&world.keys, 1) == PLAN_NEVER);
}

static void the_lead_is_the_slower_of_cache_and_publication(void **state)
{
	struct plan_policy policy = world_policy();

	(void)state;
	policy.max_age_s = 300;
	policy.publication_lag_s = 100;
	policy.clock_skew_s = 60;
	policy.verifier_cache_s = 459;
	assert_int_equal(plan_lead(&policy), 460);
	policy.verifier_cache_s = 460;
	assert_int_equal(plan_lead(&policy), 460);
	policy.verifier_cache_s = 461;
	assert_int_equal(plan_lead(&policy), 461);
}

/* ---- plans ---- */

static void the_first_start_makes_a_signer_and_a_standby(void **state)
{
	const struct plan_policy policy = world_policy();
	struct world world;

	(void)state;
	world_init(&world);
	assert_int_equal(world_step(&world, &policy, WORLD_NOW, PLAN_TICK), 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(world.rows[i].generation, i + 1);
		assert_string_equal(world.rows[i].alg, "RS256");
		assert_int_equal(world.rows[i].created_at, WORLD_NOW);
		assert_int_equal(world.rows[i].publish_at, WORLD_NOW);
		assert_int_equal(world.rows[i].ttl_ratchet_s, DAY);
		assert_int_equal(world.rows[i].revoked_at, TIME_UNSET);
	}
	assert_int_equal(world.rows[0].activate_at, WORLD_NOW);
	assert_int_equal(world.rows[1].activate_at, WORLD_NOW + 30 * DAY);
	assert_int_equal(world.rows[0].remove_at, WORLD_NOW + 30 * DAY + 60 + DAY + 300);
	assert_int_equal(world.rows[1].remove_at, TIME_UNSET);
	assert_int_equal(plan_active(&world.keys, WORLD_NOW), 0);
}

static void a_first_rotation_ask_is_a_first_start(void **state)
{
	const struct plan_policy policy = world_policy();
	struct world world;

	(void)state;
	world_init(&world);
	assert_int_equal(world_step(&world, &policy, WORLD_NOW, PLAN_ROTATE), 2);
	assert_int_equal(plan_active(&world.keys, WORLD_NOW), 0);
	assert_int_equal(world.rows[1].activate_at, WORLD_NOW + plan_lead(&policy));
}

static void between_moments_there_is_nothing_to_do(void **state)
{
	const struct plan_policy policy = world_policy();
	struct world world;

	(void)state;
	world_init(&world);
	(void)world_step(&world, &policy, WORLD_NOW, PLAN_TICK);
	assert_int_equal(world_step(&world, &policy, WORLD_NOW, PLAN_TICK), 0);
	assert_int_equal(world_step(&world, &policy, WORLD_NOW + 1, PLAN_TICK), 0);
	assert_int_equal(world_step(&world, &policy, WORLD_NOW + 30 * DAY - 1, PLAN_TICK), 0);
}

static void at_the_switch_a_standby_is_made(void **state)
{
	const struct plan_policy policy = world_policy();
	const unix_time at = WORLD_NOW + 30 * DAY;
	struct world world;

	(void)state;
	world_init(&world);
	(void)world_step(&world, &policy, WORLD_NOW, PLAN_TICK);
	/* The switch itself needs no write. */
	assert_int_equal(plan_active(&world.keys, at), 1);
	assert_int_equal(world_step(&world, &policy, at, PLAN_TICK), 2);
	assert_non_null(world.rows[0].sealed);
	assert_non_null(world.rows[1].sealed);
	assert_int_equal(world.rows[2].publish_at, at);
	assert_int_equal(world.rows[2].activate_at, at + 30 * DAY);
	assert_int_equal(world.rows[1].remove_at, at + 30 * DAY + 60 + DAY + 300);
	assert_int_equal(world_step(&world, &policy, at, PLAN_TICK), 0);
}

/* Until then a revocation falls back on it, and it may have been a wrong look at the clock. */
static void the_old_half_is_erased_once_verifiers_have_the_next_key(void **state)
{
	static const int64_t skews[] = { 0, 1, 60, HOUR };
	const unix_time at = WORLD_NOW + 30 * DAY;

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(skews); i++) {
		struct plan_policy policy = world_policy();
		struct world world;
		int64_t lead;

		policy.clock_skew_s = skews[i / 2];
		policy.verifier_cache_s = i % 2 == 0 ? 0 : DAY;
		lead = plan_lead(&policy);
		world_init(&world);
		(void)world_step(&world, &policy, WORLD_NOW, PLAN_TICK);
		(void)world_step(&world, &policy, at - 1, PLAN_TICK);
		assert_non_null(world.rows[0].sealed);
		assert_int_equal(world_step(&world, &policy, at, PLAN_TICK), 2);
		assert_int_equal(world_step(&world, &policy, at + lead - 1, PLAN_TICK), 0);
		assert_non_null(world.rows[0].sealed);
		assert_int_equal(world_step(&world, &policy, at + lead, PLAN_TICK), 1);
		assert_null(world.rows[0].sealed);
		assert_int_equal(world.rows[0].sealed_len, 0);
		assert_non_null(world.rows[1].sealed);
		assert_int_equal(plan_state(&world.keys, 0, at + lead), PLAN_RETIRING);
		assert_int_equal(world_step(&world, &policy, at + lead, PLAN_TICK), 0);
	}
}

/* With another standby at hand only the skew counts. */
static void with_a_ripe_standby_the_old_half_is_erased_after_the_skew(void **state)
{
	const struct plan_policy policy = world_policy();
	const unix_time at = WORLD_NOW + 30 * DAY;
	struct world world;

	(void)state;
	world_init(&world);
	(void)world_step(&world, &policy, WORLD_NOW, PLAN_TICK);
	world.rows[2] = world.rows[1];
	world.rows[2].generation = 3;
	world.rows[2].activate_at = TIME_UNSET;
	world.keys.count = 3;
	(void)world_step(&world, &policy, at, PLAN_TICK);
	(void)world_step(&world, &policy, at + 59, PLAN_TICK);
	assert_non_null(world.rows[0].sealed);
	(void)world_step(&world, &policy, at + 60, PLAN_TICK);
	assert_null(world.rows[0].sealed);
}

/* It must not leave before that either, however short its tokens were. */
static void the_old_key_stays_published_until_verifiers_have_the_next(void **state)
{
	const unix_time at = WORLD_NOW + 30 * DAY;
	struct plan_policy policy = world_policy();
	struct world world;

	(void)state;
	policy.max_lifetime_s = 10 * MINUTE;
	world_init(&world);
	(void)world_step(&world, &policy, WORLD_NOW, PLAN_TICK);
	(void)world_step(&world, &policy, at, PLAN_TICK);
	assert_int_equal(world.rows[0].remove_at, at + DAY);
	assert_int_equal(world_step(&world, &policy, at + DAY, PLAN_TICK), 1);
	assert_int_equal(plan_state(&world.keys, 0, at + DAY), PLAN_REMOVED);
	assert_null(world.rows[0].sealed);
}

/* Once, and with the clock right again nothing is lost and nothing promised is taken back. */
static void one_wrong_look_at_the_clock_costs_no_key(void **state)
{
	static const enum plan_verb asks[] = { PLAN_TICK, PLAN_ROTATE };
	const struct plan_policy policy = world_policy();
	const unix_time at = WORLD_NOW + 30 * DAY;

	(void)state;
	for (size_t i = 0; i < COUNT(asks); i++) {
		struct world world;

		world_init(&world);
		(void)world_step(&world, &policy, WORLD_NOW, PLAN_TICK);
		(void)world_step(&world, &policy, at + 59, asks[i]); /* the wrong one */
		for (unix_time now = at - 1; now < at + 60; now += 10) {
			(void)world_step(&world, &policy, now, PLAN_TICK);
			assert_true(plan_active(&world.keys, now) >= 0);
			assert_non_null(world.rows[plan_active(&world.keys, now)].sealed);
		}
		assert_int_equal(plan_active(&world.keys, at - 1), 0);
		assert_non_null(world.rows[0].sealed);
		assert_int_equal(plan_state(&world.keys, 0, world.rows[0].remove_at - 1),
			PLAN_RETIRING);
		assert_true(world.rows[0].remove_at >= at + 60 + DAY + 300);
		(void)world_step(&world, &policy, at + 59 + DAY, PLAN_TICK);
		assert_null(world.rows[0].sealed);
	}
}

static void a_key_that_was_never_erased_in_time_is_erased_late(void **state)
{
	const struct plan_policy policy = world_policy();
	struct world world;
	unix_time gone;

	(void)state;
	world_init(&world);
	(void)world_step(&world, &policy, WORLD_NOW, PLAN_TICK);
	gone = world.rows[0].remove_at;
	(void)world_step(&world, &policy, gone + DAY, PLAN_TICK); /* nobody ticked till then */
	assert_int_equal(plan_state(&world.keys, 0, gone + DAY), PLAN_REMOVED);
	assert_null(world.rows[0].sealed);
	assert_int_equal(world.rows[0].remove_at, gone);
}

static void a_revoked_key_is_erased_at_once(void **state)
{
	const struct plan_policy policy = world_policy();
	struct world world;

	(void)state;
	world_init(&world);
	(void)world_step(&world, &policy, WORLD_NOW, PLAN_TICK);
	world.rows[1].revoked_at = WORLD_NOW + 1;
	(void)world_step(&world, &policy, WORLD_NOW + 1, PLAN_TICK);
	assert_null(world.rows[1].sealed);
	assert_non_null(world.rows[0].sealed);
	assert_int_equal(plan_successor(&world.keys, WORLD_NOW + 1), 2);
}

/* A standby that is revoked after the switch, within the skew: the old key signs again. */
static void the_old_key_signs_again_if_its_successor_is_revoked_at_once(void **state)
{
	const struct plan_policy policy = world_policy();
	const unix_time at = WORLD_NOW + 30 * DAY;
	struct world world;
	unix_time switch_at;

	(void)state;
	world_init(&world);
	(void)world_step(&world, &policy, WORLD_NOW, PLAN_TICK);
	(void)world_step(&world, &policy, at, PLAN_TICK);
	world.rows[1].revoked_at = at + 30;
	assert_int_equal(plan_active(&world.keys, at + 30), 0);
	(void)world_step(&world, &policy, at + 30, PLAN_TICK);
	assert_non_null(world.rows[0].sealed);
	assert_null(world.rows[1].sealed);
	switch_at = world.rows[2].activate_at;
	assert_true(switch_at >= world.rows[2].publish_at + plan_lead(&policy));
	assert_int_equal(world.rows[0].remove_at, switch_at + 60 + DAY + 300);
	assert_int_equal(world_step(&world, &policy, at + 30, PLAN_TICK), 0);
}

/* What verifiers were promised about a key that retires can grow and never shrinks. */
static void a_retiring_key_stays_for_slower_clocks_and_more_leeway(void **state)
{
	const unix_time at = WORLD_NOW + 30 * DAY;
	const unix_time promised = at + 60 + DAY + 300;
	struct plan_policy policy = world_policy();
	struct world world;

	(void)state;
	world_init(&world);
	(void)world_step(&world, &policy, WORLD_NOW, PLAN_TICK);
	(void)world_step(&world, &policy, at, PLAN_TICK);
	assert_int_equal(world.rows[0].remove_at, promised);
	policy.verifier_leeway_s = 600;
	(void)world_step(&world, &policy, at + 1, PLAN_TICK);
	assert_int_equal(world.rows[0].remove_at, promised + 300);
	policy.clock_skew_s = 100;
	(void)world_step(&world, &policy, at + 2, PLAN_TICK);
	assert_int_equal(world.rows[0].remove_at, promised + 340);
	assert_int_equal(world_step(&world, &policy, at + 2, PLAN_TICK), 0);
}

static void what_was_promised_of_a_retiring_key_is_kept(void **state)
{
	const unix_time at = WORLD_NOW + 30 * DAY;
	const unix_time promised = at + 60 + DAY + 300;
	struct plan_policy policy = world_policy();
	struct world world;

	(void)state;
	world_init(&world);
	(void)world_step(&world, &policy, WORLD_NOW, PLAN_TICK);
	(void)world_step(&world, &policy, at, PLAN_TICK);
	policy.verifier_leeway_s = policy.clock_skew_s = 0;
	(void)world_step(&world, &policy, at + 1, PLAN_TICK);
	assert_int_equal(world.rows[0].remove_at, promised);
	(void)world_step(&world, &policy, at + 1, PLAN_ROTATE);
	assert_int_equal(world.rows[0].remove_at, promised);
	assert_int_equal(world.rows[0].ttl_ratchet_s, DAY);
	/* Until its last second; afterwards it does not come back. */
	policy = world_policy();
	(void)world_step(&world, &policy, promised - 1, PLAN_TICK);
	policy.verifier_leeway_s = 600;
	(void)world_step(&world, &policy, promised, PLAN_TICK);
	assert_int_equal(world.rows[0].remove_at, promised);
	assert_int_equal(plan_state(&world.keys, 0, promised), PLAN_REMOVED);
}

/* Of several that retire each has its own successor. */
static void all_retiring_keys_are_extended(void **state)
{
	struct plan_policy policy = world_policy();
	struct world world;
	unix_time now = WORLD_NOW + 2 * HOUR;

	(void)state;
	policy.verifier_cache_s = HOUR;
	policy.rotation_period_s = 2 * HOUR;
	world_init(&world);
	(void)world_step(&world, &policy, WORLD_NOW, PLAN_TICK);
	for (int i = 0; i < 3; i++, now += 2 * HOUR)
		(void)world_step(&world, &policy, now, PLAN_TICK);
	policy.verifier_leeway_s += 1000;
	(void)world_step(&world, &policy, now - HOUR, PLAN_TICK);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(plan_state(&world.keys, i, now - HOUR), PLAN_RETIRING);
		assert_int_equal(world.rows[i].remove_at,
			world.rows[i + 1].activate_at + 60 + DAY + 1300);
	}
}

/* A key that has not handed over yet promises what is in force when it does. */
static void less_leeway_counts_for_a_key_that_still_signs(void **state)
{
	struct plan_policy policy = world_policy();
	struct world world;

	(void)state;
	world_init(&world);
	(void)world_step(&world, &policy, WORLD_NOW, PLAN_TICK);
	policy.verifier_leeway_s = 0;
	assert_int_equal(world_step(&world, &policy, WORLD_NOW + 1, PLAN_TICK), 1);
	assert_int_equal(world.rows[0].remove_at, WORLD_NOW + 30 * DAY + 60 + DAY);
}

static void a_late_tick_still_gives_the_full_lead(void **state)
{
	const struct plan_policy policy = world_policy();
	const unix_time late = WORLD_NOW + 30 * DAY + 29 * DAY + 1;
	struct world world;

	(void)state;
	world_init(&world);
	(void)world_step(&world, &policy, WORLD_NOW, PLAN_TICK);
	assert_int_equal(world_step(&world, &policy, late, PLAN_TICK), 3);
	assert_null(world.rows[0].sealed);
	assert_int_equal(world.rows[2].publish_at, late);
	assert_int_equal(world.rows[2].activate_at, late + DAY);
	assert_int_equal(world.rows[1].remove_at, late + DAY + 60 + DAY + 300);
	/* What was decided for the retiring key stays. */
	assert_int_equal(world.rows[0].remove_at, WORLD_NOW + 30 * DAY + 60 + DAY + 300);
}

static void a_rotation_asked_early_waits_for_the_lead(void **state)
{
	const struct plan_policy policy = world_policy();
	struct world world;

	(void)state;
	world_init(&world);
	(void)world_step(&world, &policy, WORLD_NOW, PLAN_TICK);
	assert_int_equal(world_step(&world, &policy, WORLD_NOW + DAY - 1, PLAN_ROTATE), 2);
	assert_int_equal(world.keys.count, 2);
	assert_int_equal(world.rows[1].activate_at, WORLD_NOW + DAY);
	assert_int_equal(world.rows[0].remove_at, WORLD_NOW + DAY + 60 + DAY + 300);
	assert_int_equal(plan_active(&world.keys, WORLD_NOW + DAY - 1), 0);
	/* Asking again changes nothing, and a tick does not take it back. */
	assert_int_equal(world_step(&world, &policy, WORLD_NOW + DAY - 1, PLAN_ROTATE), 0);
	assert_int_equal(world_step(&world, &policy, WORLD_NOW + DAY - 1, PLAN_TICK), 0);
	assert_int_equal(plan_active(&world.keys, WORLD_NOW + DAY), 1);
}

static void a_rotation_asked_when_the_lead_is_over_is_done_at_once(void **state)
{
	static const unix_time asked[] = { WORLD_NOW + DAY, WORLD_NOW + 3 * DAY };
	const struct plan_policy policy = world_policy();

	(void)state;
	for (size_t i = 0; i < COUNT(asked); i++) {
		struct world world;

		world_init(&world);
		(void)world_step(&world, &policy, WORLD_NOW, PLAN_TICK);
		assert_int_equal(world_step(&world, &policy, asked[i], PLAN_ROTATE), 3);
		assert_int_equal(plan_active(&world.keys, asked[i]), 1);
		assert_int_equal(world.rows[1].activate_at, asked[i]);
		assert_int_equal(world.rows[0].remove_at, asked[i] + 60 + DAY + 300);
		assert_non_null(world.rows[0].sealed);
		assert_int_equal(plan_successor(&world.keys, asked[i]), 2);
		assert_int_equal(world.rows[2].publish_at, asked[i]);
		assert_int_equal(world.rows[2].activate_at, asked[i] + 30 * DAY);
		assert_int_equal(world_step(&world, &policy, asked[i], PLAN_TICK), 0);
		assert_int_equal(world_step(&world, &policy, asked[i] + DAY - 1, PLAN_TICK), 0);
		assert_int_equal(world_step(&world, &policy, asked[i] + DAY, PLAN_TICK), 1);
		assert_null(world.rows[0].sealed);
	}
}

static void a_longer_lifetime_keeps_keys_published_longer(void **state)
{
	struct plan_policy policy = world_policy();
	struct world world;

	(void)state;
	world_init(&world);
	(void)world_step(&world, &policy, WORLD_NOW, PLAN_TICK);
	policy.max_lifetime_s = 3 * DAY;
	assert_int_equal(world_step(&world, &policy, WORLD_NOW + 1, PLAN_TICK), 2);
	assert_int_equal(world.rows[0].ttl_ratchet_s, 3 * DAY);
	assert_int_equal(world.rows[1].ttl_ratchet_s, 3 * DAY);
	assert_int_equal(world.rows[0].remove_at, WORLD_NOW + 30 * DAY + 60 + 3 * DAY + 300);
}

static void a_shorter_lifetime_forgets_no_token_already_out(void **state)
{
	struct plan_policy policy = world_policy();
	struct world world;

	(void)state;
	world_init(&world);
	(void)world_step(&world, &policy, WORLD_NOW, PLAN_TICK);
	policy.max_lifetime_s = HOUR;
	assert_int_equal(world_step(&world, &policy, WORLD_NOW + 1, PLAN_TICK), 0);
	assert_int_equal(world.rows[0].ttl_ratchet_s, DAY);
	/* A key made later has signed none of the longer ones. */
	(void)world_step(&world, &policy, WORLD_NOW + 30 * DAY, PLAN_TICK);
	assert_int_equal(world.rows[2].ttl_ratchet_s, HOUR);
}

static void the_ratchet_of_a_retired_key_is_left_alone(void **state)
{
	struct plan_policy policy = world_policy();
	struct world world;

	(void)state;
	world_init(&world);
	(void)world_step(&world, &policy, WORLD_NOW, PLAN_TICK);
	(void)world_step(&world, &policy, WORLD_NOW + 30 * DAY, PLAN_TICK);
	policy.max_lifetime_s = 3 * DAY;
	assert_int_equal(world_step(&world, &policy, WORLD_NOW + 30 * DAY, PLAN_TICK), 2);
	assert_int_equal(world.rows[0].ttl_ratchet_s, DAY);
	assert_int_equal(world.rows[0].remove_at, WORLD_NOW + 30 * DAY + 60 + DAY + 300);
}

static void a_slower_verifier_pushes_a_standby_back(void **state)
{
	struct plan_policy policy = world_policy();
	struct world world;

	(void)state;
	world_init(&world);
	(void)world_step(&world, &policy, WORLD_NOW, PLAN_TICK);
	(void)world_step(&world, &policy, WORLD_NOW, PLAN_ROTATE);
	assert_int_equal(world.rows[1].activate_at, WORLD_NOW + DAY);
	policy.verifier_cache_s = 2 * DAY;
	assert_int_equal(world_step(&world, &policy, WORLD_NOW + DAY - 1, PLAN_TICK), 2);
	assert_int_equal(world.rows[1].activate_at, WORLD_NOW + 2 * DAY);
	assert_int_equal(world.rows[0].remove_at, WORLD_NOW + 2 * DAY + 60 + DAY + 300);
}

static void a_slower_verifier_does_not_unseat_a_key_that_signs(void **state)
{
	struct plan_policy policy = world_policy();
	struct world world;

	(void)state;
	world_init(&world);
	(void)world_step(&world, &policy, WORLD_NOW, PLAN_TICK);
	(void)world_step(&world, &policy, WORLD_NOW, PLAN_ROTATE);
	policy.verifier_cache_s = 2 * DAY;
	(void)world_step(&world, &policy, WORLD_NOW + DAY, PLAN_TICK);
	assert_int_equal(plan_active(&world.keys, WORLD_NOW + DAY), 1);
	assert_int_equal(world.rows[1].activate_at, WORLD_NOW + DAY);
}

static void a_faster_verifier_strands_nobody(void **state)
{
	struct plan_policy policy = world_policy();
	struct world world;

	(void)state;
	policy.verifier_cache_s = 10 * DAY;
	world_init(&world);
	(void)world_step(&world, &policy, WORLD_NOW, PLAN_TICK);
	policy.verifier_cache_s = HOUR;
	assert_int_equal(world_step(&world, &policy, WORLD_NOW + 1, PLAN_TICK), 0);
	assert_int_equal(world.rows[1].activate_at, WORLD_NOW + 30 * DAY);
}

static void a_shorter_period_takes_effect_on_the_key_in_force(void **state)
{
	struct plan_policy policy = world_policy();
	struct world world;

	(void)state;
	world_init(&world);
	(void)world_step(&world, &policy, WORLD_NOW, PLAN_TICK);
	policy.rotation_period_s = 7 * DAY;
	assert_int_equal(world_step(&world, &policy, WORLD_NOW + DAY, PLAN_TICK), 2);
	assert_int_equal(world.rows[1].activate_at, WORLD_NOW + 7 * DAY);
	policy.rotation_period_s = 30 * DAY;
	assert_int_equal(world_step(&world, &policy, WORLD_NOW + DAY, PLAN_TICK), 0);
}

static void another_algorithm_is_for_keys_to_come(void **state)
{
	struct plan_policy policy = world_policy();
	struct world world;

	(void)state;
	world_init(&world);
	(void)world_step(&world, &policy, WORLD_NOW, PLAN_TICK);
	policy.alg = "ES256";
	assert_int_equal(world_step(&world, &policy, WORLD_NOW, PLAN_TICK), 0);
	(void)world_step(&world, &policy, WORLD_NOW + 30 * DAY, PLAN_TICK);
	assert_string_equal(world.rows[1].alg, "RS256");
	assert_string_equal(world.rows[2].alg, "ES256");
}

/* ---- after a clock that was wrong, and was accepted ---- */

/* Keys are published when they are made, so it was made ahead of now. */
static void a_staged_key_is_published(void **state)
{
	const struct plan_policy policy = world_policy();
	struct world world;

	(void)state;
	world_init(&world);
	(void)world_step(&world, &policy, WORLD_NOW, PLAN_TICK);
	world.rows[1].publish_at = WORLD_NOW + 40 * DAY;
	world.rows[1].activate_at = WORLD_NOW + 70 * DAY;
	assert_int_equal(plan_state(&world.keys, 1, WORLD_NOW + HOUR), PLAN_STAGED);
	(void)world_step(&world, &policy, WORLD_NOW + HOUR, PLAN_TICK);
	assert_int_equal(world.rows[1].publish_at, WORLD_NOW + HOUR);
	assert_int_equal(world.rows[1].activate_at, WORLD_NOW + 30 * DAY);
	assert_int_equal(world.keys.count, 2);
}

static void accept_clock(struct world *world, unix_time now)
{
	world->keys.memory.clock_at = world->keys.memory.uptime_s = now;
}

/* Lived 40 days ahead: key 1 has handed over and is erased. Back again, it is active by its
 * times and can sign nothing; verifiers have the next one. */
static void where_nobody_can_sign_the_standby_that_verifiers_have_does(void **state)
{
	const struct plan_policy policy = world_policy();
	const unix_time back = WORLD_NOW + 2 * DAY;
	struct world world;

	(void)state;
	world_init(&world);
	(void)world_step(&world, &policy, WORLD_NOW, PLAN_TICK);
	(void)world_step(&world, &policy, WORLD_NOW + 40 * DAY, PLAN_TICK);
	(void)world_step(&world, &policy, WORLD_NOW + 42 * DAY, PLAN_TICK);
	assert_null(world.rows[0].sealed);
	accept_clock(&world, back);
	assert_int_equal(plan_active(&world.keys, back), 0);
	assert_int_equal(plan_signer(&world.keys, back), -1);
	(void)world_step(&world, &policy, back, PLAN_TICK);
	assert_int_equal(plan_signer(&world.keys, back), 1);
	assert_int_equal(plan_state(&world.keys, 0, back), PLAN_RETIRING);
	assert_int_equal(plan_state(&world.keys, 2, back), PLAN_STANDBY);
	assert_int_equal(world_step(&world, &policy, back, PLAN_TICK), 0);
}

/* Nobody has another key yet: it signs as soon as they have it, and at once if that is meant.
 */
static void where_nobody_has_a_key_that_can_sign_one_is_made(void **state)
{
	const struct plan_policy policy = world_policy();
	const unix_time late = WORLD_NOW + HOUR;
	struct world world;

	(void)state;
	world_init(&world);
	(void)world_step(&world, &policy, WORLD_NOW, PLAN_TICK);
	world.rows[0].revoked_at = world.rows[1].revoked_at = late;
	(void)world_step(&world, &policy, late, PLAN_TICK);
	assert_int_equal(world.keys.count, 3);
	assert_int_equal(plan_signer(&world.keys, late), -1);
	assert_int_equal(world.rows[2].activate_at, late + DAY);
	assert_int_equal(world_step(&world, &policy, late + HOUR, PLAN_TICK), 0);
	assert_int_equal(world_ask(&world, &policy, late + HOUR,
				 &(struct plan_ask){ .verb = PLAN_ROTATE,
					 .is_now = true,
					 .accepts_outage = true }),
		2);
	assert_int_equal(plan_signer(&world.keys, late + HOUR), 2);
	assert_int_equal(plan_successor(&world.keys, late + HOUR), 3);
}

UNIT_MAIN(cmocka_unit_test(every_state_begins_at_its_second),
	cmocka_unit_test(a_revoked_key_is_revoked_at_every_moment),
	cmocka_unit_test(a_key_without_a_moment_waits_in_standby),
	cmocka_unit_test(a_key_without_a_publication_is_staged),
	cmocka_unit_test(who_takes_over_is_the_next_that_may_sign),
	cmocka_unit_test(a_key_without_an_end_retires_for_good),
	cmocka_unit_test(of_two_that_begin_together_the_newer_signs),
	cmocka_unit_test(a_revoked_successor_takes_nothing_over),
	cmocka_unit_test(the_active_and_the_next_key_are_found),
	cmocka_unit_test(a_standby_without_a_moment_comes_after_those_with_one),
	cmocka_unit_test(the_next_change_is_never_missed),
	cmocka_unit_test(the_lead_is_the_slower_of_cache_and_publication),
	cmocka_unit_test(the_first_start_makes_a_signer_and_a_standby),
	cmocka_unit_test(a_first_rotation_ask_is_a_first_start),
	cmocka_unit_test(between_moments_there_is_nothing_to_do),
	cmocka_unit_test(at_the_switch_a_standby_is_made),
	cmocka_unit_test(the_old_half_is_erased_once_verifiers_have_the_next_key),
	cmocka_unit_test(with_a_ripe_standby_the_old_half_is_erased_after_the_skew),
	cmocka_unit_test(the_old_key_stays_published_until_verifiers_have_the_next),
	cmocka_unit_test(one_wrong_look_at_the_clock_costs_no_key),
	cmocka_unit_test(a_key_that_was_never_erased_in_time_is_erased_late),
	cmocka_unit_test(a_revoked_key_is_erased_at_once),
	cmocka_unit_test(the_old_key_signs_again_if_its_successor_is_revoked_at_once),
	cmocka_unit_test(a_retiring_key_stays_for_slower_clocks_and_more_leeway),
	cmocka_unit_test(what_was_promised_of_a_retiring_key_is_kept),
	cmocka_unit_test(all_retiring_keys_are_extended),
	cmocka_unit_test(less_leeway_counts_for_a_key_that_still_signs),
	cmocka_unit_test(a_late_tick_still_gives_the_full_lead),
	cmocka_unit_test(a_rotation_asked_early_waits_for_the_lead),
	cmocka_unit_test(a_rotation_asked_when_the_lead_is_over_is_done_at_once),
	cmocka_unit_test(a_longer_lifetime_keeps_keys_published_longer),
	cmocka_unit_test(a_shorter_lifetime_forgets_no_token_already_out),
	cmocka_unit_test(the_ratchet_of_a_retired_key_is_left_alone),
	cmocka_unit_test(a_slower_verifier_pushes_a_standby_back),
	cmocka_unit_test(a_slower_verifier_does_not_unseat_a_key_that_signs),
	cmocka_unit_test(a_faster_verifier_strands_nobody),
	cmocka_unit_test(a_shorter_period_takes_effect_on_the_key_in_force),
	cmocka_unit_test(another_algorithm_is_for_keys_to_come),
	cmocka_unit_test(a_staged_key_is_published),
	cmocka_unit_test(where_nobody_can_sign_the_standby_that_verifiers_have_does),
	cmocka_unit_test(where_nobody_has_a_key_that_can_sign_one_is_made));

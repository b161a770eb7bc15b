/* test_plan_ask.c - keys/plan.c by example: what is asked for (rotations, revocations,
 * imports), what is remembered (the clock, leads of the past, a backup), and what is refused.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "t/unit/plan_world.h"

#define LEAD   DAY
#define SWITCH (WORLD_NOW + 30 * DAY)

static const struct plan_policy *policy(void)
{
	static struct plan_policy defaults;

	defaults = world_policy();
	return &defaults;
}

/* A store from its first start on. */
static void start(struct world *world)
{
	world_init(world);
	(void)world_step(world, policy(), WORLD_NOW, PLAN_TICK);
}

static int try_ask(const struct world *world, const struct plan_policy *p,
	struct clock_reading clock, const struct plan_ask *ask, struct err *err)
{
	struct store_keys change = { .count = 77 };
	const int rc = plan_next(&world->keys, p, clock, ask, &change, err);

	if (rc < 0)
		assert_int_equal(change.count, 77);
	else
		plan_free(&change);
	return rc;
}

static struct plan_ask revocation(int64_t generation)
{
	return (struct plan_ask){
		.verb = PLAN_REVOKE, .generation = generation, .reason = "stolen"
	};
}

static void revoke_at(struct world *world, int64_t generation, unix_time now)
{
	const struct plan_ask ask = revocation(generation);

	(void)world_ask(world, policy(), now, &ask);
}

static int64_t signer(const struct world *world, unix_time now)
{
	const ptrdiff_t active = plan_active(&world->keys, now);

	assert_true(active >= 0);
	assert_non_null(world->rows[active].sealed);
	return world->rows[active].generation;
}

static const struct store_key *row(const struct world *world, int64_t generation)
{
	size_t i = 0;

	while (i < world->keys.count && world->rows[i].generation != generation)
		i++;
	assert_true(i < world->keys.count);
	return &world->rows[i];
}

/* ---- revocation ---- */

static void a_ripe_standby_signs_at_once(void **state)
{
	struct world world;

	(void)state;
	start(&world);
	revoke_at(&world, 1, WORLD_NOW + LEAD);
	assert_int_equal(signer(&world, WORLD_NOW + LEAD), 2);
	assert_int_equal(row(&world, 1)->revoked_at, WORLD_NOW + LEAD);
	assert_string_equal(row(&world, 1)->reason, "stolen");
	assert_null(row(&world, 1)->sealed);
	assert_int_equal(row(&world, 3)->publish_at, WORLD_NOW + LEAD);
	assert_int_equal(row(&world, 3)->activate_at, WORLD_NOW + LEAD + 30 * DAY);
}

/* Both keys of a first start were published together: who has one has the other. */
static void right_after_the_first_start_the_standby_is_as_well_known(void **state)
{
	struct world world;

	(void)state;
	start(&world);
	revoke_at(&world, 1, WORLD_NOW + 1);
	assert_int_equal(signer(&world, WORLD_NOW + 1), 2);
}

static void until_the_standby_is_ripe_the_key_before_signs_again(void **state)
{
	const unix_time at = SWITCH + HOUR;
	struct world world;

	(void)state;
	start(&world);
	(void)world_step(&world, policy(), SWITCH, PLAN_TICK);
	assert_int_equal(signer(&world, at), 2);
	revoke_at(&world, 2, at);
	assert_int_equal(signer(&world, at), 1);
	assert_int_equal(signer(&world, SWITCH + LEAD - 1), 1);
	/* The standby takes over as soon as it may. */
	assert_int_equal(signer(&world, SWITCH + LEAD), 3);
	assert_int_equal(row(&world, 1)->remove_at, SWITCH + LEAD + 60 + DAY + 300);
	assert_int_equal(plan_state(&world.keys, 0, SWITCH + LEAD), PLAN_RETIRING);
}

static void with_nothing_left_that_verifiers_have_it_is_refused(void **state)
{
	const unix_time at = SWITCH + HOUR;
	struct plan_ask ask = revocation(1);
	struct world world;
	struct err err;

	(void)state;
	start(&world);
	(void)world_step(&world, policy(), SWITCH, PLAN_TICK);
	revoke_at(&world, 2, at); /* now 1 signs again */
	assert_fails(ERR_EARLY, try_ask(&world, policy(), world_clock(at + 60), &ask, &err));
	assert_mentions(err.text, "kid-3");
	assert_mentions(err.text, "--accept-verifier-outage");
	assert_mentions(err.text, "in 22h59m");
	ask.accepts_outage = true;
	(void)world_ask(&world, policy(), at + 60, &ask);
	assert_int_equal(signer(&world, at + 60), 3);
	assert_int_equal(row(&world, 4)->publish_at, at + 60);
}

static void a_standby_that_is_revoked_is_replaced_and_nobody_else_signs(void **state)
{
	struct world world;

	(void)state;
	start(&world);
	revoke_at(&world, 2, SWITCH - HOUR);
	assert_int_equal(signer(&world, SWITCH - HOUR), 1);
	assert_int_equal(row(&world, 3)->publish_at, SWITCH - HOUR);
	assert_int_equal(row(&world, 3)->activate_at, SWITCH - HOUR + LEAD);
	assert_int_equal(signer(&world, SWITCH), 1);
	assert_int_equal(row(&world, 1)->remove_at, SWITCH - HOUR + LEAD + 60 + DAY + 300);
}

static void a_retiring_key_that_is_revoked_leaves_at_once(void **state)
{
	struct world world;

	(void)state;
	start(&world);
	(void)world_step(&world, policy(), SWITCH, PLAN_TICK);
	revoke_at(&world, 1, SWITCH + 1);
	assert_int_equal(plan_state(&world.keys, 0, SWITCH + 1), PLAN_REVOKED);
	assert_int_equal(signer(&world, SWITCH + 1), 2);
	assert_null(row(&world, 1)->sealed);
}

static void a_key_that_left_may_still_be_revoked(void **state)
{
	const unix_time at = SWITCH + 5 * DAY;
	struct world world;

	(void)state;
	start(&world);
	(void)world_step(&world, policy(), SWITCH, PLAN_TICK);
	(void)world_step(&world, policy(), at, PLAN_TICK);
	assert_int_equal(plan_state(&world.keys, 0, at), PLAN_REMOVED);
	revoke_at(&world, 1, at);
	assert_int_equal(plan_state(&world.keys, 0, at), PLAN_REVOKED);
}

static void revoking_twice_keeps_the_first_time(void **state)
{
	struct world world;

	(void)state;
	start(&world);
	revoke_at(&world, 2, WORLD_NOW + 1);
	revoke_at(&world, 2, WORLD_NOW + 2);
	assert_int_equal(row(&world, 2)->revoked_at, WORLD_NOW + 1);
}

static void a_key_that_is_not_there_cannot_be_revoked(void **state)
{
	const struct plan_ask ask = revocation(9);
	struct world world;
	struct err err;

	(void)state;
	start(&world);
	assert_fails(ERR_NOT_FOUND,
		try_ask(&world, policy(), world_clock(WORLD_NOW), &ask, &err));
}

/* ---- a rotation that does not wait ---- */

static void an_accepted_outage_lets_the_standby_sign_now(void **state)
{
	const struct plan_ask ask = { .verb = PLAN_ROTATE, .accepts_outage = true };
	struct world world;

	(void)state;
	start(&world);
	(void)world_ask(&world, policy(), WORLD_NOW + 1, &ask);
	assert_int_equal(signer(&world, WORLD_NOW + 1), 2);
	assert_int_equal(plan_trusted_at(row(&world, 2)), WORLD_NOW + LEAD);
	assert_int_equal(row(&world, 3)->activate_at, WORLD_NOW + 1 + 30 * DAY);
	assert_int_equal(world_step(&world, policy(), WORLD_NOW + 1, PLAN_TICK), 0);
}

/* ---- imports ---- */

static struct store_key imported(const char *kid)
{
	struct store_key key = { .alg = "RS256" };

	assert_true(text_fit(key.kid, sizeof(key.kid), kid));
	return key;
}

static void a_public_key_is_published_until_it_is_not(void **state)
{
	const struct store_key key = imported("cluster");
	const struct plan_ask ask = { .verb = PLAN_IMPORT,
		.import = &key,
		.verifies_only = true,
		.until = WORLD_NOW + 5 * DAY };
	struct world world;

	(void)state;
	start(&world);
	(void)world_ask(&world, policy(), WORLD_NOW + 1, &ask);
	assert_string_equal(row(&world, 3)->kid, "cluster");
	assert_true(row(&world, 3)->is_imported);
	assert_int_equal(plan_state(&world.keys, 2, WORLD_NOW + 1), PLAN_RETIRING);
	assert_int_equal(plan_key_change(&world.keys, 2, WORLD_NOW + 1), WORLD_NOW + 5 * DAY);
	assert_int_equal(plan_state(&world.keys, 2, WORLD_NOW + 5 * DAY), PLAN_REMOVED);
	/* It is no standby, and its end does not move. */
	(void)world_step(&world, policy(), WORLD_NOW + 2 * DAY, PLAN_ROTATE);
	assert_int_equal(signer(&world, WORLD_NOW + 2 * DAY), 2);
	assert_int_equal(row(&world, 3)->remove_at, WORLD_NOW + 5 * DAY);
	assert_int_equal(row(&world, 3)->activate_at, TIME_UNSET);
}

static void a_private_key_waits_behind_the_standby(void **state)
{
	const struct store_key key = imported("cluster");
	const struct plan_ask ask = { .verb = PLAN_IMPORT, .import = &key };
	struct world world;

	(void)state;
	start(&world);
	(void)world_ask(&world, policy(), WORLD_NOW + HOUR, &ask);
	assert_int_equal(row(&world, 3)->activate_at, TIME_UNSET);
	assert_int_equal(plan_trusted_at(row(&world, 3)), WORLD_NOW + HOUR + LEAD);
	(void)world_step(&world, policy(), SWITCH, PLAN_TICK);
	assert_int_equal(signer(&world, SWITCH), 2);
	assert_int_equal(row(&world, 3)->activate_at, SWITCH + 30 * DAY);
	assert_int_equal(world.keys.count, 3); /* it is the standby: no other is made */
}

/* This is how sa.key moves in: its verifiers have had it for years. */
static void a_key_that_verifiers_have_signs_at_the_next_rotation(void **state)
{
	struct store_key key = imported("cluster");
	struct plan_ask ask = { .verb = PLAN_IMPORT, .import = &key };
	struct world world;

	(void)state;
	start(&world);
	key.publish_at = WORLD_NOW - 700 * DAY;
	ask.until = WORLD_NOW + 365 * DAY; /* tokens of a year are out there */
	(void)world_ask(&world, policy(), WORLD_NOW + 1, &ask);
	assert_int_equal(signer(&world, WORLD_NOW + 1), 1);
	(void)world_step(&world, policy(), WORLD_NOW + 2, PLAN_ROTATE);
	assert_int_equal(signer(&world, WORLD_NOW + 2), 3);
	assert_int_equal(row(&world, 2)->activate_at, WORLD_NOW + 2 + 30 * DAY);
	assert_true(row(&world, 3)->remove_at >= WORLD_NOW + 365 * DAY);
}

/* The URL was the cluster's until now: our own first key is as new to verifiers as any. */
static void a_first_key_that_an_import_overtook_is_not_known_to_verifiers(void **state)
{
	const unix_time at = WORLD_NOW + 2 * HOUR;
	struct store_key key = imported("cluster");
	const struct plan_ask ask = { .verb = PLAN_IMPORT, .import = &key };
	const struct plan_ask revoke = revocation(3);
	struct world world;
	struct err err;

	(void)state;
	start(&world);
	key.publish_at = WORLD_NOW - 700 * DAY;
	(void)world_ask(&world, policy(), WORLD_NOW, &ask);
	(void)world_step(&world, policy(), WORLD_NOW + 1, PLAN_ROTATE);
	assert_int_equal(signer(&world, at), 3);
	assert_fails(ERR_EARLY, try_ask(&world, policy(), world_clock(at), &revoke, &err));
	assert_mentions(err.text, "--accept-verifier-outage");
	assert_succeeds(try_ask(&world, policy(), world_clock(WORLD_NOW + LEAD), &revoke,
		&err));
}

static void the_same_key_is_not_imported_twice(void **state)
{
	const struct store_key key = imported("cluster");
	const struct plan_ask ask = { .verb = PLAN_IMPORT,
		.import = &key,
		.verifies_only = true,
		.until = WORLD_NOW + DAY };
	struct world world;
	struct err err;

	(void)state;
	start(&world);
	(void)world_ask(&world, policy(), WORLD_NOW, &ask);
	assert_int_equal(world_ask(&world, policy(), WORLD_NOW, &ask), 0);
	/* To verify only it stays; as a signer it would be another. */
	assert_fails(ERR_REFUSED,
		try_ask(&world, policy(), world_clock(WORLD_NOW),
			&(struct plan_ask){ .verb = PLAN_IMPORT, .import = &key }, &err));
	assert_mentions(err.text, "key cluster is here already: it is retiring");
}

/* The first --until was too short: it stays longer, or comes back; never shorter. */
static void a_key_to_verify_with_may_stay_longer(void **state)
{
	const struct store_key key = imported("cluster");
	struct plan_ask ask = { .verb = PLAN_IMPORT,
		.import = &key,
		.verifies_only = true,
		.until = WORLD_NOW + DAY };
	struct world world;
	struct err err;

	(void)state;
	start(&world);
	(void)world_ask(&world, policy(), WORLD_NOW, &ask);
	ask.until = WORLD_NOW + 3 * DAY;
	assert_int_equal(world_ask(&world, policy(), WORLD_NOW + HOUR, &ask), 1);
	assert_int_equal(row(&world, 3)->remove_at, WORLD_NOW + 3 * DAY);
	ask.until = WORLD_NOW + 2 * DAY;
	assert_int_equal(world_ask(&world, policy(), WORLD_NOW + HOUR, &ask), 0);
	assert_int_equal(plan_state(&world.keys, 2, WORLD_NOW + 4 * DAY), PLAN_REMOVED);
	ask.until = WORLD_NOW + 9 * DAY;
	assert_int_equal(world_ask(&world, policy(), WORLD_NOW + 4 * DAY, &ask), 1);
	assert_int_equal(plan_state(&world.keys, 2, WORLD_NOW + 4 * DAY), PLAN_RETIRING);
	revoke_at(&world, 3, WORLD_NOW + 5 * DAY);
	ask.until = WORLD_NOW + 19 * DAY;
	assert_fails(ERR_REFUSED,
		try_ask(&world, policy(), world_clock(WORLD_NOW + 5 * DAY), &ask, &err));
	assert_mentions(err.text, "it is revoked");
}

/* ---- rotation at once ---- */

static void at_once_or_not_at_all(void **state)
{
	const struct plan_ask now = { .verb = PLAN_ROTATE, .is_now = true };
	const struct plan_ask risky = {
		.verb = PLAN_ROTATE, .is_now = true, .accepts_outage = true
	};
	struct plan_policy slower = world_policy();
	struct world world;
	struct err err;

	(void)state;
	start(&world);
	assert_fails(ERR_EARLY,
		try_ask(&world, policy(), world_clock(WORLD_NOW + HOUR), &now, &err));
	assert_mentions(err.text, "key kid-2 has been published for 1h only");
	/* A lead that has just become longer counts at once. */
	slower.verifier_cache_s = 3 * DAY;
	assert_fails(ERR_EARLY,
		try_ask(&world, &slower, world_clock(WORLD_NOW + LEAD), &now, &err));
	assert_mentions(err.text, "2d");
	/* So does a standby that is not made yet. */
	world.keys.count = 1;
	assert_fails(ERR_EARLY,
		try_ask(&world, policy(), world_clock(WORLD_NOW + LEAD), &now, &err));
	assert_mentions(err.text, "a new key");
	world.keys.count = 2;
	assert_succeeds(try_ask(&world, &slower, world_clock(WORLD_NOW + LEAD), &risky, &err));
	(void)world_ask(&world, policy(), WORLD_NOW + LEAD, &now);
	assert_int_equal(signer(&world, WORLD_NOW + LEAD), 2);
}

static void an_end_that_is_past_is_refused(void **state)
{
	const struct store_key key = imported("cluster");
	struct plan_ask ask = { .verb = PLAN_IMPORT, .import = &key, .verifies_only = true };
	struct world world;
	struct err err;

	(void)state;
	start(&world);
	for (unix_time until = WORLD_NOW - 1; until <= WORLD_NOW; until++) {
		ask.until = until;
		assert_fails(ERR_BAD_INPUT,
			try_ask(&world, policy(), world_clock(WORLD_NOW), &ask, &err));
	}
	ask.until = WORLD_NOW + 1;
	assert_succeeds(try_ask(&world, policy(), world_clock(WORLD_NOW), &ask, &err));
}

/* ---- ten keys ---- */

static void the_eleventh_key_is_refused_with_advice(void **state)
{
	static const struct plan_ask rotate = { .verb = PLAN_ROTATE };
	const unix_time later = WORLD_NOW + LEAD;
	struct world world;
	struct err err;

	(void)state;
	start(&world);
	/* The last place is for the standby to come. */
	for (int i = 0; i < 8; i++) {
		auto_free char *kid = text_format("cluster-%d", i);
		const struct store_key key = imported(kid);
		const struct plan_ask ask = { .verb = PLAN_IMPORT,
			.import = &key,
			.verifies_only = true,
			.until = WORLD_NOW + 2 * DAY + i };

		if (i < 7) {
			(void)world_ask(&world, policy(), WORLD_NOW, &ask);
			continue;
		}
		assert_int_equal(plan_published(&world.keys, WORLD_NOW),
			PLAN_PUBLISHED_MAX - 1);
		assert_fails(ERR_EARLY,
			try_ask(&world, policy(), world_clock(WORLD_NOW), &ask, &err));
	}
	assert_mentions(err.text, "more than 10 keys");
	assert_mentions(err.text, text_time(WORLD_NOW + 2 * DAY).s);
	(void)world_ask(&world, policy(), later, &rotate);
	assert_int_equal(plan_published(&world.keys, later), PLAN_PUBLISHED_MAX);
	assert_fails(ERR_EARLY, try_ask(&world, policy(), world_clock(later), &rotate, &err));
	/* A revocation makes room, and a key that left, too. */
	revoke_at(&world, 3, later + 1);
	assert_succeeds(try_ask(&world, policy(), world_clock(later + 1), &rotate, &err));
}

/* The schedule goes on; only the next standby waits for a place. */
static void where_ten_are_published_the_standby_waits_for_a_place(void **state)
{
	const unix_time next = SWITCH + 30 * DAY;
	struct plan_policy slow = world_policy();
	struct world world;

	(void)state;
	slow.max_lifetime_s = 40 * DAY; /* who hands over stays longer than a period */
	world_init(&world);
	(void)world_step(&world, &slow, WORLD_NOW, PLAN_TICK);
	for (int i = 0; i < 7; i++) {
		auto_free char *kid = text_format("cluster-%d", i);
		const struct store_key key = imported(kid);
		const struct plan_ask ask = { .verb = PLAN_IMPORT,
			.import = &key,
			.verifies_only = true,
			.until = next + HOUR };

		(void)world_ask(&world, &slow, WORLD_NOW, &ask);
	}
	(void)world_step(&world, &slow, SWITCH, PLAN_TICK);
	assert_int_equal(row(&world, 10)->publish_at, SWITCH);
	(void)world_step(&world, &slow, next, PLAN_TICK);
	assert_int_equal(signer(&world, next), 10);
	assert_int_equal(plan_published(&world.keys, next), PLAN_PUBLISHED_MAX);
	assert_int_equal(plan_successor(&world.keys, next), -1);
	assert_int_equal(row(&world, 10)->remove_at, TIME_UNSET);
	(void)world_step(&world, &slow, next + HOUR, PLAN_TICK);
	assert_int_equal(row(&world, 11)->publish_at, next + HOUR);
}

/* ---- what is remembered ---- */

static void what_was_handed_out_under_a_longer_lead_counts(void **state)
{
	struct plan_policy faster = world_policy();
	struct world world;

	(void)state;
	start(&world);
	faster.verifier_cache_s = HOUR;
	(void)world_step(&world, &faster, WORLD_NOW + 10, PLAN_TICK);
	assert_int_equal(world.keys.memory.lead_until, WORLD_NOW + 10 + LEAD);
	/* The key that is planned keeps its lead, */
	(void)world_step(&world, &faster, WORLD_NOW + 20, PLAN_ROTATE);
	assert_int_equal(row(&world, 2)->activate_at, WORLD_NOW + LEAD);
	/* and one made now waits until the last old document is gone. */
	{
		const struct plan_ask ask = revocation(2);

		(void)world_ask(&world, &faster, WORLD_NOW + 30, &ask);
	}
	assert_int_equal(plan_trusted_at(row(&world, 3)), WORLD_NOW + 10 + LEAD);
	/* A day later the shorter lead is all there is. */
	(void)world_step(&world, &faster, WORLD_NOW + 2 * DAY, PLAN_ROTATE);
	assert_int_equal(plan_trusted_at(row(&world, 4)), WORLD_NOW + 2 * DAY + HOUR);
}

static void a_clock_far_ahead_is_refused_until_time_has_passed(void **state)
{
	static const struct plan_ask tick = { .verb = PLAN_TICK };
	static const struct {
		struct clock_reading clock;
		bool is_good;
	} cases[] = {
		{ { WORLD_NOW + 3600, 1000 }, true },
		{ { WORLD_NOW + 3601, 1000 }, false },
		{ { WORLD_NOW + 3601, 1001 }, true }, /* a second has passed */
		{ { WORLD_NOW + 30 * DAY, 1000 + 30 * DAY }, true },
		{ { WORLD_NOW + 30 * DAY, 1000 + 29 * DAY }, false },
		{ { WORLD_NOW + 7200, 999 }, false }, /* started anew: 999 s at least */
		{ { WORLD_NOW + 4600, 10 }, false },
		{ { WORLD_NOW + 3610, 10 }, true },
		{ { WORLD_NOW + 3611, 10 }, false },
		{ { WORLD_NOW + 30 * DAY, -1 }, false },
		{ { WORLD_NOW - 60, 1000 }, true },
		{ { WORLD_NOW - 61, 1000 }, false },
	};
	struct world world;
	struct err err;

	(void)state;
	start(&world);
	world.keys.memory.uptime_s = 1000;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (cases[i].is_good) {
			assert_succeeds(try_ask(&world, policy(), cases[i].clock, &tick, &err));
			continue;
		}
		assert_fails(ERR_EARLY, try_ask(&world, policy(), cases[i].clock, &tick, &err));
		assert_mentions(err.text, "issuerctl db accept-clock");
	}
	world.keys.memory.uptime_s = -1; /* a backup: nothing vouches */
	assert_fails(ERR_EARLY,
		try_ask(&world, policy(), (struct clock_reading){ WORLD_NOW + 3601, 1 << 30 },
			&tick, &err));
}

/* A clock that is a little behind plans by the last committed time: nothing is undone. */
static void a_clock_a_little_behind_undoes_nothing(void **state)
{
	struct world world;

	(void)state;
	start(&world);
	(void)world_step(&world, policy(), SWITCH, PLAN_TICK);
	assert_int_equal(world_step(&world, policy(), SWITCH - 60, PLAN_TICK), 0);
	assert_int_equal(world.keys.memory.clock_at, SWITCH);
	(void)world_step(&world, policy(), SWITCH - 60, PLAN_ROTATE);
	assert_int_equal(row(&world, 3)->activate_at, SWITCH + LEAD);
}

static void a_copy_that_becomes_the_store_goes_beyond_its_lost_successor(void **state)
{
	struct world world;

	(void)state;
	start(&world);
	world.keys.memory.backup_at = WORLD_NOW + 100;
	(void)world_step(&world, policy(), WORLD_NOW + 1100, PLAN_ROTATE);
	assert_int_equal(world.keys.memory.backup_at, TIME_UNSET);
	assert_int_equal(world.keys.memory.generation_min, 3 + 1000 * (1 + 1000));
	revoke_at(&world, 2, WORLD_NOW + 1200);
	assert_int_equal(world.rows[2].generation, 3 + 1000 * (1 + 1000) + 1);
}

/* By a clock that is ahead or back no key is taken for older than it is. */
static void a_revocation_under_a_wrong_clock_costs_no_other_key(void **state)
{
	static const struct clock_reading wrong[] = {
		{ WORLD_NOW + 60 * DAY, WORLD_NOW + 2 * HOUR }, /* two hours have passed */
		{ WORLD_NOW + 60 * DAY, 100 },                  /* the machine started anew */
		{ WORLD_NOW - 60 * DAY, WORLD_NOW + 2 * HOUR },
		{ WORLD_NOW - 60 * DAY, 100 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		for (int64_t generation = 1; generation <= 3; generation++) {
			const struct store_key key = imported("cluster");
			const struct plan_ask ask = { .verb = PLAN_IMPORT,
				.import = &key,
				.verifies_only = true,
				.until = WORLD_NOW + 365 * DAY };
			const struct plan_ask revoke = revocation(generation);
			struct store_keys change;
			struct world world;
			struct err err;

			start(&world);
			(void)world_ask(&world, policy(), WORLD_NOW, &ask);
			assert_succeeds(plan_next(&world.keys, policy(), wrong[i], &revoke,
				&change, &err));
			world_apply(&world, &change);
			plan_free(&change);
			assert_int_equal(world.keys.memory.clock_at, WORLD_NOW);
			assert_int_equal(plan_state(&world.keys, (size_t)generation - 1,
						 WORLD_NOW),
				PLAN_REVOKED);
			/* Right again: somebody signs, with a half, and nothing is due. */
			assert_int_equal(signer(&world, WORLD_NOW + 2 * HOUR),
				generation == 1 ? 2 : 1);
			assert_int_equal(world_step(&world, policy(), WORLD_NOW + 2 * HOUR,
						 PLAN_TICK),
				0);
		}
}

/* ---- max-age ---- */

static void max_age_never_exceeds_the_lead_of_a_change_ahead(void **state)
{
	struct plan_policy p = world_policy();
	struct world world;

	(void)state;
	p.verifier_cache_s = 0;
	p.publication_lag_s = 40;
	p.rotation_period_s = 400; /* the lead */
	world_init(&world);
	(void)world_step(&world, &p, WORLD_NOW, PLAN_TICK);
	assert_int_equal(plan_max_age(&world.keys, &p, WORLD_NOW), 300);
	/* Another process, with another policy, has not planned yet. */
	p.max_age_s = 3600;
	assert_int_equal(plan_max_age(&world.keys, &p, WORLD_NOW), 300);
	assert_int_equal(plan_max_age(&world.keys, &p, WORLD_NOW + 399), 300);
	assert_int_equal(plan_max_age(&world.keys, &p, WORLD_NOW + 400), 3600);
	p.clock_skew_s = 5000;
	assert_int_equal(plan_max_age(&world.keys, &p, WORLD_NOW), 0);
	p.clock_skew_s = 60;
	(void)world_step(&world, &p, WORLD_NOW, PLAN_TICK);
	assert_int_equal(plan_max_age(&world.keys, &p, WORLD_NOW), 3600);
}

UNIT_MAIN(cmocka_unit_test(a_ripe_standby_signs_at_once),
	cmocka_unit_test(right_after_the_first_start_the_standby_is_as_well_known),
	cmocka_unit_test(until_the_standby_is_ripe_the_key_before_signs_again),
	cmocka_unit_test(with_nothing_left_that_verifiers_have_it_is_refused),
	cmocka_unit_test(a_standby_that_is_revoked_is_replaced_and_nobody_else_signs),
	cmocka_unit_test(a_retiring_key_that_is_revoked_leaves_at_once),
	cmocka_unit_test(a_key_that_left_may_still_be_revoked),
	cmocka_unit_test(revoking_twice_keeps_the_first_time),
	cmocka_unit_test(a_key_that_is_not_there_cannot_be_revoked),
	cmocka_unit_test(an_accepted_outage_lets_the_standby_sign_now),
	cmocka_unit_test(a_public_key_is_published_until_it_is_not),
	cmocka_unit_test(a_private_key_waits_behind_the_standby),
	cmocka_unit_test(a_key_that_verifiers_have_signs_at_the_next_rotation),
	cmocka_unit_test(a_first_key_that_an_import_overtook_is_not_known_to_verifiers),
	cmocka_unit_test(the_same_key_is_not_imported_twice),
	cmocka_unit_test(a_key_to_verify_with_may_stay_longer),
	cmocka_unit_test(at_once_or_not_at_all),
	cmocka_unit_test(an_end_that_is_past_is_refused),
	cmocka_unit_test(the_eleventh_key_is_refused_with_advice),
	cmocka_unit_test(where_ten_are_published_the_standby_waits_for_a_place),
	cmocka_unit_test(what_was_handed_out_under_a_longer_lead_counts),
	cmocka_unit_test(a_clock_far_ahead_is_refused_until_time_has_passed),
	cmocka_unit_test(a_clock_a_little_behind_undoes_nothing),
	cmocka_unit_test(a_copy_that_becomes_the_store_goes_beyond_its_lost_successor),
	cmocka_unit_test(a_revocation_under_a_wrong_clock_costs_no_other_key),
	cmocka_unit_test(max_age_never_exceeds_the_lead_of_a_change_ahead));

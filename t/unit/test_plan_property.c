/* test_plan_property.c - ten thousand random histories of keys/plan.c (HISTORIES=n in the
 * environment: that many), each of which must keep every rule; SEED=n repeats a run. Mutants
 * show that each rule can be broken and that the check says so.
 * SPDX-License-Identifier: Apache-2.0 */
#include "t/unit/plan_history.h"

static void live_all(bool is_calm)
{
	const uint64_t first = (uint64_t)chance_setting("SEED", 20261123);
	const int64_t histories = chance_runs("HISTORIES", 10000);
	struct history *h = text_alloc(1, sizeof(*h));

	print_message("# SEED=%s HISTORIES=%s repeats this run\n", text_num((int64_t)first).s,
		text_num(histories).s);
	for (int64_t i = 0; i < histories; i++) {
		enum rule rule;

		*h = (struct history){ .chance = chance_of(first, (uint64_t)i),
			.is_calm = is_calm };
		rule = history_live(h);
		if (rule != RULE_NONE)
			fail_msg("history %s of SEED=%s broke: %s", text_num(i).s,
				text_num((int64_t)first).s, rule_names[rule]);
	}
	free(h);
}

static void random_histories_keep_every_rule(void **state)
{
	(void)state;
	live_all(false);
}

/* A daemon that is awake at each switch, and nothing but rotations: then a revocation is
 * possible at any moment without an outage. */
static void in_calm_times_a_revocation_needs_no_outage(void **state)
{
	const uint64_t first = (uint64_t)chance_setting("SEED", 7);
	const int64_t histories = chance_runs("HISTORIES", 10000);
	struct history *h = text_alloc(1, sizeof(*h));

	(void)state;
	print_message("# SEED=%s HISTORIES=%s repeats this run\n", text_num((int64_t)first).s,
		text_num(histories).s);
	for (int64_t i = 0; i < histories; i++) {
		struct store_keys change;
		struct plan_ask revoke = { .verb = PLAN_REVOKE, .reason = "test" };
		ptrdiff_t active;
		struct err err;

		*h = (struct history){ .chance = chance_of(first, (uint64_t)i),
			.is_calm = true };
		assert_int_equal(history_live(h), RULE_NONE);
		active = plan_active(&h->world.keys, h->now);
		revoke.generation = h->world.rows[active].generation;
		assert_succeeds(plan_next(&h->world.keys, &h->policy, world_clock(h->now),
			&revoke, &change, &err));
		world_apply(&h->world, &change);
		plan_free(&change);
		active = plan_active(&h->world.keys, h->now);
		assert_true(active >= 0);
		assert_non_null(h->world.rows[active].sealed);
	}
	free(h);
}

/* As many keys as there can be: one a second, asked for. The highest generation ever used. */
static int64_t use_many(struct world *w, unix_time *now, int64_t used)
{
	const struct plan_policy policy = world_policy();

	for (int n = 0; n < 5; n++, (*now)++)
		(void)world_ask(w, &policy, *now,
			&(struct plan_ask){ .verb = PLAN_ROTATE, .accepts_outage = true });
	for (size_t k = 0; k < w->keys.count; k++)
		if (w->rows[k].generation > used)
			used = w->rows[k].generation;
	return used;
}

static void restore(struct world *w, const struct world *backup, unix_time now)
{
	const struct plan_policy policy = world_policy();

	*w = *backup;
	w->keys.key = w->rows;
	w->keys.memory.clock_at = now; /* accepted */
	(void)world_step(w, &policy, now, PLAN_TICK);
	assert_int_equal(w->keys.memory.backup_at, TIME_UNSET);
}

/* A backup that is put back, more than once: whatever the lost lives used is not used again. */
static void a_restored_store_uses_no_generation_twice(void **state)
{
	const struct plan_policy policy = world_policy();
	struct chance c = chance_of(1, 1);
	struct world *w = text_alloc(1, sizeof(*w));
	struct world *backup = text_alloc(1, sizeof(*backup));

	(void)state;
	for (int i = 0; i < 1000; i++) {
		unix_time now = WORLD_NOW + chance_between(&c, 0, 100 * DAY);
		int64_t used = 0;

		world_init(w);
		(void)world_step(w, &policy, WORLD_NOW, PLAN_TICK);
		(void)world_step(w, &policy, now, PLAN_TICK);
		*backup = *w;
		backup->keys.memory.backup_at = now;
		backup->keys.memory.uptime_s = -1;
		for (int life = 0; life < 3; life++) {
			used = use_many(w, &now, used);
			now += chance_between(&c, 1, 2 * DAY);
			restore(w, backup, now);
			assert_true(w->keys.memory.generation_min > used);
		}
	}
	free(w);
	free(backup);
}

/* ---- mutants ---- */

static bool activates_early(const struct history *h, struct store_key *row, bool is_new)
{
	(void)h;
	(void)is_new;
	if (row->activate_at > row->publish_at)
		row->activate_at--;
	return true;
}

static bool publishes_late(const struct history *h, struct store_key *row, bool is_new)
{
	(void)h;
	if (is_new && row->activate_at > row->publish_at)
		row->publish_at++;
	return true;
}

/* The lead is that of the policy in force, whatever was promised before. */
static bool forgets_the_old_lead(const struct history *h, struct store_key *row, bool is_new)
{
	(void)is_new;
	if (row->activate_at > h->now && !row->is_imported)
		row->activate_at = row->publish_at + rules_lead(&h->policy) > h->now
			? row->publish_at + rules_lead(&h->policy)
			: h->now;
	return true;
}

static bool leaves_early(const struct history *h, struct store_key *row, bool is_new)
{
	(void)h;
	(void)is_new;
	if (row->remove_at != TIME_UNSET)
		row->remove_at--;
	return true;
}

/* Forgets that a longer lifetime was once allowed: each row is consistent, only the tokens
 * know. */
static bool forgets_lifetimes(const struct history *h, struct store_key *row, bool is_new)
{
	if (!is_new && row->ttl_ratchet_s > h->policy.max_lifetime_s) {
		if (row->remove_at != TIME_UNSET)
			row->remove_at -= row->ttl_ratchet_s - h->policy.max_lifetime_s;
		row->ttl_ratchet_s = h->policy.max_lifetime_s;
	}
	return true;
}

static bool erases_at_once(const struct history *h, struct store_key *row, bool is_new)
{
	(void)h;
	if (!is_new && row->remove_at != TIME_UNSET)
		row->sealed = NULL;
	return true;
}

static bool never_raises(const struct history *h, struct store_key *row, bool is_new)
{
	(void)h;
	return is_new || row->ttl_ratchet_s == 0;
}

static bool makes_no_standby(const struct history *h, struct store_key *row, bool is_new)
{
	(void)h;
	return !is_new || row->generation == 1;
}

static bool publishes_no_standby(const struct history *h, struct store_key *row, bool is_new)
{
	(void)h;
	if (is_new && row->generation > 1 && !row->is_imported)
		row->publish_at = TIME_UNSET;
	return true;
}

static bool erases_nothing(const struct history *h, struct store_key *row, bool is_new)
{
	static unsigned char bytes[] = "kept";

	(void)h;
	if (!is_new && row->revoked_at == TIME_UNSET)
		row->sealed = bytes;
	return true;
}

static bool keeps_revoked_halves(const struct history *h, struct store_key *row, bool is_new)
{
	static unsigned char bytes[] = "kept";

	(void)h;
	if (!is_new && row->revoked_at != TIME_UNSET)
		row->sealed = bytes;
	return true;
}

static bool forgets_revocations(const struct history *h, struct store_key *row, bool is_new)
{
	(void)h;
	(void)is_new;
	row->revoked_at = TIME_UNSET;
	return true;
}

static bool counts_backwards(const struct history *h, struct store_key *row, bool is_new)
{
	(void)h;
	if (is_new && row->generation > 2 && !row->is_imported)
		row->generation = -row->generation;
	return true;
}

static void every_broken_rule_is_noticed(void **state)
{
	static const struct {
		const char *name;
		mutant_fn *mutant;
		enum rule breaks;
	} cases[] = {
		{ "lead shortened by one second", activates_early, RULE_LEAD },
		{ "lead of the past forgotten", forgets_the_old_lead, RULE_LEAD },
		{ "published a second late", publishes_late, RULE_STANDBY },
		{ "removal one second early", leaves_early, RULE_REMOVAL },
		{ "longer lifetimes forgotten", forgets_lifetimes, RULE_VERIFIABLE },
		{ "erased at the switch", erases_at_once, RULE_KEPT },
		{ "ratchet never raised", never_raises, RULE_RATCHET },
		{ "no standby made", makes_no_standby, RULE_STANDBY },
		{ "standby not published", publishes_no_standby, RULE_STANDBY },
		{ "nothing erased", erases_nothing, RULE_ERASED },
		{ "revoked halves kept", keeps_revoked_halves, RULE_REVOKED },
		{ "revocations forgotten", forgets_revocations, RULE_REVOKED },
		{ "generations used anew", counts_backwards, RULE_ORDER },
	};
	struct history *h = text_alloc(1, sizeof(*h));

	(void)state;
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		bool is_noticed = false;

		for (uint64_t i = 0; i < 10000 && !is_noticed; i++) {
			*h = (struct history){ .chance = chance_of(1, i),
				.mutant = cases[c].mutant };
			is_noticed = history_live(h) == cases[c].breaks;
		}
		if (!is_noticed)
			fail_msg("no history noticed '%s' as: %s", cases[c].name,
				rule_names[cases[c].breaks]);
	}
	free(h);
}

/* Any two that change places, and one that is missing. */
static void a_wrong_order_is_noticed(void **state)
{
	struct history *h = text_alloc(1, sizeof(*h));
	size_t order[WORLD_KEYS_MAX];
	size_t tried = 0;

	(void)state;
	for (uint64_t n = 0; n < 100; n++) {
		const struct store_keys *keys = &h->world.keys;
		size_t count;

		*h = (struct history){ .chance = chance_of(1, n) };
		assert_int_equal(history_live(h), RULE_NONE);
		count = plan_jwks(keys, h->now, order);
		assert_int_equal(rules_of_order(keys, h->now, order, count), RULE_NONE);
		assert_int_equal(rules_of_order(keys, h->now, order, count - 1), RULE_FIRST);
		for (size_t i = 1; i < count; i++, tried++) {
			const size_t first = order[i - 1];

			order[i - 1] = order[i];
			order[i] = first;
			assert_int_equal(rules_of_order(keys, h->now, order, count),
				RULE_FIRST);
			order[i] = order[i - 1];
			order[i - 1] = first;
		}
	}
	assert_true(tried > 100);
	free(h);
}

UNIT_MAIN(cmocka_unit_test(random_histories_keep_every_rule),
	cmocka_unit_test(in_calm_times_a_revocation_needs_no_outage),
	cmocka_unit_test(a_restored_store_uses_no_generation_twice),
	cmocka_unit_test(every_broken_rule_is_noticed),
	cmocka_unit_test(a_wrong_order_is_noticed));

/* test_plan_property.c - ten thousand random histories of keys/plan.c: random policies that
 * change, ticks that are late or exact, rotations asked for, tokens minted at any time. SEED=n
 * in the environment repeats a run. Mutants show that each rule can be broken and that the
 * check says so.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/text.h"
#include "t/unit/plan_world.h"

#define HISTORIES 10000
#define STEPS     24
#define TOKENS    (STEPS * 4)

enum rule {
	RULE_NONE,
	RULE_ONE_ACTIVE,
	RULE_LEAD,
	RULE_REMOVAL,
	RULE_RATCHET,
	RULE_STANDBY,
	RULE_PRIVATE_HALF,
	RULE_ERASED,
	RULE_KEPT,
	RULE_EXTENDED,
	RULE_VERIFIABLE,
	RULE_ORDER,
	RULE_IDLE,
};

static const char *const rule_names[] = {
	[RULE_NONE] = "none",
	[RULE_ONE_ACTIVE] = "exactly one key is active",
	[RULE_LEAD] = "a key signs only after it was published for the lead",
	[RULE_REMOVAL] = "a key stays published until its last token is dead",
	[RULE_RATCHET] = "the ratchet covers what the key may sign now",
	[RULE_STANDBY] = "a published standby exists",
	[RULE_PRIVATE_HALF] = "who signs, or will, has a private half",
	[RULE_ERASED] = "who signed before the skew has no private half",
	[RULE_KEPT] = "who signs no more keeps its private half for the skew",
	[RULE_EXTENDED] =
		"the end of a key that retires moves out with the policy and never in",
	[RULE_VERIFIABLE] = "a token is verifiable until it is dead to every verifier",
	[RULE_ORDER] = "generations count up, and sign in that order",
	[RULE_IDLE] = "planning again finds nothing to do",
};

/* Changes one row of a plan on its way into the world; false drops it. */
typedef bool mutant_fn(struct store_key *row, bool is_new);

static const struct history *mutated; /* for mutants that look around */

struct token {
	size_t key;
	unix_time exp;
	unix_time until; /* a verifier may ask for its key till then, by our clock */
};

struct history {
	struct world world;
	struct plan_policy policy;
	unix_time now;
	uint64_t random;
	mutant_fn *mutant;
	size_t signed_count;               /* keys[0..) whose first second was judged */
	unix_time dead_at[WORLD_KEYS_MAX]; /* when the last token of a retired key is dead */
	struct token tokens[TOKENS];
	size_t token_count;
};

/* ---- chance: xorshift64*, Marsaglia 2003 and Vigna 2016 ---- */

static uint64_t next_random(struct history *h)
{
	h->random ^= h->random >> 12;
	h->random ^= h->random << 25;
	h->random ^= h->random >> 27;
	return h->random * UINT64_C(2685821657736338717);
}

/* From min to max, both included. */
static int64_t between(struct history *h, int64_t min, int64_t max)
{
	return min + (int64_t)(next_random(h) % (uint64_t)(max - min + 1));
}

static bool one_in(struct history *h, int64_t n)
{
	return between(h, 1, n) == 1;
}

static struct plan_policy random_policy(struct history *h)
{
	struct plan_policy policy = {
		.max_age_s = between(h, 0, HOUR),
		.publication_lag_s = one_in(h, 2) ? 0 : between(h, 0, 2 * HOUR),
		.clock_skew_s = between(h, 0, 5 * MINUTE),
		.verifier_cache_s = one_in(h, 3) ? 0 : between(h, 0, 3 * DAY),
		.verifier_leeway_s = between(h, 0, 10 * MINUTE),
		.max_lifetime_s = between(h, 10 * MINUTE, 2 * DAY),
		.alg = one_in(h, 2) ? "RS256" : "ES256",
	};

	/* The shortest period that the configuration allows, or more. */
	policy.rotation_period_s = plan_lead(&policy) + policy.clock_skew_s +
		(one_in(h, 3) ? 0 : between(h, 0, 40 * DAY));
	return policy;
}

/* S and V alone, up or down: what a key that retires is judged by. */
static void change_promises(struct history *h)
{
	h->policy.clock_skew_s = between(h, 0, 15 * MINUTE);
	h->policy.verifier_leeway_s = between(h, 0, DAY);
	/* The configuration's own bound. */
	if (h->policy.rotation_period_s < plan_lead(&h->policy) + h->policy.clock_skew_s)
		h->policy.rotation_period_s = plan_lead(&h->policy) + h->policy.clock_skew_s;
}

static unix_time later(struct history *h)
{
	const unix_time change = plan_next_change(&h->world.keys, h->now);

	switch (between(h, 0, 6)) {
	case 0:
		return h->now;
	case 1:
		return h->now + between(h, 1, 10 * MINUTE);
	case 2:
		return h->now + between(h, 1, 5 * DAY);
	case 3:
		return h->now + between(h, 1, 60 * DAY);
	case 4: /* the last second before a change */
		return change != PLAN_NEVER ? change - 1 : h->now;
	default: /* the very second */
		return change != PLAN_NEVER ? change : h->now + 1;
	}
}

/* ---- the rules ---- */

static bool one_is_active(const struct history *h, unix_time now)
{
	size_t count = 0;

	for (size_t i = 0; i < h->world.keys.count; i++)
		count += plan_state(&h->world.keys, i, now) == PLAN_ACTIVE;
	return count == 1 && plan_active(&h->world.keys, now) >= 0;
}

/* Also in the future that the rows describe, if nobody ever ticks again. */
static bool one_is_always_active(const struct history *h)
{
	unix_time t = h->now;

	while (t != PLAN_NEVER) {
		const unix_time change = plan_next_change(&h->world.keys, t);

		if (!one_is_active(h, t) ||
			(change != PLAN_NEVER && !one_is_active(h, change - 1)))
			return false;
		t = change;
	}
	return true;
}

/* Keys that became active since the last look, under the policy that was in force then. */
static enum rule judge_switches(struct history *h)
{
	for (; h->signed_count < h->world.keys.count; h->signed_count++) {
		const size_t i = h->signed_count;
		const struct store_key *key = &h->world.rows[i];

		if (key->activate_at == TIME_UNSET || key->activate_at > h->now)
			break;
		if (i == 0)
			continue; /* nobody had a cache yet */
		if (key->activate_at - key->publish_at < plan_lead(&h->policy))
			return RULE_LEAD;
		if (key->activate_at < key[-1].activate_at)
			return RULE_ORDER;
		h->dead_at[i - 1] = key->activate_at + h->policy.clock_skew_s +
			key[-1].ttl_ratchet_s + h->policy.verifier_leeway_s;
	}
	return RULE_NONE;
}

/* Somebody mints at a moment between two looks, by the rows of the first. */
static void mint_one(struct history *h, unix_time from, unix_time to)
{
	const unix_time change = plan_next_change(&h->world.keys, from);
	const unix_time at =
		one_in(h, 3) && change <= to ? change - one_in(h, 2) : between(h, from, to);
	const ptrdiff_t active = plan_active(&h->world.keys, at);
	const struct store_key *key = &h->world.rows[active];
	struct token *token = &h->tokens[h->token_count];

	assert_true(h->token_count < TOKENS);
	if (active < 0 || !key->sealed)
		return; /* other rules see to that */
	token->key = (size_t)active;
	token->exp =
		at + (one_in(h, 2) ? key->ttl_ratchet_s : between(h, 1, key->ttl_ratchet_s));
	token->until = token->exp + h->policy.clock_skew_s + h->policy.verifier_leeway_s;
	h->token_count++;
}

/* Another policy: what verifiers need from now on. While its key signs, that is what is in
 * force; once it retires it is the most that ever was, as long as the key is still there. */
static void judge_tokens_anew(struct history *h)
{
	for (size_t i = 0; i < h->token_count; i++) {
		struct token *token = &h->tokens[i];
		const enum plan_state state = plan_state(&h->world.keys, token->key, h->now);
		const unix_time until =
			token->exp + h->policy.clock_skew_s + h->policy.verifier_leeway_s;

		if (state == PLAN_ACTIVE || (state == PLAN_RETIRING && until > token->until))
			token->until = until;
	}
}

/* Whoever fetches the JWKS for a token finds its key, until the token is dead. */
static enum rule judge_tokens(const struct history *h)
{
	for (size_t i = 0; i < h->token_count; i++) {
		const struct token *token = &h->tokens[i];
		const struct store_keys *keys = &h->world.keys;
		const unix_time gone = keys->key[token->key].remove_at;

		if (gone != TIME_UNSET && gone <= h->now && gone < token->until)
			return RULE_VERIFIABLE;
		if (h->now < token->until &&
			!plan_is_published(plan_state(keys, token->key, h->now)))
			return RULE_VERIFIABLE;
	}
	return RULE_NONE;
}

static enum rule judge_removals(const struct history *h)
{
	for (size_t i = 0; i + 1 < h->signed_count; i++) {
		const struct store_key *key = &h->world.rows[i];

		if (key->remove_at == TIME_UNSET || key->remove_at < h->dead_at[i])
			return RULE_REMOVAL;
	}
	return RULE_NONE;
}

/* A private half may go once the switch is older than the skew, or with the key. */
static unix_time may_be_erased_at(const struct history *h, size_t i)
{
	const struct store_key *key = &h->world.rows[i];

	if (plan_state(&h->world.keys, i, h->now) != PLAN_RETIRING)
		return h->now;
	return key->remove_at - key->ttl_ratchet_s - h->policy.verifier_leeway_s;
}

/* What a plan may do to the key that retires: `before` are the rows before it was carried out.
 */
static enum rule judge_retiring(const struct history *h, const struct world *before)
{
	for (size_t i = 0; i < before->keys.count; i++) {
		const struct store_key *old = &before->rows[i];
		const struct store_key *new = &h->world.rows[i];
		const ptrdiff_t next = plan_takes_over(&h->world.keys, i);
		const unix_time over = next < 0
			? PLAN_NEVER
			: h->world.rows[next].activate_at + h->policy.clock_skew_s;

		if (plan_state(&h->world.keys, i, h->now) != PLAN_RETIRING)
			continue;
		/* By the moment of the switch, not by what the plan made of it. */
		if (old->sealed && !new->sealed && h->now < over)
			return RULE_KEPT;
		if (new->remove_at < over + new->ttl_ratchet_s + h->policy.verifier_leeway_s)
			return RULE_EXTENDED;
		if (plan_state(&before->keys, i, h->now) == PLAN_RETIRING &&
			new->remove_at < old->remove_at)
			return RULE_EXTENDED;
	}
	return RULE_NONE;
}

/* What must hold once a plan was carried out. */
static enum rule judge_rows(const struct history *h)
{
	const struct store_keys *keys = &h->world.keys;
	const ptrdiff_t next = plan_successor(keys, h->now);

	if (next < 0 || plan_state(keys, (size_t)next, h->now) != PLAN_STANDBY)
		return RULE_STANDBY;
	for (size_t i = 0; i < keys->count; i++) {
		const enum plan_state state = plan_state(keys, i, h->now);
		const bool is_to_sign = state == PLAN_ACTIVE || state == PLAN_STANDBY;

		if (keys->key[i].generation != (int64_t)i + 1)
			return RULE_ORDER;
		if (is_to_sign && !keys->key[i].sealed)
			return RULE_PRIVATE_HALF;
		if (!is_to_sign && keys->key[i].sealed && h->now >= may_be_erased_at(h, i))
			return RULE_ERASED;
		if (is_to_sign && keys->key[i].ttl_ratchet_s < h->policy.max_lifetime_s)
			return RULE_RATCHET;
	}
	return RULE_NONE;
}

static enum rule judge_time(struct history *h)
{
	const enum rule rule = judge_switches(h);

	if (rule != RULE_NONE)
		return rule;
	if (!one_is_always_active(h))
		return RULE_ONE_ACTIVE;
	return judge_removals(h) != RULE_NONE ? RULE_REMOVAL : judge_tokens(h);
}

static bool is_idle(const struct history *h)
{
	struct store_keys change;
	struct err err;
	bool is_empty;

	assert_succeeds(plan_next(&h->world.keys, &h->policy, h->now, PLAN_TICK, &change,
		&err));
	is_empty = change.count == 0;
	plan_free(&change);
	return is_empty;
}

/* ---- a history ---- */

static void mutate(struct history *h, struct store_keys *change)
{
	size_t kept = 0;

	if (!h->mutant)
		return;
	mutated = h;
	for (size_t i = 0; i < change->count; i++) {
		struct store_key row = change->key[i];

		if (h->mutant(&row, row.kid[0] == '\0'))
			change->key[kept++] = row;
	}
	change->count = kept;
}

static enum rule act(struct history *h, enum plan_ask ask)
{
	struct world *before = text_alloc(1, sizeof(*before));
	struct store_keys change;
	enum rule rule;
	struct err err;

	*before = h->world;
	before->keys.key = before->rows;
	assert_succeeds(plan_next(&h->world.keys, &h->policy, h->now, ask, &change, &err));
	mutate(h, &change);
	world_apply(&h->world, &change);
	plan_free(&change);
	rule = judge_time(h);
	if (rule == RULE_NONE)
		rule = judge_rows(h);
	if (rule == RULE_NONE)
		rule = judge_retiring(h, before);
	free(before);
	/* A mutated row is planned right again each time. */
	return rule == RULE_NONE && !h->mutant && !is_idle(h) ? RULE_IDLE : rule;
}

static enum rule live(struct history *h, uint64_t seed)
{
	enum rule rule;

	world_init(&h->world);
	h->random = seed;
	h->now = WORLD_NOW;
	h->signed_count = 0;
	h->token_count = 0;
	h->policy = random_policy(h);
	rule = act(h, PLAN_TICK);
	for (int i = 0; i < STEPS && rule == RULE_NONE; i++) {
		bool is_awake = !one_in(h, 4);

		const unix_time from = h->now;

		h->now = later(h);
		for (int64_t n = between(h, 0, 4); n > 0; n--)
			mint_one(h, from, h->now);
		rule = judge_time(h);
		if (one_in(h, 8)) { /* a new policy is a restart, and that plans */
			h->policy = random_policy(h);
			is_awake = true;
		} else if (one_in(h, 5)) {
			change_promises(h);
			is_awake = true;
		}
		judge_tokens_anew(h);
		if (rule == RULE_NONE && is_awake)
			rule = act(h, one_in(h, 6) ? PLAN_ROTATE : PLAN_TICK);
	}
	return rule;
}

static uint64_t first_seed(void)
{
	const char *given = getenv("SEED");
	int64_t seed = 20261123;
	struct err err = ERR_INIT;

	if (given && text_int(given, 1, INT64_MAX / 2, &seed, &err) < 0)
		fail_msg("SEED: %s", err.text);
	return (uint64_t)seed;
}

/* Spreads neighbouring seeds; never 0, where xorshift would stay. */
static uint64_t seed_of(uint64_t first, uint64_t i)
{
	return (first + i) * UINT64_C(0x9e3779b97f4a7c15) | 1;
}

static void random_histories_keep_every_rule(void **state)
{
	const uint64_t first = first_seed();
	struct history *h = text_alloc(1, sizeof(*h));

	(void)state;
	print_message("# SEED=%s repeats this run\n", text_num((int64_t)first).s);
	for (uint64_t i = 0; i < HISTORIES; i++) {
		const enum rule rule = live(h, seed_of(first, i));

		if (rule != RULE_NONE)
			fail_msg("history %d of SEED=%s broke: %s", (int)i,
				text_num((int64_t)first).s, rule_names[rule]);
	}
	free(h);
}

/* ---- mutants ---- */

static bool activates_early(struct store_key *row, bool is_new)
{
	(void)is_new;
	if (row->activate_at > row->publish_at)
		row->activate_at--;
	return true;
}

static bool publishes_late(struct store_key *row, bool is_new)
{
	if (is_new && row->activate_at > row->publish_at)
		row->publish_at++;
	return true;
}

static bool leaves_early(struct store_key *row, bool is_new)
{
	(void)is_new;
	if (row->remove_at != TIME_UNSET)
		row->remove_at--;
	return true;
}

/* Forgets that a longer lifetime was once allowed: each row is consistent, only the tokens
 * know. */
static bool forgets_lifetimes(struct store_key *row, bool is_new)
{
	if (!is_new)
		row->ttl_ratchet_s = mutated->policy.max_lifetime_s;
	return true;
}

/* Rows that retire are never written again: no longer leeway reaches them. */
static bool never_extends(struct store_key *row, bool is_new)
{
	static unix_time first[WORLD_KEYS_MAX + 1];

	if (is_new || row->remove_at == TIME_UNSET || first[row->generation] == TIME_UNSET ||
		row->remove_at < first[row->generation])
		first[row->generation] = row->remove_at;
	row->remove_at = first[row->generation];
	return true;
}

/* At the very switch. */
static bool erases_at_once(struct store_key *row, bool is_new)
{
	const struct plan_policy *policy = &mutated->policy;

	if (!is_new &&
		row->remove_at ==
			mutated->now + policy->clock_skew_s + row->ttl_ratchet_s +
				policy->verifier_leeway_s)
		row->sealed = NULL;
	return true;
}

static bool never_raises(struct store_key *row, bool is_new)
{
	return is_new || row->ttl_ratchet_s == 0;
}

static bool makes_no_standby(struct store_key *row, bool is_new)
{
	return !is_new || row->generation == 1;
}

static bool erases_all(struct store_key *row, bool is_new)
{
	(void)is_new;
	row->sealed = NULL;
	return true;
}

static bool erases_nothing(struct store_key *row, bool is_new)
{
	static unsigned char bytes[] = "kept";

	if (!is_new)
		row->sealed = bytes;
	return true;
}

static bool counts_wrong(struct store_key *row, bool is_new)
{
	if (is_new && row->generation > 2)
		row->generation++;
	return true;
}

static void every_broken_rule_is_noticed(void **state)
{
	static const struct {
		mutant_fn *mutant;
		enum rule breaks;
	} cases[] = {
		{ activates_early, RULE_LEAD },
		{ publishes_late, RULE_STANDBY },
		{ leaves_early, RULE_REMOVAL },
		{ forgets_lifetimes, RULE_VERIFIABLE },
		{ never_extends, RULE_EXTENDED },
		{ erases_at_once, RULE_KEPT },
		{ never_raises, RULE_RATCHET },
		{ makes_no_standby, RULE_ONE_ACTIVE },
		{ erases_all, RULE_PRIVATE_HALF },
		{ erases_nothing, RULE_ERASED },
		{ counts_wrong, RULE_ORDER },
	};
	struct history *h = text_alloc(1, sizeof(*h));

	(void)state;
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		bool is_noticed = false;

		h->mutant = cases[c].mutant;
		for (uint64_t i = 0; i < HISTORIES && !is_noticed; i++)
			is_noticed = live(h, seed_of(1, i)) == cases[c].breaks;
		if (!is_noticed)
			fail_msg("no history noticed that a mutant breaks: %s",
				rule_names[cases[c].breaks]);
	}
	free(h);
}

UNIT_MAIN(cmocka_unit_test(random_histories_keep_every_rule),
	cmocka_unit_test(every_broken_rule_is_noticed));

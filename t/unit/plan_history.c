/* plan_history.c - see plan_history.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "t/unit/plan_history.h"

struct plan_policy history_policy(struct chance *c)
{
	struct plan_policy policy = {
		.max_age_s = chance_between(c, 0, HOUR),
		.publication_lag_s = chance_one_in(c, 2) ? 0 : chance_between(c, 0, 2 * HOUR),
		.clock_skew_s = chance_between(c, 0, 5 * MINUTE),
		.verifier_cache_s = chance_one_in(c, 3) ? 0 : chance_between(c, 0, 3 * DAY),
		.verifier_leeway_s = chance_between(c, 0, 10 * MINUTE),
		.max_lifetime_s = chance_between(c, 10 * MINUTE, 2 * DAY),
		.alg = chance_one_in(c, 2) ? "RS256" : "ES256",
	};

	/* The shortest period that the configuration allows, or more. */
	policy.rotation_period_s = rules_lead(&policy) + policy.clock_skew_s +
		(chance_one_in(c, 3) ? 0 : chance_between(c, 0, 40 * DAY));
	return policy;
}

/* ---- the world between two acts ---- */

static unix_time later(struct history *h)
{
	const unix_time change = plan_next_change(&h->world.keys, h->now);
	const unix_time next = change != PLAN_NEVER ? change : h->now + 1;

	if (h->is_calm)
		return chance_one_in(&h->chance, 2) ? next
						    : chance_between(&h->chance, h->now, next);
	switch (chance_between(&h->chance, 0, 6)) {
	case 0:
		return h->now;
	case 1:
		return h->now + chance_between(&h->chance, 1, 10 * MINUTE);
	case 2:
		return h->now + chance_between(&h->chance, 1, 5 * DAY);
	case 3:
		return h->now + chance_between(&h->chance, 1, 60 * DAY);
	case 4:
		return next - 1;
	default:
		return next;
	}
}

static void add_token(struct history *h, struct token token)
{
	assert_true(h->token_count < HISTORY_TOKENS);
	h->tokens[h->token_count++] = token;
}

/* Somebody mints at a moment between two looks, by the rows of the first. */
static void mint_one(struct history *h, unix_time from, unix_time to)
{
	const unix_time change = plan_next_change(&h->world.keys, from);
	const unix_time at = chance_one_in(&h->chance, 3) && change <= to
		? change - chance_one_in(&h->chance, 2)
		: chance_between(&h->chance, from, to);
	const ptrdiff_t active = plan_active(&h->world.keys, at);
	const struct store_key *key;
	unix_time exp;

	if (active < 0 || !h->world.rows[active].sealed)
		return; /* other rules see to that */
	key = &h->world.rows[active];
	exp = at +
		(chance_one_in(&h->chance, 2)
				? key->ttl_ratchet_s
				: chance_between(&h->chance, 1, key->ttl_ratchet_s));
	add_token(h,
		(struct token){ .key = (size_t)active,
			.exp = exp,
			.until = exp + h->policy.clock_skew_s + h->policy.verifier_leeway_s });
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

		if (!token->is_foreign &&
			(state == PLAN_ACTIVE ||
				(state == PLAN_RETIRING && until > token->until)))
			token->until = until;
	}
}

static void change_policy(struct history *h)
{
	const struct plan_policy old = h->policy;

	if (chance_one_in(&h->chance, 2)) {
		h->policy = history_policy(&h->chance);
	} else { /* S and V alone: what a key that retires is judged by */
		h->policy.clock_skew_s = chance_between(&h->chance, 0, 15 * MINUTE);
		h->policy.verifier_leeway_s = chance_between(&h->chance, 0, DAY);
	}
	/* The configuration's own bound. */
	if (h->policy.rotation_period_s < rules_lead(&h->policy) + h->policy.clock_skew_s)
		h->policy.rotation_period_s = rules_lead(&h->policy) + h->policy.clock_skew_s;
	h->epochs[h->epoch_count++] = (struct epoch){ h->now, rules_lead(&old) };
	judge_tokens_anew(h);
}

/* ---- asking ---- */

static struct plan_ask random_import(struct history *h)
{
	static struct store_key rows[2];
	static int turn;
	struct store_key *row = &rows[turn++ % 2]; /* two may be under way */
	struct plan_ask ask = { .verb = PLAN_IMPORT, .import = row };

	*row = (struct store_key){ .alg = "RS256" };
	(void)snprintf(row->kid, sizeof(row->kid), "imported-%" PRIu64,
		chance_next(&h->chance));
	ask.verifies_only = chance_one_in(&h->chance, 2);
	if (ask.verifies_only || chance_one_in(&h->chance, 2))
		ask.until = h->now + chance_between(&h->chance, 1, 20 * DAY);
	if (chance_one_in(&h->chance, 2))
		row->publish_at = h->now - chance_between(&h->chance, 0, 5 * DAY);
	return ask;
}

static struct plan_ask random_ask(struct history *h)
{
	const int64_t n = chance_between(&h->chance, 1, 20);
	const int64_t key = chance_between(&h->chance, 0, (int64_t)h->world.keys.count - 1);

	if (n <= 3)
		return (struct plan_ask){ .verb = PLAN_ROTATE,
			.accepts_outage = !h->is_calm && chance_one_in(&h->chance, 6) };
	if (n <= 5 && !h->is_calm)
		return (struct plan_ask){ .verb = PLAN_REVOKE,
			.generation = h->world.rows[key].generation,
			.reason = "test",
			.accepts_outage = chance_one_in(&h->chance, 4) };
	if (n <= 7 && !h->is_calm)
		return random_import(h);
	return (struct plan_ask){ .verb = PLAN_TICK };
}

static size_t find_generation(const struct history *h, int64_t generation)
{
	size_t i = 0;

	while (i < h->world.keys.count && h->world.rows[i].generation != generation)
		i++;
	return i;
}

/* Could somebody that verifiers have sign in the place of the key that is to be revoked? */
static bool has_substitute(const struct history *h, size_t revoked)
{
	for (size_t i = 0; i < h->world.keys.count; i++) {
		const struct store_key *key = &h->world.rows[i];
		const enum plan_state state = plan_state(&h->world.keys, i, h->now);

		if (plan_trusted_at(key) > h->now &&
			key->publish_at > h->world.rows[revoked].publish_at)
			continue; /* verifiers may lack it */
		if (state == PLAN_STANDBY ||
			(state == PLAN_RETIRING && key->sealed &&
				plan_takes_over(&h->world.keys, i) == (ptrdiff_t)revoked))
			return true;
	}
	return false;
}

/* A refusal is right where nothing better could be done. */
static enum rule judge_refusal(const struct history *h, const struct plan_ask *ask,
	const struct err *err)
{
	const size_t published = plan_published(&h->world.keys, h->now);

	if (err->code != ERR_EARLY || ask->verb == PLAN_TICK)
		return RULE_REFUSAL;
	if (ask->verb == PLAN_REVOKE)
		return ask->accepts_outage ||
				has_substitute(h, find_generation(h, ask->generation))
			? RULE_REFUSAL
			: RULE_NONE;
	/* The plan may have put a standby into the last place first; an import leaves one for
	 * the next. */
	return published + (plan_successor(&h->world.keys, h->now) < 0) +
				(ask->verb == PLAN_IMPORT) <
			PLAN_PUBLISHED_MAX
		? RULE_REFUSAL
		: RULE_NONE;
}

/* ---- planning and writing, as two acts ---- */

static void mutate(struct history *h, struct store_keys *change)
{
	size_t kept = 0;

	if (!h->mutant)
		return;
	for (size_t i = 0; i < change->count; i++) {
		struct store_key row = change->key[i];

		if (h->mutant(h, &row,
			    find_generation(h, row.generation) == h->world.keys.count))
			change->key[kept++] = row;
	}
	change->count = kept;
}

static void crash(struct flight *flight)
{
	if (flight->is_on)
		plan_free(&flight->change);
	flight->is_on = false;
}

/* Nobody waits for a right clock to revoke: the machine's uptime tells what passed. */
static struct clock_reading clock_for(struct history *h, const struct plan_ask *ask)
{
	struct clock_reading clock = world_clock(h->now);

	if (ask->verb == PLAN_REVOKE && chance_one_in(&h->chance, 3))
		clock.now += chance_between(&h->chance, 2 * HOUR, 100 * DAY);
	else if (ask->verb == PLAN_REVOKE && chance_one_in(&h->chance, 3))
		clock.now = h->world.keys.memory.clock_at - h->policy.clock_skew_s -
			chance_between(&h->chance, 1, 100 * DAY);
	return clock;
}

static enum rule take_off(struct history *h, struct flight *flight, const struct plan_ask *ask)
{
	struct err err = ERR_INIT;

	crash(flight);
	flight->ask = *ask;
	flight->revision = h->revision;
	flight->now = h->now;
	if (plan_next(&h->world.keys, &h->policy, clock_for(h, ask), ask, &flight->change,
		    &err) < 0)
		return judge_refusal(h, ask, &err);
	mutate(h, &flight->change);
	flight->is_on = true;
	return RULE_NONE;
}

static bool is_idle(const struct history *h)
{
	struct store_keys change;
	struct err err = ERR_INIT;
	bool is_empty;

	if (plan_next(&h->world.keys, &h->policy, world_clock(h->now),
		    &(struct plan_ask){ .verb = PLAN_TICK }, &change, &err) < 0)
		return false;
	is_empty = plan_is_empty(&h->world.keys, &change);
	plan_free(&change);
	return is_empty;
}

/* Is whatever is asked put off, because of the clock? */
static bool is_put_off(const struct history *h, struct clock_reading clock,
	const struct plan_ask *ask)
{
	struct store_keys change;
	struct err err = ERR_INIT;

	if (plan_next(&h->world.keys, &h->policy, clock, ask, &change, &err) == 0) {
		plan_free(&change);
		return false;
	}
	return err.code == ERR_EARLY;
}

/* A clock that is wrong by more than the skew, or by hours: whatever is asked but a revocation,
 * nothing is planned; and one that went back signs nothing. */
static enum rule try_wrong_clocks(struct history *h)
{
	const struct store_memory *memory = &h->world.keys.memory;
	const struct clock_reading wrong[] = {
		{ memory->clock_at - h->policy.clock_skew_s - 1, h->now },
		{ memory->clock_at - 40 * DAY, h->now },
		{ memory->clock_at + PLAN_AHEAD_MAX_S + 1, memory->uptime_s },
		{ memory->clock_at + 400 * DAY, 10 },
	};
	const struct plan_ask asks[] = {
		{ .verb = PLAN_TICK },
		{ .verb = PLAN_ROTATE },
		{ .verb = PLAN_ROTATE, .is_now = true, .accepts_outage = true },
		random_import(h),
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct err err = ERR_INIT;
		const bool may_sign = plan_clock_not_back(memory->clock_at,
					      h->policy.clock_skew_s, wrong[i].now, &err) == 0;

		if (may_sign != (wrong[i].now > memory->clock_at))
			return RULE_CLOCK;
		if (!is_put_off(h, wrong[i], &asks[chance_between(&h->chance, 0, 3)]))
			return RULE_CLOCK;
	}
	return RULE_NONE;
}

/* What the oracle has to know of an ask that was carried out. */
static ptrdiff_t note_ask(struct history *h, const struct plan_ask *ask)
{
	const size_t i = find_generation(h, ask->generation);
	const ptrdiff_t active = plan_active(&h->world.keys, h->now);

	if (ask->accepts_outage && active >= 0)
		h->seen[active].is_risk = true;
	if (ask->verb == PLAN_IMPORT && ask->until != TIME_UNSET)
		add_token(h,
			(struct token){ .key = h->world.keys.count - 1,
				.exp = ask->until,
				.until = ask->until,
				.is_foreign = true });
	if (ask->verb != PLAN_REVOKE)
		return -1;
	h->seen[i].is_revoked = true;
	return (ptrdiff_t)i;
}

/* The index of the imported key is that of its kid: the plan may have added others. */
static void place_foreign_token(struct history *h, const struct plan_ask *ask)
{
	if (ask->verb != PLAN_IMPORT || ask->until == TIME_UNSET)
		return;
	for (size_t i = 0; i < h->world.keys.count; i++)
		if (strcmp(h->world.rows[i].kid, ask->import->kid) == 0)
			h->tokens[h->token_count - 1].key = i;
}

/* A line per key, times from the start. */
static void trace(const struct history *h, const struct flight *flight)
{
	static const char *const verbs[] = { "tick", "rotate", "revoke", "import" };

	if (!getenv("TRACE"))
		return;
	print_message("# %" PRId64 ": %s (generation %" PRId64 "%s), lead %" PRId64 "\n",
		h->now - WORLD_NOW, verbs[flight->ask.verb], flight->ask.generation,
		flight->ask.accepts_outage ? ", outage accepted" : "", rules_lead(&h->policy));
	for (size_t i = 0; i < h->world.keys.count; i++) {
		const struct store_key *key = &h->world.rows[i];

		print_message("#   %" PRId64 " %s%s%s publish %" PRId64 " activate %" PRId64
			      " remove %" PRId64 " lead %" PRId64 "\n",
			key->generation, plan_state_name(plan_state(&h->world.keys, i, h->now)),
			key->sealed ? " sealed" : "", key->is_imported ? " imported" : "",
			key->publish_at - WORLD_NOW,
			key->activate_at ? key->activate_at - WORLD_NOW : -1,
			key->remove_at ? key->remove_at - WORLD_NOW : -1, key->lead_s);
	}
}

/* A plan that is old by the clock is written all the same; whoever wrote it sees the change and
 * looks again. */
static enum rule look_again(struct history *h, struct flight *flight);

/* Lands if nobody else was first, as the store decides. */
static enum rule land(struct history *h, struct flight *flight)
{
	struct world *before = text_alloc(1, sizeof(*before));
	const bool is_late = flight->now != h->now;
	ptrdiff_t instead_of;
	enum rule rule;

	*before = h->world;
	before->keys.key = before->rows;
	world_apply(&h->world, &flight->change);
	h->revision++;
	instead_of = note_ask(h, &flight->ask);
	place_foreign_token(h, &flight->ask);
	trace(h, flight);
	crash(flight);
	rule = rules_watch(h, h->now, instead_of);
	if (rule == RULE_NONE)
		rule = is_late ? look_again(h, flight) : rules_of_rows(h, before);
	if (rule == RULE_NONE)
		rule = rules_of_tokens(h);
	if (rule == RULE_NONE)
		rule = try_wrong_clocks(h);
	free(before);
	/* A mutated row is planned right again each time. */
	return rule == RULE_NONE && !h->mutant && !is_idle(h) ? RULE_IDLE : rule;
}

static enum rule look_again(struct history *h, struct flight *flight)
{
	const enum rule rule = rules_of_future(h);

	if (rule != RULE_NONE)
		return rule;
	return take_off(h, flight, &(struct plan_ask){ .verb = PLAN_TICK }) != RULE_NONE
		? RULE_REFUSAL
		: land(h, flight);
}

static enum rule act(struct history *h, const struct plan_ask *ask)
{
	struct flight *mine = &h->flight[chance_between(&h->chance, 0, 1)];
	enum rule rule = take_off(h, mine, ask);

	if (rule != RULE_NONE || !mine->is_on)
		return rule;
	if (!h->is_calm && chance_one_in(&h->chance, 6)) {
		crash(mine); /* between the plan and its write */
		return RULE_NONE;
	}
	if (!h->is_calm && chance_one_in(&h->chance, 6))
		return RULE_NONE; /* it dawdles; the other may be first */
	return land(h, mine);
}

/* Whoever dawdled writes now; at a stale revision the store refuses, and it plans again. */
static enum rule land_the_rest(struct history *h)
{
	for (size_t i = 0; i < 2; i++) {
		struct flight *flight = &h->flight[i];
		enum rule rule = RULE_NONE;

		if (!flight->is_on)
			continue;
		if (flight->revision != h->revision)
			rule = take_off(h, flight, &(struct plan_ask){ .verb = PLAN_TICK });
		if (rule == RULE_NONE && flight->is_on)
			rule = land(h, flight);
		if (rule != RULE_NONE)
			return rule;
	}
	return RULE_NONE;
}

/* ---- a history ---- */

static enum rule step(struct history *h)
{
	const struct plan_ask tick = { .verb = PLAN_TICK };
	const unix_time from = h->now;
	const unix_time to = later(h);
	enum rule rule = land_the_rest(h);

	for (int64_t n = chance_between(&h->chance, 0, 4); n > 0; n--)
		mint_one(h, from, to);
	if (rule == RULE_NONE)
		rule = rules_watch(h, to, -1);
	if (rule == RULE_NONE)
		rule = rules_of_tokens(h);
	if (rule != RULE_NONE)
		return rule;
	if (!h->is_calm && chance_one_in(&h->chance, 6)) { /* a restart, and that plans */
		change_policy(h);
		rule = take_off(h, &h->flight[0], &tick);
		return rule == RULE_NONE ? land(h, &h->flight[0]) : rule;
	}
	if (!h->is_calm && chance_one_in(&h->chance, 4))
		return RULE_NONE; /* nobody is awake */
	if (h->is_calm) {
		rule = act(h, &tick);
		if (rule != RULE_NONE)
			return rule;
	}
	{
		const struct plan_ask ask = random_ask(h);

		return act(h, &ask);
	}
}

enum rule history_live(struct history *h)
{
	const struct plan_ask first = { .verb = PLAN_TICK };
	enum rule rule;

	world_init(&h->world);
	h->now = WORLD_NOW;
	h->signer = -1;
	h->policy = history_policy(&h->chance);
	rule = take_off(h, &h->flight[0], &first);
	if (rule == RULE_NONE)
		rule = land(h, &h->flight[0]);
	for (int i = 0; i < HISTORY_STEPS && rule == RULE_NONE; i++)
		rule = step(h);
	crash(&h->flight[0]);
	crash(&h->flight[1]);
	return rule;
}

/* test_plan_verifiers.c - years of an issuer's life as verifiers see it: some cache for
 * max-age, some keep what they have until they meet an unknown kid, some cache by a timer of
 * their own, all with clocks that are off. Tokens of random lifetimes are shown to them at
 * random moments, up to the last that they still accept. None may be refused but those of
 * revoked keys, and those must be refused once max-age is over. SEED=n repeats a run, WORLDS=n
 * lives through so many.
 * SPDX-License-Identifier: Apache-2.0 */
#define WORLD_KEYS_MAX 80

#include "t/unit/chance.h"
#include "t/unit/plan_world.h"

#define YEARS        4
#define VERIFIERS    9
#define ALIVE        48 /* tokens at a time */
#define SHOWN        2  /* to each verifier, at each moment, beside the one just made */
#define COPY_MAX     16
#define FETCH_ANEW_S 1 /* nobody fetches twice in a second */

enum kind { BY_MAX_AGE, BY_UNKNOWN_KID, BY_TIMER };

/* A verifier and its copy of the JWKS. */
struct verifier {
	enum kind kind;
	int64_t clock_off_s;
	int64_t leeway_s;
	size_t copy[COPY_MAX]; /* keys, as indices */
	size_t copy_count;
	unix_time stale_at; /* when it fetches again, if it does */
	bool has_copy;
};

struct token {
	size_t key;
	unix_time exp;
};

struct life {
	struct world world;
	struct plan_policy policy;
	struct chance chance;
	int64_t understated_s; /* how much longer timers are than the policy says */
	unix_time now;
	struct verifier verifiers[VERIFIERS];
	struct token tokens[ALIVE];
	size_t minted;
	/* what came of it */
	size_t shown, refused, revoked_refused, revoked_accepted_late, revocations;
};

/* ---- documents ---- */

/* The state of a key as documents of that time had it: a revocation counts from its moment. */
static bool was_published(const struct life *life, size_t i, unix_time at)
{
	struct store_key *rows = text_alloc(life->world.keys.count, sizeof(*rows));
	struct store_keys then = { .key = rows, .count = life->world.keys.count };
	bool is_published;

	memcpy(rows, life->world.rows, then.count * sizeof(*rows));
	for (size_t j = 0; j < then.count; j++)
		if (rows[j].revoked_at > at)
			rows[j].revoked_at = TIME_UNSET;
	is_published = plan_is_published(plan_state(&then, i, at));
	free(rows);
	return is_published;
}

/* How much of what the policy allows; all of it every other time. */
static int64_t some_of(struct life *life, int64_t allowed_s)
{
	return chance_one_in(&life->chance, 2) ? allowed_s
					       : chance_between(&life->chance, 0, allowed_s);
}

/* The source a verifier fetches from may be as old as the publication lag, and a clock that is
 * set back meanwhile makes max-age longer. One that caches by a timer has both in its timer. */
static void fetch(struct life *life, struct verifier *v)
{
	const int64_t lag_s =
		v->kind == BY_TIMER ? 0 : some_of(life, life->policy.publication_lag_s);
	const unix_time at = life->now - lag_s < WORLD_NOW ? WORLD_NOW : life->now - lag_s;

	v->copy_count = 0;
	for (size_t i = 0; i < life->world.keys.count; i++)
		if (was_published(life, i, at)) {
			assert_true(v->copy_count < COPY_MAX);
			v->copy[v->copy_count++] = i;
		}
	v->has_copy = true;
	v->stale_at = v->kind == BY_UNKNOWN_KID ? PLAN_NEVER
		: v->kind == BY_MAX_AGE
		? life->now + plan_max_age(&life->world.keys, &life->policy, at) +
			some_of(life, life->policy.clock_skew_s)
		: life->now + life->policy.verifier_cache_s + life->understated_s;
}

static bool has_key(const struct verifier *v, size_t key)
{
	for (size_t i = 0; i < v->copy_count; i++)
		if (v->copy[i] == key)
			return true;
	return false;
}

/* ---- showing a token ---- */

static bool is_revoked(const struct life *life, size_t key)
{
	return life->world.rows[key].revoked_at != TIME_UNSET;
}

/* By its own clock and leeway. */
static bool is_alive_to(const struct life *life, const struct verifier *v,
	const struct token *token)
{
	return life->now + v->clock_off_s < token->exp + v->leeway_s;
}

static bool accepts(struct life *life, struct verifier *v, const struct token *token)
{
	if (!v->has_copy || life->now >= v->stale_at)
		fetch(life, v);
	if (!has_key(v, token->key) && v->kind == BY_UNKNOWN_KID)
		fetch(life, v);
	return has_key(v, token->key);
}

static void show(struct life *life, struct verifier *v, const struct token *token)
{
	const struct store_key *key = &life->world.rows[token->key];
	bool is_accepted;

	if (!is_alive_to(life, v, token))
		return;
	is_accepted = accepts(life, v, token);
	life->shown++;
	if (!is_revoked(life, token->key))
		life->refused += !is_accepted;
	else if (!is_accepted)
		life->revoked_refused++;
	else if (v->kind == BY_MAX_AGE &&
		life->now >= key->revoked_at + life->policy.max_age_s +
				life->policy.publication_lag_s + life->policy.clock_skew_s +
				FETCH_ANEW_S)
		life->revoked_accepted_late++;
}

/* ---- what the issuer does ---- */

static void mint(struct life *life)
{
	const ptrdiff_t active = plan_active(&life->world.keys, life->now);

	assert_true(active >= 0);
	assert_non_null(life->world.rows[active].sealed);
	life->tokens[life->minted++ % ALIVE] = (struct token){ (size_t)active,
		life->now +
			chance_between(&life->chance, 10 * MINUTE,
				life->policy.max_lifetime_s) };
}

/* Keys that are long gone make place; nobody has a token of theirs. */
static void forget_old_rows(struct life *life)
{
	struct world *w = &life->world;
	const size_t first = w->keys.count > WORLD_KEYS_MAX - 8 ? 16 : 0;

	for (size_t i = 0; i < first; i++)
		assert_false(plan_is_published(plan_state(&w->keys, i, life->now)));
	memmove(w->rows, w->rows + first, (w->keys.count - first) * sizeof(w->rows[0]));
	w->keys.count -= first;
	if (first == 0)
		return;
	for (size_t v = 0; v < VERIFIERS; v++) /* as after a restart */
		life->verifiers[v].has_copy = false;
	for (size_t t = 0; t < ALIVE; t++) {
		if (life->tokens[t].key < first)
			life->tokens[t].exp = 0;
		else
			life->tokens[t].key -= first;
	}
}

static void revoke_signer(struct life *life)
{
	const ptrdiff_t active = plan_active(&life->world.keys, life->now);
	const struct plan_ask ask = { .verb = PLAN_REVOKE,
		.generation = life->world.rows[active].generation,
		.reason = "test" };
	struct store_keys change;
	struct err err = ERR_INIT;

	/* Refused if no other key is known to all: tried again another day. */
	if (plan_next(&life->world.keys, &life->policy, world_clock(life->now), &ask, &change,
		    &err) < 0)
		return;
	world_apply(&life->world, &change);
	plan_free(&change);
	life->revocations++;
}

/* A, C, T and D change; what was handed out under them stays out there. */
static void change_policy(struct life *life)
{
	struct plan_policy *p = &life->policy;

	p->max_age_s = chance_between(&life->chance, 1, HOUR);
	p->verifier_cache_s =
		chance_one_in(&life->chance, 3) ? 0 : chance_between(&life->chance, 0, 3 * DAY);
	p->max_lifetime_s = chance_between(&life->chance, 10 * MINUTE, 2 * DAY);
	p->rotation_period_s =
		plan_lead(p) + p->clock_skew_s + chance_between(&life->chance, DAY, 40 * DAY);
}

static void act(struct life *life)
{
	const int64_t n = chance_between(&life->chance, 1, 400);

	if (n <= 2)
		change_policy(life);
	if (n == 3)
		revoke_signer(life);
	(void)world_step(&life->world, &life->policy, life->now,
		n >= 4 && n <= 8 ? PLAN_ROTATE : PLAN_TICK);
}

/* ---- a life ---- */

static void begin(struct life *life, struct chance chance, int64_t understated_s)
{
	*life = (struct life){ .chance = chance, .understated_s = understated_s };
	world_init(&life->world);
	life->now = WORLD_NOW;
	life->policy.clock_skew_s = chance_between(&life->chance, 0, 5 * MINUTE);
	life->policy.verifier_leeway_s = chance_between(&life->chance, 0, 10 * MINUTE);
	life->policy.publication_lag_s = chance_between(&life->chance, 0, HOUR);
	life->policy.alg = "RS256";
	change_policy(life);
	(void)world_step(&life->world, &life->policy, life->now, PLAN_TICK);
	for (size_t i = 0; i < VERIFIERS; i++) {
		struct verifier *v = &life->verifiers[i];

		v->kind = (enum kind)(i % 3);
		v->clock_off_s = chance_between(&life->chance, -life->policy.clock_skew_s,
			life->policy.clock_skew_s);
		v->leeway_s = chance_between(&life->chance, 0, life->policy.verifier_leeway_s);
	}
}

/* To a random moment, to one where something changes, to just before, or to the last at which
 * a source may be behind the last change. */
static void pass_time(struct life *life)
{
	const unix_time change = plan_next_change(&life->world.keys, life->now);
	const unix_time random = life->now +
		(chance_one_in(&life->chance, 20) ? chance_between(&life->chance, 1, 4 * DAY)
						  : chance_between(&life->chance, 1, 6 * HOUR));

	if (chance_one_in(&life->chance, 3) && life->policy.publication_lag_s > 1 &&
		change > life->now + life->policy.publication_lag_s) {
		life->now += life->policy.publication_lag_s - 1;
		return;
	}
	life->now = change > random               ? random
		: chance_one_in(&life->chance, 2) ? change
		: change > life->now + 1          ? change - 1
						  : change;
}

static void live(struct life *life)
{
	while (life->now < WORLD_NOW + YEARS * 365 * DAY) {
		pass_time(life);
		if (!chance_one_in(&life->chance, 10)) /* else nobody is awake */
			act(life);
		forget_old_rows(life);
		mint(life);
		for (size_t v = 0; v < VERIFIERS; v++) {
			show(life, &life->verifiers[v],
				&life->tokens[(life->minted - 1) % ALIVE]);
			for (size_t s = 0; s < SHOWN; s++)
				show(life, &life->verifiers[v],
					&life->tokens[chance_between(&life->chance, 0,
						ALIVE - 1)]);
		}
	}
}

static void no_verifier_refuses_a_token_that_lives(void **state)
{
	const uint64_t first = (uint64_t)chance_setting("SEED", 20261124);
	const int64_t worlds = chance_runs("WORLDS", 15);
	struct life *life = text_alloc(1, sizeof(*life));
	size_t shown = 0, revoked = 0, revocations = 0;

	(void)state;
	print_message("# SEED=%s WORLDS=%s repeats this run\n", text_num((int64_t)first).s,
		text_num(worlds).s);
	for (int64_t i = 0; i < worlds; i++) {
		begin(life, chance_of(first, (uint64_t)i), 0);
		live(life);
		if (life->refused > 0 || life->revoked_accepted_late > 0)
			fail_msg(
				"world %s of SEED=%s: %zu refused, %zu of revoked keys accepted late",
				text_num(i).s, text_num((int64_t)first).s, life->refused,
				life->revoked_accepted_late);
		shown += life->shown;
		revoked += life->revoked_refused;
		revocations += life->revocations;
	}
	print_message("# %zu tokens shown, none refused but %zu of the %zu revoked keys\n",
		shown, revoked, revocations);
	assert_true(revocations > 0 && revoked > 0);
	free(life);
}

/* The test of the test: verifiers that cache longer than the policy says do refuse. */
static void a_verifier_that_was_not_told_of_does_refuse(void **state)
{
	struct life *life = text_alloc(1, sizeof(*life));
	size_t refused = 0;

	(void)state;
	for (uint64_t i = 0; i < 20 && refused == 0; i++) {
		begin(life, chance_of(3, i), 10 * DAY);
		live(life);
		refused += life->refused;
	}
	assert_true(refused > 0);
	free(life);
}

UNIT_MAIN(cmocka_unit_test(no_verifier_refuses_a_token_that_lives),
	cmocka_unit_test(a_verifier_that_was_not_told_of_does_refuse));

/* plan_rules.c - the oracle of plan_history.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "t/unit/plan_history.h"

const char *const rule_names[RULE_COUNT] = {
	[RULE_NONE] = "none",
	[RULE_LEAD] = "a key signs only once every verifier has it",
	[RULE_VERIFIABLE] = "a token is verifiable until it is dead to every verifier",
	[RULE_REMOVAL] = "what was promised of a key that retires is never shortened",
	[RULE_ONE_ACTIVE] = "exactly one key is active, now and later",
	[RULE_STANDBY] = "a published standby exists",
	[RULE_FIRST] = "the JWKS names the active key first, then standby, then retiring",
	[RULE_CLOCK] = "a clock that went back or far ahead changes nothing",
	[RULE_RATCHET] = "the ratchet covers what the key may sign now",
	[RULE_PRIVATE_HALF] = "who signs, or will, has a private half",
	[RULE_ERASED] = "who signs no more has no private half",
	[RULE_KEPT] = "who may be needed again keeps its private half",
	[RULE_ORDER] = "generations are never used twice and count up",
	[RULE_FULL] = "no more than ten keys are published",
	[RULE_REVOKED] = "a revoked key is neither published nor held",
	[RULE_REFUSAL] = "nothing is refused that could be done",
	[RULE_IDLE] = "planning again finds nothing to do",
};

/* ---- the lead ---- */

int64_t rules_lead(const struct plan_policy *policy)
{
	const int64_t by_max_age =
		policy->max_age_s + policy->publication_lag_s + policy->clock_skew_s;

	return policy->verifier_cache_s > by_max_age ? policy->verifier_cache_s : by_max_age;
}

/* Until when somebody may hold a document from before `published_at`. */
static unix_time held_until(const struct history *h, unix_time published_at)
{
	unix_time until = published_at + rules_lead(&h->policy);

	for (size_t e = 0; e < h->epoch_count; e++) {
		const unix_time last =
			h->epochs[e].end < published_at ? h->epochs[e].end : published_at;

		if (last + h->epochs[e].lead_s > until)
			until = last + h->epochs[e].lead_s;
	}
	return until;
}

/* Key k signs from `at` on, in the place of one that was revoked, or by schedule. */
static bool may_sign_from(const struct history *h, size_t k, unix_time at, ptrdiff_t instead_of)
{
	const struct seen *seen = &h->seen[k];

	if (h->signer < 0 || seen->has_signed || seen->is_risk)
		return true; /* nobody had a cache; all have it; an admin said so */
	if (instead_of >= 0 && seen->published_at <= h->seen[instead_of].published_at)
		return true; /* who had the other has this one */
	return at >= held_until(h, seen->published_at);
}

static void see_published(struct history *h, unix_time at)
{
	for (size_t i = 0; i < h->world.keys.count; i++)
		if (h->seen[i].published_at == TIME_UNSET &&
			plan_is_published(plan_state(&h->world.keys, i, at)))
			h->seen[i].published_at =
				h->world.rows[i].is_imported ? h->world.rows[i].publish_at : at;
}

static enum rule see_signer(struct history *h, unix_time at, ptrdiff_t instead_of)
{
	const ptrdiff_t active = plan_active(&h->world.keys, at);

	if (active < 0)
		return RULE_ONE_ACTIVE;
	if (active == h->signer)
		return RULE_NONE;
	if (!may_sign_from(h, (size_t)active, at, instead_of))
		return RULE_LEAD;
	h->signer = active;
	h->seen[active].has_signed = true;
	return RULE_NONE;
}

enum rule rules_watch(struct history *h, unix_time to, ptrdiff_t instead_of)
{
	enum rule rule = RULE_NONE;
	unix_time at = h->now;

	while (rule == RULE_NONE) {
		const unix_time change = plan_next_change(&h->world.keys, at);

		see_published(h, at);
		rule = see_signer(h, at, instead_of);
		instead_of = -1;
		if (at >= to)
			break;
		at = change < to ? change : to;
	}
	h->now = to;
	return rule;
}

/* ---- tokens ---- */

enum rule rules_of_tokens(const struct history *h)
{
	for (size_t i = 0; i < h->token_count; i++) {
		const struct token *token = &h->tokens[i];
		const struct store_key *key = &h->world.rows[token->key];

		if (h->seen[token->key].is_revoked)
			continue;
		/* Also if nobody looked between its removal and now. */
		if (key->remove_at != TIME_UNSET && key->remove_at <= h->now &&
			key->remove_at < token->until)
			return RULE_VERIFIABLE;
		if (h->now < token->until &&
			!plan_is_published(plan_state(&h->world.keys, token->key, h->now)))
			return RULE_VERIFIABLE;
	}
	return RULE_NONE;
}

/* ---- who signs ---- */

static bool one_is_active(const struct history *h, unix_time now)
{
	size_t count = 0;

	for (size_t i = 0; i < h->world.keys.count; i++)
		count += plan_state(&h->world.keys, i, now) == PLAN_ACTIVE;
	return count == 1 && plan_active(&h->world.keys, now) >= 0;
}

enum rule rules_of_future(const struct history *h)
{
	unix_time t = h->now;

	while (t != PLAN_NEVER) {
		const unix_time change = plan_next_change(&h->world.keys, t);
		const ptrdiff_t active = plan_active(&h->world.keys, t);

		if (!one_is_active(h, t) ||
			(change != PLAN_NEVER && !one_is_active(h, change - 1)))
			return RULE_ONE_ACTIVE;
		if (!h->world.rows[active].sealed)
			return RULE_PRIVATE_HALF;
		t = change;
	}
	return RULE_NONE;
}

/* ---- rows ---- */

static bool is_waiting(enum plan_state state)
{
	return state == PLAN_STANDBY || state == PLAN_STAGED;
}

/* The moment at which key i handed over; PLAN_NEVER if it did not. */
static unix_time switch_of(const struct history *h, size_t i)
{
	const ptrdiff_t next = h->world.rows[i].activate_at == TIME_UNSET
		? -1
		: plan_takes_over(&h->world.keys, i);

	return next < 0 ? PLAN_NEVER : h->world.rows[next].activate_at;
}

/* Does the active key have no other successor that verifiers have yet than the one before it?
 */
static bool is_spare(const struct history *h, size_t i)
{
	const ptrdiff_t active = plan_active(&h->world.keys, h->now);
	bool is_ripe = false;

	for (size_t j = 0; j < h->world.keys.count; j++)
		is_ripe = is_ripe ||
			(is_waiting(plan_state(&h->world.keys, j, h->now)) &&
				plan_trusted_at(&h->world.rows[j]) <= h->now);
	return !is_ripe && plan_takes_over(&h->world.keys, i) == active;
}

static enum rule rule_of_half(const struct history *h, size_t i, const struct store_key *old)
{
	const struct store_key *key = &h->world.rows[i];
	const enum plan_state state = plan_state(&h->world.keys, i, h->now);
	bool is_needed = is_waiting(state) || state == PLAN_ACTIVE;

	if (is_needed && !key->sealed)
		return RULE_PRIVATE_HALF;
	if (state == PLAN_RETIRING && key->activate_at != TIME_UNSET)
		is_needed = is_spare(h, i) || h->now < switch_of(h, i) + h->policy.clock_skew_s;
	if (key->sealed && !is_needed)
		return state == PLAN_REVOKED ? RULE_REVOKED : RULE_ERASED;
	return old && old->sealed && !key->sealed && is_needed ? RULE_KEPT : RULE_NONE;
}

/* By when the last token of a key that retires is dead to all; and what was said before. */
static enum rule rule_of_removal(const struct history *h, size_t i, const struct world *before)
{
	const struct store_key *key = &h->world.rows[i];
	const unix_time dead_at = switch_of(h, i) + h->policy.clock_skew_s +
		key->ttl_ratchet_s + h->policy.verifier_leeway_s;

	if (plan_state(&h->world.keys, i, h->now) != PLAN_RETIRING ||
		key->activate_at == TIME_UNSET)
		return RULE_NONE;
	if (key->remove_at == TIME_UNSET || key->remove_at < dead_at)
		return RULE_REMOVAL;
	return i < before->keys.count &&
			plan_state(&before->keys, i, h->now) == PLAN_RETIRING &&
			key->remove_at < before->rows[i].remove_at
		? RULE_REMOVAL
		: RULE_NONE;
}

static enum rule rule_of_row(const struct history *h, size_t i, const struct world *before)
{
	const struct store_key *key = &h->world.rows[i];
	const struct store_key *old = i < before->keys.count ? &before->rows[i] : NULL;
	const enum plan_state state = plan_state(&h->world.keys, i, h->now);
	const enum rule half = rule_of_half(h, i, old);

	if (i > 0 && key->generation <= h->world.rows[i - 1].generation)
		return RULE_ORDER;
	if (h->seen[i].is_revoked &&
		(key->revoked_at == TIME_UNSET || plan_is_published(state)))
		return RULE_REVOKED;
	if ((is_waiting(state) || state == PLAN_ACTIVE) &&
		key->ttl_ratchet_s < h->policy.max_lifetime_s)
		return RULE_RATCHET;
	return half != RULE_NONE ? half : rule_of_removal(h, i, before);
}

enum rule rules_of_order(const struct store_keys *keys, unix_time now, const size_t *order,
	size_t count)
{
	static const int place[] = {
		[PLAN_ACTIVE] = 1, [PLAN_STANDBY] = 2, [PLAN_RETIRING] = 3
	};
	int last = 0;

	if (count != plan_published(keys, now))
		return RULE_FIRST;
	for (size_t i = 0; i < count; i++) {
		const enum plan_state state = plan_state(keys, order[i], now);

		if (!plan_is_published(state) || place[state] < last ||
			(place[state] == last && order[i] <= order[i - 1]))
			return RULE_FIRST;
		last = place[state];
	}
	return RULE_NONE;
}

enum rule rules_of_rows(const struct history *h, const struct world *before)
{
	const struct store_keys *keys = &h->world.keys;
	size_t order[WORLD_KEYS_MAX];
	const ptrdiff_t next = plan_successor(keys, h->now);
	const size_t published = plan_published(keys, h->now);

	if (published > PLAN_PUBLISHED_MAX)
		return RULE_FULL;
	if (published < PLAN_PUBLISHED_MAX &&
		(next < 0 || plan_state(keys, (size_t)next, h->now) != PLAN_STANDBY))
		return RULE_STANDBY;
	for (size_t i = 0; i < keys->count; i++) {
		const enum rule rule = rule_of_row(h, i, before);

		if (rule != RULE_NONE)
			return rule;
	}
	if (rules_of_order(keys, h->now, order, plan_jwks(keys, h->now, order)) != RULE_NONE)
		return RULE_FIRST;
	return rules_of_future(h);
}

/* plan.c - see plan.h. The states are computed in plan_state.c; here is what follows from them,
 * and in plan_ask.c what is asked for beyond.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "keys/plan_draft.h"

#define PLAN_KEYS_PER_S 1000 /* more than anybody can make */

int64_t plan_lead(const struct plan_policy *policy)
{
	return num_max(policy->verifier_cache_s,
		policy->max_age_s + policy->publication_lag_s + policy->clock_skew_s);
}

/* ---- what plans remember ---- */

/* A restored store goes beyond all that may have been made since it was copied. */
static void draft_outgrow_backup(struct draft *draft)
{
	struct store_memory *memory = &draft->keys.memory;

	if (memory->backup_at == TIME_UNSET)
		return;
	memory->generation_min = draft_next_generation(&draft->keys) +
		PLAN_KEYS_PER_S * (1 + num_max(0, draft->now - memory->backup_at));
	memory->backup_at = TIME_UNSET;
}

/* Documents that were handed out under a longer lead may be held for as long as that. */
static void draft_remember_lead(struct draft *draft)
{
	struct store_memory *memory = &draft->keys.memory;
	const int64_t lead_s = plan_lead(draft->policy);

	if (lead_s < memory->lead_s)
		memory->lead_until = num_max(memory->lead_until, draft->now + memory->lead_s);
	memory->lead_s = lead_s;
}

/* ---- what is due ---- */

/* The first start: nobody has a cache yet, so the first key signs at once. */
static void draft_first_active(struct draft *draft)
{
	struct store_key *key;

	if (draft->keys.count > 0)
		return;
	key = draft_add(draft);
	key->activate_at = draft->now;
}

/* Keys that are published when they are made cannot be staged, unless by a clock that was ahead
 * then: nobody has them yet. */
static void draft_publish(struct draft *draft)
{
	for (size_t i = 0; i < draft->keys.count; i++)
		if (draft_state(draft, i) == PLAN_STAGED &&
			plan_published(&draft->keys, draft->now) < PLAN_PUBLISHED_MAX)
			draft_set(draft, i, &draft->keys.key[i].publish_at, draft->now);
}

/* A standby that verifiers can fetch long before it signs. Where the JWKS is full it waits
 * until a key has left; the active one goes on meanwhile. */
static void draft_standby(struct draft *draft)
{
	if (plan_successor(&draft->keys, draft->now) < 0 &&
		plan_published(&draft->keys, draft->now) < PLAN_PUBLISHED_MAX)
		(void)draft_add(draft);
}

/* What a stricter policy asks of the keys that may still sign. */
static void draft_ratchet(struct draft *draft)
{
	for (size_t i = 0; i < draft->keys.count; i++) {
		const enum plan_state state = draft_state(draft, i);
		struct store_key *key = &draft->keys.key[i];
		const bool is_waiting = state == PLAN_STANDBY || state == PLAN_STAGED;

		if (is_waiting || state == PLAN_ACTIVE)
			draft_set(draft, i, &key->ttl_ratchet_s,
				num_max(key->ttl_ratchet_s, draft->policy->max_lifetime_s));
		if (is_waiting)
			draft_set(draft, i, &key->lead_s,
				num_max(key->lead_s, plan_lead(draft->policy)));
	}
}

/* The index of the key that signs, or -1: the active one, unless its half is gone. A new row
 * will have one. */
static ptrdiff_t signer_of(const struct draft *draft)
{
	const ptrdiff_t active = plan_active(&draft->keys, draft->now);

	return active >= (ptrdiff_t)draft->before->count
		? active
		: plan_signer(&draft->keys, draft->now);
}

/* The standby's moment: never before its lead is over; at the end of the period, or earlier if
 * that was decided before. If nobody can sign, the one that verifiers have first does as soon
 * as they have it. */
static void draft_schedule(struct draft *draft)
{
	const ptrdiff_t signer = signer_of(draft);
	const ptrdiff_t next = signer < 0 ? plan_ripest(&draft->keys, draft->now)
					  : plan_successor(&draft->keys, draft->now);
	const struct store_key *standby;
	unix_time due;

	if (next < 0)
		return;
	if (signer < 0) {
		draft_choose(draft, (size_t)next, draft_earliest(draft, (size_t)next));
		return;
	}
	standby = &draft->keys.key[next];
	due = draft->keys.key[signer].activate_at + draft->policy->rotation_period_s;
	if (standby->activate_at != TIME_UNSET && standby->activate_at < due)
		due = standby->activate_at;
	draft_set(draft, (size_t)next, &draft->keys.key[next].activate_at,
		num_max(draft_earliest(draft, (size_t)next), due));
}

/* Is key i what we fall back on if the active one is revoked? It is the one before, until
 * verifiers have the next. */
static bool is_spare(const struct draft *draft, size_t i)
{
	const ptrdiff_t active = plan_active(&draft->keys, draft->now);
	const ptrdiff_t next = plan_ripest(&draft->keys, draft->now);

	return active >= 0 && plan_takes_over(&draft->keys, i) == active &&
		(next < 0 || plan_trusted_at(&draft->keys.key[next]) > draft->now);
}

/* When the last token of key i, which hands over at `switch_at`, is dead to every verifier; the
 * spare stays until it is none. */
static unix_time end_of(const struct draft *draft, size_t i, unix_time switch_at)
{
	const ptrdiff_t next = plan_ripest(&draft->keys, draft->now);
	const unix_time dead_at = switch_at + draft->policy->clock_skew_s +
		draft->keys.key[i].ttl_ratchet_s + draft->policy->verifier_leeway_s;

	return next >= 0 && is_spare(draft, i)
		? num_max(dead_at, plan_trusted_at(&draft->keys.key[next]))
		: dead_at;
}

/* Each key stays published until its last token is dead to every verifier. What verifiers were
 * once promised is never shortened; only the key that has yet to hand over takes its promise
 * anew. */
static void draft_removals(struct draft *draft)
{
	for (size_t i = 0; i < draft->keys.count; i++) {
		const enum plan_state state = draft_state(draft, i);
		const ptrdiff_t next = plan_takes_over(&draft->keys, i);
		struct store_key *key = &draft->keys.key[i];
		unix_time at = TIME_UNSET;

		if ((state != PLAN_ACTIVE && state != PLAN_RETIRING) ||
			key->activate_at == TIME_UNSET)
			continue;
		if (next >= 0)
			at = end_of(draft, i, draft->keys.key[next].activate_at);
		if (at != TIME_UNSET && i < draft->before->count &&
			plan_has_handed_over(draft->before, i, draft->now))
			at = num_max(at, key->remove_at);
		draft_set(draft, i, &key->remove_at, at);
	}
}

/* Private halves that can no longer sign are erased: of a key that has handed over once the
 * switch is older than the clock may be wrong, so that one wrong look at it cannot cost the key
 * that signs. */
static void draft_erase(struct draft *draft)
{
	for (size_t i = 0; i < draft->keys.count; i++) {
		const enum plan_state state = draft_state(draft, i);
		const ptrdiff_t next = plan_takes_over(&draft->keys, i);

		if (state == PLAN_REMOVED || state == PLAN_REVOKED ||
			(state == PLAN_RETIRING && next >= 0 && !is_spare(draft, i) &&
				draft->keys.key[next].activate_at +
						draft->policy->clock_skew_s <=
					draft->now))
			draft_forget_half(draft, i);
	}
}

static void draft_due(struct draft *draft)
{
	draft_ratchet(draft);
	draft_standby(draft);
	draft_schedule(draft);
	/* That may just have taken effect; then another standby is due. */
	draft_standby(draft);
	draft_schedule(draft);
	draft_removals(draft);
	draft_erase(draft);
}

/* ---- the whole ---- */

static void draft_init(struct draft *draft, const struct store_keys *keys)
{
	draft->before = keys;
	draft->keys = *keys;
	draft->keys.key = text_alloc(keys->count + DRAFT_NEW_MAX, sizeof(*keys->key));
	draft->is_changed = text_alloc(keys->count + DRAFT_NEW_MAX, sizeof(bool));
	if (keys->count > 0)
		memcpy(draft->keys.key, keys->key, keys->count * sizeof(*keys->key));
}

/* By which time to plan. A revocation cannot wait for a right clock, and must not make a wrong
 * one the last committed time. */
static int settle_clock(struct draft *draft, struct clock_reading clock, enum plan_verb verb,
	struct err *err)
{
	const int64_t skew_s = draft->policy->clock_skew_s;
	struct store_memory *memory = &draft->keys.memory;
	struct err why = ERR_INIT;

	draft->now = plan_time(memory, skew_s, clock);
	if (plan_clock_check(memory, skew_s, clock, &why) < 0) {
		if (verb == PLAN_REVOKE)
			return 0;
		*err = why;
		return -1;
	}
	if (clock.now >= memory->clock_at) {
		memory->clock_at = clock.now;
		memory->uptime_s = clock.uptime_s;
	}
	return 0;
}

static int draft_plan(struct draft *draft, struct clock_reading clock,
	const struct plan_ask *ask, struct err *err)
{
	if (settle_clock(draft, clock, ask->verb, err) < 0)
		return -1;
	draft_outgrow_backup(draft);
	draft_remember_lead(draft);
	draft_first_active(draft);
	draft_publish(draft);
	draft_ratchet(draft);
	draft_standby(draft);
	if (draft_ask(draft, ask, err) < 0)
		return -1;
	draft_due(draft);
	return 0;
}

/* Moves the changed rows to the front and hands them out. */
static void draft_finish(struct draft *draft, struct store_keys *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < draft->keys.count; i++)
		if (draft->is_changed[i])
			draft->keys.key[count++] = draft->keys.key[i];
	free(draft->is_changed);
	*ret = draft->keys;
	ret->count = count;
}

int plan_next(const struct store_keys *keys, const struct plan_policy *policy,
	struct clock_reading clock, const struct plan_ask *ask, struct store_keys *ret,
	struct err *err)
{
	struct draft draft = { .policy = policy };

	draft_init(&draft, keys);
	if (draft_plan(&draft, clock, ask, err) < 0) {
		free(draft.keys.key);
		free(draft.is_changed);
		return -1;
	}
	draft_finish(&draft, ret);
	return 0;
}

bool plan_is_empty(const struct store_keys *keys, const struct store_keys *change)
{
	const struct store_memory *a = &keys->memory;
	const struct store_memory *b = &change->memory;

	return change->count == 0 && a->lead_s == b->lead_s && a->lead_until == b->lead_until &&
		a->generation_min == b->generation_min && a->backup_at == b->backup_at;
}

void plan_free(struct store_keys *change)
{
	free(change->key);
	*change = (struct store_keys){ .key = NULL };
}

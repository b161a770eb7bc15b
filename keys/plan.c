/* plan.c - see plan.h. The states are computed in plan_state.c; here is what follows from them.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "keys/plan.h"

/* A plan in the making: a working copy of all rows, and which of them changed. */
struct draft {
	struct store_keys keys;
	bool *is_changed;
};

#define DRAFT_NEW_MAX 2 /* the first start makes an active key and a standby */

static int64_t max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int64_t plan_lead(const struct plan_policy *policy)
{
	return max64(policy->verifier_cache_s,
		policy->max_age_s + policy->publication_lag_s + policy->clock_skew_s);
}

static void draft_init(struct draft *draft, const struct store_keys *keys)
{
	draft->keys.key = text_alloc(keys->count + DRAFT_NEW_MAX, sizeof(*keys->key));
	draft->is_changed = text_alloc(keys->count + DRAFT_NEW_MAX, sizeof(bool));
	draft->keys.count = keys->count;
	if (keys->count > 0)
		memcpy(draft->keys.key, keys->key, keys->count * sizeof(*keys->key));
}

static void draft_set(struct draft *draft, size_t i, unix_time *member, unix_time value)
{
	if (*member == value)
		return;
	*member = value;
	draft->is_changed[i] = true;
}

static size_t draft_add(struct draft *draft, const struct plan_policy *policy, unix_time now,
	unix_time activate_at)
{
	const size_t i = draft->keys.count++;
	struct store_key *key = &draft->keys.key[i];

	*key = (struct store_key){
		.generation = i > 0 ? draft->keys.key[i - 1].generation + 1 : 1,
		.created_at = now,
		.publish_at = now,
		.activate_at = activate_at,
		.ttl_ratchet_s = policy->max_lifetime_s,
	};
	(void)text_fit(key->alg, sizeof(key->alg), policy->alg); /* checked by conf: it fits */
	draft->is_changed[i] = true;
	return i;
}

/* The first start: nobody has a cache yet, so the first key signs at once. */
static void draft_first_active(struct draft *draft, const struct plan_policy *policy,
	unix_time now)
{
	if (draft->keys.count == 0)
		(void)draft_add(draft, policy, now, now);
}

/* A standby that verifiers can fetch long before it signs. */
static void draft_standby(struct draft *draft, const struct plan_policy *policy, unix_time now)
{
	const ptrdiff_t active = plan_active(&draft->keys, now);
	const unix_time due = active < 0
		? now
		: draft->keys.key[active].activate_at + policy->rotation_period_s;

	if (plan_successor(&draft->keys, now) < 0)
		(void)draft_add(draft, policy, now, max64(now + plan_lead(policy), due));
}

/* The standby's moment: never before its lead is over, also under a policy that became
 * stricter; at the end of the period, or earlier if that was decided before. */
static void draft_schedule(struct draft *draft, const struct plan_policy *policy, unix_time now,
	enum plan_ask ask)
{
	const ptrdiff_t active = plan_active(&draft->keys, now);
	const ptrdiff_t next = plan_successor(&draft->keys, now);
	struct store_key *standby;
	unix_time earliest, due;

	if (next < 0)
		return;
	standby = &draft->keys.key[next];
	earliest = max64(now, standby->publish_at + plan_lead(policy));
	due = active < 0 ? earliest
			 : draft->keys.key[active].activate_at + policy->rotation_period_s;
	if (ask == PLAN_ROTATE)
		due = earliest;
	else if (standby->activate_at != TIME_UNSET && standby->activate_at < due)
		due = standby->activate_at;
	draft_set(draft, (size_t)next, &standby->activate_at, max64(earliest, due));
}

/* Each key stays published until its last token is dead to every verifier. What verifiers were
 * once promised is never shortened; only the key that hands over now takes its promise from
 * now. */
static void draft_removals(struct draft *draft, const struct plan_policy *policy,
	const struct store_keys *before, unix_time now)
{
	for (size_t i = 0; i < draft->keys.count; i++) {
		const enum plan_state state = plan_state(&draft->keys, i, now);
		const ptrdiff_t next = plan_takes_over(&draft->keys, i);
		struct store_key *key = &draft->keys.key[i];
		unix_time at;

		if ((state != PLAN_ACTIVE && state != PLAN_RETIRING) || next < 0)
			continue;
		at = draft->keys.key[next].activate_at + policy->clock_skew_s +
			key->ttl_ratchet_s + policy->verifier_leeway_s;
		if (i < before->count && plan_state(before, i, now) == PLAN_RETIRING)
			at = max64(at, key->remove_at);
		draft_set(draft, i, &key->remove_at, at);
	}
}

static void draft_ratchet(struct draft *draft, const struct plan_policy *policy, unix_time now)
{
	for (size_t i = 0; i < draft->keys.count; i++) {
		const enum plan_state state = plan_state(&draft->keys, i, now);
		struct store_key *key = &draft->keys.key[i];

		if (state == PLAN_ACTIVE || state == PLAN_STANDBY || state == PLAN_STAGED)
			draft_set(draft, i, &key->ttl_ratchet_s,
				max64(key->ttl_ratchet_s, policy->max_lifetime_s));
	}
}

/* When a key that has handed over is erased: once the switch is older than the clock may be
 * wrong, so that one wrong look at the clock cannot cost the key that signs. */
static unix_time erase_at(const struct plan_policy *policy, const struct store_key *key)
{
	return key->remove_at - key->ttl_ratchet_s - policy->verifier_leeway_s;
}

/* Private halves that can no longer sign are erased. */
static void draft_erase(struct draft *draft, const struct plan_policy *policy, unix_time now)
{
	for (size_t i = 0; i < draft->keys.count; i++) {
		const enum plan_state state = plan_state(&draft->keys, i, now);
		struct store_key *key = &draft->keys.key[i];

		if (key->sealed &&
			((state == PLAN_RETIRING && erase_at(policy, key) <= now) ||
				state == PLAN_REMOVED || state == PLAN_REVOKED)) {
			key->sealed = NULL; /* borrowed: the row it came from still owns it */
			key->sealed_len = 0;
			draft->is_changed[i] = true;
		}
	}
}

/* Moves the changed rows to the front and hands them out. */
static void draft_finish(struct draft *draft, struct store_keys *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < draft->keys.count; i++)
		if (draft->is_changed[i])
			draft->keys.key[count++] = draft->keys.key[i];
	free(draft->is_changed);
	ret->key = draft->keys.key;
	ret->count = count;
}

int plan_next(const struct store_keys *keys, const struct plan_policy *policy, unix_time now,
	enum plan_ask ask, struct store_keys *ret, struct err *err)
{
	const ptrdiff_t active = plan_active(keys, now);
	struct draft draft;

	if (keys->count > 0 && active < 0)
		return err_set(err, ERR_FAILED,
			"no key is active at %s, so the clock went back or all keys are revoked; "
			"set the clock right before anything is changed",
			text_time(now).s);
	/* Only a key that has handed over is erased: we are before a switch that has been. */
	if (keys->count > 0 && !keys->key[active].sealed)
		return err_set(err, ERR_FAILED,
			"the key that is active at %s, %s, is erased already, so the clock went back; "
			"set the clock right before anything is changed",
			text_time(now).s, keys->key[active].kid);
	draft_init(&draft, keys);
	draft_first_active(&draft, policy, now);
	draft_standby(&draft, policy, now);
	draft_ratchet(&draft, policy, now);
	draft_schedule(&draft, policy, now, ask);
	/* A rotation asked for may just have taken effect; then a new standby is due. */
	draft_standby(&draft, policy, now);
	draft_removals(&draft, policy, keys, now);
	draft_erase(&draft, policy, now);
	draft_finish(&draft, ret);
	return 0;
}

void plan_free(struct store_keys *change)
{
	free(change->key);
	*change = (struct store_keys){ .key = NULL };
}

/* plan_state.c - the state of keys, computed from their times. See plan.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "keys/plan.h"

/* Can this key ever sign, by its row? */
static bool may_sign(const struct store_key *key)
{
	return key->revoked_at == TIME_UNSET && key->activate_at != TIME_UNSET;
}

/* Does a come before b in the order in which they sign? */
static bool signs_before(const struct store_key *a, const struct store_key *b)
{
	return a->activate_at != b->activate_at ? a->activate_at < b->activate_at
						: a->generation < b->generation;
}

ptrdiff_t plan_takes_over(const struct store_keys *keys, size_t i)
{
	ptrdiff_t next = -1;

	for (size_t j = 0; j < keys->count; j++)
		if (may_sign(&keys->key[j]) && signs_before(&keys->key[i], &keys->key[j]) &&
			(next < 0 || signs_before(&keys->key[j], &keys->key[next])))
			next = (ptrdiff_t)j;
	return next;
}

enum plan_state plan_state(const struct store_keys *keys, size_t i, unix_time now)
{
	const struct store_key *key = &keys->key[i];
	ptrdiff_t next;

	if (key->revoked_at != TIME_UNSET)
		return PLAN_REVOKED;
	if (key->remove_at != TIME_UNSET && key->remove_at <= now)
		return PLAN_REMOVED;
	if (key->publish_at == TIME_UNSET || now < key->publish_at)
		return PLAN_STAGED;
	if (key->activate_at == TIME_UNSET || now < key->activate_at)
		return PLAN_STANDBY;
	next = plan_takes_over(keys, i);
	return next >= 0 && keys->key[next].activate_at <= now ? PLAN_RETIRING : PLAN_ACTIVE;
}

const char *plan_state_name(enum plan_state state)
{
	static const char *const names[] = {
		[PLAN_STAGED] = "staged",
		[PLAN_STANDBY] = "standby",
		[PLAN_ACTIVE] = "active",
		[PLAN_RETIRING] = "retiring",
		[PLAN_REMOVED] = "removed",
		[PLAN_REVOKED] = "revoked",
	};

	return names[state];
}

bool plan_is_published(enum plan_state state)
{
	return state == PLAN_STANDBY || state == PLAN_ACTIVE || state == PLAN_RETIRING;
}

ptrdiff_t plan_active(const struct store_keys *keys, unix_time now)
{
	for (size_t i = 0; i < keys->count; i++)
		if (plan_state(keys, i, now) == PLAN_ACTIVE)
			return (ptrdiff_t)i;
	return -1;
}

ptrdiff_t plan_successor(const struct store_keys *keys, unix_time now)
{
	ptrdiff_t next = -1;

	for (size_t i = 0; i < keys->count; i++) {
		const enum plan_state state = plan_state(keys, i, now);
		const struct store_key *key = &keys->key[i];

		if (state != PLAN_STANDBY && state != PLAN_STAGED)
			continue;
		/* One without a moment comes after all that have one. */
		if (next < 0 ||
			(may_sign(key) &&
				(!may_sign(&keys->key[next]) ||
					signs_before(key, &keys->key[next]))))
			next = (ptrdiff_t)i;
	}
	return next;
}

unix_time plan_key_change(const struct store_keys *keys, size_t i, unix_time now)
{
	const struct store_key *key = &keys->key[i];
	const ptrdiff_t next = may_sign(key) ? plan_takes_over(keys, i) : -1;
	const unix_time moments[] = {
		key->publish_at,
		key->activate_at,
		next >= 0 ? keys->key[next].activate_at : TIME_UNSET,
		key->remove_at,
	};

	if (key->revoked_at != TIME_UNSET)
		return PLAN_NEVER;
	for (size_t m = 0; m < sizeof(moments) / sizeof(moments[0]); m++)
		if (moments[m] != TIME_UNSET && moments[m] > now)
			return moments[m];
	return PLAN_NEVER;
}

unix_time plan_next_change(const struct store_keys *keys, unix_time now)
{
	unix_time earliest = PLAN_NEVER;

	for (size_t i = 0; i < keys->count; i++) {
		const unix_time change = plan_key_change(keys, i, now);

		earliest = change < earliest ? change : earliest;
	}
	return earliest;
}

/* plan_state.c - the state of keys, computed from their times. See plan.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/num.h"
#include "keys/plan.h"

/* Can this key ever sign, by its row? */
static bool may_sign(const struct store_key *key)
{
	return key->revoked_at == TIME_UNSET && key->activate_at != TIME_UNSET;
}

bool plan_verifies_only(const struct store_key *key)
{
	return key->activate_at == TIME_UNSET && key->remove_at != TIME_UNSET;
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
	if (plan_verifies_only(key))
		return PLAN_RETIRING;
	if (key->activate_at == TIME_UNSET || now < key->activate_at)
		return PLAN_STANDBY;
	next = plan_takes_over(keys, i);
	return next >= 0 && keys->key[next].activate_at <= now ? PLAN_RETIRING : PLAN_ACTIVE;
}

bool plan_has_handed_over(const struct store_keys *keys, size_t i, unix_time now)
{
	if (plan_state(keys, i, now) == PLAN_RETIRING)
		return true;
	for (size_t j = 0; j < keys->count; j++) {
		const struct store_key *key = &keys->key[j];

		if (key->revoked_at != TIME_UNSET && key->activate_at != TIME_UNSET &&
			key->activate_at <= key->revoked_at && signs_before(&keys->key[i], key))
			return true;
	}
	return false;
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

size_t plan_published(const struct store_keys *keys, unix_time now)
{
	size_t count = 0;

	for (size_t i = 0; i < keys->count; i++)
		count += plan_is_published(plan_state(keys, i, now));
	return count;
}

size_t plan_jwks(const struct store_keys *keys, unix_time now, size_t *ret)
{
	static const enum plan_state order[] = { PLAN_ACTIVE, PLAN_STANDBY, PLAN_RETIRING };
	size_t count = 0;

	for (size_t o = 0; o < sizeof(order) / sizeof(order[0]); o++)
		for (size_t i = 0; i < keys->count; i++)
			if (plan_state(keys, i, now) == order[o])
				ret[count++] = i;
	return count;
}

ptrdiff_t plan_active(const struct store_keys *keys, unix_time now)
{
	for (size_t i = 0; i < keys->count; i++)
		if (plan_state(keys, i, now) == PLAN_ACTIVE)
			return (ptrdiff_t)i;
	return -1;
}

ptrdiff_t plan_signer(const struct store_keys *keys, unix_time now)
{
	const ptrdiff_t active = plan_active(keys, now);

	return active >= 0 && keys->key[active].sealed ? active : -1;
}

static bool is_waiting(const struct store_keys *keys, size_t i, unix_time now)
{
	const enum plan_state state = plan_state(keys, i, now);

	return (state == PLAN_STANDBY || state == PLAN_STAGED) &&
		!plan_verifies_only(&keys->key[i]);
}

ptrdiff_t plan_successor(const struct store_keys *keys, unix_time now)
{
	ptrdiff_t next = -1;

	for (size_t i = 0; i < keys->count; i++) {
		const struct store_key *key = &keys->key[i];

		if (!is_waiting(keys, i, now))
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

unix_time plan_leaves_at(const struct store_key *key)
{
	return key->revoked_at != TIME_UNSET ? key->revoked_at : key->remove_at;
}

unix_time plan_trusted_at(const struct store_key *key)
{
	return key->publish_at == TIME_UNSET ? PLAN_NEVER : key->publish_at + key->lead_s;
}

ptrdiff_t plan_ripest(const struct store_keys *keys, unix_time now)
{
	ptrdiff_t best = -1;

	for (size_t i = 0; i < keys->count; i++)
		if (is_waiting(keys, i, now) &&
			(best < 0 ||
				plan_trusted_at(&keys->key[i]) <
					plan_trusted_at(&keys->key[best])))
			best = (ptrdiff_t)i;
	return best;
}

/* The moments of a row at which its state may change, in no order; unset ones among them. */
#define MOMENTS 4
static void moments_of(const struct store_keys *keys, size_t i, unix_time ret[static MOMENTS])
{
	const struct store_key *key = &keys->key[i];
	const ptrdiff_t next = may_sign(key) ? plan_takes_over(keys, i) : -1;

	ret[0] = key->publish_at;
	ret[1] = key->activate_at;
	ret[2] = next >= 0 ? keys->key[next].activate_at : TIME_UNSET;
	ret[3] = key->remove_at;
}

unix_time plan_since(const struct store_keys *keys, size_t i, unix_time now)
{
	unix_time moments[MOMENTS];
	unix_time since = keys->key[i].created_at;

	if (keys->key[i].revoked_at != TIME_UNSET)
		return keys->key[i].revoked_at;
	moments_of(keys, i, moments);
	for (size_t m = 0; m < MOMENTS; m++)
		if (moments[m] != TIME_UNSET && moments[m] <= now && moments[m] > since)
			since = moments[m];
	return since;
}

unix_time plan_key_change(const struct store_keys *keys, size_t i, unix_time now)
{
	unix_time moments[MOMENTS];
	unix_time change = PLAN_NEVER;

	if (keys->key[i].revoked_at != TIME_UNSET || plan_state(keys, i, now) == PLAN_REMOVED)
		return PLAN_NEVER;
	moments_of(keys, i, moments);
	for (size_t m = 0; m < MOMENTS; m++)
		if (moments[m] != TIME_UNSET && moments[m] > now && moments[m] < change)
			change = moments[m];
	return change;
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

int64_t plan_max_age(const struct store_keys *keys, const struct plan_policy *policy,
	unix_time now)
{
	const int64_t on_the_way_s = policy->publication_lag_s + policy->clock_skew_s;
	int64_t max_age_s = policy->max_age_s;

	for (size_t i = 0; i < keys->count; i++) {
		const struct store_key *key = &keys->key[i];

		if (may_sign(key) && key->activate_at > now)
			max_age_s = num_min(max_age_s,
				key->activate_at - key->publish_at - on_the_way_s);
	}
	return max_age_s < 0 ? 0 : max_age_s;
}

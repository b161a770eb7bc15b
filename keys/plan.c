/* plan.c - see plan.h. The states are computed in plan_state.c; here is what follows from them.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "keys/plan.h"

/* A plan in the making: a working copy of all rows, and which of them changed. */
struct draft {
	const struct store_keys *before;
	const struct plan_policy *policy;
	unix_time now;
	struct store_keys keys;
	bool *is_changed;
};

#define PLAN_KEYS_PER_S 1000 /* more than anybody can make */
#define DRAFT_NEW_MAX   4 /* the first start makes two keys, what is asked for up to two more */

int64_t plan_lead(const struct plan_policy *policy)
{
	return num_max(policy->verifier_cache_s,
		policy->max_age_s + policy->publication_lag_s + policy->clock_skew_s);
}

static void draft_init(struct draft *draft, const struct store_keys *keys)
{
	draft->before = keys;
	draft->keys = *keys;
	draft->keys.key = text_alloc(keys->count + DRAFT_NEW_MAX, sizeof(*keys->key));
	draft->is_changed = text_alloc(keys->count + DRAFT_NEW_MAX, sizeof(bool));
	if (keys->count > 0)
		memcpy(draft->keys.key, keys->key, keys->count * sizeof(*keys->key));
}

static enum plan_state state_of(const struct draft *draft, size_t i)
{
	return plan_state(&draft->keys, i, draft->now);
}

static void draft_set(struct draft *draft, size_t i, unix_time *member, unix_time value)
{
	if (*member == value)
		return;
	*member = value;
	draft->is_changed[i] = true;
}

/* The private half is borrowed: the row it came from still owns it. */
static void draft_forget_half(struct draft *draft, size_t i)
{
	struct store_key *key = &draft->keys.key[i];

	if (!key->sealed)
		return;
	key->sealed = NULL;
	key->sealed_len = 0;
	draft->is_changed[i] = true;
}

static int64_t next_generation(const struct store_keys *keys)
{
	int64_t last = keys->memory.generation_min;

	for (size_t i = 0; i < keys->count; i++)
		last = num_max(last, keys->key[i].generation);
	return last + 1;
}

/* The lead of a key published then: also what verifiers were promised before counts. */
static int64_t lead_of(const struct draft *draft, unix_time publish_at)
{
	return num_max(plan_lead(draft->policy), draft->keys.memory.lead_until - publish_at);
}

static struct store_key *draft_add(struct draft *draft)
{
	struct store_key *key = &draft->keys.key[draft->keys.count];

	*key = (struct store_key){
		.generation = next_generation(&draft->keys),
		.created_at = draft->now,
		.publish_at = draft->now,
		.ttl_ratchet_s = draft->policy->max_lifetime_s,
		.lead_s = lead_of(draft, draft->now),
	};
	(void)text_fit(key->alg, sizeof(key->alg), draft->policy->alg); /* checked by conf */
	draft->is_changed[draft->keys.count++] = true;
	return key;
}

/* ---- what plans remember ---- */

/* A restored store goes beyond all that may have been made since it was copied. */
static void draft_outgrow_backup(struct draft *draft)
{
	struct store_memory *memory = &draft->keys.memory;

	if (memory->backup_at == TIME_UNSET)
		return;
	memory->generation_min = next_generation(&draft->keys) +
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
		if (state_of(draft, i) == PLAN_STAGED &&
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
		const enum plan_state state = state_of(draft, i);
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

/* Standby i signs from `at` on, before any other that waits. */
static void draft_choose(struct draft *draft, size_t i, unix_time at)
{
	for (size_t j = 0; j < draft->keys.count; j++)
		if (j != i && draft->keys.key[j].activate_at > draft->now)
			draft_set(draft, j, &draft->keys.key[j].activate_at, TIME_UNSET);
	draft_set(draft, i, &draft->keys.key[i].activate_at, at);
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

/* The earliest moment at which verifiers have key i. */
static unix_time earliest_of(const struct draft *draft, size_t i)
{
	return num_max(draft->now, plan_trusted_at(&draft->keys.key[i]));
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
		draft_choose(draft, (size_t)next, earliest_of(draft, (size_t)next));
		return;
	}
	standby = &draft->keys.key[next];
	due = draft->keys.key[signer].activate_at + draft->policy->rotation_period_s;
	if (standby->activate_at != TIME_UNSET && standby->activate_at < due)
		due = standby->activate_at;
	draft_set(draft, (size_t)next, &draft->keys.key[next].activate_at,
		num_max(earliest_of(draft, (size_t)next), due));
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
		const enum plan_state state = state_of(draft, i);
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
		const enum plan_state state = state_of(draft, i);
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

/* ---- what is asked for ---- */

static int refuse_full(const struct draft *draft, const char *what, struct err *err)
{
	unix_time leaves_at = PLAN_NEVER;

	for (size_t i = 0; i < draft->keys.count; i++) {
		const unix_time at = draft->keys.key[i].remove_at;

		if (at > draft->now && at < leaves_at)
			leaves_at = at;
	}
	return err_set(err, ERR_EARLY,
		"%s would publish more than %d keys, and some verifiers read no more; the next key "
		"leaves at %s: do it then, or revoke a key that is not needed (issuerctl key list), "
		"or rotate less often, or lower tokens.max_lifetime",
		what, PLAN_PUBLISHED_MAX,
		leaves_at == PLAN_NEVER ? "no set time" : text_time(leaves_at).s);
}

static int refuse_now(const struct draft *draft, size_t i, struct err *err)
{
	const struct store_key *key = &draft->keys.key[i];
	const unix_time trusted_at = plan_trusted_at(key);

	return err_set(err, ERR_EARLY,
		"%s %s has been published for %s only: verifiers may lack it until %s (in %s), and "
		"would refuse its tokens; without --now it signs as soon as that is over, with "
		"--accept-verifier-outage it signs now",
		key->kid[0] ? "key" : "a", key->kid[0] ? key->kid : "new key",
		text_span(draft->now - key->publish_at).s, text_time(trusted_at).s,
		text_span(trusted_at - draft->now).s);
}

static int draft_rotate(struct draft *draft, const struct plan_ask *ask, struct err *err)
{
	const ptrdiff_t next = plan_ripest(&draft->keys, draft->now);
	unix_time at = draft->now;

	if (next < 0 || plan_published(&draft->keys, draft->now) >= PLAN_PUBLISHED_MAX)
		return refuse_full(draft, "a rotation", err);
	if (!ask->accepts_outage)
		at = earliest_of(draft, (size_t)next);
	if (ask->is_now && at > draft->now)
		return refuse_now(draft, (size_t)next, err);
	draft_choose(draft, (size_t)next, at);
	return 0;
}

/* Do verifiers have key i, or at least those that have the key that is revoked? */
static bool is_held(const struct draft *draft, size_t i, size_t revoked)
{
	const struct store_key *key = &draft->keys.key[i];

	return i < draft->before->count &&
		(plan_trusted_at(key) <= draft->now ||
			key->publish_at <= draft->keys.key[revoked].publish_at);
}

static int refuse_outage(const struct draft *draft, ptrdiff_t next, size_t revoked,
	struct err *err)
{
	const struct store_key *key = next < 0 ? NULL : &draft->keys.key[next];

	if (!key)
		return err_set(err, ERR_EARLY,
			"key %s signs, and there is no other: a new one would be unknown to "
			"verifiers for %s; add --accept-verifier-outage to revoke it all the same",
			draft->keys.key[revoked].kid, text_span(lead_of(draft, draft->now)).s);
	return err_set(err, ERR_EARLY,
		"key %s signs, and verifiers may lack the next one%s%s until %s (in %s): they would "
		"refuse its tokens; add --accept-verifier-outage to revoke the key all the same",
		draft->keys.key[revoked].kid, key->kid[0] ? " " : "", key->kid,
		text_time(plan_trusted_at(key)).s,
		text_span(plan_trusted_at(key) - draft->now).s);
}

/* Somebody signs in the place of the active key that was just revoked: a standby that verifiers
 * have; or the key before it, if that still can, until the standby is ripe. */
static int draft_succeed(struct draft *draft, size_t revoked, bool accepts_outage,
	struct err *err)
{
	const ptrdiff_t before = plan_active(&draft->keys, draft->now);
	ptrdiff_t next = plan_ripest(&draft->keys, draft->now);
	const bool is_next_held = next >= 0 && is_held(draft, (size_t)next, revoked);
	const bool can_fall_back = before >= 0 && draft->keys.key[before].sealed &&
		is_held(draft, (size_t)before, revoked);

	if (!is_next_held && !can_fall_back && !accepts_outage)
		return refuse_outage(draft, next, revoked, err);
	if (next < 0 && !can_fall_back) {
		(void)draft_add(draft);
		next = (ptrdiff_t)draft->keys.count - 1;
	}
	if (next >= 0)
		draft_choose(draft, (size_t)next,
			is_next_held || !can_fall_back
				? draft->now
				: plan_trusted_at(&draft->keys.key[next]));
	return 0;
}

static int draft_revoke(struct draft *draft, const struct plan_ask *ask, struct err *err)
{
	const ptrdiff_t active = plan_active(&draft->keys, draft->now);
	struct store_key *key;
	size_t i = 0;

	while (i < draft->keys.count && draft->keys.key[i].generation != ask->generation)
		i++;
	if (i == draft->keys.count)
		return err_set(err, ERR_NOT_FOUND, "no key of generation %s",
			text_num(ask->generation).s);
	key = &draft->keys.key[i];
	if (key->revoked_at != TIME_UNSET)
		return 0;
	draft_set(draft, i, &key->revoked_at, draft->now);
	key->reason = (char *)(uintptr_t)ask->reason; /* only read */
	draft_forget_half(draft, i);
	return (ptrdiff_t)i == active ? draft_succeed(draft, i, ask->accepts_outage, err) : 0;
}

/* The same key again: one that only verifies may stay longer, or come back. */
static int draft_prolong(struct draft *draft, size_t i, const struct plan_ask *ask,
	struct err *err)
{
	struct store_key *key = &draft->keys.key[i];

	if (!ask->verifies_only || !plan_verifies_only(key) || key->revoked_at != TIME_UNSET)
		return err_set(err, ERR_REFUSED, "key %s is here already: it is %s", key->kid,
			plan_state_name(state_of(draft, i)));
	draft_set(draft, i, &key->remove_at, num_max(key->remove_at, ask->until));
	return 0;
}

static int draft_import(struct draft *draft, const struct plan_ask *ask, struct err *err)
{
	const struct store_key *given = ask->import;
	size_t i = 0;
	struct store_key *key;

	if (ask->until != TIME_UNSET && ask->until <= draft->now)
		return err_set(err, ERR_BAD_INPUT,
			"until %s is not ahead: the key would leave at once",
			text_time(ask->until).s);
	while (i < draft->keys.count && strcmp(draft->keys.key[i].kid, given->kid) != 0)
		i++;
	/* One place is for the next standby: an import stays for long. */
	if ((i == draft->keys.count || !plan_is_published(state_of(draft, i))) &&
		plan_published(&draft->keys, draft->now) >= PLAN_PUBLISHED_MAX - 1)
		return refuse_full(draft, "with the next standby, this import", err);
	if (i < draft->keys.count)
		return draft_prolong(draft, i, ask, err);
	key = draft_add(draft);
	(void)text_fit(key->kid, sizeof(key->kid), given->kid); /* of the same size */
	(void)text_fit(key->alg, sizeof(key->alg), given->alg);
	key->public_der = given->public_der;
	key->public_len = given->public_len;
	key->is_imported = true;
	if (given->publish_at != TIME_UNSET && given->publish_at < draft->now) {
		key->publish_at = given->publish_at;
		key->lead_s = lead_of(draft, key->publish_at);
	}
	if (ask->verifies_only) {
		key->remove_at = ask->until;
		key->ttl_ratchet_s = key->lead_s = 0;
	} else if (ask->until != TIME_UNSET) {
		/* Whenever it hands over, it stays for the tokens it signed elsewhere. */
		key->ttl_ratchet_s = num_max(key->ttl_ratchet_s, ask->until - draft->now);
	}
	draft->is_changed[i] = true;
	return 0;
}

static int draft_ask(struct draft *draft, const struct plan_ask *ask, struct err *err)
{
	switch (ask->verb) {
	case PLAN_TICK:
		return 0;
	case PLAN_ROTATE:
		return draft_rotate(draft, ask, err);
	case PLAN_REVOKE:
		return draft_revoke(draft, ask, err);
	case PLAN_IMPORT:
		return draft_import(draft, ask, err);
	}
	return 0;
}

/* ---- the whole ---- */

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

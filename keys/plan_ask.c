/* plan_ask.c - what is asked of a plan beyond what is due: rotations, revocations, imports, and
 * why not. See plan.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "keys/plan_draft.h"

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
		at = draft_earliest(draft, (size_t)next);
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
			draft->keys.key[revoked].kid,
			text_span(draft_lead(draft, draft->now)).s);
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
			plan_state_name(draft_state(draft, i)));
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
	if ((i == draft->keys.count || !plan_is_published(draft_state(draft, i))) &&
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
		key->lead_s = draft_lead(draft, key->publish_at);
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

int draft_ask(struct draft *draft, const struct plan_ask *ask, struct err *err)
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

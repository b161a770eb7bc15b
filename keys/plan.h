/* plan.h - what state each key is in, and what should be done next. Pure: keys, policy and time
 * go in, a change comes out; nothing here reads a clock, a store or a random number.
 *
 * state     holds when                                                    in JWKS  signs
 * staged    now < publish_at                                              no       no
 * standby   publish_at <= now < activate_at, or activate_at unset         yes      no
 * active    activate_at <= now < successor's activate_at                  yes      yes
 * retiring  successor's activate_at <= now < remove_at, or that unset     yes      no
 * removed   remove_at <= now                                              no       no
 * revoked   revoked_at set; overrides all                                 no       no
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef PLAN_H
#define PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "store/store.h"

/* Seconds; the letters are those of doc/architecture.md. */
struct plan_policy {
	int64_t max_age_s;         /* A: how long verifiers may cache the JWKS */
	int64_t publication_lag_s; /* P: from our listener to the verifiers' source */
	int64_t clock_skew_s;      /* S: between us and any verifier */
	int64_t verifier_cache_s;  /* C: the slowest verifier's own cache */
	int64_t verifier_leeway_s; /* V: how long past exp a verifier may accept */
	int64_t max_lifetime_s;    /* T: of a token */
	int64_t rotation_period_s; /* D */
	const char *alg;           /* of keys made from now on; borrowed */
};

enum plan_state {
	PLAN_STAGED,
	PLAN_STANDBY,
	PLAN_ACTIVE,
	PLAN_RETIRING,
	PLAN_REMOVED,
	PLAN_REVOKED,
};

#define PLAN_NEVER INT64_MAX

enum plan_state plan_state(const struct store_keys *keys, size_t i, unix_time now);
const char *plan_state_name(enum plan_state state);
bool plan_is_published(enum plan_state state);

/* The index of the one active key, or -1. */
ptrdiff_t plan_active(const struct store_keys *keys, unix_time now);
/* The index of the next key to become active (standby or staged), or -1. */
ptrdiff_t plan_successor(const struct store_keys *keys, unix_time now);

/* The index of the key that takes over from key i, or -1. */
ptrdiff_t plan_takes_over(const struct store_keys *keys, size_t i);

/* L: how long a key must have been published before it may sign. */
int64_t plan_lead(const struct plan_policy *policy);

/* When key i's state changes next, as its rows stand; PLAN_NEVER if it does not. */
unix_time plan_key_change(const struct store_keys *keys, size_t i, unix_time now);
/* The earliest of those: what was computed at `now` stays true until then. */
unix_time plan_next_change(const struct store_keys *keys, unix_time now);

enum plan_ask {
	PLAN_TICK,   /* do what is due */
	PLAN_ROTATE, /* and activate the standby at the earliest safe moment */
};

/* What should be written now: changed rows of `keys`, and new rows (kid empty, no key material
 * yet) whose generation is beyond the last. Nothing due: an empty change. Planning again after
 * the change was applied finds nothing to do. The rows borrow from `keys`; plan_free releases
 * the list alone. ERR_FAILED if the clock stands before every key, or before a switch whose old
 * key is erased: it went back. */
int plan_next(const struct store_keys *keys, const struct plan_policy *policy, unix_time now,
	enum plan_ask ask, struct store_keys *ret, struct err *err);
void plan_free(struct store_keys *change);

#endif

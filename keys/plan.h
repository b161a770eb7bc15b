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
 * A key that was imported to verify only has a remove_at and no activate_at: it is retiring
 * from the start. The formulas and what follows from them are in doc/key-rotation.md.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef PLAN_H
#define PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "store/store.h"

/* Seconds; the letters are those of doc/key-rotation.md. */
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

/* Verifiers that read few keys read ten (OCI API Gateway). Nothing that would publish one more
 * is done; from the first number on an operator should know. */
#define PLAN_PUBLISHED_WARN 8
#define PLAN_PUBLISHED_MAX  10

/* ---- what the rows say (plan_state.c) ---- */

enum plan_state plan_state(const struct store_keys *keys, size_t i, unix_time now);
const char *plan_state_name(enum plan_state state);
/* Was it imported for the tokens it signed elsewhere, and never signs here? */
bool plan_verifies_only(const struct store_key *key);
bool plan_is_published(enum plan_state state);
/* How many keys are in the JWKS. */
size_t plan_published(const struct store_keys *keys, unix_time now);
/* The same, and their indices in its order: active, standby, retiring. `ret` has room for all
 * keys. */
size_t plan_jwks(const struct store_keys *keys, unix_time now, size_t *ret);

/* The index of the one active key, or -1. */
ptrdiff_t plan_active(const struct store_keys *keys, unix_time now);
/* The same, or -1 if its private half is gone: then nobody can sign. Only a clock that was
 * wrong and accepted leaves keys in such a state. */
ptrdiff_t plan_signer(const struct store_keys *keys, unix_time now);
/* The index of the next key to become active (standby or staged), or -1. */
ptrdiff_t plan_successor(const struct store_keys *keys, unix_time now);
/* The index of the standby that verifiers can trust first, or -1. */
ptrdiff_t plan_ripest(const struct store_keys *keys, unix_time now);

/* The index of the key that takes over from key i, or -1. */
ptrdiff_t plan_takes_over(const struct store_keys *keys, size_t i);

/* Has key i signed, and another after it? Also if that one is revoked, and i signs again. */
bool plan_has_handed_over(const struct store_keys *keys, size_t i, unix_time now);

/* When state i began: the latest moment of the row that is not after `now`. */
unix_time plan_since(const struct store_keys *keys, size_t i, unix_time now);
/* When key i's state changes next, as its rows stand; PLAN_NEVER if it does not. */
unix_time plan_key_change(const struct store_keys *keys, size_t i, unix_time now);
/* The earliest of those: what was computed at `now` stays true until then. */
unix_time plan_next_change(const struct store_keys *keys, unix_time now);

/* When it left the JWKS or will; TIME_UNSET: not decided. */
unix_time plan_leaves_at(const struct store_key *key);

/* From when on every verifier has this key: published, and the lead is over. */
unix_time plan_trusted_at(const struct store_key *key);

/* L: how long a key must have been published before it may sign. */
int64_t plan_lead(const struct plan_policy *policy);

/* How long a document of these keys may be cached: the policy's max-age, unless the lead of a
 * change that is still ahead is too short for it (then that change was planned under another
 * policy). */
int64_t plan_max_age(const struct store_keys *keys, const struct plan_policy *policy,
	unix_time now);

/* ---- the clock (plan_clock.c) ---- */

/* How far a clock may be ahead of the last committed time without anything to vouch for it. */
#define PLAN_AHEAD_MAX_S 3600

/* ERR_EARLY if the clock went back by more than the skew: whatever is signed now would
 * contradict what was. */
int plan_clock_not_back(unix_time clock_at, int64_t clock_skew_s, unix_time now,
	struct err *err);
/* ERR_EARLY if it is not one to plan by: it went back, or is far ahead of the last committed
 * time. The time that the machine has been running since vouches for as much. */
int plan_clock_check(const struct store_memory *memory, int64_t clock_skew_s,
	struct clock_reading clock, struct err *err);

/* The time by which states are computed: the clock's, but never before the last committed time.
 * In the place of a clock that is not to be planned by: the last committed time, and what has
 * passed since for certain. */
unix_time plan_time(const struct store_memory *memory, int64_t clock_skew_s,
	struct clock_reading clock);

/* ---- what to do (plan.c) ---- */

enum plan_verb {
	PLAN_TICK,   /* do what is due */
	PLAN_ROTATE, /* and let the ripest standby sign at the earliest safe moment */
	PLAN_REVOKE, /* and revoke a key; if it signs, another does at once */
	PLAN_IMPORT, /* and publish a key that was made elsewhere */
};

/* What is asked for beyond what is due. Borrowed. */
struct plan_ask {
	enum plan_verb verb;
	bool is_now;         /* rotate: at once, or not at all */
	bool accepts_outage; /* rotate, revoke: sign at once with a key that verifiers may lack
			      */
	int64_t generation;  /* revoke: which key */
	const char *reason;  /* revoke */
	/* Import: kid, alg, public half; publish_at, if verifiers have had it since (or
	 * TIME_UNSET). */
	const struct store_key *import;
	bool verifies_only; /* import: it never signs */
	unix_time until;    /* import: when the last token it signed elsewhere is dead */
};

/* What should be written now: changed rows of `keys`, and new rows whose generation is beyond
 * the last. A new row has no private half yet, and, unless it is the imported one, no kid and
 * no public half. Nothing due: plan_is_empty. Planning again after the change was applied finds
 * nothing to do. The rows borrow from `keys` and `ask`; plan_free releases the list alone.
 *
 * ERR_EARLY: the clock went back or is far ahead (a revocation is planned all the same, by
 * plan_time); the JWKS is full; or verifiers may lack the key that would sign at once, and the
 * outage was not accepted. ERR_REFUSED: the imported key is here already. ERR_BAD_INPUT: it
 * would leave at once. ERR_NOT_FOUND: no such key to revoke. */
int plan_next(const struct store_keys *keys, const struct plan_policy *policy,
	struct clock_reading clock, const struct plan_ask *ask, struct store_keys *ret,
	struct err *err);
/* Is there nothing in a change but a later clock? */
bool plan_is_empty(const struct store_keys *keys, const struct store_keys *change);
void plan_free(struct store_keys *change);

#endif

/* plan_history.h - random lives of an issuer's keys: policies that change, ticks late by days,
 * rotations, revocations, imports, plans that are lost in a crash, and two processes that plan
 * at once; and what must be true of all of them. The oracle knows nothing of how keys/plan.c
 * works: it watches which key signs and which are published, second by second where something
 * changes.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef PLAN_HISTORY_H
#define PLAN_HISTORY_H

#define WORLD_KEYS_MAX 80

#include "t/unit/chance.h"
#include "t/unit/plan_world.h"

/* The invariants of doc/key-rotation.md, and what they rest on. */
enum rule {
	RULE_NONE,
	RULE_LEAD,
	RULE_VERIFIABLE,
	RULE_REMOVAL,
	RULE_ONE_ACTIVE,
	RULE_STANDBY,
	RULE_FIRST,
	RULE_CLOCK,
	RULE_RATCHET,
	RULE_PRIVATE_HALF,
	RULE_ERASED,
	RULE_KEPT,
	RULE_ORDER,
	RULE_FULL,
	RULE_REVOKED,
	RULE_REFUSAL,
	RULE_IDLE,
	RULE_COUNT,
};

extern const char *const rule_names[RULE_COUNT];

/* Changes one row of a plan on its way into the store; false drops it. */
struct history;
typedef bool mutant_fn(const struct history *h, struct store_key *row, bool is_new);

#define HISTORY_STEPS  24
#define HISTORY_TOKENS (HISTORY_STEPS * 6)

/* What the oracle has seen of a key. */
struct seen {
	unix_time published_at; /* TIME_UNSET: not yet */
	bool has_signed;
	bool is_risk; /* an outage was accepted for it */
	bool is_revoked;
};

struct token {
	size_t key;
	unix_time exp;
	unix_time until; /* a verifier may ask for its key till then, by our clock */
	bool is_foreign; /* signed elsewhere: `until` is all that counts */
};

/* A policy that was: documents of its time may be held until `until`. */
struct epoch {
	unix_time end;
	int64_t lead_s;
};

/* A process between its plan and its write. */
struct flight {
	bool is_on;
	int64_t revision;
	unix_time now; /* when it was planned */
	struct plan_ask ask;
	struct store_keys change;
};

struct history {
	struct world world;
	int64_t revision;
	struct plan_policy policy;
	unix_time now;
	struct chance chance;
	mutant_fn *mutant;
	bool is_calm; /* every tick in time, and nothing but ticks and rotations */
	struct flight flight[2];
	struct seen seen[WORLD_KEYS_MAX];
	ptrdiff_t signer; /* that was seen last */
	struct epoch epochs[HISTORY_STEPS];
	size_t epoch_count;
	struct token tokens[HISTORY_TOKENS];
	size_t token_count;
};

struct plan_policy history_policy(struct chance *c);

/* Lives through one history; the first rule that was broken. TRACE=1 in the environment tells
 * it. */
enum rule history_live(struct history *h);

/* ---- plan_rules.c ---- */

/* L by doc/key-rotation.md, and not by keys/plan.c. */
int64_t rules_lead(const struct plan_policy *policy);
/* Does the JWKS name `count` keys in this order by right? */
enum rule rules_of_order(const struct store_keys *keys, unix_time now, const size_t *order,
	size_t count);
/* Watches from h->now, whose rows are in force, until `to`. `instead_of` is the key that was
 * revoked at this moment, or -1. */
enum rule rules_watch(struct history *h, unix_time to, ptrdiff_t instead_of);
/* What must hold whenever a plan was carried out; `before` is the world before it. */
enum rule rules_of_rows(const struct history *h, const struct world *before);
/* Is every token verifiable that should be? */
enum rule rules_of_tokens(const struct history *h);
/* Exactly one signs, now and in the future that the rows describe, if nobody ever ticks again.
 */
enum rule rules_of_future(const struct history *h);

#endif

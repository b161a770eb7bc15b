/* plan_draft.h - a plan in the making, which plan.c and plan_ask.c work on: all rows as they
 * would be, and which of them changed. Nobody else includes it; errors and units are those of
 * plan.h.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef PLAN_DRAFT_H
#define PLAN_DRAFT_H

#include "keys/plan.h"

#define DRAFT_NEW_MAX 4 /* the first start makes two keys, what is asked for up to two more */

struct draft {
	const struct store_keys *before;
	const struct plan_policy *policy;
	unix_time now;
	struct store_keys keys;
	bool *is_changed;
};

enum plan_state draft_state(const struct draft *draft, size_t i);

/* Sets a member of row i; what is as it was is no change. */
void draft_set(struct draft *draft, size_t i, unix_time *member, unix_time value);
void draft_forget_half(struct draft *draft, size_t i);

/* A new row, published from now on; valid until the next is added. */
struct store_key *draft_add(struct draft *draft);
int64_t draft_next_generation(const struct store_keys *keys);

/* The lead of a key published then: also what verifiers were promised before counts. */
int64_t draft_lead(const struct draft *draft, unix_time publish_at);
/* The earliest moment at which verifiers have key i. */
unix_time draft_earliest(const struct draft *draft, size_t i);

/* Standby i signs from `at` on, before any other that waits. */
void draft_choose(struct draft *draft, size_t i, unix_time at);

/* What is asked for beyond what is due (plan_ask.c). The errors of plan_next. */
int draft_ask(struct draft *draft, const struct plan_ask *ask, struct err *err);

#endif

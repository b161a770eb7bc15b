/* policy.h - may they? Deny by default: without a grant that matches there is nothing to have.
 * Pure: grants and wishes go in, a decision comes out.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef POLICY_H
#define POLICY_H

#include <jansson.h>

#include "base/err.h"
#include "store/store.h"

struct policy_wish {
	const char *namespace;
	const char *name;
	const json_t *audiences; /* array of strings */
	int64_t lifetime_s;
};

struct policy_decision {
	int64_t grant_id;
	int64_t lifetime_s; /* the wish, or what it was shortened to */
};

/* Is there any grant for this service account at all? This is asked before anything else is
 * said about the request, so that strangers learn nothing. ERR_REFUSED. */
int policy_allows_subject(const struct store_grants *grants, const char *caller,
	const char *namespace, const char *name, struct err *err);

/* Chooses the grant that covers subject and all audiences and gives the longest lifetime; the
 * lifetime is shortened to the grant's and to `max_lifetime_s`. One grant must cover all
 * audiences: two narrow grants do not add up to a wide one. ERR_REFUSED names the first
 * audience that no matching grant has. */
int policy_decide(const struct store_grants *grants, const char *caller,
	const struct policy_wish *wish, int64_t max_lifetime_s, struct policy_decision *ret,
	struct err *err);

/* ERR_REFUSED in kube-apiserver's words, with `reason` behind them. */
int policy_forbid(const char *caller, const char *namespace, const char *name,
	const char *reason, struct err *err);

#endif

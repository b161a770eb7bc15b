/* rotate.h - carries a plan out: makes the keys it asks for, seals them, and writes the change
 * in one transaction that fails if anybody else was first; then it plans again.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ROTATE_H
#define ROTATE_H

#include "keys/key.h"
#include "keys/plan.h"
#include "keys/sealing.h"
#include "store/store.h"

struct rotate {
	struct store *store;
	const char *issuer;
	struct sealing *sealing;
	struct plan_policy policy;
	uint32_t rsa_bits;
	const char *actor;       /* for the audit */
	const EVP_PKEY *private; /* of the key that is imported; NULL: to verify only */
};

struct rotate_result {
	struct store_keys keys; /* as they are, or would be; store_keys_free releases them */
	size_t changed;         /* rows that were written */
	unix_time now; /* by which it was planned: never before the last committed time */
};

/* Does what plan_next says for `ask`. If a private half is to be sealed: ERR_NOT_FOUND if there
 * is no sealing key, ERR_REFUSED if none opens the keys there are; a revocation is carried out
 * without the next standby then.
 * With `is_dry_run` nothing is written; then new keys have no kid, and no key a private half.
 */
int rotate_run(const struct rotate *rotate, const struct plan_ask *ask, bool is_dry_run,
	struct clock_reading clock, struct rotate_result *ret, struct err *err);

#endif

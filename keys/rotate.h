/* rotate.h - carries a plan out: makes the keys it asks for, seals them, and writes the change
 * in one transaction that fails if anybody else was first; then it plans again.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ROTATE_H
#define ROTATE_H

#include "keys/key.h"
#include "keys/plan.h"
#include "store/store.h"

struct rotate {
	struct store *store;
	const char *issuer;
	const struct key_sealing *sealing;
	struct plan_policy policy;
	uint32_t rsa_bits;
	const char *actor; /* for the audit */
};

/* Does what plan_next says for `ask`. ERR_REFUSED if `sealing` does not open the keys there
 * are. ret_changed counts the rows written. With `is_dry_run` nothing is written. ret_keys are
 * the rows as they are (or would be) afterwards; store_keys_free releases them. In a dry run a
 * new key has no kid. */
int rotate_run(const struct rotate *rotate, enum plan_ask ask, bool is_dry_run, unix_time now,
	struct store_keys *ret_keys, size_t *ret_changed, struct err *err);

#endif

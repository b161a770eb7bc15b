/* halves.h - private halves, opened: what a signer holds in its memory. Each is opened once and
 * handed on when rows are read anew, so whoever signs goes on when the sealing key changes and
 * the new one cannot be read.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HALVES_H
#define HALVES_H

#include "keys/key.h"
#include "keys/sealing.h"
#include "store/store.h"

struct half {
	char kid[STORE_KID_LEN + 1];
	EVP_PKEY *key;
};

struct halves {
	struct half *half;
	size_t count;
};

/* Opens the private halves that `keys` has; what `before` holds is taken from there. What does
 * not open is left out, and `why` says why; it stays ERR_NONE if nothing was. */
void halves_open(const struct store_keys *keys, const char *issuer, struct sealing *sealing,
	const struct halves *before, struct halves *ret, struct err *why);
/* Borrowed; NULL if it is not there. */
EVP_PKEY *halves_find(const struct halves *halves, const char *kid);
void halves_free(struct halves *halves);
#define auto_halves __attribute__((cleanup(halves_free)))

#endif

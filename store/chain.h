/* chain.h - the links of the audit chain. Each issuer has a chain of its own; a record's hash
 * covers the hash before it, the issuer's name and every member, so that no record can be
 * changed, removed or put in between without every later hash telling.
 *
 * hash = SHA-256(previous hash, issuer, at, event, actor, auth, peer, agent, subject, audience,
 * asked, lifetime, bound, rule, jti, kid, exp, outcome, detail), each member but the previous
 * hash written as its length in 8 bytes, big endian, and its bytes; numbers are 8 bytes, big
 * endian. What is NULL (a lifetime of 0, an unset exp) is the length 2^64 - 1 without bytes.
 * The first record follows 32 zero bytes.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHAIN_H
#define CHAIN_H

#include "base/secret.h"
#include "base/text.h"
#include "store/store.h"

/* `scratch` is room for its work, which callers keep from one record to the next. */
void chain_next(struct text *scratch, const unsigned char previous[SECRET_HASH_LEN],
	const char *issuer, const struct store_audit *row, unsigned char ret[SECRET_HASH_LEN]);

#endif

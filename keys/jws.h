/* jws.h - compact JWS (RFC 7515 §3.1) with RS256 and ES256 (RFC 7518 §3.3, §3.4), and the one
 * function that judges a JWT (RFC 7519): signature, algorithm, key, issuer, audience and times.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef JWS_H
#define JWS_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <openssl/types.h>

#include "base/clock.h"
#include "base/err.h"
#include "keys/key.h"

#define JWS_TOKEN_MAX 65536 /* AWS STS takes 20000 characters, kube-apiserver any number */

/* A key that may have signed; values borrowed. */
struct jws_key {
	char kid[KEY_ID_LEN + 1];
	const char *alg;
	EVP_PKEY *key;
};

/* What the caller expects of a token. Everything in it is checked. */
struct jws_expect {
	const struct jws_key *keys;
	size_t key_count;
	const char *issuer;
	const json_t *audiences; /* array of strings: it must be for one of them; NULL: any */
	unix_time now;
	int64_t leeway_s; /* on exp, nbf and iat */
};

/* header.payload.signature with header {"alg":ALG,"kid":KID}; the caller frees. */
int jws_sign(EVP_PKEY *key, const char *alg, const char *kid, const char *payload, size_t len,
	char **ret, struct err *err);

/* Accepts `token` or says in one sentence what is wrong with it (ERR_REFUSED). The key is
 * chosen by kid among those given, and the header's alg must be that key's: a token cannot
 * choose how it is verified. ret_claims is a new reference. */
int jws_verify(const char *token, const struct jws_expect *expect, json_t **ret_claims,
	struct err *err);

/* The same for a statement that is no token: who signed it, and nothing more. */
int jws_verify_signature(const char *token, const struct jws_key *keys, size_t key_count,
	json_t **ret_payload, struct err *err);

/* The audiences that are in both, in the order of `wanted`; a new list of copies. `aud` is a
 * token's claim, or a list. In time linear in both, for both come from strangers. */
json_t *jws_common_audiences(const json_t *aud, const json_t *wanted);

/* Header and claims of a token nobody has verified, for display. ERR_REFUSED if it is none. */
int jws_peek(const char *token, json_t **ret_header, json_t **ret_claims, struct err *err);

#endif

/* mint.h - makes one token. Whoever asks says for whom and for how long; the claims that matter
 * (iss, sub, iat, nbf, exp, jti) and the key are chosen here, where the private key is, so an
 * asker can neither backdate nor outlive policy, nor say one thing in `sub` and another in
 * `kubernetes.io`.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MINT_H
#define MINT_H

#include <jansson.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/name.h"
#include "base/secret.h"
#include "keys/claims.h"
#include "keys/key.h"
#include "keys/keyring.h"

struct mint_policy {
	int64_t max_lifetime_s;
	int64_t backdate_s; /* iat and nbf lie this far before now */
};

/* Borrowed values. */
struct mint_request {
	const char *namespace;
	const char *name;
	const char *uid;         /* of the service account */
	const json_t *audiences; /* array of strings, at least one */
	int64_t lifetime_s;
	struct claims_bound bound;
};

struct mint_token {
	char *token; /* free() it through mint_token_free */
	char jti[SECRET_UUID_LEN + 1];
	char kid[KEY_ID_LEN + 1];
	char subject[NAME_SUBJECT_MAX];
	unix_time exp;
};

/* `ring` must have a signer. ERR_REFUSED if the lifetime is beyond policy, or beyond what the
 * key was ever meant to sign (else the key could leave the JWKS before the token dies);
 * ERR_BAD_INPUT if the token would be longer than verifiers take. */
int mint(const struct keyring *ring, const struct mint_policy *policy,
	const struct mint_request *request, unix_time now, struct mint_token *ret,
	struct err *err);
void mint_token_free(struct mint_token *token);

/* Fills in what the audit says of a token that was made: event, subject, jti, kid, exp,
 * outcome. Strings are borrowed from it; the other members are the caller's to fill. */
void mint_audit(const struct mint_token *token, struct store_audit *row);

#endif

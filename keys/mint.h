/* mint.h - makes one token. Whoever asks says for whom and for how long; the claims that matter
 * (iss, sub, iat, nbf, exp, jti) and the key are chosen here, where the private key is, so an
 * asker can neither backdate nor outlive policy.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MINT_H
#define MINT_H

#include <jansson.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/name.h"
#include "base/secret.h"
#include "keys/key.h"
#include "keys/keyring.h"

#define MINT_SUBJECT_MAX (sizeof("system:serviceaccount::") + NAME_LABEL_MAX + NAME_SUBDOMAIN_MAX)

struct mint_policy {
	int64_t max_lifetime_s;
	int64_t backdate_s; /* iat and nbf lie this far before now */
};

/* Borrowed values. */
struct mint_request {
	const char *namespace;
	const char *name;
	const json_t *audiences;  /* array of strings, at least one */
	const json_t *kubernetes; /* the `kubernetes.io` claim, an object */
	int64_t lifetime_s;
};

struct mint_token {
	char *token; /* free() it through mint_token_free */
	char jti[SECRET_UUID_LEN + 1];
	char kid[KEY_ID_LEN + 1];
	char subject[MINT_SUBJECT_MAX];
	unix_time exp;
};

/* ERR_REFUSED if the lifetime is beyond policy, ERR_BAD_INPUT if the token would be longer than
 * verifiers take. */
int mint(const struct keyring *ring, const struct mint_policy *policy,
	const struct mint_request *request, unix_time now, struct mint_token *ret,
	struct err *err);
void mint_token_free(struct mint_token *token);

/* system:serviceaccount:NAMESPACE:NAME */
void mint_subject(const char *namespace, const char *name, char ret[MINT_SUBJECT_MAX]);

#endif

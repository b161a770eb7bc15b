/* token_wire.h - TokenRequest and JWKS as their client sees them: what to ask, and what is in
 * the answer. Nothing is believed before it is checked; a token is not verified, that is for
 * those who are shown it. Kubernetes' authentication.k8s.io/v1, RFC 7517, RFC 7519.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TOKEN_WIRE_H
#define TOKEN_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/secret.h"
#include "conf/agent_conf.h"

#define TOKEN_WIRE_TOKEN_MAX 20000 /* AWS STS takes no longer one */
#define TOKEN_WIRE_KID_MAX   128
#define TOKEN_WIRE_JTI_MAX   64
#define TOKEN_WIRE_KIDS_MAX  128

struct token_answer {
	char *token; /* printable ASCII, no blanks; the caller's, token_wire_free */
	unsigned char hash[SECRET_HASH_LEN]; /* of it, by which it is found */
	char kid[TOKEN_WIRE_KID_MAX + 1];
	char jti[TOKEN_WIRE_JTI_MAX + 1]; /* "" if there is none */
	int64_t lifetime_s;               /* from now on */
	unix_time expires_at;             /* by the issuer's clock */
};

/* The body of a TokenRequest, JSON; the caller frees. */
char *token_wire_request(const struct agent_projection *p);

/* Reads the answer to it. ERR_UNHEALTHY if that is not what Kubernetes answers. */
int token_wire_read(const char *body, size_t len, struct token_answer *ret, struct err *err);

/* The message of a Status, cleaned and cut; "" if there is none. The caller frees. */
char *token_wire_refusal(const char *body, size_t len);

/* Which of `count` kids are not in this JWKS? ERR_UNHEALTHY if it is no JWKS, or an empty one:
 * that says nothing about keys. */
int token_wire_find_missing(const char *body, size_t len, const char *const *kids, size_t count,
	bool *ret_missing, struct err *err);

/* Clears the token. */
void token_wire_free(struct token_answer *answer);

#endif

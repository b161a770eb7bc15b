/* account_token.h - is this one of our service accounts' tokens, is it for us, and is all that
 * it is bound to still there? Source: kubernetes/kubernetes v1.36,
 * pkg/serviceaccount/{jwt,claims}.go.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ACCOUNT_TOKEN_H
#define ACCOUNT_TOKEN_H

#include <stdbool.h>

#include "issuer/gateway.h"
#include "issuer/user.h"

/* Past exp, and before nbf and iat. */
#define ACCOUNT_TOKEN_LEEWAY_S 60

/* Has it the form of a JWT at all? */
bool account_token_looks_so(const char *token);

/* The user that a token of this issuer speaks for. It must be for one of `audiences`; those of
 * them that it is for come back as a new list, in their order. ERR_REFUSED says in one sentence
 * what is wrong with it. user_free. */
int account_token_user(const struct gateway *gw, const char *token, const json_t *audiences,
	struct clock_reading clock, struct user *ret, json_t **ret_audiences, struct err *err);

#endif

/* authn.h - who is asking?
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTHN_H
#define AUTHN_H

#include "base/clock.h"
#include "base/err.h"
#include "issuer/gateway.h"
#include "issuer/http.h"

/* An authenticated caller. */
struct caller {
	struct store_client client;
};

/* Finds the caller by the bearer secret (RFC 6750 §2.1), or refuses with KUBE_UNAUTHORIZED: no
 * credential, two of them, an unknown, revoked or expired one. The text tells a stranger
 * nothing about which. caller_free releases the result. */
int authn_caller(const struct gateway *gw, struct http_call *call, unix_time now,
	struct caller *ret, struct err *err);
void caller_free(struct caller *caller);

/* The secret in an Authorization header: its start and length. False if there is none.
 * Declared for tests. */
bool authn_bearer(const char *header, const char **ret, size_t *ret_len);

#endif

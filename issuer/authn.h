/* authn.h - who is asking? A bearer token, a client certificate, or the process at the other
 * end of a Unix socket; if it is several of them, they must agree.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTHN_H
#define AUTHN_H

#include <stdbool.h>

#include "base/err.h"
#include "issuer/certificate.h"
#include "issuer/gateway.h"
#include "issuer/user.h"
#include "serve/http.h"

/* The caller, or a refusal with KUBE_UNAUTHORIZED: no credential, one that is unknown, revoked,
 * expired or for another audience, two that disagree. The text tells a stranger nothing about
 * which; the log has it. `trust` (may be NULL) is the listener's. user_free releases the
 * result.
 */
int authn_caller(const struct gateway *gw, struct certificate_trust *trust,
	struct http_call *call, struct clock_reading clock, struct user *ret, struct err *err);

/* Is there any credential in this call? */
bool authn_is_tried(struct certificate_trust *trust, struct http_call *call);

/* The token in the value of an Authorization header: its start and length. False if there is
 * none. */
bool authn_bearer(const char *header, const char **ret, size_t *ret_len);

#endif

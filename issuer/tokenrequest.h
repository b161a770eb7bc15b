/* tokenrequest.h - POST .../serviceaccounts/NAME/token: conducts one request for a token from
 * the decoded body to the answer. The steps do not know each other.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TOKENREQUEST_H
#define TOKENREQUEST_H

#include "issuer/authn.h"
#include "issuer/gateway.h"
#include "issuer/http.h"

/* Replies now, or suspends the call until the signer has answered. Takes over `caller`. */
void tokenrequest_serve(const struct gateway *gw, struct http_call *call, struct caller *caller,
	const char *namespace, const char *name, unix_time now);

#endif

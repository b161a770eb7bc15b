/* tokenrequest.h - POST .../serviceaccounts/NAME/token: conducts one request for a token from
 * the decoded body to the answer. The steps do not know each other.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TOKENREQUEST_H
#define TOKENREQUEST_H

#include "issuer/gateway.h"
#include "issuer/user.h"
#include "serve/http.h"

/* Replies now, or suspends the call until the signer has answered. Takes over `caller`;
 * `params` are namespace and name as the path has them. */
void tokenrequest_serve(const struct gateway *gw, struct http_call *call, struct user *caller,
	const char *const *params, struct clock_reading clock);

#endif

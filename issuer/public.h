/* public.h - the two documents that verifiers fetch, anonymous and cacheable: GET and HEAD,
 * strong ETag and 304 (RFC 9110 §13), Cache-Control (RFC 9111), any origin (Fetch §3.2). The
 * bytes come ready from the keyring.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef PUBLIC_H
#define PUBLIC_H

#include "base/clock.h"
#include "issuer/gateway.h"
#include "serve/http.h"

void public_discovery(const struct gateway *gw, struct http_call *call,
	struct clock_reading clock);
void public_jwks(const struct gateway *gw, struct http_call *call, struct clock_reading clock);

/* Does an If-None-Match header name this ETag? Weak comparison, RFC 9110 §13.1.2. */
bool public_etag_matches(const char *if_none_match, const char *etag);

#endif

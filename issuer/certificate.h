/* certificate.h - who shows a client certificate: its CN is the user, its Os are groups, as in
 * Kubernetes. Trusted are the certificates of one file of CAs, minus those on one file of
 * revocation lists; both are read anew when they change. RFC 5280.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CERTIFICATE_H
#define CERTIFICATE_H

#include "base/clock.h"
#include "base/err.h"
#include "issuer/certificate_trust.h"
#include "issuer/user.h"
#include "serve/http.h"

/* The user of a chain, the client's own certificate first; at least one. ERR_REFUSED says why
 * it is not to be believed: unknown CA, expired, revoked, perhaps revoked because the list is
 * out of date, not for clients, no or two names. */
int certificate_user(struct certificate_trust *trust, const struct http_blob *chain,
	size_t count, unix_time now, struct user *ret, struct err *err);

/* When the first certificate of a PEM file ends; TIME_UNSET if it cannot be read. */
unix_time certificate_expires(const char *pem);

#endif

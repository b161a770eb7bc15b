/* certificate_trust.h - whose client certificates are good: those of the CAs in one file, minus
 * those on the revocation lists in another. Both are read anew when they change. RFC 5280.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CERTIFICATE_TRUST_H
#define CERTIFICATE_TRUST_H

#include <stdbool.h>

#include <gnutls/x509.h>

#include "base/clock.h"
#include "base/err.h"

struct certificate_trust;

/* `crl_path` may be NULL. ERR_BAD_INPUT if there is no certificate or list in a file, or a list
 * that none of the CAs has signed. */
int certificate_trust_open(const char *ca_path, const char *crl_path,
	struct certificate_trust **ret, struct err *err);
void certificate_trust_free(struct certificate_trust *trust);

/* Looks whether a file has changed, and reads both again if so: then `ret_changed`. If that
 * fails what was read before stays in force, but for CAs that have left their file: those are
 * trusted no more. Any thread may verify meanwhile. */
int certificate_trust_refresh(struct certificate_trust *trust, bool *ret_changed,
	struct err *err);

/* Is this chain good for a TLS client, its own certificate first? ERR_REFUSED says why not:
 * unknown CA, expired, revoked, perhaps revoked because the list is out of date, weak, not for
 * clients. */
int certificate_trust_verify(struct certificate_trust *trust, gnutls_x509_crt_t *chain,
	unsigned count, unix_time now, struct err *err);

#endif

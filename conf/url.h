/* url.h - what an issuer's URL may look like. It becomes the `iss` of every token, and
 * verifiers compare it byte by byte (OpenID Connect Discovery 1.0 §4.3), so only a form that
 * nobody rewrites is good enough: RFC 3986 without anything that could be normalised away.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef URL_H
#define URL_H

#include "base/err.h"

#define URL_ISSUER_MAX 255 /* AWS IAM's limit for the URL of an OIDC provider */

/* https, a lower-case host, perhaps a port, perhaps a path of plain segments; nothing else. */
int url_check_issuer(const char *url, struct err *err);

#endif

/* discover.h - an issuer as a stranger sees it: discovery document, then JWKS.
 * OpenID Connect Discovery 1.0 §4.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef DISCOVER_H
#define DISCOVER_H

#include <jansson.h>

#include "base/err.h"
#include "keys/jws.h"

#define DISCOVER_KEYS_MAX 100 /* what AWS reads */

struct discover_keys {
	struct jws_key key[DISCOVER_KEYS_MAX];
	size_t count;
};

/* The keys that `issuer_url` publishes; those of other kinds are passed over. discover_free
 * releases them. ERR_UNHEALTHY names what is wrong with the documents. */
int discover(const char *issuer_url, const char *ca_file, struct discover_keys *ret,
	struct err *err);

/* The keys of a JWKS; may be none. */
void discover_read(const json_t *jwks, struct discover_keys *ret);
void discover_free(struct discover_keys *keys);

#endif

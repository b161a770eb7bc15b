/* discover.c - see discover.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "ctl/discover.h"
#include "ctl/fetch.h"
#include "keys/jwk.h"
#include "keys/keyring.h"

static void take_key(struct discover_keys *keys, const json_t *jwk)
{
	const char *kid = json_string_value(json_object_get(jwk, "kid"));
	struct jws_key key = { .key = NULL };
	struct err ignored = ERR_INIT;

	/* A key we cannot use does not make the others worse. */
	if (keys->count == DISCOVER_KEYS_MAX || !kid ||
		!text_fit(key.kid, sizeof(key.kid), kid) ||
		jwk_read(jwk, &key.key, &ignored) < 0)
		return;
	if (key_algorithm(key.key, &key.alg, &ignored) < 0) {
		key_free(key.key);
		return;
	}
	keys->key[keys->count++] = key;
}

void discover_read(const json_t *jwks, struct discover_keys *ret)
{
	const json_t *jwk;
	size_t i;

	ret->count = 0;
	json_array_foreach(json_object_get(jwks, "keys"), i, jwk) take_key(ret, jwk);
}

/* The jwks_uri in a discovery document that is this issuer's own; borrowed from it. */
static int find_jwks_uri(const json_t *doc, const char *url, const char *issuer_url,
	const char **ret, struct err *err)
{
	const char *issuer = json_string_value(json_object_get(doc, "issuer"));
	const char *jwks_uri = json_string_value(json_object_get(doc, "jwks_uri"));

	if (!issuer || strcmp(issuer, issuer_url) != 0)
		return err_set(err, ERR_UNHEALTHY, "'%s' says it is issuer '%.255s', not '%s'",
			url, issuer ? issuer : "(none)", issuer_url);
	if (!jwks_uri)
		return err_set(err, ERR_UNHEALTHY, "'%s' has no jwks_uri", url);
	if (strncmp(jwks_uri, "https://", strlen("https://")) != 0)
		return err_set(err, ERR_UNHEALTHY,
			"'%s' has a jwks_uri that is not https: '%.255s'", url, jwks_uri);
	*ret = jwks_uri;
	return 0;
}

int discover(const char *issuer_url, const char *ca_file, struct discover_keys *ret,
	struct err *err)
{
	auto_free char *url = text_format("%s" KEYRING_DISCOVERY_PATH, issuer_url);
	json_auto_t *doc = NULL;
	json_auto_t *jwks = NULL;
	struct discover_keys keys;
	const char *jwks_uri;

	if (fetch_json(url, ca_file, &doc, err) < 0 ||
		find_jwks_uri(doc, url, issuer_url, &jwks_uri, err) < 0 ||
		fetch_json(jwks_uri, ca_file, &jwks, err) < 0)
		return -1;
	discover_read(jwks, &keys);
	if (keys.count == 0)
		return err_set(err, ERR_UNHEALTHY, "'%s' holds no key that can be used",
			jwks_uri);
	*ret = keys;
	return 0;
}

void discover_free(struct discover_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		key_free(keys->key[i].key);
	keys->count = 0;
}

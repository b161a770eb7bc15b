/* fuzz_token.c - no input is taken as a token but the two that the fixed keys signed: every
 * other one is refused with a reason, by the judge and, if it is none at all, by the display.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "issuer/account_token.h"
#include "keys/jwk.h"
#include "keys/jws.h"
#include "t/data/vectors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct jws_key keys[2];

static void read_key(struct jws_key *key, const char *text, const char *kid, const char *alg)
{
	json_auto_t *jwk = json_loads(text, 0, NULL);
	struct err err = ERR_INIT;

	if (jwk_read(jwk, &key->key, &err) < 0 || !text_fit(key->kid, sizeof(key->kid), kid))
		abort();
	key->alg = alg;
}

static void look(const char *token)
{
	json_t *header, *claims;
	struct err err = ERR_INIT;

	if (jws_peek(token, &header, &claims, &err) < 0) {
		if (err.text[0] == '\0')
			abort();
		return;
	}
	if (!json_is_object(header) || !json_is_object(claims) ||
		!account_token_looks_so(token))
		abort();
	json_decref(header);
	json_decref(claims);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct jws_expect expect = {
		.keys = keys,
		.key_count = 2,
		.issuer = KUBE_ISSUER,
		.now = KUBE_IAT,
	};
	auto_text struct text token = TEXT_INIT;
	struct err err = ERR_INIT;
	json_t *claims;

	if (!keys[0].key) {
		read_key(&keys[0], KUBE_RSA_JWK, KUBE_RSA_KID, "RS256");
		read_key(&keys[1], KUBE_EC_JWK, KUBE_EC_KID, "ES256");
	}
	text_add_bytes(&token, data, size);
	look(token.s);
	if (jws_verify(token.s, &expect, &claims, &err) == 0) {
		if (strcmp(token.s, KUBE_TOKEN) != 0)
			abort();
		json_decref(claims);
	} else if (err.code != ERR_REFUSED) {
		abort();
	}
	return 0;
}

/* jws_forge.h - tokens made without keys/jws.c, so that they can be wrong in every way: any
 * header, any payload, signed by OpenSSL alone.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef JWS_FORGE_H
#define JWS_FORGE_H

#include <openssl/hmac.h>
#include <openssl/pem.h>

#include "t/unit/keys_fixture.h"

#define FORGE_NOW ((unix_time)1900000000)

/* The keys of a forger's tests: two of RSA and one of EC, all published. */
enum forge_key { FORGE_RSA, FORGE_RSA2, FORGE_EC, FORGE_KEYS };
static struct jws_key forge_keys[FORGE_KEYS];
static json_t *forge_audiences; /* what is expected of them: "vault" */

static inline int forge_setup(void **state)
{
	static const char *const algs[] = { "RS256", "RS256", "ES256" };
	struct err err;

	(void)state;
	forge_audiences = json_pack("[s]", "vault");
	for (size_t i = 0; i < FORGE_KEYS; i++) {
		auto_free unsigned char *der = NULL;
		size_t len;

		assert_succeeds(key_generate(algs[i], 2048, &forge_keys[i].key, &err));
		assert_succeeds(key_public_der(forge_keys[i].key, &der, &len, &err));
		key_id(der, len, forge_keys[i].kid);
		forge_keys[i].alg = algs[i];
	}
	return 0;
}

static inline int forge_teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < FORGE_KEYS; i++)
		key_free(forge_keys[i].key);
	json_decref(forge_audiences);
	return 0;
}

static inline void forge_add_signature(struct text *token, enum forge_key by)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char sig[512];
	unsigned char jose[64];
	const unsigned char *p = sig;
	size_t len = sizeof(sig);

	assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, forge_keys[by].key),
		1);
	assert_int_equal(EVP_DigestSign(ctx, sig, &len, (const unsigned char *)token->s,
				 token->len),
		1);
	EVP_MD_CTX_free(ctx);
	text_add(token, ".");
	if (by != FORGE_EC) {
		b64url_encode(token, sig, len);
	} else {
		ECDSA_SIG *es = d2i_ECDSA_SIG(NULL, &p, (long)len);

		assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(es), jose, 32), 32);
		assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(es), jose + 32, 32), 32);
		b64url_encode(token, jose, sizeof(jose));
		ECDSA_SIG_free(es);
	}
}

/* header.payload, both of any bytes */
static inline struct text forge_parts(const char *header, const char *payload, size_t len)
{
	struct text token = TEXT_INIT;

	b64url_encode(&token, header, strlen(header));
	text_add(&token, ".");
	b64url_encode(&token, payload, len);
	return token;
}

static inline char *forge_bytes(enum forge_key by, const char *header, const char *payload,
	size_t len)
{
	struct text token = forge_parts(header, payload, len);

	forge_add_signature(&token, by);
	return text_take(&token);
}

static inline char *forge(enum forge_key by, const char *header, const char *payload)
{
	return forge_bytes(by, header, payload, strlen(payload));
}

/* The header that keys/jws.c would write. */
static inline char *forge_header(enum forge_key key)
{
	return text_format("{\"alg\":\"%s\",\"kid\":\"%s\"}", forge_keys[key].alg,
		forge_keys[key].kid);
}

/* A good payload with `more` members before its end. */
static inline char *forge_payload(const char *more)
{
	return text_format(
		"{\"iss\":\"%s\",\"aud\":[\"vault\"],\"sub\":\"s\",\"iat\":%d,\"nbf\":%d,"
		"\"exp\":%d%s}",
		FIXTURE_URL, (int)FORGE_NOW, (int)FORGE_NOW, (int)FORGE_NOW + 600, more);
}

static inline struct jws_expect forge_expect(void)
{
	return (struct jws_expect){
		.keys = forge_keys,
		.key_count = FORGE_KEYS,
		.issuer = FIXTURE_URL,
		.audiences = forge_audiences,
		.now = FORGE_NOW,
		.leeway_s = 60,
	};
}

static inline void forge_assert_taken(const char *token, const struct jws_expect *expect)
{
	json_t *claims = NULL;
	struct err err;

	assert_succeeds(jws_verify(token, expect, &claims, &err));
	assert_true(json_is_object(claims));
	json_decref(claims);
}

/* Refused, with a sentence that has `why` in it. */
static inline void forge_assert_refused(const char *token, const struct jws_expect *expect,
	const char *why)
{
	json_t *claims = NULL;
	struct err err = ERR_INIT;

	if (jws_verify(token, expect, &claims, &err) == 0)
		fail_msg("accepted %.200s", token);
	assert_int_equal(err.code, ERR_REFUSED);
	assert_mentions(err.text, why);
	assert_null(claims);
}

#endif

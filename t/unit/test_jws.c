/* test_jws.c - keys/jws.c: signatures that others accept, and a judge that accepts no others.
 * Its judgement of claims is in test_jws_claims.c.
 * SPDX-License-Identifier: Apache-2.0 */
#include "keys/jwk.h"
#include "t/data/vectors.h"
#include "t/unit/jws_forge.h"

static EVP_PKEY *from_jwk(const char *text)
{
	json_auto_t *jwk = fixture_json(text);
	EVP_PKEY *key = NULL;
	struct err err;

	assert_succeeds(jwk_read(jwk, &key, &err));
	return key;
}

/* ---- vectors of others ---- */

static void signatures_of_rfc_7515_verify_with_keys_read_by_us(void **state)
{
	auto_key EVP_PKEY *rsa =
		from_jwk("{\"kty\":\"RSA\",\"n\":\"" RFC7515_A2_N "\",\"e\":\"AQAB\"}");
	auto_key EVP_PKEY *ec =
		from_jwk("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC7515_A3_X
			 "\",\"y\":\"" RFC7515_A3_Y "\"}");

	(void)state;
	assert_true(fixture_verifies(rsa, RFC7515_A2_SIGNED, strlen(RFC7515_A2_SIGNED),
		RFC7515_A2_SIGNATURE));
	assert_true(fixture_verifies(ec, RFC7515_A3_SIGNED, strlen(RFC7515_A3_SIGNED),
		RFC7515_A3_SIGNATURE));
}

static void tokens_of_rfc_7515_can_be_looked_at_but_name_no_key(void **state)
{
	static const char *const tokens[] = { RFC7515_A2_SIGNED "." RFC7515_A2_SIGNATURE,
		RFC7515_A3_SIGNED "." RFC7515_A3_SIGNATURE };
	const struct jws_expect expect = forge_expect();

	(void)state;
	for (size_t i = 0; i < COUNT(tokens); i++) {
		json_auto_t *header = NULL;
		json_auto_t *claims = NULL;
		struct err err;

		assert_succeeds(jws_peek(tokens[i], &header, &claims, &err));
		assert_int_equal(json_object_size(header), 1);
		assert_int_equal(json_object_size(claims), 3);
		assert_int_equal(json_integer_value(json_object_get(claims, "exp")),
			1300819380);
		forge_assert_refused(tokens[i], &expect, "names no key");
	}
}

static void a_token_of_kube_apiserver_verifies(void **state)
{
	json_auto_t *audiences = json_pack("[s]", "api");
	struct jws_key key = {
		.kid = KUBE_RSA_KID, .alg = "RS256", .key = from_jwk(KUBE_RSA_JWK)
	};
	struct jws_expect expect = {
		.keys = &key,
		.key_count = 1,
		.issuer = KUBE_ISSUER,
		.audiences = audiences,
		.now = KUBE_EXP - 1,
	};

	(void)state;
	forge_assert_taken(KUBE_TOKEN, &expect);
	expect.now = KUBE_EXP;
	forge_assert_refused(KUBE_TOKEN, &expect, "expired");
	expect.now = KUBE_IAT - 1;
	forge_assert_refused(KUBE_TOKEN, &expect, "not valid before");
	key_free(key.key);
}

/* ---- signing ---- */

static void what_we_sign_openssl_verifies(void **state)
{
	static const char payload[] = "{\"a\":1}";

	(void)state;
	for (size_t i = 0; i < FORGE_KEYS; i++) {
		const struct jws_key *key = &forge_keys[i];
		auto_free char *token = NULL;
		auto_free char *header = forge_header((enum forge_key)i);
		struct text start = forge_parts(header, payload, strlen(payload));
		struct err err;

		assert_succeeds(jws_sign(key->key, key->alg, key->kid, payload, strlen(payload),
			&token, &err));
		assert_memory_equal(token, start.s, start.len);
		assert_int_equal(token[start.len], '.');
		assert_true(fixture_verifies(key->key, start.s, start.len,
			token + start.len + 1));
		text_free(&start);
	}
}

/* RFC 8017 §8.2 has no randomness, so ours must be the very bytes OpenSSL makes. */
static void an_rs256_token_is_the_same_each_time(void **state)
{
	auto_free char *header = forge_header(FORGE_RSA);
	auto_free char *expected = forge(FORGE_RSA, header, "{}");
	auto_free char *token = NULL;
	struct err err;

	(void)state;
	assert_succeeds(jws_sign(forge_keys[FORGE_RSA].key, "RS256", forge_keys[FORGE_RSA].kid,
		"{}", 2, &token, &err));
	assert_string_equal(token, expected);
}

/* r and s are shorter than 32 bytes now and then; RFC 7518 §3.4 wants them padded. */
static void an_es256_signature_always_has_64_bytes(void **state)
{
	const struct jws_key *key = &forge_keys[FORGE_EC];
	auto_free char *payload = forge_payload("");
	const struct jws_expect expect = forge_expect();

	(void)state;
	for (int i = 0; i < 600; i++) {
		auto_free char *token = NULL;
		struct err err;

		assert_succeeds(jws_sign(key->key, "ES256", key->kid, payload, strlen(payload),
			&token, &err));
		assert_int_equal(strlen(strrchr(token, '.') + 1), 86);
		forge_assert_taken(token, &expect);
	}
}

static void a_public_half_does_not_sign(void **state)
{
	auto_key EVP_PKEY *public = from_jwk(KUBE_RSA_JWK);
	char *token = NULL;
	struct err err;

	(void)state;
	assert_fails(ERR_FAILED,
		jws_sign(public, "RS256", KUBE_RSA_KID, "{}", 2, &token, &err));
	assert_null(token);
}

/* ---- the judge: header and signature ---- */

static void good_tokens_of_every_key_are_taken(void **state)
{
	const struct jws_expect expect = forge_expect();
	auto_free char *payload = forge_payload("");

	(void)state;
	for (size_t i = 0; i < FORGE_KEYS; i++) {
		auto_free char *header = forge_header((enum forge_key)i);
		auto_free char *token = forge((enum forge_key)i, header, payload);

		forge_assert_taken(token, &expect);
	}
}

static void a_token_is_never_taken_without_a_signature(void **state)
{
	static const char *const headers[] = {
		"{\"alg\":\"none\",\"kid\":\"%s\"}",
		"{\"alg\":\"None\",\"kid\":\"%s\"}",
		"{\"alg\":\"NONE\",\"kid\":\"%s\"}",
		"{\"alg\":\"nOnE\",\"kid\":\"%s\"}",
		"{\"alg\":\"none \",\"kid\":\"%s\"}",
		"{\"alg\":\"\",\"kid\":\"%s\"}",
		"{\"alg\":null,\"kid\":\"%s\"}",
		"{\"kid\":\"%s\"}",
		"{\"alg\":\"RS256\",\"kid\":\"%s\"}",
	};
	const struct jws_expect expect = forge_expect();
	auto_free char *payload = forge_payload("");

	(void)state;
	for (size_t i = 0; i < COUNT(headers); i++) {
		auto_free char *format = text_copy(headers[i]);
		char *at = strstr(format, "%s");
		struct text header = TEXT_INIT;
		struct text token;

		text_add_bytes(&header, format, (size_t)(at - format));
		text_add(&header, forge_keys[FORGE_RSA].kid);
		text_add(&header, at + 2);
		token = forge_parts(header.s, payload, strlen(payload));
		text_add(&token, ".");
		forge_assert_refused(token.s, &expect, "");
		text_free(&token);
		text_free(&header);
	}
}

/* A token of this HMAC over our public key, in PEM or in DER. */
static char *keyed_with_public_half(enum forge_key key, const char *alg, const EVP_MD *md,
	bool is_pem)
{
	auto_free char *header = text_format("{\"alg\":\"%s\",\"typ\":\"JWT\",\"kid\":\"%s\"}",
		alg, forge_keys[key].kid);
	auto_free char *payload = forge_payload("");
	struct text token = forge_parts(header, payload, strlen(payload));
	BIO *public = BIO_new(BIO_s_mem());
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int mac_len;
	char *bytes;
	long len;

	assert_int_equal(is_pem ? PEM_write_bio_PUBKEY(public, forge_keys[key].key)
				: i2d_PUBKEY_bio(public, forge_keys[key].key),
		1);
	len = BIO_get_mem_data(public, &bytes);
	assert_non_null(HMAC(md, bytes, (int)len, (const unsigned char *)token.s, token.len,
		mac, &mac_len));
	text_add(&token, ".");
	b64url_encode(&token, mac, mac_len);
	BIO_free(public);
	return text_take(&token);
}

/* libjwt believes the token's own algorithm, and our public key is no secret. */
static void an_hmac_keyed_with_our_public_key_is_refused(void **state)
{
	const struct jws_expect expect = forge_expect();

	(void)state;
	for (size_t i = 0; i < 2 * FORGE_KEYS; i++) {
		const enum forge_key key = (enum forge_key)(i / 2);
		auto_free char *hs256 =
			keyed_with_public_half(key, "HS256", EVP_sha256(), i % 2);
		auto_free char *hs384 =
			keyed_with_public_half(key, "HS384", EVP_sha384(), i % 2);
		auto_free char *hs512 =
			keyed_with_public_half(key, "HS512", EVP_sha512(), i % 2);
		auto_free char *dressed =
			keyed_with_public_half(key, forge_keys[key].alg, EVP_sha256(), i % 2);

		forge_assert_refused(hs256, &expect, "algorithm");
		forge_assert_refused(hs384, &expect, "algorithm");
		forge_assert_refused(hs512, &expect, "algorithm");
		forge_assert_refused(dressed, &expect, "signature is not good");
	}
}

/* RFC 7515 §4: or one reader takes the first, and another the last. */
static void a_header_says_each_thing_once(void **state)
{
	static const char *const starts[] = { "\"alg\":\"RS256\"", "\"alg\":\"none\"",
		"\"kid\":\"" KUBE_KID "\"", "\"x\":1,\"x\":1", "\"x\":{\"y\":1,\"y\":2}" };
	const struct jws_expect expect = forge_expect();
	auto_free char *payload = forge_payload("");

	(void)state;
	for (size_t i = 0; i < COUNT(starts); i++) {
		auto_free char *header = text_format("{%s,\"alg\":\"RS256\",\"kid\":\"%s\"}",
			starts[i], forge_keys[FORGE_RSA].kid);
		auto_free char *token = forge(FORGE_RSA, header, payload);

		forge_assert_refused(token, &expect, "says each thing once");
	}
}

static void a_key_signs_by_its_own_algorithm_only(void **state)
{
	static const struct {
		enum forge_key kid, by;
		const char *alg;
	} cases[] = {
		{ FORGE_RSA, FORGE_RSA, "ES256" },
		{ FORGE_RSA, FORGE_EC, "ES256" },
		{ FORGE_EC, FORGE_EC, "RS256" },
		{ FORGE_EC, FORGE_RSA, "RS256" },
		{ FORGE_RSA, FORGE_RSA, "RS384" },
		{ FORGE_RSA, FORGE_RSA, "PS256" },
		{ FORGE_RSA, FORGE_RSA, "rs256" },
		{ FORGE_RSA, FORGE_RSA, "RS256 " },
	};
	const struct jws_expect expect = forge_expect();
	auto_free char *payload = forge_payload("");

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_free char *header = text_format("{\"alg\":\"%s\",\"kid\":\"%s\"}",
			cases[i].alg, forge_keys[cases[i].kid].kid);
		auto_free char *token = forge(cases[i].by, header, payload);

		forge_assert_refused(token, &expect, "");
	}
}

static void the_key_must_be_named_and_known(void **state)
{
	static const char *const headers[] = {
		"{\"alg\":\"RS256\"}",
		"{\"alg\":\"RS256\",\"kid\":\"\"}",
		"{\"alg\":\"RS256\",\"kid\":null}",
		"{\"alg\":\"RS256\",\"kid\":7}",
		"{\"alg\":\"RS256\",\"kid\":[]}",
		"{\"alg\":\"RS256\",\"kid\":\"" KUBE_KID "\"}",
	};
	const struct jws_expect expect = forge_expect();
	struct jws_expect no_keys = expect;
	auto_free char *payload = forge_payload("");
	auto_free char *header = forge_header(FORGE_RSA);
	auto_free char *good = forge(FORGE_RSA, header, payload);
	auto_free char *other = forge(FORGE_RSA2, header, payload);
	char *nul;

	(void)state;
	for (size_t i = 0; i < COUNT(headers); i++) {
		auto_free char *token = forge(FORGE_RSA, headers[i], payload);

		forge_assert_refused(token, &expect, "key");
	}
	forge_assert_refused(other, &expect, "signature is not good");
	no_keys.key_count = 0;
	forge_assert_refused(good, &no_keys, "unknown key");
	/* A kid that only begins like ours. */
	nul = text_format("{\"alg\":\"RS256\",\"kid\":\"%s\\u0000x\"}",
		forge_keys[FORGE_RSA].kid);
	free(good);
	good = forge(FORGE_RSA, nul, payload);
	forge_assert_refused(good, &expect, "");
	free(nul);
}

static void critical_extensions_are_refused(void **state)
{
	static const char *const crits[] = { "[\"exp\"]", "[\"b64\"]", "[]", "\"exp\"", "true",
		"null", "{}", "1" };
	const struct jws_expect expect = forge_expect();
	auto_free char *payload = forge_payload("");

	(void)state;
	for (size_t i = 0; i < COUNT(crits); i++) {
		auto_free char *header =
			text_format("{\"alg\":\"RS256\",\"kid\":\"%s\",\"crit\":%s}",
				forge_keys[FORGE_RSA].kid, crits[i]);
		auto_free char *token = forge(FORGE_RSA, header, payload);

		forge_assert_refused(token, &expect, "");
	}
}

/* What we signed for another purpose is no token (RFC 8725 §3.11). */
static void what_declares_another_type_is_refused(void **state)
{
	static const struct {
		const char *typ;
		bool is_taken;
	} cases[] = {
		{ "\"JWT\"", true },
		{ "\"jwt\"", true },
		{ "\"at+jwt\"", false },
		{ "\"JWTs\"", false },
		{ "\"\"", false },
		{ "null", false },
		{ "7", false },
		{ "[\"JWT\"]", false },
	};
	const struct jws_expect expect = forge_expect();
	auto_free char *payload = forge_payload("");

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_free char *header =
			text_format("{\"alg\":\"RS256\",\"kid\":\"%s\",\"typ\":%s}",
				forge_keys[FORGE_RSA].kid, cases[i].typ);
		auto_free char *token = forge(FORGE_RSA, header, payload);

		if (cases[i].is_taken)
			forge_assert_taken(token, &expect);
		else
			forge_assert_refused(token, &expect, "typ");
	}
}

/* A token that brings or names its own key is judged by ours all the same. */
static void keys_in_the_header_are_never_used(void **state)
{
	static const char *const members[] = { "\"jwk\":" KUBE_RSA_JWK,
		"\"jku\":\"https://evil.example/jwks\"", "\"x5u\":\"https://evil.example/x5u\"",
		"\"x5c\":[\"MIIB\"]" };
	const struct jws_expect expect = forge_expect();
	auto_free char *payload = forge_payload("");

	(void)state;
	for (size_t i = 0; i < COUNT(members); i++) {
		auto_free char *header = text_format("{\"alg\":\"RS256\",\"kid\":\"%s\",%s}",
			forge_keys[FORGE_RSA].kid, members[i]);
		auto_free char *unknown =
			text_format("{\"alg\":\"RS256\",\"kid\":\"" KUBE_RSA_KID "\",%s}",
				members[i]);
		auto_free char *ours = forge(FORGE_RSA, header, payload);
		auto_free char *theirs = forge(FORGE_RSA2, header, payload);
		auto_free char *unnamed = forge(FORGE_RSA2, unknown, payload);

		forge_assert_taken(ours, &expect);
		forge_assert_refused(theirs, &expect, "signature is not good");
		forge_assert_refused(unnamed, &expect, "unknown key");
	}
}

/* ---- the judge: shape ---- */

static void a_token_cut_anywhere_is_refused(void **state)
{
	const struct jws_expect expect = forge_expect();
	auto_free char *payload = forge_payload("");

	(void)state;
	for (size_t k = 0; k < FORGE_KEYS; k++) {
		auto_free char *header = forge_header((enum forge_key)k);
		auto_free char *token = forge((enum forge_key)k, header, payload);

		for (size_t len = strlen(token); len > 0; len--) {
			token[len - 1] = '\0';
			forge_assert_refused(token, &expect, "");
		}
	}
}

static void a_token_changed_anywhere_is_refused(void **state)
{
	const struct jws_expect expect = forge_expect();
	auto_free char *payload = forge_payload("");

	(void)state;
	for (size_t k = FORGE_RSA2; k < FORGE_KEYS; k++) {
		auto_free char *header = forge_header((enum forge_key)k);
		auto_free char *token = forge((enum forge_key)k, header, payload);

		for (size_t i = 0; token[i] != '\0'; i++) {
			const char was = token[i];

			token[i] = was == 'A' ? 'B' : 'A';
			forge_assert_refused(token, &expect, "");
			token[i] = was;
		}
		forge_assert_taken(token, &expect);
	}
}

static void there_are_exactly_three_parts_of_plain_base64url(void **state)
{
	static const char *const formats[] = { "%s.", ".%s", "%s.AAAA", "%s=", "%s ", " %s",
		"%s\n", "%sA", "%s+", "Bearer %s" };
	const struct jws_expect expect = forge_expect();
	auto_free char *header = forge_header(FORGE_RSA);
	auto_free char *payload = forge_payload("");
	auto_free char *token = forge(FORGE_RSA, header, payload);

	(void)state;
	for (size_t i = 0; i < COUNT(formats); i++) {
		const char *at = strstr(formats[i], "%s");
		struct text changed = TEXT_INIT;

		text_add_bytes(&changed, formats[i], (size_t)(at - formats[i]));
		text_add(&changed, token);
		text_add(&changed, at + 2);
		forge_assert_refused(changed.s, &expect, "");
		text_free(&changed);
	}
	forge_assert_refused("", &expect, "three parts");
	forge_assert_refused(".", &expect, "three parts");
	forge_assert_refused("..", &expect, "three parts");
	forge_assert_refused("e30..", &expect, "three parts");
	forge_assert_refused("e30.e30", &expect, "three parts");
	forge_assert_refused("e30.e30.e30.e30.e30", &expect, "three parts");
}

/* 256 bytes leave four bits in the last character; RFC 4648 §3.5. */
static void a_second_spelling_of_a_signature_is_refused(void **state)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const struct jws_expect expect = forge_expect();
	auto_free char *header = forge_header(FORGE_RSA);
	auto_free char *payload = forge_payload("");
	auto_free char *token = forge(FORGE_RSA, header, payload);
	char *last = token + strlen(token) - 1;
	const ptrdiff_t value = strchr(alphabet, *last) - alphabet;

	(void)state;
	assert_int_equal(value % 16, 0);
	for (ptrdiff_t spare = 1; spare < 16; spare++) {
		*last = alphabet[value + spare];
		forge_assert_refused(token, &expect, "base64url");
	}
}

static void header_and_claims_must_be_json_objects(void **state)
{
	static const char *const parts[] = { "", " ", "x", "null", "[]", "7", "\"s\"", "{",
		"{}x", "{}{}", "{\"a\":1,}", "{'a':1}", "{\"a\":\xff}", "\xef\xbb\xbf{}" };
	const struct jws_expect expect = forge_expect();
	auto_free char *header = forge_header(FORGE_RSA);
	auto_free char *payload = forge_payload("");

	(void)state;
	for (size_t i = 0; i < COUNT(parts); i++) {
		auto_free char *one = forge(FORGE_RSA, parts[i], payload);
		auto_free char *two = forge(FORGE_RSA, header, parts[i]);
		json_t *peeked_header, *peeked_claims;
		struct err err = ERR_INIT;

		forge_assert_refused(one, &expect, "");
		forge_assert_refused(two, &expect, "");
		assert_int_equal(jws_peek(one, &peeked_header, &peeked_claims, &err), -1);
		assert_int_equal(jws_peek(two, &peeked_header, &peeked_claims, &err), -1);
	}
}

/* What follows a zero byte is signed, but a C string ends before it. */
static void a_zero_byte_hides_nothing(void **state)
{
	const struct jws_expect expect = forge_expect();
	auto_free char *header = forge_header(FORGE_RSA);
	auto_free char *payload = forge_payload("");
	struct text hidden = TEXT_INIT;
	auto_free char *token = NULL;

	(void)state;
	text_add(&hidden, payload);
	text_add_bytes(&hidden, "\0{}", 3);
	token = forge_bytes(FORGE_RSA, header, hidden.s, hidden.len);
	forge_assert_refused(token, &expect, "");
	text_free(&hidden);
}

static void a_token_over_the_limit_is_refused(void **state)
{
	const struct jws_expect expect = forge_expect();
	auto_free char *header = forge_header(FORGE_RSA);

	(void)state;
	/* Grow the payload until the token has just the limit, and then one byte more. */
	for (size_t pad = 48000;; pad++) {
		struct text more = TEXT_INIT;
		auto_free char *payload = NULL;
		auto_free char *token = NULL;

		text_add(&more, ",\"pad\":\"");
		for (size_t i = 0; i < pad; i++)
			text_add(&more, "x");
		text_add(&more, "\"");
		payload = forge_payload(more.s);
		token = forge(FORGE_RSA, header, payload);
		text_free(&more);
		if (strlen(token) > JWS_TOKEN_MAX) {
			forge_assert_refused(token, &expect, "longer than 65536");
			break;
		}
		if (strlen(token) > JWS_TOKEN_MAX - 2)
			forge_assert_taken(token, &expect);
		if (strlen(token) + 16 < JWS_TOKEN_MAX)
			pad += (JWS_TOKEN_MAX - strlen(token) - 16) / 2;
	}
}

UNIT_MAIN_WITH(forge_setup, forge_teardown,
	cmocka_unit_test(signatures_of_rfc_7515_verify_with_keys_read_by_us),
	cmocka_unit_test(tokens_of_rfc_7515_can_be_looked_at_but_name_no_key),
	cmocka_unit_test(a_token_of_kube_apiserver_verifies),
	cmocka_unit_test(what_we_sign_openssl_verifies),
	cmocka_unit_test(an_rs256_token_is_the_same_each_time),
	cmocka_unit_test(an_es256_signature_always_has_64_bytes),
	cmocka_unit_test(a_public_half_does_not_sign),
	cmocka_unit_test(good_tokens_of_every_key_are_taken),
	cmocka_unit_test(a_token_is_never_taken_without_a_signature),
	cmocka_unit_test(an_hmac_keyed_with_our_public_key_is_refused),
	cmocka_unit_test(a_header_says_each_thing_once),
	cmocka_unit_test(a_key_signs_by_its_own_algorithm_only),
	cmocka_unit_test(the_key_must_be_named_and_known),
	cmocka_unit_test(critical_extensions_are_refused),
	cmocka_unit_test(what_declares_another_type_is_refused),
	cmocka_unit_test(keys_in_the_header_are_never_used),
	cmocka_unit_test(a_token_cut_anywhere_is_refused),
	cmocka_unit_test(a_token_changed_anywhere_is_refused),
	cmocka_unit_test(there_are_exactly_three_parts_of_plain_base64url),
	cmocka_unit_test(a_second_spelling_of_a_signature_is_refused),
	cmocka_unit_test(header_and_claims_must_be_json_objects),
	cmocka_unit_test(a_zero_byte_hides_nothing),
	cmocka_unit_test(a_token_over_the_limit_is_refused));

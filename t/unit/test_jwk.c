/* test_jwk.c - keys/jwk.c: public keys become exactly the JSON that kube-apiserver writes, and
 * of foreign JSON only sound signature keys are taken.
 * SPDX-License-Identifier: Apache-2.0 */
#include "keys/jwk.h"
#include "t/data/vectors.h"
#include "t/unit/keys_fixture.h"

static EVP_PKEY *read_good(const char *text)
{
	json_auto_t *jwk = fixture_json(text);
	EVP_PKEY *key = NULL;
	struct err err;

	assert_succeeds(jwk_read(jwk, &key, &err));
	return key;
}

/* `text` as read, written again with this kid and algorithm. */
static char *written(const char *text, const char *kid, const char *alg)
{
	auto_key EVP_PKEY *key = read_good(text);
	json_auto_t *jwk = NULL;
	struct err err;

	assert_succeeds(jwk_write(key, kid, alg, &jwk, &err));
	return json_dumps(jwk, JSON_COMPACT);
}

static void keys_of_kube_apiserver_come_back_byte_for_byte(void **state)
{
	auto_free char *rsa = written(KUBE_RSA_JWK, KUBE_RSA_KID, "RS256");
	auto_free char *ec = written(KUBE_EC_JWK, KUBE_EC_KID, "ES256");

	(void)state;
	assert_string_equal(rsa, KUBE_RSA_JWK);
	assert_string_equal(ec, KUBE_EC_JWK);
}

static void its_kids_are_ours_too(void **state)
{
	static const struct {
		const char *jwk, *kid;
	} cases[] = { { KUBE_RSA_JWK, KUBE_RSA_KID }, { KUBE_EC_JWK, KUBE_EC_KID } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_key EVP_PKEY *key = read_good(cases[i].jwk);
		auto_free unsigned char *der = NULL;
		char kid[KEY_ID_LEN + 1];
		struct err err;
		size_t len;

		assert_succeeds(key_public_der(key, &der, &len, &err));
		key_id(der, len, kid);
		assert_string_equal(kid, cases[i].kid);
	}
}

static void the_key_of_rfc_7638_keeps_its_numbers(void **state)
{
	auto_free char *text = written(RFC7638_JWK, "2011-04-29", "RS256");
	json_auto_t *jwk = fixture_json(text);

	(void)state;
	assert_int_equal(json_object_size(jwk), 6);
	assert_string_equal(json_string_value(json_object_get(jwk, "n")), RFC7638_N);
	assert_string_equal(json_string_value(json_object_get(jwk, "e")), "AQAB");
	assert_string_equal(json_string_value(json_object_get(jwk, "kty")), "RSA");
	assert_string_equal(json_string_value(json_object_get(jwk, "use")), "sig");
}

/* A coordinate that begins with a zero byte keeps it: RFC 7518 §6.2.1.2. One key in 128 has
 * one. */
static void coordinates_always_have_32_bytes(void **state)
{
	(void)state;
	for (bool is_seen = false; !is_seen;) {
		auto_key EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
		json_auto_t *jwk = NULL;
		struct err err;
		const char *x, *y;

		assert_succeeds(jwk_write(key, "kid", "ES256", &jwk, &err));
		x = json_string_value(json_object_get(jwk, "x"));
		y = json_string_value(json_object_get(jwk, "y"));
		assert_int_equal(strlen(x), 43);
		assert_int_equal(strlen(y), 43);
		is_seen = strncmp(x, "AA", 2) == 0 || strncmp(y, "AA", 2) == 0 || x[0] == 'A' ||
			y[0] == 'A';
		if (is_seen) {
			auto_key EVP_PKEY *back = NULL;

			assert_succeeds(jwk_read(jwk, &back, &err));
			assert_int_equal(EVP_PKEY_eq(key, back), 1);
		}
	}
}

static void members_that_are_not_ours_are_passed_over(void **state)
{
	auto_key EVP_PKEY *key = read_good("{\"kty\":\"RSA\",\"n\":\"" RFC7638_N
					   "\",\"e\":\"AQAB\",\"x5c\":[\"!\"],\"key_ops\":7}");

	(void)state;
	assert_int_equal(EVP_PKEY_get_bits(key), 2048);
}

static void anything_else_is_refused(void **state)
{
	static const char *const cases[] = {
		"{}",
		"[]",
		"null",
		"{\"kty\":7}",
		"{\"kty\":\"rsa\",\"n\":\"" RFC7638_N "\",\"e\":\"AQAB\"}",
		"{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
		/* use */
		"{\"kty\":\"RSA\",\"use\":\"enc\",\"n\":\"" RFC7638_N "\",\"e\":\"AQAB\"}",
		"{\"kty\":\"RSA\",\"use\":\"\",\"n\":\"" RFC7638_N "\",\"e\":\"AQAB\"}",
		/* members */
		"{\"kty\":\"RSA\",\"e\":\"AQAB\"}",
		"{\"kty\":\"RSA\",\"n\":\"" RFC7638_N "\"}",
		"{\"kty\":\"RSA\",\"n\":null,\"e\":\"AQAB\"}",
		"{\"kty\":\"RSA\",\"n\":5,\"e\":\"AQAB\"}",
		"{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"}",
		"{\"kty\":\"RSA\",\"n\":\"" RFC7638_N "\",\"e\":\"AQABAQABAQABAQAB\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC7515_A3_X "\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"y\":\"" RFC7515_A3_Y "\"}",
		/* base64: alphabet, padding, blanks, spare bits */
		"{\"kty\":\"RSA\",\"n\":\"+" RFC7638_N "\",\"e\":\"AQAB\"}",
		"{\"kty\":\"RSA\",\"n\":\"" RFC7638_N "==\",\"e\":\"AQAB\"}",
		"{\"kty\":\"RSA\",\"n\":\"" RFC7638_N " \",\"e\":\"AQAB\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEV\","
		"\"y\":\"" RFC7515_A3_Y "\"}",
		/* the point */
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC7515_A3_X
		"\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5aw\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC7515_A3_X "\",\"y\":\"AAAA\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"" RFC7515_A3_Y "\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC7515_A3_X "\",\"y\":\"\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
		"\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
	};
	EVP_PKEY *key = NULL;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		json_auto_t *jwk = json_loads(cases[i], JSON_DECODE_ANY, NULL);

		assert_non_null(jwk);
		err = (struct err)ERR_INIT;
		if (jwk_read(jwk, &key, &err) == 0)
			fail_msg("accepted %s", cases[i]);
		assert_int_equal(err.code, ERR_BAD_INPUT);
	}
	assert_null(key);
}

/* A curve we do not have, whatever its coordinates look like: RFC 7518 §6.2.1.1. */
static void another_curve_is_refused(void **state)
{
	static const char *const crvs[] = { "\"P-384\"", "\"secp256k1\"", "\"\"", "7", "null" };
	EVP_PKEY *key = NULL;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(crvs); i++) {
		auto_free char *text =
			text_format("{\"kty\":\"EC\",\"crv\":%s,\"x\":\"%s\",\"y\":\"%s\"}",
				crvs[i], RFC7515_A3_X, RFC7515_A3_Y);
		json_auto_t *jwk = fixture_json(text);

		assert_fails(ERR_BAD_INPUT, jwk_read(jwk, &key, &err));
	}
	assert_null(key);
}

static void a_key_meant_for_another_algorithm_is_refused(void **state)
{
	static const char *const algs[] = { "PS256", "RS512", "ES256", "HS256", "none", "" };
	EVP_PKEY *key = NULL;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(algs); i++) {
		json_auto_t *jwk = fixture_json(KUBE_RSA_JWK);

		assert_int_equal(json_object_set_new(jwk, "alg", json_string(algs[i])), 0);
		assert_fails(ERR_BAD_INPUT, jwk_read(jwk, &key, &err));
	}
	assert_null(key);
}

static void rsa_keys_of_other_sizes_are_refused(void **state)
{
	static const size_t bits[] = { 512, 1024, 2040 };
	EVP_PKEY *back = NULL;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(bits); i++) {
		auto_key EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", bits[i]);
		json_auto_t *jwk = NULL;

		assert_succeeds(jwk_write(key, "kid", "RS256", &jwk, &err));
		assert_fails(ERR_BAD_INPUT, jwk_read(jwk, &back, &err));
	}
	assert_null(back);
}

UNIT_MAIN(cmocka_unit_test(keys_of_kube_apiserver_come_back_byte_for_byte),
	cmocka_unit_test(its_kids_are_ours_too),
	cmocka_unit_test(the_key_of_rfc_7638_keeps_its_numbers),
	cmocka_unit_test(coordinates_always_have_32_bytes),
	cmocka_unit_test(members_that_are_not_ours_are_passed_over),
	cmocka_unit_test(anything_else_is_refused), cmocka_unit_test(another_curve_is_refused),
	cmocka_unit_test(a_key_meant_for_another_algorithm_is_refused),
	cmocka_unit_test(rsa_keys_of_other_sizes_are_refused));

/* test_key_pem.c - keys/key_pem.c: only sound keys move in, and each has one name.
 * SPDX-License-Identifier: Apache-2.0 */
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "base/text.h"
#include "keys/key.h"
#include "keys/key_pem.h"
#include "t/unit/unit.h"

static EVP_PKEY *made(const char *alg)
{
	EVP_PKEY *key = NULL;
	struct err err;

	assert_succeeds(key_generate(alg, 2048, &key, &err));
	return key;
}

/* A public RSA key of any numbers; takes both over. */
static EVP_PKEY *rsa_of(BIGNUM *n, BIGNUM *e)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY *key = NULL;
	OSSL_PARAM *params;

	assert_int_equal(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n), 1);
	assert_int_equal(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e), 1);
	params = OSSL_PARAM_BLD_to_param(build);
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	BN_free(n);
	BN_free(e);
	return key;
}

static BIGNUM *word(BN_ULONG w)
{
	BIGNUM *bn = BN_new();

	assert_int_equal(BN_set_word(bn, w), 1);
	return bn;
}

static BIGNUM *modulus_of(const EVP_PKEY *key)
{
	BIGNUM *n = NULL;

	assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n), 1);
	return n;
}

/* Its public half as PEM, read again. Takes `key` over. */
static int read_public(EVP_PKEY *key, EVP_PKEY **ret, struct err *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem = NULL;
	long len;
	int rc;

	assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
	len = BIO_get_mem_data(bio, &pem);
	rc = key_pem_read(pem, (size_t)len, ret, err);
	BIO_free(bio);
	key_free(key);
	return rc;
}

static void a_sound_public_key_is_read(void **state)
{
	static const BN_ULONG exponents[] = { 3, 17, 65537, 0x7fffffff };
	auto_key EVP_PKEY *rsa = made("RS256");

	(void)state;
	for (size_t i = 0; i < COUNT(exponents); i++) {
		auto_key EVP_PKEY *got = NULL;
		struct err err;

		assert_succeeds(read_public(rsa_of(modulus_of(rsa), word(exponents[i])), &got,
			&err));
	}
}

/* Whoever holds no private key can sign for an exponent of 1. */
static void a_public_exponent_that_helps_forgers_is_refused(void **state)
{
	static const BN_ULONG exponents[] = { 1, 2, 4, 65536, 0x80000001 };
	auto_key EVP_PKEY *rsa = made("RS256");
	EVP_PKEY *got = NULL;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(exponents); i++) {
		assert_fails(ERR_BAD_INPUT,
			read_public(rsa_of(modulus_of(rsa), word(exponents[i])), &got, &err));
		assert_mentions(err.text, "can be forged");
	}
	assert_null(got);
}

static void a_modulus_that_is_no_product_is_refused(void **state)
{
	auto_key EVP_PKEY *rsa = made("RS256");
	EVP_PKEY *got = NULL;
	BIGNUM *numbers[3];
	struct err err;

	(void)state;
	numbers[0] = modulus_of(rsa); /* even */
	assert_int_equal(BN_sub_word(numbers[0], 1), 1);
	numbers[1] = BN_new(); /* a power of two */
	assert_int_equal(BN_set_bit(numbers[1], 2047), 1);
	numbers[2] = BN_new(); /* a prime: 2^2203-1 */
	assert_int_equal(BN_set_bit(numbers[2], 2203), 1);
	assert_int_equal(BN_sub_word(numbers[2], 1), 1);
	for (size_t i = 0; i < COUNT(numbers); i++)
		assert_fails(ERR_BAD_INPUT,
			read_public(rsa_of(numbers[i], word(65537)), &got, &err));
	assert_null(got);
}

static void kid_of(const EVP_PKEY *key, char ret[KEY_ID_LEN + 1])
{
	unsigned char *der = NULL;
	struct err err;
	size_t len;

	assert_succeeds(key_public_der(key, &der, &len, &err));
	key_id(der, len, ret);
	free(der);
}

/* Kubernetes hashes the uncompressed point on a named curve, however the file has it. */
static void a_key_has_one_kid_in_every_form(void **state)
{
	static const struct {
		const char *param, *value;
	} forms[] = {
		{ OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed" },
		{ OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "hybrid" },
		{ OSSL_PKEY_PARAM_EC_ENCODING, OSSL_PKEY_EC_ENCODING_EXPLICIT },
	};
	char kid[KEY_ID_LEN + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		EVP_PKEY *ec = made("ES256");
		auto_key EVP_PKEY *got = NULL;
		char again[KEY_ID_LEN + 1];
		struct err err;

		kid_of(ec, kid);
		assert_int_equal(EVP_PKEY_set_utf8_string_param(ec, forms[i].param,
					 forms[i].value),
			1);
		kid_of(ec, again);
		assert_string_not_equal(kid, again);
		assert_succeeds(read_public(ec, &got, &err));
		kid_of(got, again);
		assert_string_equal(kid, again);
	}
}

UNIT_MAIN(cmocka_unit_test(a_sound_public_key_is_read),
	cmocka_unit_test(a_public_exponent_that_helps_forgers_is_refused),
	cmocka_unit_test(a_modulus_that_is_no_product_is_refused),
	cmocka_unit_test(a_key_has_one_kid_in_every_form));

/* test_key.c - keys/key.c and key_seal.c: keys are made, named, sealed and opened; nothing else
 * opens.
 * SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/stat.h>

#include <openssl/pem.h>

#include "base/file.h"
#include "t/data/vectors.h"
#include "t/unit/keys_fixture.h"

#define KID "0123456789012345678901234567890123456789012"

static EVP_PKEY *made(const char *alg, uint32_t bits)
{
	EVP_PKEY *key = NULL;
	struct err err;

	assert_succeeds(key_generate(alg, bits, &key, &err));
	return key;
}

static void keys_of_every_kind_are_made(void **state)
{
	static const struct {
		const char *alg;
		uint32_t rsa_bits;
		int bits;
	} cases[] = {
		{ "RS256", 2048, 2048 },
		{ "RS256", 3072, 3072 },
		{ "RS256", 4096, 4096 },
		{ "ES256", 2048, 256 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_key EVP_PKEY *key = made(cases[i].alg, cases[i].rsa_bits);
		const char *alg = NULL;
		struct err err;

		assert_int_equal(EVP_PKEY_get_bits(key), cases[i].bits);
		assert_succeeds(key_algorithm(key, &alg, &err));
		assert_string_equal(alg, cases[i].alg);
	}
}

static void other_algorithms_are_not_made(void **state)
{
	static const char *const algs[] = { "", "none", "HS256", "RS512", "ES384", "EdDSA",
		"rs256" };
	EVP_PKEY *key = NULL;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(algs); i++)
		assert_fails(ERR_BAD_INPUT, key_generate(algs[i], 2048, &key, &err));
	assert_null(key);
}

static void keys_of_other_kinds_have_no_algorithm(void **state)
{
	EVP_PKEY *const keys[] = {
		EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024),
		EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2040),
		EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"),
		EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1"),
		EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"),
	};
	const char *alg = NULL;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		assert_non_null(keys[i]);
		assert_fails(ERR_BAD_INPUT, key_algorithm(keys[i], &alg, &err));
		key_free(keys[i]);
	}
	assert_null(alg);
}

static void a_kid_is_what_kubernetes_says(void **state)
{
	BIO *pem = BIO_new_mem_buf(KUBE_PEM, -1);
	auto_key EVP_PKEY *key = PEM_read_bio_PUBKEY(pem, NULL, NULL, NULL);
	auto_free unsigned char *der = NULL;
	char kid[KEY_ID_LEN + 1];
	struct err err;
	size_t len;

	(void)state;
	assert_succeeds(key_public_der(key, &der, &len, &err));
	key_id(der, len, kid);
	assert_string_equal(kid, KUBE_KID);
	BIO_free(pem);
}

static void a_public_key_survives_der(void **state)
{
	static const char *const algs[] = { "RS256", "ES256" };

	(void)state;
	for (size_t i = 0; i < COUNT(algs); i++) {
		auto_key EVP_PKEY *key = made(algs[i], 2048);
		auto_key EVP_PKEY *back = NULL;
		auto_free unsigned char *der = NULL;
		struct err err;
		size_t len;

		assert_succeeds(key_public_der(key, &der, &len, &err));
		assert_succeeds(key_from_public_der(der, len, &back, &err));
		assert_int_equal(EVP_PKEY_eq(key, back), 1);
	}
}

static void anything_but_one_whole_der_is_refused(void **state)
{
	auto_key EVP_PKEY *key = made("ES256", 0);
	auto_free unsigned char *der = NULL;
	auto_free unsigned char *more = text_alloc(8192, 1);
	EVP_PKEY *back = NULL;
	struct err err;
	size_t len;

	(void)state;
	assert_succeeds(key_public_der(key, &der, &len, &err));
	memcpy(more, der, len);
	assert_fails(ERR_BAD_INPUT, key_from_public_der(more, len + 1, &back, &err));
	assert_fails(ERR_BAD_INPUT, key_from_public_der(more, 8192, &back, &err));
	for (size_t cut = 0; cut < len; cut++)
		assert_fails(ERR_BAD_INPUT, key_from_public_der(der, cut, &back, &err));
	assert_null(back);
}

/* ---- sealing ---- */

static struct key_sealing *sealing_key(void)
{
	char dir[] = "/tmp/issuerd-test.XXXXXX";
	struct key_sealing *sealing = NULL;
	auto_free char *path = NULL;
	struct err err;

	assert_non_null(mkdtemp(dir));
	path = text_format("%s/key", dir);
	assert_succeeds(key_sealing_create(path, &err));
	assert_succeeds(key_sealing_read(path, &sealing, &err));
	assert_fails(ERR_CONFLICT, key_sealing_create(path, &err));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
	return sealing;
}

static void a_sealed_key_opens_again(void **state)
{
	static const char *const algs[] = { "RS256", "ES256" };
	auto_key_sealing struct key_sealing *sealing = sealing_key();

	(void)state;
	for (size_t i = 0; i < COUNT(algs); i++) {
		auto_key EVP_PKEY *key = made(algs[i], 4096);
		auto_key EVP_PKEY *back = NULL;
		auto_free unsigned char *sealed = NULL;
		auto_free char *token = NULL;
		struct err err;
		size_t len;

		assert_succeeds(key_seal(key, sealing, "prod", KID, 7, &sealed, &len, &err));
		assert_succeeds(key_unseal(sealed, len, sealing, "prod", KID, 7, &back, &err));
		assert_int_equal(EVP_PKEY_eq(key, back), 1);
		/* Its private half came along. */
		assert_succeeds(jws_sign(back, algs[i], KID, "{}", 2, &token, &err));
	}
}

static void no_two_seals_are_alike(void **state)
{
	auto_key_sealing struct key_sealing *sealing = sealing_key();
	auto_key EVP_PKEY *key = made("ES256", 0);
	auto_free unsigned char *one = NULL;
	auto_free unsigned char *two = NULL;
	size_t one_len, two_len;
	struct err err;

	(void)state;
	assert_succeeds(key_seal(key, sealing, "prod", KID, 7, &one, &one_len, &err));
	assert_succeeds(key_seal(key, sealing, "prod", KID, 7, &two, &two_len, &err));
	assert_int_equal(one_len, two_len);
	assert_memory_not_equal(one + 1, two + 1, 12);
	assert_memory_not_equal(one + 13, two + 13, one_len - 13);
}

static void a_sealed_key_opens_nowhere_else(void **state)
{
	auto_key_sealing struct key_sealing *sealing = sealing_key();
	auto_key_sealing struct key_sealing *other = sealing_key();
	auto_key EVP_PKEY *key = made("ES256", 0);
	auto_free unsigned char *sealed = NULL;
	EVP_PKEY *back = NULL;
	struct err err;
	size_t len;

	(void)state;
	assert_succeeds(key_seal(key, sealing, "prod", KID, 7, &sealed, &len, &err));
	assert_fails(ERR_REFUSED, key_unseal(sealed, len, other, "prod", KID, 7, &back, &err));
	assert_mentions(err.text, "sealing key");
	assert_fails(ERR_REFUSED,
		key_unseal(sealed, len, sealing, "prod2", KID, 7, &back, &err));
	assert_fails(ERR_REFUSED, key_unseal(sealed, len, sealing, "pro", KID, 7, &back, &err));
	assert_fails(ERR_REFUSED,
		key_unseal(sealed, len, sealing, "prod", KID "x", 7, &back, &err));
	assert_fails(ERR_REFUSED, key_unseal(sealed, len, sealing, "prod", "", 7, &back, &err));
	assert_fails(ERR_REFUSED,
		key_unseal(sealed, len, sealing, "prod", KID, 8, &back, &err));
	assert_fails(ERR_REFUSED,
		key_unseal(sealed, len, sealing, "prod", KID, -7, &back, &err));
	assert_fails(ERR_REFUSED,
		key_unseal(sealed, len, sealing, "prod" KID, "", 7, &back, &err));
	assert_null(back);
}

static void a_changed_byte_anywhere_is_noticed(void **state)
{
	auto_key_sealing struct key_sealing *sealing = sealing_key();
	auto_key EVP_PKEY *key = made("ES256", 0);
	auto_free unsigned char *sealed = NULL;
	EVP_PKEY *back = NULL;
	struct err err;
	size_t len;

	(void)state;
	assert_succeeds(key_seal(key, sealing, "prod", KID, 7, &sealed, &len, &err));
	for (size_t i = 0; i < len; i++) {
		sealed[i] ^= 1;
		/* The first byte is the version of the format. */
		assert_fails(i == 0 ? ERR_FAILED : ERR_REFUSED,
			key_unseal(sealed, len, sealing, "prod", KID, 7, &back, &err));
		sealed[i] ^= 1;
	}
	assert_null(back);
}

static void a_missing_byte_at_the_end_is_noticed(void **state)
{
	auto_key_sealing struct key_sealing *sealing = sealing_key();
	auto_key EVP_PKEY *key = made("ES256", 0);
	auto_free unsigned char *sealed = NULL;
	auto_free unsigned char *longer = text_alloc(8193, 1);
	EVP_PKEY *back = NULL;
	struct err err;
	size_t len;

	(void)state;
	assert_succeeds(key_seal(key, sealing, "prod", KID, 7, &sealed, &len, &err));
	for (size_t cut = 0; cut < len; cut++) {
		err = (struct err)ERR_INIT;
		assert_int_equal(key_unseal(sealed, cut, sealing, "prod", KID, 7, &back, &err),
			-1);
	}
	memcpy(longer, sealed, len);
	assert_fails(ERR_REFUSED,
		key_unseal(longer, len + 1, sealing, "prod", KID, 7, &back, &err));
	assert_fails(ERR_FAILED,
		key_unseal(longer, 8193, sealing, "prod", KID, 7, &back, &err));
	assert_null(back);
}

/* ---- the sealing key's file ---- */

static void write_file(const char *path, size_t len, mode_t mode)
{
	static const char bytes[64] = "x";
	const int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
}

static void a_sealing_key_file_must_be_exact_and_private(void **state)
{
	static const struct {
		size_t len;
		mode_t mode;
		enum err_code code;
	} cases[] = {
		{ 0, 0600, ERR_BAD_INPUT },
		{ 31, 0600, ERR_BAD_INPUT },
		{ 33, 0600, ERR_BAD_INPUT },
		{ 64, 0600, ERR_BAD_INPUT },
		{ 32, 0660, ERR_REFUSED },
		{ 32, 0604, ERR_REFUSED },
		{ 32, 0620, ERR_REFUSED },
		{ 32, 0666, ERR_REFUSED },
	};
	char dir[] = "/tmp/issuerd-test.XXXXXX";
	struct key_sealing *sealing = NULL;
	auto_free char *path = NULL;
	struct err err;

	(void)state;
	assert_non_null(mkdtemp(dir));
	path = text_format("%s/key", dir);
	assert_fails(ERR_NOT_FOUND, key_sealing_read(path, &sealing, &err));
	assert_mentions(err.text, path);
	for (size_t i = 0; i < COUNT(cases); i++) {
		write_file(path, cases[i].len, cases[i].mode);
		assert_fails(cases[i].code, key_sealing_read(path, &sealing, &err));
		assert_mentions(err.text, path);
		assert_null(sealing);
		assert_int_equal(unlink(path), 0);
	}
	write_file(path, 32, 0400);
	assert_succeeds(key_sealing_read(path, &sealing, &err));
	key_sealing_free(sealing);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void nothing_is_freed_without_harm(void **state)
{
	(void)state;
	key_free(NULL);
	key_sealing_free(NULL);
}

UNIT_MAIN(cmocka_unit_test(keys_of_every_kind_are_made),
	cmocka_unit_test(other_algorithms_are_not_made),
	cmocka_unit_test(keys_of_other_kinds_have_no_algorithm),
	cmocka_unit_test(a_kid_is_what_kubernetes_says),
	cmocka_unit_test(a_public_key_survives_der),
	cmocka_unit_test(anything_but_one_whole_der_is_refused),
	cmocka_unit_test(a_sealed_key_opens_again), cmocka_unit_test(no_two_seals_are_alike),
	cmocka_unit_test(a_sealed_key_opens_nowhere_else),
	cmocka_unit_test(a_changed_byte_anywhere_is_noticed),
	cmocka_unit_test(a_missing_byte_at_the_end_is_noticed),
	cmocka_unit_test(a_sealing_key_file_must_be_exact_and_private),
	cmocka_unit_test(nothing_is_freed_without_harm));

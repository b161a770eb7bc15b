/* key_pem.c - see key_pem.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "keys/key_pem.h"

#define PEM_BEGIN "-----BEGIN "

static inline void auto_bio_(BIO **bio)
{
	BIO_free(*bio);
}
#define auto_bio __attribute__((cleanup(auto_bio_)))

static inline void auto_x509_(X509 **x)
{
	X509_free(*x);
}
#define auto_x509 __attribute__((cleanup(auto_x509_)))

static inline void auto_decoder_(OSSL_DECODER_CTX **ctx)
{
	OSSL_DECODER_CTX_free(*ctx);
}
#define auto_decoder __attribute__((cleanup(auto_decoder_)))

/* Labels of blocks, one after the other; NULL after the last. `*at` moves on. */
static const char *next_label(const char **at, const char *end, size_t *ret_len)
{
	const char *begin = memmem(*at, (size_t)(end - *at), PEM_BEGIN, strlen(PEM_BEGIN));
	const char *stop;

	if (!begin)
		return NULL;
	begin += strlen(PEM_BEGIN);
	stop = memmem(begin, (size_t)(end - begin), "-----", 5);
	*at = stop ? stop : end;
	*ret_len = (size_t)(*at - begin);
	return begin;
}

static bool label_is(const char *label, size_t len, const char *wanted)
{
	return len == strlen(wanted) && strncmp(label, wanted, len) == 0;
}

static bool label_has(const char *label, size_t len, const char *part)
{
	return memmem(label, len, part, strlen(part)) != NULL;
}

bool key_pem_is_private(const char *pem, size_t len)
{
	const char *at = pem;
	const char *label;
	size_t label_len;

	while ((label = next_label(&at, pem + len, &label_len)))
		if (label_has(label, label_len, "PRIVATE KEY"))
			return true;
	return false;
}

/* Exactly one block that counts; its label says how to read it. */
static int find_block(const char *pem, size_t len, const char **ret_label, size_t *ret_len,
	struct err *err)
{
	const char *at = pem;
	const char *label;
	size_t label_len;
	size_t count = 0;

	while ((label = next_label(&at, pem + len, &label_len))) {
		if (label_is(label, label_len, "EC PARAMETERS"))
			continue; /* openssl ecparam puts them before the key */
		*ret_label = label;
		*ret_len = label_len;
		count++;
	}
	if (count == 1)
		return 0;
	return count == 0
		? err_set(err, ERR_BAD_INPUT, "there is no PEM block (\"%s...\") in it",
			  PEM_BEGIN)
		: err_set(err, ERR_BAD_INPUT,
			  "it holds %zu PEM blocks; put each key into a file of its own",
			  count);
}

static int no_passphrase(char *buf, int size, int is_write, void *ctx)
{
	(void)buf;
	(void)size;
	(void)is_write;
	(void)ctx;
	return -1; /* never asked for: who could answer? */
}

static EVP_PKEY *read_certificate(BIO *bio)
{
	auto_x509 X509 *x = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);

	return x ? X509_get_pubkey(x) : NULL;
}

/* Any of OpenSSL's own forms. */
static EVP_PKEY *read_key(BIO *bio, bool is_private)
{
	EVP_PKEY *key = NULL;
	auto_decoder OSSL_DECODER_CTX *ctx = OSSL_DECODER_CTX_new_for_pkey(&key, "PEM", NULL,
		NULL, is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, NULL, NULL);

	if (!ctx || OSSL_DECODER_CTX_set_pem_password_cb(ctx, no_passphrase, NULL) != 1 ||
		OSSL_DECODER_from_bio(ctx, bio) != 1) {
		EVP_PKEY_free(key);
		return NULL;
	}
	return key;
}

static inline void auto_pkey_ctx_(EVP_PKEY_CTX **ctx)
{
	EVP_PKEY_CTX_free(*ctx);
}
#define auto_pkey_ctx __attribute__((cleanup(auto_pkey_ctx_)))

/* Odd, and no longer than verifiers take (Go: 31 bits). OpenSSL has seen to the rest. */
static bool has_usual_exponent(const EVP_PKEY *key)
{
	BIGNUM *e = NULL;
	bool is_usual = true;

	if (EVP_PKEY_is_a(key, "RSA")) {
		is_usual = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
			BN_num_bits(e) >= 2 && BN_num_bits(e) <= 31;
		BN_free(e);
	}
	return is_usual;
}

/* A public exponent of 1, a prime modulus, a point off the curve: whoever trusts such a key
 * trusts everybody. And a private half that does not belong to its public one would sign what
 * nobody can verify. */
static int check(EVP_PKEY *key, bool is_private, struct err *err)
{
	auto_pkey_ctx EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);

	if (!ctx || EVP_PKEY_public_check(ctx) != 1 || !has_usual_exponent(key))
		return err_set(err, ERR_BAD_INPUT,
			"its numbers make no sound key; tokens of such a key can be forged");
	if (is_private && EVP_PKEY_pairwise_check(ctx) != 1)
		return err_set(err, ERR_BAD_INPUT,
			"its private half does not belong to its public half");
	return 0;
}

/* The form that everybody hashes: a named curve, and a point that is not compressed. */
static int normalize(EVP_PKEY *key, struct err *err)
{
	if (EVP_PKEY_is_a(key, "EC") &&
		(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING,
			 OSSL_PKEY_EC_ENCODING_GROUP) != 1 ||
			EVP_PKEY_set_utf8_string_param(key,
				OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
				OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) != 1))
		return err_set(err, ERR_FAILED, "could not put the key into its common form");
	return 0;
}

int key_pem_read(const char *pem, size_t len, EVP_PKEY **ret, struct err *err)
{
	const bool is_private = key_pem_is_private(pem, len);
	auto_key EVP_PKEY *key = NULL;
	auto_bio BIO *bio = NULL;
	const char *alg;
	const char *begin;
	const char *label;
	size_t label_len;

	if (find_block(pem, len, &label, &label_len, err) < 0)
		return -1;
	if (label_has(label, label_len, "ENCRYPTED") ||
		memmem(pem, len, "Proc-Type: 4,ENCRYPTED", 22))
		return err_set(err, ERR_BAD_INPUT,
			"it is encrypted; decrypt it first: openssl pkey -in FILE -out NEWFILE");
	/* From its block on: what stands before it is not for us. */
	begin = label - strlen(PEM_BEGIN);
	bio = BIO_new_mem_buf(begin, (int)(pem + len - begin));
	if (!bio)
		return err_set(err, ERR_FAILED, "out of memory");
	key = label_is(label, label_len, "CERTIFICATE") ? read_certificate(bio)
							: read_key(bio, is_private);
	if (!key)
		return err_set(err, ERR_BAD_INPUT,
			"\"%s%.*s-----\" cannot be read as a key: it is damaged, or of a kind that "
			"issuerd does not know",
			PEM_BEGIN, label_len < 40 ? (int)label_len : 40, label);
	if (key_algorithm(key, &alg, err) < 0 || check(key, is_private, err) < 0 ||
		normalize(key, err) < 0)
		return -1;
	*ret = take(key);
	return 0;
}

int key_pem_write_public(const unsigned char *der, size_t len, struct text *out,
	struct err *err)
{
	auto_key EVP_PKEY *key = NULL;
	auto_bio BIO *bio = BIO_new(BIO_s_mem());
	char *bytes = NULL;
	long size;

	if (key_from_public_der(der, len, &key, err) < 0)
		return -1;
	if (!bio || PEM_write_bio_PUBKEY(bio, key) != 1 ||
		(size = BIO_get_mem_data(bio, &bytes)) <= 0)
		return err_set(err, ERR_FAILED, "could not write a public key");
	text_add_bytes(out, bytes, (size_t)size);
	return 0;
}

/* key.c - see key.h. Sealing is in key_seal.c.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/b64url.h"
#include "base/secret.h"
#include "base/text.h"
#include "keys/key.h"

int key_generate(const char *alg, uint32_t rsa_bits, EVP_PKEY **ret, struct err *err)
{
	EVP_PKEY *key = NULL;

	if (strcmp(alg, KEY_ALG_RS256) == 0)
		key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)rsa_bits);
	else if (strcmp(alg, KEY_ALG_ES256) == 0)
		key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	else
		return err_set(err, ERR_BAD_INPUT,
			"algorithm '%s' is not supported; use RS256 or ES256", alg);
	if (!key)
		return err_set(err, ERR_FAILED, "could not generate a key for %s", alg);
	*ret = key;
	return 0;
}

EVP_PKEY *key_ref(EVP_PKEY *key)
{
	(void)EVP_PKEY_up_ref(key); /* only counts */
	return key;
}

void key_free(EVP_PKEY *key)
{
	EVP_PKEY_free(key); /* clears the private parts */
}

int key_public_der(const EVP_PKEY *key, unsigned char **ret, size_t *ret_len, struct err *err)
{
	unsigned char *der = NULL;
	const int len = i2d_PUBKEY(key, &der);

	if (len <= 0)
		return err_set(err, ERR_FAILED, "could not encode a public key");
	*ret = text_alloc((size_t)len, 1);
	memcpy(*ret, der, (size_t)len);
	*ret_len = (size_t)len;
	OPENSSL_free(der);
	return 0;
}

int key_from_public_der(const unsigned char *der, size_t len, EVP_PKEY **ret, struct err *err)
{
	const unsigned char *p = der;
	EVP_PKEY *key = len <= 4096 ? d2i_PUBKEY(NULL, &p, (long)len) : NULL;

	if (!key || p != der + len) {
		key_free(key);
		return err_set(err, ERR_BAD_INPUT, "not a DER SubjectPublicKeyInfo");
	}
	*ret = key;
	return 0;
}

void key_id(const unsigned char *der, size_t len, char ret[KEY_ID_LEN + 1])
{
	unsigned char hash[SECRET_HASH_LEN];
	auto_text struct text kid = TEXT_INIT;

	secret_hash(der, len, hash);
	b64url_encode(&kid, hash, sizeof(hash));
	memcpy(ret, kid.s, KEY_ID_LEN + 1);
}

int key_algorithm(const EVP_PKEY *key, const char **ret, struct err *err)
{
	char group[32] = "";

	if (EVP_PKEY_is_a(key, "RSA")) {
		const int bits = EVP_PKEY_get_bits(key);

		if (bits < 2048 || bits > 4096)
			return err_set(err, ERR_BAD_INPUT,
				"an RSA key of %d bits is not supported; use 2048 to 4096",
				bits);
		*ret = KEY_ALG_RS256;
		return 0;
	}
	if (EVP_PKEY_is_a(key, "EC") &&
		EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group,
			sizeof(group), NULL) == 1 &&
		strcmp(group, "prime256v1") == 0) {
		*ret = KEY_ALG_ES256;
		return 0;
	}
	return err_set(err, ERR_BAD_INPUT, "the key is neither RSA nor EC P-256");
}

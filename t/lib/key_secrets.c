/* key_secrets.c - prints the private numbers of all keys in a store, in hexadecimal, a line
 * each: key-secrets STORE SEALING-KEY ISSUER. For tests that search for them where they must
 * not be.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "keys/key.h"
#include "store/store.h"

static void print_number(const EVP_PKEY *key, const char *name)
{
	BIGNUM *bn = NULL;
	char *hex;

	if (EVP_PKEY_get_bn_param(key, name, &bn) != 1)
		return;
	hex = BN_bn2hex(bn);
	if (hex)
		(void)puts(hex);
	OPENSSL_free(hex);
	BN_clear_free(bn);
}

static int print_key(const struct store_key *row, const struct key_sealing *sealing,
	const char *issuer, struct err *err)
{
	auto_key EVP_PKEY *key = NULL;

	if (key_unseal(row->sealed, row->sealed_len, sealing, issuer, row->kid, row->generation,
		    &key, err) < 0)
		return -1;
	print_number(key, OSSL_PKEY_PARAM_RSA_FACTOR1);
	print_number(key, OSSL_PKEY_PARAM_RSA_FACTOR2);
	print_number(key, OSSL_PKEY_PARAM_RSA_D);
	print_number(key, OSSL_PKEY_PARAM_PRIV_KEY);
	return 0;
}

static int print_keys(const struct store_keys *keys, const struct key_sealing *sealing,
	const char *issuer, struct err *err)
{
	for (size_t i = 0; i < keys->count; i++)
		if (keys->key[i].sealed && print_key(&keys->key[i], sealing, issuer, err) < 0)
			return -1;
	return 0;
}

int main(int argc, char **argv)
{
	auto_key_sealing struct key_sealing *sealing = NULL;
	auto_store struct store *store = NULL;
	struct store_keys keys = { .key = NULL };
	struct err err = ERR_INIT;
	int rc;

	if (argc != 4)
		return 2;
	if (secret_init(&err) < 0 || key_sealing_read(argv[2], &sealing, &err) < 0 ||
		store_open(argv[1], STORE_READ, &store, &err) < 0 ||
		store_keys_load(store, argv[3], &keys, &err) < 0)
		rc = -1;
	else
		rc = print_keys(&keys, sealing, argv[3], &err);
	store_keys_free(&keys);
	if (rc < 0)
		(void)fprintf(stderr, "key-secrets: %s\n", err.text);
	return rc < 0 ? 1 : 0;
}

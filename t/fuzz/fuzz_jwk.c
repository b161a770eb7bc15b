/* fuzz_jwk.c - a JWK that is taken is written and taken again as the same key.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "keys/jwk.h"
#include "keys/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_auto_t *jwk = json_loadb((const char *)data, size, JSON_ALLOW_NUL, NULL);
	json_auto_t *written = NULL;
	auto_key EVP_PKEY *key = NULL;
	auto_key EVP_PKEY *again = NULL;
	struct err err = ERR_INIT;
	const char *alg;

	if (!jwk || jwk_read(jwk, &key, &err) < 0)
		return 0;
	if (key_algorithm(key, &alg, &err) < 0 ||
		jwk_write(key, "kid", alg, &written, &err) < 0 ||
		jwk_read(written, &again, &err) < 0 || EVP_PKEY_eq(key, again) != 1)
		abort();
	return 0;
}

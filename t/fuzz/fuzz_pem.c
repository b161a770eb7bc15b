/* fuzz_pem.c - keys/key_pem.c on files of anybody's making: read as one key or refused with a
 * reason; a public key that was read is written and read again as the same. The keys in
 * its corpus were made for it and open nothing.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/auto.h"
#include "keys/key_pem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* OpenSSL looks at a modulus with random witnesses (SP 800-56B, 6.4.2.2): one that has a
 * smallish factor is found out in some of many readings. */
static bool is_by_chance(const EVP_PKEY *key, const struct err *err)
{
	return EVP_PKEY_is_a(key, "RSA") && strstr(err->text, "make no sound key");
}

static void read_back(const EVP_PKEY *key)
{
	auto_free unsigned char *der = NULL;
	auto_text struct text pem = TEXT_INIT;
	auto_key EVP_PKEY *again = NULL;
	struct err err = ERR_INIT;
	size_t len;

	if (key_public_der(key, &der, &len, &err) < 0 ||
		key_pem_write_public(der, len, &pem, &err) < 0 ||
		key_pem_is_private(pem.s, pem.len))
		abort();
	if (key_pem_read(pem.s, pem.len, &again, &err) < 0) {
		if (!is_by_chance(key, &err))
			abort();
	} else if (EVP_PKEY_eq(key, again) != 1) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_key EVP_PKEY *key = NULL;
	struct err err = ERR_INIT;

	if (size > KEY_PEM_MAX)
		return 0;
	if (key_pem_read((const char *)data, size, &key, &err) == 0)
		read_back(key);
	else if (err.text[0] == '\0' || key)
		abort();
	return 0;
}

/* secret.c - see secret.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/secret.h"

#define SECRET_HEAP_BYTES (1 << 18) /* a hundred RSA-4096 keys */
#define SECRET_HEAP_MIN   32

int secret_init(struct err *err)
{
	if (CRYPTO_secure_malloc_initialized())
		return 0;
	/* 2 means that the pages could not be locked: swap may see them, others not. */
	if (CRYPTO_secure_malloc_init(SECRET_HEAP_BYTES, SECRET_HEAP_MIN) == 0)
		return err_set(err, ERR_FAILED, "could not set up the secure heap");
	return 0;
}

int secret_protect_process(struct err *err)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return err_errno(err, ERR_FAILED, "could not turn core files off");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_errno(err, ERR_FAILED, "could not make the process undumpable");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_errno(err, ERR_FAILED, "could not give up new privileges");
	return 0;
}

int secret_random(void *buf, size_t len, struct err *err)
{
	if (RAND_bytes_ex(NULL, buf, len, 0) != 1)
		return err_set(err, ERR_FAILED, "no randomness to be had");
	return 0;
}

int secret_uuid(char ret[SECRET_UUID_LEN + 1], struct err *err)
{
	unsigned char b[16];

	if (secret_random(b, sizeof(b), err) < 0)
		return -1;
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	(void)snprintf(ret, SECRET_UUID_LEN + 1,
		"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
		b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
		b[13], b[14], b[15]);
	return 0;
}

void *secret_alloc(size_t len)
{
	void *p = OPENSSL_secure_zalloc(len ? len : 1);

	if (!p)
		abort();
	return p;
}

void secret_free(void *p, size_t len)
{
	OPENSSL_secure_clear_free(p, len);
}

bool secret_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

/* Looking it up costs more than a short hash. */
static EVP_MD *sha256;

static void fetch_sha256(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

void secret_hash(const void *p, size_t len, unsigned char ret[SECRET_HASH_LEN])
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	unsigned out = 0;

	(void)pthread_once(&once, fetch_sha256); /* fails for a bad argument only */
	if (EVP_Digest(p, len, ret, &out, sha256, NULL) != 1 || out != SECRET_HASH_LEN)
		abort(); /* OpenSSL without SHA-256 cannot serve us at all */
}

void secret_hex(const unsigned char hash[SECRET_HASH_LEN], char ret[SECRET_HEX_LEN + 1])
{
	for (size_t i = 0; i < SECRET_HASH_LEN; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", hash[i]);
}

void secret_hash_hex(const void *p, size_t len, char ret[SECRET_HEX_LEN + 1])
{
	unsigned char hash[SECRET_HASH_LEN];

	secret_hash(p, len, hash);
	secret_hex(hash, ret);
}

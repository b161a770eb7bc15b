/* key_seal.c - private keys at rest: AES-256-GCM (NIST SP 800-38D). See key.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <limits.h>
#include <stdatomic.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"
#include "keys/key.h"

#define SEAL_VERSION  1
#define SEAL_NONCE    12
#define SEAL_TAG      16
#define SEAL_OVERHEAD (1 + SEAL_NONCE + SEAL_TAG)
#define SEAL_MAX      8192 /* an RSA-4096 key takes 2.4 KiB */

struct key_sealing {
	atomic_uint refs;
	unsigned char bytes[KEY_SEALING_BYTES];
};

static inline void auto_cipher_ctx_(EVP_CIPHER_CTX **ctx)
{
	EVP_CIPHER_CTX_free(*ctx);
}
#define auto_cipher_ctx __attribute__((cleanup(auto_cipher_ctx_)))

static inline void auto_pkcs8_(PKCS8_PRIV_KEY_INFO **p8)
{
	PKCS8_PRIV_KEY_INFO_free(*p8);
}
#define auto_pkcs8 __attribute__((cleanup(auto_pkcs8_)))

int key_sealing_read(const char *path, struct key_sealing **ret, struct err *err)
{
	unsigned char *bytes;
	size_t len;

	if (file_read_secret(path, KEY_SEALING_BYTES, &bytes, &len, err) < 0)
		return err_add(err, "sealing key");
	if (len != KEY_SEALING_BYTES) {
		secret_free(bytes, len);
		return err_set(err, ERR_BAD_INPUT,
			"sealing key '%s' has %zu bytes; it must have %d", path, len,
			KEY_SEALING_BYTES);
	}
	*ret = secret_alloc(sizeof(**ret));
	atomic_init(&(*ret)->refs, 1);
	memcpy((*ret)->bytes, bytes, len);
	secret_free(bytes, len);
	return 0;
}

int key_sealing_create(const char *path, struct err *err)
{
	unsigned char bytes[KEY_SEALING_BYTES];
	int rc = secret_random(bytes, sizeof(bytes), err);

	if (rc == 0)
		rc = file_create_secret(path, bytes, sizeof(bytes), err);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return rc;
}

int key_sealing_write(const struct key_sealing *sealing, const char *path, struct err *err)
{
	return file_create_secret(path, sealing->bytes, sizeof(sealing->bytes), err);
}

void key_sealing_free(struct key_sealing *sealing)
{
	if (sealing && atomic_fetch_sub(&sealing->refs, 1) == 1)
		secret_free(sealing, sizeof(*sealing));
}

bool key_sealing_is(const struct key_sealing *a, const struct key_sealing *b)
{
	return CRYPTO_memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

struct key_sealing *key_sealing_ref(struct key_sealing *sealing)
{
	(void)atomic_fetch_add(&sealing->refs, 1);
	return sealing;
}

/* What the seal is bound to. A zero byte cannot occur in a name, so no two rows read alike. */
static void seal_binding(struct text *aad, const char *issuer, const char *kid,
	int64_t generation)
{
	text_add_bytes(aad, issuer, strlen(issuer) + 1);
	text_add_bytes(aad, kid, strlen(kid) + 1);
	text_add(aad, text_num(generation).s);
}

static bool gcm_seal(EVP_CIPHER_CTX *ctx, const struct key_sealing *sealing,
	const struct text *aad, const unsigned char *plain, int plain_len, unsigned char *out)
{
	unsigned char *nonce = out + 1;
	unsigned char *body = nonce + SEAL_NONCE;
	int n = 0;

	return EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, sealing->bytes, nonce) == 1 &&
		EVP_EncryptUpdate(ctx, NULL, &n, (const unsigned char *)aad->s,
			(int)aad->len) == 1 &&
		EVP_EncryptUpdate(ctx, body, &n, plain, plain_len) == 1 && n == plain_len &&
		EVP_EncryptFinal_ex(ctx, body + n, &n) == 1 && n == 0 &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, SEAL_TAG, body + plain_len) == 1;
}

static bool gcm_open(EVP_CIPHER_CTX *ctx, const struct key_sealing *sealing,
	const struct text *aad, const unsigned char *sealed, int body_len, unsigned char *plain)
{
	const unsigned char *nonce = sealed + 1;
	const unsigned char *body = nonce + SEAL_NONCE;
	unsigned char tag[SEAL_TAG];
	int n = 0;

	memcpy(tag, body + body_len, sizeof(tag));
	return EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, sealing->bytes, nonce) == 1 &&
		EVP_DecryptUpdate(ctx, NULL, &n, (const unsigned char *)aad->s,
			(int)aad->len) == 1 &&
		EVP_DecryptUpdate(ctx, plain, &n, body, body_len) == 1 && n == body_len &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, SEAL_TAG, tag) == 1 &&
		EVP_DecryptFinal_ex(ctx, plain + n, &n) == 1;
}

/* The private half as PKCS #8 on the secure heap; secret_free(*ret, *ret_len). */
static int private_der(const EVP_PKEY *key, unsigned char **ret, int *ret_len, struct err *err)
{
	auto_pkcs8 PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(key);
	const int len = p8 ? i2d_PKCS8_PRIV_KEY_INFO(p8, NULL) : -1;
	unsigned char *p;

	if (len <= 0 || len > SEAL_MAX - SEAL_OVERHEAD)
		return err_set(err, ERR_FAILED, "could not encode a private key");
	*ret = p = secret_alloc((size_t)len);
	*ret_len = i2d_PKCS8_PRIV_KEY_INFO(p8, &p);
	return 0;
}

int key_seal(const EVP_PKEY *key, const struct key_sealing *sealing, const char *issuer,
	const char *kid, int64_t generation, unsigned char **ret, size_t *ret_len,
	struct err *err)
{
	auto_cipher_ctx EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	auto_text struct text aad = TEXT_INIT;
	auto_free unsigned char *out = NULL;
	unsigned char *plain;
	int plain_len;
	bool is_sealed;

	if (!ctx)
		return err_set(err, ERR_FAILED, "out of memory");
	if (private_der(key, &plain, &plain_len, err) < 0)
		return err_add(err, "key %s", kid);
	seal_binding(&aad, issuer, kid, generation);
	out = text_alloc((size_t)plain_len + SEAL_OVERHEAD, 1);
	out[0] = SEAL_VERSION;
	is_sealed = secret_random(out + 1, SEAL_NONCE, err) == 0 &&
		gcm_seal(ctx, sealing, &aad, plain, plain_len, out);
	secret_free(plain, (size_t)plain_len);
	if (!is_sealed)
		return err_set(err, ERR_FAILED, "could not seal key %s", kid);
	*ret_len = (size_t)plain_len + SEAL_OVERHEAD;
	*ret = take(out);
	return 0;
}

static EVP_PKEY *private_from_der(const unsigned char *der, size_t len)
{
	const unsigned char *p = der;
	auto_pkcs8 PKCS8_PRIV_KEY_INFO *p8 = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)len);

	return p8 && p == der + len ? EVP_PKCS82PKEY(p8) : NULL;
}

int key_unseal(const unsigned char *sealed, size_t len, const struct key_sealing *sealing,
	const char *issuer, const char *kid, int64_t generation, EVP_PKEY **ret,
	struct err *err)
{
	auto_cipher_ctx EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	auto_text struct text aad = TEXT_INIT;
	size_t plain_len;
	unsigned char *plain;
	EVP_PKEY *key = NULL;

	if (len <= SEAL_OVERHEAD || len > SEAL_MAX || sealed[0] != SEAL_VERSION)
		return err_set(err, ERR_FAILED, "key %s: its sealed half is damaged", kid);
	plain_len = len - SEAL_OVERHEAD;
	plain = secret_alloc(plain_len);
	seal_binding(&aad, issuer, kid, generation);
	if (!ctx || !gcm_open(ctx, sealing, &aad, sealed, (int)plain_len, plain)) {
		secret_free(plain, plain_len);
		return err_set(err, ERR_REFUSED,
			"key %s does not open with this sealing key; restore the sealing key it was sealed with",
			kid);
	}
	key = private_from_der(plain, plain_len);
	secret_free(plain, plain_len);
	if (!key)
		return err_set(err, ERR_FAILED, "key %s: its sealed half is not a PKCS #8 key",
			kid);
	*ret = key;
	return 0;
}

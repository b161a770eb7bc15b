/* key.h - one signing key: made, named, sealed for the store and opened again.
 * Formats: PKCS #8 (RFC 5958) inside the seal, SubjectPublicKeyInfo (RFC 5280 §4.1) in the
 * open, JWK (RFC 7517) in keys/jwk.h. All functions may be called from any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef KEY_H
#define KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#include "base/err.h"

#define KEY_ALG_RS256 "RS256"
#define KEY_ALG_ES256 "ES256"
#define KEY_ID_LEN    43 /* base64url of SHA-256 */

#define KEY_SEALING_BYTES 32 /* AES-256 */

/* The key that seals private keys; on the secure heap. Shared by counting. */
struct key_sealing;

/* Reads exactly KEY_SEALING_BYTES raw bytes from `path`, which nobody else may read.
 * ERR_NOT_FOUND if there is no such file. key_sealing_free clears it. */
int key_sealing_read(const char *path, struct key_sealing **ret, struct err *err);
/* Makes a random one and the file that holds it; ERR_CONFLICT if the file exists. */
int key_sealing_create(const char *path, struct err *err);
/* Makes a file that holds this one; ERR_CONFLICT if the file exists. */
int key_sealing_write(const struct key_sealing *sealing, const char *path, struct err *err);
struct key_sealing *key_sealing_ref(struct key_sealing *sealing);
bool key_sealing_is(const struct key_sealing *a, const struct key_sealing *b); /* same bytes? */
void key_sealing_free(struct key_sealing *sealing); /* gives up a reference */
static inline void auto_key_sealing_(struct key_sealing **s)
{
	key_sealing_free(*s);
}
#define auto_key_sealing __attribute__((cleanup(auto_key_sealing_)))

/* A new private key for `alg`; rsa_bits is 2048, 3072 or 4096 and matters for RS256 only.
 * key_free releases it. */
int key_generate(const char *alg, uint32_t rsa_bits, EVP_PKEY **ret, struct err *err);
EVP_PKEY *key_ref(EVP_PKEY *key); /* one more key_free is due */
void key_free(EVP_PKEY *key);
static inline void auto_key_(EVP_PKEY **k)
{
	key_free(*k);
}
#define auto_key __attribute__((cleanup(auto_key_)))

/* The public half as SubjectPublicKeyInfo; the caller frees. And back. */
int key_public_der(const EVP_PKEY *key, unsigned char **ret, size_t *ret_len, struct err *err);
int key_from_public_der(const unsigned char *der, size_t len, EVP_PKEY **ret, struct err *err);

/* kid as Kubernetes computes it: base64url(SHA-256(SubjectPublicKeyInfo)). */
void key_id(const unsigned char *der, size_t len, char ret[KEY_ID_LEN + 1]);

/* The algorithm this key signs with, a literal; ERR_BAD_INPUT if it is none of ours (RSA below
 * 2048 bits or above 4096, a curve other than P-256, any other type). */
int key_algorithm(const EVP_PKEY *key, const char **ret, struct err *err);

/* Seals the private half with AES-256-GCM: version byte, random 96-bit nonce, ciphertext,
 * 128-bit tag. issuer, kid and generation are bound to it: a sealed key moved to another row
 * does not open. The caller frees. */
int key_seal(const EVP_PKEY *key, const struct key_sealing *sealing, const char *issuer,
	const char *kid, int64_t generation, unsigned char **ret, size_t *ret_len,
	struct err *err);

/* ERR_REFUSED if the sealing key is not the one it was sealed with, or the bytes were changed.
 */
int key_unseal(const unsigned char *sealed, size_t len, const struct key_sealing *sealing,
	const char *issuer, const char *kid, int64_t generation, EVP_PKEY **ret,
	struct err *err);

#endif

/* secret.h - bytes that must not leak: OpenSSL's secure heap, randomness, constant-time
 * comparison, and the hash under which a secret may be stored.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SECRET_H
#define SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define SECRET_HASH_LEN 32                    /* SHA-256 */
#define SECRET_HEX_LEN  (2 * SECRET_HASH_LEN) /* its hexadecimal form */
#define SECRET_UUID_LEN 36

/* Sets up the secure heap: locked, never in a core file. Call once, before any key is read. */
int secret_init(struct err *err);

/* No core file, no ptrace by others, no new privileges: for the rest of this process's life. */
int secret_protect_process(struct err *err);

/* Random bytes from OpenSSL's generator. Tests may link another. */
int secret_random(void *buf, size_t len, struct err *err);

/* A random UUID (RFC 9562 version 4), lower case, NUL-terminated. */
int secret_uuid(char ret[SECRET_UUID_LEN + 1], struct err *err);

/* Zeroed bytes on the secure heap; NULL is never returned. secret_free clears them. */
void *secret_alloc(size_t len);
void secret_free(void *p, size_t len);

bool secret_equal(const void *a, const void *b, size_t len);

/* SHA-256 of anything, also of what is no secret. */
void secret_hash(const void *p, size_t len, unsigned char ret[SECRET_HASH_LEN]);

/* Such a hash in lower-case hexadecimal, NUL-terminated. */
void secret_hex(const unsigned char hash[SECRET_HASH_LEN], char ret[SECRET_HEX_LEN + 1]);

/* SHA-256 in lower-case hexadecimal, NUL-terminated. The secrets stored so have 256 random bits
 * of their own, so neither salt nor stretching would add anything. */
void secret_hash_hex(const void *p, size_t len, char ret[SECRET_HEX_LEN + 1]);

#endif

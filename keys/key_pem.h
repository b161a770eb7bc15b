/* key_pem.h - keys as other programs keep them: PEM (RFC 7468), private (PKCS #8, PKCS #1, SEC
 * 1) or public (SubjectPublicKeyInfo, PKCS #1, or the certificate around it).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef KEY_PEM_H
#define KEY_PEM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "keys/key.h"

#define KEY_PEM_MAX (64 * 1024)

/* Is there a private key in the text? To be asked before anything else is done with it. */
bool key_pem_is_private(const char *pem, size_t len);

/* The one key in the text. key_free releases it. ERR_BAD_INPUT if there is none or more than
 * one, it is encrypted, damaged, or none of our algorithms. */
int key_pem_read(const char *pem, size_t len, EVP_PKEY **ret, struct err *err);

/* The public half as SubjectPublicKeyInfo. */
int key_pem_write_public(const unsigned char *der, size_t len, struct text *out,
	struct err *err);

#endif

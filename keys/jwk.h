/* jwk.h - public keys as JSON, RFC 7517 and RFC 7518 §6: exactly the members kube-apiserver
 * writes (no key_ops, no x5c: AWS and Google refuse keys that have them).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef JWK_H
#define JWK_H

#include <jansson.h>
#include <openssl/types.h>

#include "base/err.h"

/* A new reference to {"use","kty","kid","alg",...}. */
int jwk_write(const EVP_PKEY *key, const char *kid, const char *alg, json_t **ret,
	struct err *err);

/* The public key in a JWK of somebody else. ERR_BAD_INPUT if it is not for signatures, or none
 * of our algorithms. */
int jwk_read(const json_t *jwk, EVP_PKEY **ret, struct err *err);

#endif

/* jwk.c - see jwk.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "base/b64url.h"
#include "base/text.h"
#include "keys/jwk.h"
#include "keys/key.h"

#define P256_BYTES    32
#define RSA_MAX_BYTES 512

static inline void auto_bn_(BIGNUM **bn)
{
	BN_free(*bn);
}
#define auto_bn __attribute__((cleanup(auto_bn_)))

/* A number of the key as base64url, padded with zeros to `width` bytes (0: as short as it is).
 */
static int add_number(json_t *jwk, const char *member, const EVP_PKEY *key, const char *param,
	int width, struct err *err)
{
	auto_bn BIGNUM *bn = NULL;
	auto_text struct text b64 = TEXT_INIT;
	unsigned char bytes[RSA_MAX_BYTES];
	int len;

	if (EVP_PKEY_get_bn_param(key, param, &bn) != 1)
		return err_set(err, ERR_FAILED, "a public key has no '%s'", param);
	len = width > 0 ? width : BN_num_bytes(bn);
	if (len > RSA_MAX_BYTES || BN_bn2binpad(bn, bytes, len) != len)
		return err_set(err, ERR_FAILED, "a public key's '%s' is too large", param);
	b64url_encode(&b64, bytes, (size_t)len);
	if (json_object_set_new(jwk, member, json_string(b64.s)) < 0)
		return err_set(err, ERR_FAILED, "out of memory");
	return 0;
}

int jwk_write(const EVP_PKEY *key, const char *kid, const char *alg, json_t **ret,
	struct err *err)
{
	const bool is_rsa = strcmp(alg, KEY_ALG_RS256) == 0;
	json_auto_t *jwk = json_pack("{s:s, s:s, s:s}", "use", "sig", "kty",
		is_rsa ? "RSA" : "EC", "kid", kid);

	if (!is_rsa && json_object_set_new(jwk, "crv", json_string("P-256")) < 0)
		return err_set(err, ERR_FAILED, "out of memory");
	if (json_object_set_new(jwk, "alg", json_string(alg)) < 0)
		return err_set(err, ERR_FAILED, "out of memory");
	if (is_rsa &&
		(add_number(jwk, "n", key, OSSL_PKEY_PARAM_RSA_N, 0, err) < 0 ||
			add_number(jwk, "e", key, OSSL_PKEY_PARAM_RSA_E, 0, err) < 0))
		return -1;
	if (!is_rsa &&
		(add_number(jwk, "x", key, OSSL_PKEY_PARAM_EC_PUB_X, P256_BYTES, err) < 0 ||
			add_number(jwk, "y", key, OSSL_PKEY_PARAM_EC_PUB_Y, P256_BYTES, err) <
				0))
		return -1;
	*ret = take(jwk);
	return 0;
}

static int read_number(const json_t *jwk, const char *member, size_t max, unsigned char **ret,
	size_t *ret_len, struct err *err)
{
	const json_t *value = json_object_get(jwk, member);

	if (!json_is_string(value) || json_string_length(value) > B64URL_LEN(max))
		return err_set(err, ERR_BAD_INPUT, "JWK member '%s' is missing or too long",
			member);
	if (b64url_decode(json_string_value(value), json_string_length(value), ret, ret_len,
		    err) < 0)
		return err_add(err, "JWK member '%s'", member);
	return 0;
}

static int from_params(const char *type, OSSL_PARAM_BLD *bld, EVP_PKEY **ret, struct err *err)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
		EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	if (!key)
		return err_set(err, ERR_BAD_INPUT, "JWK does not hold a valid %s key", type);
	*ret = key;
	return 0;
}

static int read_rsa(const json_t *jwk, EVP_PKEY **ret, struct err *err)
{
	auto_free unsigned char *n = NULL;
	auto_free unsigned char *e = NULL;
	auto_bn BIGNUM *bn_n = NULL;
	auto_bn BIGNUM *bn_e = NULL;
	size_t n_len, e_len;
	OSSL_PARAM_BLD *bld;
	int rc;

	if (read_number(jwk, "n", RSA_MAX_BYTES, &n, &n_len, err) < 0 ||
		read_number(jwk, "e", 8, &e, &e_len, err) < 0)
		return -1;
	bn_n = BN_bin2bn(n, (int)n_len, NULL);
	bn_e = BN_bin2bn(e, (int)e_len, NULL);
	bld = OSSL_PARAM_BLD_new();
	if (!bn_n || !bn_e || !bld ||
		OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, bn_n) != 1 ||
		OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, bn_e) != 1)
		rc = err_set(err, ERR_FAILED, "out of memory");
	else
		rc = from_params("RSA", bld, ret, err);
	OSSL_PARAM_BLD_free(bld);
	return rc;
}

static int read_ec(const json_t *jwk, EVP_PKEY **ret, struct err *err)
{
	auto_free unsigned char *x = NULL;
	auto_free unsigned char *y = NULL;
	unsigned char point[1 + 2 * P256_BYTES] = { 4 }; /* uncompressed, SEC 1 §2.3.3 */
	const char *crv = json_string_value(json_object_get(jwk, "crv"));
	size_t x_len, y_len;
	OSSL_PARAM_BLD *bld;
	int rc;

	if (!crv || strcmp(crv, "P-256") != 0)
		return err_set(err, ERR_BAD_INPUT, "JWK has curve '%.16s'; P-256 is supported",
			crv ? crv : "(none)");
	if (read_number(jwk, "x", P256_BYTES, &x, &x_len, err) < 0 ||
		read_number(jwk, "y", P256_BYTES, &y, &y_len, err) < 0)
		return -1;
	if (x_len != P256_BYTES || y_len != P256_BYTES)
		return err_set(err, ERR_BAD_INPUT, "JWK coordinates must have %d bytes",
			P256_BYTES);
	memcpy(point + 1, x, P256_BYTES);
	memcpy(point + 1 + P256_BYTES, y, P256_BYTES);
	bld = OSSL_PARAM_BLD_new();
	if (!bld ||
		OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) !=
			1 ||
		OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point,
			sizeof(point)) != 1)
		rc = err_set(err, ERR_FAILED, "out of memory");
	else
		rc = from_params("EC", bld, ret, err);
	OSSL_PARAM_BLD_free(bld);
	return rc;
}

int jwk_read(const json_t *jwk, EVP_PKEY **ret, struct err *err)
{
	const char *kty = json_string_value(json_object_get(jwk, "kty"));
	const char *use = json_string_value(json_object_get(jwk, "use"));
	const char *meant = json_string_value(json_object_get(jwk, "alg"));
	auto_key EVP_PKEY *key = NULL;
	const char *alg;
	int rc;

	if (use && strcmp(use, "sig") != 0)
		return err_set(err, ERR_BAD_INPUT, "JWK is for use '%.16s', not 'sig'", use);
	if (kty && strcmp(kty, "RSA") == 0)
		rc = read_rsa(jwk, &key, err);
	else if (kty && strcmp(kty, "EC") == 0)
		rc = read_ec(jwk, &key, err);
	else
		rc = err_set(err, ERR_BAD_INPUT,
			"JWK has key type '%.16s'; RSA and EC are supported",
			kty ? kty : "(none)");
	if (rc < 0 || key_algorithm(key, &alg, err) < 0)
		return -1;
	/* RFC 7517 §4.4: an RSA key meant for PS256 or RS512 is not one for RS256. */
	if (meant && strcmp(meant, alg) != 0)
		return err_set(err, ERR_BAD_INPUT, "JWK is for algorithm '%.16s', not %s",
			meant, alg);
	*ret = take(key);
	return 0;
}

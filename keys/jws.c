/* jws.c - see jws.h. libjwt parses; OpenSSL signs and verifies with resident keys, because
 * libjwt 1.10 parses the PEM on each call and believes the token's own algorithm.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <jwt.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include "base/b64url.h"
#include "base/text.h"
#include "keys/jws.h"

#define ES256_HALF    32 /* bytes of r and of s, RFC 7518 §3.4 */
#define SIGNATURE_MAX 512

static inline void auto_jwt_(jwt_t **jwt)
{
	jwt_free(*jwt);
}
#define auto_jwt __attribute__((cleanup(auto_jwt_)))

static inline void auto_md_ctx_(EVP_MD_CTX **ctx)
{
	EVP_MD_CTX_free(*ctx);
}
#define auto_md_ctx __attribute__((cleanup(auto_md_ctx_)))

/* ECDSA signatures: DER as OpenSSL has them to r||s as JOSE wants them. */
static bool es256_to_jose(unsigned char *sig, size_t *len)
{
	const unsigned char *p = sig;
	ECDSA_SIG *es = d2i_ECDSA_SIG(NULL, &p, (long)*len);
	const bool is_fit = es &&
		BN_bn2binpad(ECDSA_SIG_get0_r(es), sig, ES256_HALF) == ES256_HALF &&
		BN_bn2binpad(ECDSA_SIG_get0_s(es), sig + ES256_HALF, ES256_HALF) == ES256_HALF;

	ECDSA_SIG_free(es);
	*len = 2 * ES256_HALF;
	return is_fit;
}

/* The way back; OPENSSL_free(*ret_der). Returns its length, or -1. */
static int es256_from_jose(const unsigned char *sig, unsigned char **ret_der)
{
	ECDSA_SIG *es = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(sig, ES256_HALF, NULL);
	BIGNUM *s = BN_bin2bn(sig + ES256_HALF, ES256_HALF, NULL);
	int len = -1;

	if (es && r && s && ECDSA_SIG_set0(es, r, s) == 1) {
		r = s = NULL; /* `es` owns them now */
		len = i2d_ECDSA_SIG(es, ret_der);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(es);
	return len;
}

int jws_sign(EVP_PKEY *key, const char *alg, const char *kid, const char *payload, size_t len,
	char **ret, struct err *err)
{
	auto_md_ctx EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	auto_text struct text token = TEXT_INIT;
	auto_free char *header = text_format("{\"alg\":\"%s\",\"kid\":\"%s\"}", alg, kid);
	unsigned char sig[SIGNATURE_MAX];
	size_t sig_len = sizeof(sig);

	b64url_encode(&token, header, strlen(header));
	text_add(&token, ".");
	b64url_encode(&token, payload, len);
	if (!ctx || EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) != 1 ||
		EVP_DigestSign(ctx, sig, &sig_len, (const unsigned char *)token.s, token.len) !=
			1)
		return err_set(err, ERR_FAILED, "could not sign with key %s", kid);
	if (strcmp(alg, KEY_ALG_ES256) == 0 && !es256_to_jose(sig, &sig_len))
		return err_set(err, ERR_FAILED, "could not encode a signature of key %s", kid);
	text_add(&token, ".");
	b64url_encode(&token, sig, sig_len);
	*ret = text_take(&token);
	return 0;
}

static bool signature_is_good(const struct jws_key *key, const char *signed_part, size_t len,
	const unsigned char *sig, size_t sig_len)
{
	auto_md_ctx EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char *der = NULL;
	bool is_good;

	if (!ctx || EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key->key) != 1)
		return false;
	if (strcmp(key->alg, KEY_ALG_ES256) == 0) {
		const int der_len = sig_len == 2 * ES256_HALF ? es256_from_jose(sig, &der) : -1;

		if (der_len < 0)
			return false;
		sig = der;
		sig_len = (size_t)der_len;
	}
	is_good = EVP_DigestVerify(ctx, sig, sig_len, (const unsigned char *)signed_part,
			  len) == 1;
	OPENSSL_free(der);
	return is_good;
}

/* To its last byte, and without a member twice: libjwt reads no further than the first zero
 * byte, and takes the last of two members, where others may take the first (RFC 7519 §4). */
static bool is_json_object(const unsigned char *bytes, size_t len)
{
	json_auto_t *json = json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES, NULL);

	return json_is_object(json);
}

/* Three base64url parts, each spelled the one way it can be spelled. libjwt's decoder is
 * lenient, and two spellings of one token would be two tokens to everyone who stores or
 * compares them. */
static int check_shape(const char *token, size_t *ret_signed_len, struct err *err)
{
	const char *first = strchr(token, '.');
	const char *second = first ? strchr(first + 1, '.') : NULL;
	const char *const ends[] = { first, second, second ? second + strlen(second) : NULL };
	const char *part = token;

	if (strlen(token) > JWS_TOKEN_MAX)
		return err_set(err, ERR_REFUSED, "the token is longer than %d characters",
			JWS_TOKEN_MAX);
	if (!second || strchr(second + 1, '.') || first == token || second == first + 1)
		return err_set(err, ERR_REFUSED, "not a JWT: it does not have three parts");
	for (size_t i = 0; i < 3; part = ends[i++] + 1) {
		auto_free unsigned char *bytes = NULL;
		size_t len;

		if (b64url_decode(part, (size_t)(ends[i] - part), &bytes, &len, err) < 0)
			return err_set(err, ERR_REFUSED, "not a JWT: part %zu is not base64url",
				i + 1);
		if (i < 2 && !is_json_object(bytes, len))
			return err_set(err, ERR_REFUSED,
				"not a JWT: part %zu is not a JSON object that says each thing once",
				i + 1);
	}
	*ret_signed_len = (size_t)(second - token);
	return 0;
}

/* Parses without believing: no key is given, so libjwt verifies nothing. */
static int parse(const char *token, jwt_t **ret, struct err *err)
{
	jwt_t *jwt = NULL;

	if (jwt_decode(&jwt, token, NULL, 0) != 0 || !jwt)
		return err_set(err, ERR_REFUSED,
			"not a JWT: header or claims are not as RFC 7519 has them");
	*ret = jwt;
	return 0;
}

static int to_json(char *text, json_t **ret, struct err *err)
{
	auto_free char *owned = text;

	*ret = owned ? json_loads(owned, JSON_REJECT_DUPLICATES, NULL) : NULL;
	if (!json_is_object(*ret)) {
		json_decref(*ret);
		*ret = NULL;
		return err_set(err, ERR_REFUSED, "not a JWT: a part is not a JSON object");
	}
	return 0;
}

/* The key the header names, if the header's algorithm is that key's own. */
static int choose_key(jwt_t *jwt, const struct jws_key *keys, size_t key_count,
	const struct jws_key **ret, struct err *err)
{
	const char *kid = jwt_get_header(jwt, "kid");
	const char *alg = jwt_get_header(jwt, "alg");
	auto_free char *crit = jwt_get_headers_json(jwt, "crit");

	if (!kid)
		return err_set(err, ERR_REFUSED, "the token names no key (kid)");
	/* RFC 7515 §4.1.11: extensions not understood and marked critical must be refused. */
	if (crit)
		return err_set(err, ERR_REFUSED, "the token has critical header extensions");
	for (size_t i = 0; i < key_count; i++) {
		const struct jws_key *key = &keys[i];

		if (strcmp(key->kid, kid) != 0)
			continue;
		if (!alg || strcmp(key->alg, alg) != 0)
			return err_set(err, ERR_REFUSED,
				"the token's algorithm is '%.16s', but its key is for %s",
				alg ? alg : "(none)", key->alg);
		*ret = key;
		return 0;
	}
	return err_set(err, ERR_REFUSED, "the token is signed by an unknown key '%.64s'", kid);
}

/* What can be a member's name: an audience with a zero byte equals no other. */
static const char *plain(const json_t *audience)
{
	const char *s = json_string_value(audience);

	return s && strlen(s) == json_string_length(audience) ? s : NULL;
}

static void add_plain(json_t *set, const json_t *audience)
{
	const char *s = plain(audience);

	if (s)
		(void)json_object_set_new(set, s, json_true()); /* fails for no UTF-8 */
}

json_t *jws_common_audiences(const json_t *aud, const json_t *wanted)
{
	json_auto_t *set = json_object();
	json_t *list = json_array();
	const json_t *one;
	size_t i;

	add_plain(set, aud);
	json_array_foreach(aud, i, one) add_plain(set, one);
	json_array_foreach(wanted, i, one)
	{
		const char *s = plain(one);

		if (s && json_object_get(set, s))
			(void)json_array_append_new(list, json_deep_copy(one));
	}
	return list;
}

static int check_audience(const json_t *claims, const json_t *audiences, struct err *err)
{
	json_auto_t *common = jws_common_audiences(json_object_get(claims, "aud"), audiences);
	const json_t *one;

	if (json_array_size(common) > 0)
		return 0;
	one = json_array_get(audiences, 0);
	return err_set(err, ERR_REFUSED, "the token is not for audience '%.255s'%s",
		one ? json_string_value(one) : "",
		json_array_size(audiences) > 1 ? " or another that is asked for" : "");
}

/* A time claim as a whole number, or ERR_REFUSED; RFC 7519 §4.1.4 would allow fractions, and
 * every issuer we accept writes none. */
static int time_claim(const json_t *claims, const char *name, unix_time *ret, struct err *err)
{
	const json_t *value = json_object_get(claims, name);

	if (!json_is_integer(value))
		return err_set(err, ERR_REFUSED, "the token has no whole-number '%s'", name);
	*ret = json_integer_value(value);
	return 0;
}

static int check_times(const json_t *claims, unix_time now, int64_t leeway_s, struct err *err)
{
	unix_time exp, nbf, iat;

	if (time_claim(claims, "exp", &exp, err) < 0 ||
		time_claim(claims, "nbf", &nbf, err) < 0 ||
		time_claim(claims, "iat", &iat, err) < 0)
		return -1;
	/* Compared by subtraction from `now`, which is small, so that no claim can overflow. */
	if (exp <= now - leeway_s)
		return err_set(err, ERR_REFUSED, "the token expired at %s", text_time(exp).s);
	if (nbf > now + leeway_s)
		return err_set(err, ERR_REFUSED, "the token is not valid before %s",
			text_time(nbf).s);
	if (iat > now + leeway_s)
		return err_set(err, ERR_REFUSED, "the token was issued in the future, at %s",
			text_time(iat).s);
	return 0;
}

static int check_claims(const json_t *claims, const struct jws_expect *expect, struct err *err)
{
	const char *iss = json_string_value(json_object_get(claims, "iss"));

	if (!iss || strcmp(iss, expect->issuer) != 0)
		return err_set(err, ERR_REFUSED, "the token's issuer is '%.255s', not '%.255s'",
			iss ? iss : "(none)", expect->issuer);
	if (expect->audiences && check_audience(claims, expect->audiences, err) < 0)
		return -1;
	return check_times(claims, expect->now, expect->leeway_s, err);
}

int jws_verify_signature(const char *token, const struct jws_key *keys, size_t key_count,
	json_t **ret_payload, struct err *err)
{
	auto_jwt jwt_t *jwt = NULL;
	auto_free unsigned char *sig = NULL;
	const struct jws_key *key;
	size_t signed_len, sig_len;

	if (check_shape(token, &signed_len, err) < 0 || parse(token, &jwt, err) < 0 ||
		choose_key(jwt, keys, key_count, &key, err) < 0)
		return -1;
	if (b64url_decode(token + signed_len + 1, strlen(token + signed_len + 1), &sig,
		    &sig_len, err) < 0)
		return -1;
	if (!signature_is_good(key, token, signed_len, sig, sig_len))
		return err_set(err, ERR_REFUSED, "the token's signature is not good");
	return to_json(jwt_get_grants_json(jwt, NULL), ret_payload, err);
}

int jws_verify(const char *token, const struct jws_expect *expect, json_t **ret_claims,
	struct err *err)
{
	json_auto_t *claims = NULL;

	if (jws_verify_signature(token, expect->keys, expect->key_count, &claims, err) < 0 ||
		check_claims(claims, expect, err) < 0)
		return -1;
	*ret_claims = take(claims);
	return 0;
}

int jws_peek(const char *token, json_t **ret_header, json_t **ret_claims, struct err *err)
{
	auto_jwt jwt_t *jwt = NULL;
	json_auto_t *header = NULL;
	json_auto_t *claims = NULL;
	size_t signed_len;

	if (check_shape(token, &signed_len, err) < 0 || parse(token, &jwt, err) < 0 ||
		to_json(jwt_get_headers_json(jwt, NULL), &header, err) < 0 ||
		to_json(jwt_get_grants_json(jwt, NULL), &claims, err) < 0)
		return -1;
	*ret_header = take(header);
	*ret_claims = take(claims);
	return 0;
}

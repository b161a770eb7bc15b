/* jws.c - see jws.h. A token is parsed once, more strictly than libjwt 1.10 does it; OpenSSL
 * signs and verifies with resident keys, because libjwt parses the PEM on each call and
 * believes the token's own algorithm. It is asked where a token is only looked at.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

/* A token's parts, each decoded and parsed once. */
struct parts {
	json_t *header, *claims;
	unsigned char *sig;
	size_t sig_len;
	size_t signed_len; /* of the token: header and claims as they were signed */
};

static void parts_free(struct parts *parts)
{
	json_decref(parts->header);
	json_decref(parts->claims);
	free(parts->sig);
}
#define auto_parts __attribute__((cleanup(parts_free)))

static bool signature_is_good(const struct jws_key *key, const char *token,
	const struct parts *parts)
{
	auto_md_ctx EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const unsigned char *sig = parts->sig;
	size_t sig_len = parts->sig_len;
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
	is_good = EVP_DigestVerify(ctx, sig, sig_len, (const unsigned char *)token,
			  parts->signed_len) == 1;
	OPENSSL_free(der);
	return is_good;
}

static int decode(const char *part, const char *end, int number, unsigned char **ret,
	size_t *ret_len, struct err *err)
{
	if (b64url_decode(part, (size_t)(end - part), ret, ret_len, err) < 0)
		return err_set(err, ERR_REFUSED, "not a JWT: part %d is not base64url", number);
	return 0;
}

/* To its last byte, and without a member twice, of which others may take the other (RFC 7519
 * §4); nor does jansson let a zero byte through, so strings are all of what was signed. */
static int decode_object(const char *part, const char *end, int number, json_t **ret,
	struct err *err)
{
	auto_free unsigned char *bytes = NULL;
	json_auto_t *json = NULL;
	size_t len;

	if (decode(part, end, number, &bytes, &len, err) < 0)
		return -1;
	json = json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(json))
		return err_set(err, ERR_REFUSED,
			"not a JWT: part %d is not a JSON object that says each thing once",
			number);
	*ret = take(json);
	return 0;
}

/* Three base64url parts, each spelled the one way it can be spelled: two spellings of one token
 * would be two tokens to everyone who stores or compares them. */
static int split(const char *token, struct parts *ret, struct err *err)
{
	const char *first = strchr(token, '.');
	const char *second = first ? strchr(first + 1, '.') : NULL;
	const size_t len = strlen(token);

	if (len > JWS_TOKEN_MAX)
		return err_set(err, ERR_REFUSED, "the token is longer than %d characters",
			JWS_TOKEN_MAX);
	if (!second || strchr(second + 1, '.') || first == token || second == first + 1)
		return err_set(err, ERR_REFUSED, "not a JWT: it does not have three parts");
	ret->signed_len = (size_t)(second - token);
	if (decode_object(token, first, 1, &ret->header, err) < 0 ||
		decode_object(first + 1, second, 2, &ret->claims, err) < 0)
		return -1;
	return decode(second + 1, token + len, 3, &ret->sig, &ret->sig_len, err);
}

/* RFC 7519 §5.1. What declares itself to be something else may be signed by us, but is not
 * meant for whom takes a JWT. */
static int check_type(const json_t *header, struct err *err)
{
	const json_t *typ = json_object_get(header, "typ");

	if (!typ || (json_is_string(typ) && strcasecmp(json_string_value(typ), "JWT") == 0))
		return 0;
	return err_set(err, ERR_REFUSED, "not a JWT: its header says so (typ)");
}

/* The key the header names, if the header's algorithm is that key's own. */
static int choose_key(const json_t *header, const struct jws_key *keys, size_t key_count,
	const struct jws_key **ret, struct err *err)
{
	const char *kid = json_string_value(json_object_get(header, "kid"));
	const char *alg = json_string_value(json_object_get(header, "alg"));

	if (!kid)
		return err_set(err, ERR_REFUSED, "the token names no key (kid)");
	/* RFC 7515 §4.1.11: extensions not understood and marked critical must be refused. */
	if (json_object_get(header, "crit"))
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
	auto_parts struct parts parts = { .header = NULL };
	const struct jws_key *key;

	if (split(token, &parts, err) < 0 || check_type(parts.header, err) < 0 ||
		choose_key(parts.header, keys, key_count, &key, err) < 0)
		return -1;
	if (!signature_is_good(key, token, &parts))
		return err_set(err, ERR_REFUSED, "the token's signature is not good");
	*ret_payload = take(parts.claims);
	return 0;
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
	auto_parts struct parts parts = { .header = NULL };
	auto_jwt jwt_t *jwt = NULL;

	if (split(token, &parts, err) < 0)
		return -1;
	/* What somebody looks at should be a JWT to others, too. Without a key nothing is
	 * verified. */
	if (jwt_decode(&jwt, token, NULL, 0) != 0)
		return err_set(err, ERR_REFUSED,
			"not a JWT: header or claims are not as RFC 7519 has them");
	*ret_header = take(parts.header);
	*ret_claims = take(parts.claims);
	return 0;
}

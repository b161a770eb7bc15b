/* token_wire.c - see token_wire.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/crypto.h>

#include "agent/token_wire.h"
#include "base/auto.h"
#include "base/b64url.h"
#include "base/num.h"
#include "base/text.h"

#define REFUSAL_MAX 300

char *token_wire_request(const struct agent_projection *p)
{
	const struct agent_bound *b = p->bound;
	json_auto_t *bound = b ? json_pack("{s:s, s:s, s:s, s:s*}", "apiVersion", "v1", "kind",
					 b->kind, "name", b->name, "uid", b->uid)
			       : NULL;
	json_auto_t *request = json_pack("{s:s, s:s, s:{s:[s], s:I, s:O*}}", "apiVersion",
		"authentication.k8s.io/v1", "kind", "TokenRequest", "spec", "audiences",
		p->audience, "expirationSeconds", (json_int_t)p->lifetime.s, "boundObjectRef",
		bound);
	char *body = request ? json_dumps(request, JSON_COMPACT) : NULL;

	if (!body)
		abort(); /* strings are checked UTF-8: memory is gone */
	return body;
}

static json_t *load(const char *body, size_t len)
{
	return json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
}

/* Part `n` of a compact JWS as a JSON object, or NULL. */
static json_t *read_part(const char *token, int n)
{
	auto_free unsigned char *bytes = NULL;
	struct err ignored = ERR_INIT;
	size_t len;
	json_t *json;

	while (n-- > 0) {
		token = strchr(token, '.');
		if (!token)
			return NULL;
		token++;
	}
	if (b64url_decode(token, strcspn(token, "."), &bytes, &len, &ignored) < 0)
		return NULL;
	json = load((const char *)bytes, len);
	if (json_is_object(json))
		return json;
	json_decref(json);
	return NULL;
}

/* It goes into a file, a header and a form: nothing in it may end one of these. */
static bool is_token(const char *s)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789-_.";
	const size_t len = strlen(s);

	return len >= 4 && len <= TOKEN_WIRE_TOKEN_MAX && strspn(s, alphabet) == len;
}

/* How long the token itself says it lives; INT64_MAX if it does not say. */
static int64_t own_lifetime(json_t *claims)
{
	json_int_t iat, exp;
	int64_t life;

	if (!claims || json_unpack(claims, "{s:I, s:I}", "iat", &iat, "exp", &exp) < 0 ||
		__builtin_sub_overflow(exp, iat, &life) || life < 0)
		return INT64_MAX;
	return life;
}

static int read_token(const char *token, int64_t asked_s, struct token_answer *ret,
	struct err *err)
{
	json_auto_t *header = read_part(token, 0);
	json_auto_t *claims = read_part(token, 1);
	const char *kid = "", *jti = "";

	if (!is_token(token) || !header || !claims)
		return err_set(err, ERR_UNHEALTHY, "the answer's token is not a JWT");
	(void)json_unpack(header, "{s:s}", "kid", &kid); /* a token may be without */
	(void)json_unpack(claims, "{s:s}", "jti", &jti);
	if (!text_fit(ret->kid, sizeof(ret->kid), kid) ||
		!text_fit(ret->jti, sizeof(ret->jti), jti))
		return err_set(err, ERR_UNHEALTHY, "the answer's token has too long a name");
	ret->lifetime_s = num_min(asked_s, own_lifetime(claims));
	return 0;
}

int token_wire_read(const char *body, size_t len, struct token_answer *ret, struct err *err)
{
	json_auto_t *json = load(body, len);
	struct token_answer answer = { .token = NULL };
	const char *token = NULL, *expires = NULL;
	json_int_t asked_s = INT64_MAX;

	if (!json_is_object(json) ||
		json_unpack(json, "{s:{s:s, s:s}}", "status", "token", &token,
			"expirationTimestamp", &expires) < 0)
		return err_set(err, ERR_UNHEALTHY, "the answer is not a TokenRequest");
	(void)json_unpack(json, "{s:{s:I}}", "spec", "expirationSeconds", &asked_s);
	if (read_token(token, asked_s, &answer, err) < 0 ||
		text_read_time(expires, &answer.expires_at, err) < 0)
		return err_add(err, "the answer");
	if (answer.lifetime_s <= 0 || answer.lifetime_s == INT64_MAX)
		return err_set(err, ERR_UNHEALTHY,
			"the answer does not say how long its token lives");
	answer.lifetime_s = num_min(answer.lifetime_s, CONF_LIFETIME_MAX_S);
	answer.token = text_copy(token);
	secret_hash(token, strlen(token), answer.hash);
	*ret = answer;
	return 0;
}

char *token_wire_refusal(const char *body, size_t len)
{
	json_auto_t *json = load(body, len);
	const char *message = "";
	char *text;

	(void)json_unpack(json, "{s:s}", "message", &message); /* or it stays empty */
	text = text_format("%.*s", REFUSAL_MAX, message);
	text_clean(text);
	return text;
}

static bool has_kid(const json_t *keys, const char *kid)
{
	const json_t *key;
	size_t i;

	json_array_foreach(keys, i, key)
	{
		const char *its = json_string_value(json_object_get(key, "kid"));

		if (its && strcmp(its, kid) == 0)
			return true;
	}
	return false;
}

int token_wire_find_missing(const char *body, size_t len, const char *const *kids, size_t count,
	bool *ret_missing, struct err *err)
{
	json_auto_t *json = load(body, len);
	const json_t *keys = json_object_get(json, "keys");
	const size_t key_count = json_array_size(keys);

	if (key_count == 0 || key_count > TOKEN_WIRE_KIDS_MAX)
		return err_set(err, ERR_UNHEALTHY, "that is no JWKS, or an empty one");
	for (size_t i = 0; i < count; i++)
		ret_missing[i] = !has_kid(keys, kids[i]);
	return 0;
}

void token_wire_free(struct token_answer *answer)
{
	if (answer->token)
		OPENSSL_cleanse(answer->token, strlen(answer->token));
	free(answer->token);
	answer->token = NULL;
}

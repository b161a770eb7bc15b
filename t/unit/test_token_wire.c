/* test_token_wire.c - what is asked for, and what an answer must be to be believed.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "agent/token_wire.h"
#include "base/auto.h"
#include "base/b64url.h"
#include "base/text.h"
#include "t/unit/unit.h"

/* A compact JWS of these two parts; nobody looks at the third here. The caller frees. */
static char *jwt(const char *header, const char *claims)
{
	struct text t = TEXT_INIT;

	b64url_encode(&t, header, strlen(header));
	text_add(&t, ".");
	b64url_encode(&t, claims, strlen(claims));
	text_add(&t, ".c2ln");
	return text_take(&t);
}

#define HEADER "{\"alg\":\"RS256\",\"kid\":\"k1\"}"
#define CLAIMS "{\"iat\":1000,\"exp\":4630,\"jti\":\"j1\"}"

static char *answer(const char *token, const char *spec, const char *expires)
{
	return text_format(
		"{\"kind\":\"TokenRequest\",\"spec\":%s,\"status\":{\"token\":\"%s\","
		"\"expirationTimestamp\":\"%s\"}}",
		spec, token, expires);
}

static int read_answer(const char *body, struct token_answer *ret, struct err *err)
{
	return token_wire_read(body, strlen(body), ret, err);
}

static void a_request_says_what_is_configured(void **state)
{
	char account[] = "ci/app", audience[] = "aud", kind[] = "Pod", name[] = "p",
	     uid[] = "u-1";
	struct agent_bound bound = { kind, name, uid };
	struct agent_projection p = { .service_account = account,
		.audience = audience,
		.lifetime.s = 900,
		.bound = &bound };
	auto_free char *with = token_wire_request(&p);
	auto_free char *without = NULL;

	(void)state;
	assert_string_equal(with,
		"{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenRequest\","
		"\"spec\":{\"audiences\":[\"aud\"],\"expirationSeconds\":900,"
		"\"boundObjectRef\":{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"p\","
		"\"uid\":\"u-1\"}}}");
	p.bound = NULL;
	without = token_wire_request(&p);
	assert_null(strstr(without, "boundObjectRef"));
}

static void an_answer_is_read(void **state)
{
	auto_free char *token = jwt(HEADER, CLAIMS);
	auto_free char *body =
		answer(token, "{\"expirationSeconds\":3600}", "2026-11-28T10:00:00Z");
	struct token_answer ret = { .token = NULL };
	struct err err = ERR_INIT;

	(void)state;
	assert_succeeds(read_answer(body, &ret, &err));
	assert_string_equal(ret.token, token);
	assert_string_equal(ret.kid, "k1");
	assert_string_equal(ret.jti, "j1");
	assert_int_equal(ret.lifetime_s, 3600);
	assert_int_equal(ret.expires_at, 1795860000);
	token_wire_free(&ret);
	assert_null(ret.token);
}

/* An issuer may give less than it says, or say nothing. */
static void the_shorter_life_counts(void **state)
{
	auto_free char *token = jwt(HEADER, CLAIMS);
	auto_free char *longer =
		answer(token, "{\"expirationSeconds\":99999}", "2026-11-28T10:00:00Z");
	auto_free char *silent = answer(token, "{}", "2026-11-28T10:00:00Z");
	struct token_answer ret = { .token = NULL };
	struct err err = ERR_INIT;

	(void)state;
	assert_succeeds(read_answer(longer, &ret, &err));
	assert_int_equal(ret.lifetime_s, 3630);
	token_wire_free(&ret);
	assert_succeeds(read_answer(silent, &ret, &err));
	assert_int_equal(ret.lifetime_s, 3630);
	token_wire_free(&ret);
}

static void is_not_believed(const char *body)
{
	struct token_answer ret = { .token = NULL };
	struct err err = ERR_INIT;

	assert_int_equal(read_answer(body, &ret, &err), -1);
	assert_true(err.text[0] != '\0');
	assert_null(ret.token);
}

static void other_answers_are_not_believed(void **state)
{
	static const char when[] = "2026-11-28T10:00:00Z";
	static const char spec[] = "{\"expirationSeconds\":3600}";
	auto_free char *good = jwt(HEADER, CLAIMS);
	auto_free char *no_life = jwt(HEADER, "{\"jti\":\"j\"}");
	auto_free char *no_header = jwt("[]", CLAIMS);
	auto_free char *not_json = jwt(HEADER, "{");
	const char *const tokens[] = { "", "a.b.c", "no\\nline", "x y.z.z", no_header,
		not_json };
	const char *const bodies[] = { "", "[]", "{}", "{\"status\":{}}",
		"{\"status\":{\"token\":7,\"expirationTimestamp\":\"2026-11-28T10:00:00Z\"}}",
		"{\"status\":{\"token\":\"a.b.c\"}}", "{\"status\":1}", "\xff" };
	auto_free char *bad_time = answer(good, spec, "tomorrow");
	auto_free char *no_time_left = answer(good, "{\"expirationSeconds\":0}", when);
	auto_free char *negative = answer(good, "{\"expirationSeconds\":-5}", when);
	auto_free char *endless = answer(no_life, "{}", when);

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++)
		is_not_believed(bodies[i]);
	for (size_t i = 0; i < COUNT(tokens); i++) {
		auto_free char *body = answer(tokens[i], spec, when);

		is_not_believed(body);
	}
	is_not_believed(bad_time);
	is_not_believed(no_time_left);
	is_not_believed(negative);
	is_not_believed(endless);
}

static void a_token_is_at_most_as_long_as_sts_takes(void **state)
{
	static const char spec[] = "{\"expirationSeconds\":3600}";
	auto_free char *start = jwt(HEADER, CLAIMS);
	auto_text struct text token = TEXT_INIT;

	(void)state;
	text_add(&token, start);
	while (token.len < TOKEN_WIRE_TOKEN_MAX - 1)
		text_add(&token, "A");
	for (; token.len <= TOKEN_WIRE_TOKEN_MAX + 1; text_add(&token, "A")) {
		auto_free char *body = answer(token.s, spec, "2026-11-28T10:00:00Z");
		struct token_answer ret = { .token = NULL };
		struct err err = ERR_INIT;

		assert_int_equal(read_answer(body, &ret, &err),
			token.len <= TOKEN_WIRE_TOKEN_MAX ? 0 : -1);
		token_wire_free(&ret);
	}
}

static void is_refusal(const char *body, const char *text)
{
	auto_free char *said = token_wire_refusal(body, strlen(body));

	assert_string_equal(said, text);
}

static void the_reason_of_a_refusal_is_found(void **state)
{
	(void)state;
	is_refusal("{\"kind\":\"Status\",\"message\":\"no grant\"}", "no grant");
	is_refusal("{\"message\":\"two\\nlines\\u001b[31m\"}", "two?lines?[31m");
	is_refusal("<html>", "");
	is_refusal("{\"message\":7}", "");
}

static void keys_that_are_gone_are_found(void **state)
{
	static const char jwks[] =
		"{\"keys\":[{\"kid\":\"a\"},{\"kty\":\"RSA\"},{\"kid\":\"b\"}]}";
	static const char *const kids[] = { "b", "a", "c", "d" };
	struct err err = ERR_INIT;
	bool missing[4] = { true, true, false, false };

	(void)state;
	assert_succeeds(token_wire_find_missing(jwks, strlen(jwks), kids, 4, missing, &err));
	assert_false(missing[0] || missing[1]);
	assert_true(missing[2] && missing[3]);
}

/* Sums are made of it. */
static void no_life_is_longer_than_kubernetes_allows(void **state)
{
	auto_free char *silent = jwt(HEADER, "{}");
	auto_free char *odd =
		jwt(HEADER, "{\"iat\":-9223372036854775807,\"exp\":9223372036854775807}");
	auto_free char *first = answer(silent, "{\"expirationSeconds\":9223372036854775806}",
		"2026-11-28T10:00:00Z");
	auto_free char *second = answer(odd, "{\"expirationSeconds\":9223372036854775806}",
		"2026-11-28T10:00:00Z");
	struct token_answer ret = { .token = NULL };
	struct err err = ERR_INIT;

	(void)state;
	assert_succeeds(read_answer(first, &ret, &err));
	assert_int_equal(ret.lifetime_s, CONF_LIFETIME_MAX_S);
	token_wire_free(&ret);
	assert_succeeds(read_answer(second, &ret, &err));
	assert_int_equal(ret.lifetime_s, CONF_LIFETIME_MAX_S);
	token_wire_free(&ret);
}

/* Nobody gives up his tokens for the sake of an error page. */
static void what_is_no_jwks_says_nothing_of_keys(void **state)
{
	static const char *const bodies[] = { "", "{}", "[]", "{\"keys\":[]}", "{\"keys\":{}}",
		"<html>", "{\"keys\":7}" };
	static const char *const kids[] = { "a" };
	struct err err = ERR_INIT;
	bool missing = false;

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		assert_fails(ERR_UNHEALTHY,
			token_wire_find_missing(bodies[i], strlen(bodies[i]), kids, 1, &missing,
				&err));
		assert_false(missing);
	}
}

UNIT_MAIN(cmocka_unit_test(a_request_says_what_is_configured),
	cmocka_unit_test(an_answer_is_read), cmocka_unit_test(the_shorter_life_counts),
	cmocka_unit_test(other_answers_are_not_believed),
	cmocka_unit_test(a_token_is_at_most_as_long_as_sts_takes),
	cmocka_unit_test(the_reason_of_a_refusal_is_found),
	cmocka_unit_test(no_life_is_longer_than_kubernetes_allows),
	cmocka_unit_test(keys_that_are_gone_are_found),
	cmocka_unit_test(what_is_no_jwks_says_nothing_of_keys));

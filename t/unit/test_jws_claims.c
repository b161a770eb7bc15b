/* test_jws_claims.c - keys/jws.c: the claims of a token with a good signature: issuer, audience
 * and times, one second inside and one outside.
 * SPDX-License-Identifier: Apache-2.0 */
#include "t/unit/jws_forge.h"

/* A token with these claims, signed well. */
static char *claiming(const char *payload)
{
	auto_free char *header = forge_header(FORGE_EC);

	return forge(FORGE_EC, header, payload);
}

/* Times are JSON texts; NULL leaves the member out. */
static char *timed(const char *exp, const char *nbf, const char *iat)
{
	struct text payload = TEXT_INIT;
	char *token;

	text_add(&payload, "{\"iss\":\"" FIXTURE_URL "\",\"aud\":\"vault\"");
	if (exp)
		text_addf(&payload, ",\"exp\":%s", exp);
	if (nbf)
		text_addf(&payload, ",\"nbf\":%s", nbf);
	if (iat)
		text_addf(&payload, ",\"iat\":%s", iat);
	text_add(&payload, "}");
	token = claiming(payload.s);
	text_free(&payload);
	return token;
}

static char *timed_at(unix_time exp, unix_time nbf, unix_time iat)
{
	return timed(text_num(exp).s, text_num(nbf).s, text_num(iat).s);
}

static void times_are_judged_to_the_second(void **state)
{
	static const struct {
		int64_t leeway_s, exp, nbf, iat; /* the times relative to now */
		const char *why;                 /* NULL: taken */
	} cases[] = {
		{ 0, 1, 0, 0, NULL },
		{ 0, 0, 0, 0, "expired" }, /* RFC 7519 §4.1.4: on or after */
		{ 0, -1, -9, -9, "expired" },
		{ 0, 9, 1, 0, "not valid before" },
		{ 0, 9, 0, 1, "issued in the future" },
		{ 60, -59, -99, -99, NULL },
		{ 60, -60, -99, -99, "expired" },
		{ 60, -61, -99, -99, "expired" },
		{ 60, 99, 60, 0, NULL },
		{ 60, 99, 61, 0, "not valid before" },
		{ 60, 99, 0, 60, NULL },
		{ 60, 99, 0, 61, "issued in the future" },
	};
	struct jws_expect expect = forge_expect();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_free char *token = timed_at(FORGE_NOW + cases[i].exp,
			FORGE_NOW + cases[i].nbf, FORGE_NOW + cases[i].iat);

		expect.leeway_s = cases[i].leeway_s;
		if (cases[i].why)
			forge_assert_refused(token, &expect, cases[i].why);
		else
			forge_assert_taken(token, &expect);
	}
}

static void every_time_must_be_there(void **state)
{
	const struct jws_expect expect = forge_expect();
	auto_free char *no_exp = timed(NULL, "1", "1");
	auto_free char *no_nbf = timed("1999999999", NULL, "1");
	auto_free char *no_iat = timed("1999999999", "1", NULL);

	(void)state;
	forge_assert_refused(no_exp, &expect, "'exp'");
	forge_assert_refused(no_nbf, &expect, "'nbf'");
	forge_assert_refused(no_iat, &expect, "'iat'");
}

static void only_whole_numbers_are_times(void **state)
{
	static const char *const cases[] = { "\"1999999999\"", "1999999999.0", "1999999999.5",
		"1.999999999e9", "1e9", "1e400", "-1e400", "true", "null", "[]", "[1999999999]",
		"{}", "9223372036854775808", "-9223372036854775809",
		"99999999999999999999999999", "01", "+1", "0x77359400", "NaN", "Infinity" };
	const struct jws_expect expect = forge_expect();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_free char *exp = timed(cases[i], "1", "1");
		auto_free char *nbf = timed("1999999999", cases[i], "1");
		auto_free char *iat = timed("1999999999", "1", cases[i]);

		forge_assert_refused(exp, &expect, "");
		forge_assert_refused(nbf, &expect, "");
		forge_assert_refused(iat, &expect, "");
	}
}

static void extreme_times_do_no_harm(void **state)
{
	struct jws_expect expect = forge_expect();
	auto_free char *for_ever = timed_at(INT64_MAX, INT64_MIN, INT64_MIN);
	auto_free char *long_ago = timed_at(INT64_MIN, INT64_MIN, INT64_MIN);
	auto_free char *never = timed_at(INT64_MAX, INT64_MAX, 0);
	auto_free char *unborn = timed_at(INT64_MAX, 0, INT64_MAX);

	(void)state;
	for (expect.leeway_s = 0; expect.leeway_s < 100; expect.leeway_s += 60) {
		forge_assert_taken(for_ever, &expect);
		forge_assert_refused(long_ago, &expect, "expired");
		forge_assert_refused(never, &expect, "not valid before");
		forge_assert_refused(unborn, &expect, "future");
	}
}

static void the_issuer_must_be_the_one_expected(void **state)
{
	static const char *const cases[] = { "", "\"iss\":null,", "\"iss\":7,", "\"iss\":\"\",",
		"\"iss\":[\"" FIXTURE_URL "\"],", "\"iss\":\"" FIXTURE_URL "/\",",
		"\"iss\":\"" FIXTURE_URL "x\",", "\"iss\":\"https://issuer.exampl\",",
		"\"iss\":\"https://ISSUER.example\",", "\"iss\":\"http://issuer.example\",",
		"\"iss\":\" " FIXTURE_URL "\",", "\"Iss\":\"" FIXTURE_URL "\"," };
	const struct jws_expect expect = forge_expect();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_free char *payload = text_format(
			"{%s\"aud\":\"vault\",\"exp\":1999999999,\"nbf\":1,\"iat\":1}",
			cases[i]);
		auto_free char *token = claiming(payload);

		forge_assert_refused(token, &expect, "issuer");
	}
}

/* The audience as it may be written, and whether "vault" is among it. */
static const struct {
	const char *member;
	bool is_for_vault;
} audiences[] = {
	{ "\"aud\":\"vault\",", true },
	{ "\"aud\":[\"vault\"],", true },
	{ "\"aud\":[\"other\",\"vault\"],", true },
	{ "\"aud\":[7,null,\"vault\"],", true },
	{ "", false },
	{ "\"aud\":null,", false },
	{ "\"aud\":7,", false },
	{ "\"aud\":true,", false },
	{ "\"aud\":[],", false },
	{ "\"aud\":\"\",", false },
	{ "\"aud\":[\"\"],", false },
	{ "\"aud\":\"vaul\",", false },
	{ "\"aud\":\"vaults\",", false },
	{ "\"aud\":\"Vault\",", false },
	{ "\"aud\":\"vault other\",", false },
	{ "\"aud\":\"*\",", false },
	{ "\"aud\":[[\"vault\"]],", false },
	{ "\"aud\":{\"vault\":\"vault\"},", false },
};

static char *for_audience(const char *member)
{
	auto_free char *payload = text_format("{%s\"iss\":\"" FIXTURE_URL
					      "\",\"exp\":1999999999,\"nbf\":1,\"iat\":1}",
		member);

	return claiming(payload);
}

static void the_audience_must_be_among_those_named(void **state)
{
	const struct jws_expect expect = forge_expect();

	(void)state;
	for (size_t i = 0; i < COUNT(audiences); i++) {
		auto_free char *token = for_audience(audiences[i].member);

		if (audiences[i].is_for_vault)
			forge_assert_taken(token, &expect);
		else
			forge_assert_refused(token, &expect, "audience 'vault'");
	}
}

static void without_an_expected_audience_any_will_do(void **state)
{
	struct jws_expect expect = forge_expect();

	(void)state;
	expect.audiences = NULL;
	for (size_t i = 0; i < COUNT(audiences); i++) {
		auto_free char *token = for_audience(audiences[i].member);

		forge_assert_taken(token, &expect);
	}
}

/* RFC 7519 §4: no token may say two things, be the last of them good or not. */
static void repeated_claims_are_refused_at_any_depth(void **state)
{
	static const char *const more[] = { ",\"exp\":1", ",\"exp\":1999999999",
		",\"iss\":\"https://evil.example\"", ",\"iss\":\"" FIXTURE_URL "\"",
		",\"aud\":\"other\"", ",\"aud\":\"vault\"", ",\"x\":1,\"x\":1",
		",\"x\":{\"a\":1,\"a\":1}", ",\"x\":[{\"a\":1,\"\\u0061\":1}]" };
	const struct jws_expect expect = forge_expect();

	(void)state;
	for (size_t i = 0; i < COUNT(more); i++) {
		auto_free char *payload = forge_payload(more[i]);
		auto_free char *token = claiming(payload);

		forge_assert_refused(token, &expect, "says each thing once");
	}
}

/* Also in claims that nobody asks for: a token is JSON to its end. */
static void numbers_that_cannot_be_held_are_refused(void **state)
{
	static const char *const numbers[] = { "1e400", "-1e400", "9223372036854775808",
		"18446744073709551616", "-9223372036854775809" };
	const struct jws_expect expect = forge_expect();

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		auto_free char *more = text_format(",\"x\":{\"y\":[%s]}", numbers[i]);
		auto_free char *payload = forge_payload(more);
		auto_free char *token = claiming(payload);

		forge_assert_refused(token, &expect, "not a JWT");
	}
}

/* One of those expected is enough. */
static void one_of_several_expected_audiences_is_enough(void **state)
{
	json_auto_t *several = json_pack("[s,s,s]", "x", "vault", "y");
	json_auto_t *others = json_pack("[s,s]", "x", "y");
	json_auto_t *none = json_array();
	struct jws_expect expect = forge_expect();
	auto_free char *token = for_audience("\"aud\":[\"a\",\"vault\"],");

	(void)state;
	expect.audiences = several;
	forge_assert_taken(token, &expect);
	expect.audiences = others;
	forge_assert_refused(token, &expect, "audience 'x' or another that is asked for");
	expect.audiences = none;
	forge_assert_refused(token, &expect, "audience");
}

static void claims_come_back_as_they_were_signed(void **state)
{
	const struct jws_expect expect = forge_expect();
	auto_free char *payload =
		forge_payload(",\"big\":9007199254740993,\"deep\":{\"a\":[1,{}]}");
	json_auto_t *expected = fixture_json(payload);
	auto_free char *token = claiming(payload);
	json_auto_t *claims = NULL;
	struct err err;

	(void)state;
	assert_succeeds(jws_verify(token, &expect, &claims, &err));
	assert_true(json_equal(claims, expected));
}

UNIT_MAIN_WITH(forge_setup, forge_teardown, cmocka_unit_test(times_are_judged_to_the_second),
	cmocka_unit_test(every_time_must_be_there),
	cmocka_unit_test(only_whole_numbers_are_times),
	cmocka_unit_test(extreme_times_do_no_harm),
	cmocka_unit_test(the_issuer_must_be_the_one_expected),
	cmocka_unit_test(the_audience_must_be_among_those_named),
	cmocka_unit_test(without_an_expected_audience_any_will_do),
	cmocka_unit_test(repeated_claims_are_refused_at_any_depth),
	cmocka_unit_test(numbers_that_cannot_be_held_are_refused),
	cmocka_unit_test(one_of_several_expected_audiences_is_enough),
	cmocka_unit_test(claims_come_back_as_they_were_signed));

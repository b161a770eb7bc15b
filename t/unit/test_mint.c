/* test_mint.c - keys/mint.c and keys/claims.c: tokens say what Kubernetes' say, to the letter,
 * and nothing that policy does not allow.
 * SPDX-License-Identifier: Apache-2.0 */
#include "keys/claims.h"
#include "keys/mint.h"
#include "t/unit/keys_fixture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define UID      "ece185b3-e40c-43d9-8c8a-d9fa10bf2dee"

static struct fixture f;
static struct keyring *ring;
static json_t *kubernetes;
static const struct mint_policy policy = { .max_lifetime_s = DAY, .backdate_s = 30 };

static int setup(void **state)
{
	const struct store_account account = { .namespace = "ci", .name = "app", .uid = UID };
	struct keyring_slot *slot = NULL;
	struct rotate rotate;
	struct err err;

	(void)state;
	fixture_open(&f);
	rotate = fixture_rotate(&f);
	(void)fixture_run(&rotate, PLAN_TICK, WORLD_NOW);
	assert_succeeds(keyring_slot_open(f.store, FIXTURE_ISSUER, f.sealing, WORLD_NOW, &slot,
		&err));
	assert_succeeds(keyring_slot_get(slot, WORLD_NOW, &ring, &err));
	keyring_slot_close(slot);
	kubernetes = claims_kubernetes(&account);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	json_decref(kubernetes);
	keyring_unref(ring);
	fixture_close(&f);
	return 0;
}

static struct mint_request wish(const json_t *audiences, int64_t lifetime_s)
{
	return (struct mint_request){
		.namespace = "ci",
		.name = "app",
		.audiences = audiences,
		.kubernetes = kubernetes,
		.lifetime_s = lifetime_s,
	};
}

/* The payload as it stands in the token. */
static char *payload_of(const char *token)
{
	const char *first = strchr(token, '.') + 1;
	unsigned char *bytes = NULL;
	struct err err;
	size_t len;

	assert_succeeds(b64url_decode(first, strcspn(first, "."), &bytes, &len, &err));
	return (char *)bytes;
}

static void the_kubernetes_claim_is_as_kubernetes_has_it(void **state)
{
	auto_free char *text = json_dumps(kubernetes, JSON_COMPACT);

	(void)state;
	assert_string_equal(text,
		"{\"namespace\":\"ci\",\"serviceaccount\":{\"name\":\"app\",\"uid\":\"" UID
		"\"}}");
}

static void the_payload_is_as_kubernetes_writes_it(void **state)
{
	json_auto_t *audiences = json_pack("[s,s]", "vault", "sts.amazonaws.com");
	const struct mint_request request = wish(audiences, 3600);
	struct mint_token token = { .token = NULL };
	auto_free char *payload = NULL;
	auto_free char *expected = NULL;
	struct err err;

	(void)state;
	assert_succeeds(mint(ring, &policy, &request, WORLD_NOW, &token, &err));
	payload = payload_of(token.token);
	expected = text_format(
		"{\"aud\":[\"vault\",\"sts.amazonaws.com\"],\"exp\":1900003600,\"iat\":1899999970,"
		"\"iss\":\"" FIXTURE_URL
		"\",\"jti\":\"%s\",\"kubernetes.io\":{\"namespace\":\"ci\","
		"\"serviceaccount\":{\"name\":\"app\",\"uid\":\"" UID "\"}},\"nbf\":1899999970,"
		"\"sub\":\"system:serviceaccount:ci:app\"}",
		token.jti);
	assert_string_equal(payload, expected);
	assert_int_equal(token.exp, WORLD_NOW + 3600);
	assert_string_equal(token.subject, "system:serviceaccount:ci:app");
	assert_string_equal(token.kid, keyring_signer(ring)->kid);
	assert_int_equal(strlen(token.jti), SECRET_UUID_LEN);
	mint_token_free(&token);
	assert_null(token.token);
	mint_token_free(&token);
}

static void the_token_verifies_for_its_audience_only(void **state)
{
	json_auto_t *audiences = json_pack("[s]", "vault");
	const struct mint_request request = wish(audiences, 600);
	struct jws_expect expect = {
		.issuer = FIXTURE_URL, .audience = "vault", .now = WORLD_NOW
	};
	json_auto_t *claims = NULL;
	struct mint_token token;
	struct err err;

	(void)state;
	assert_succeeds(mint(ring, &policy, &request, WORLD_NOW, &token, &err));
	expect.keys = keyring_published(ring, &expect.key_count);
	assert_succeeds(jws_verify(token.token, &expect, &claims, &err));
	assert_true(fixture_verifies(expect.keys[0].key, token.token,
		(size_t)(strrchr(token.token, '.') - token.token),
		strrchr(token.token, '.') + 1));
	expect.now = WORLD_NOW - 30; /* a verifier whose clock is behind */
	json_decref(claims);
	claims = NULL;
	assert_succeeds(jws_verify(token.token, &expect, &claims, &err));
	json_decref(claims);
	claims = NULL;
	expect.now = WORLD_NOW - 31;
	assert_fails(ERR_REFUSED, jws_verify(token.token, &expect, &claims, &err));
	expect.now = WORLD_NOW + 600;
	assert_fails(ERR_REFUSED, jws_verify(token.token, &expect, &claims, &err));
	expect.now = WORLD_NOW;
	expect.audience = "sts";
	assert_fails(ERR_REFUSED, jws_verify(token.token, &expect, &claims, &err));
	mint_token_free(&token);
}

static void no_two_tokens_are_alike(void **state)
{
	json_auto_t *audiences = json_pack("[s]", "vault");
	const struct mint_request request = wish(audiences, 600);
	struct mint_token one, two;
	struct err err;

	(void)state;
	assert_succeeds(mint(ring, &policy, &request, WORLD_NOW, &one, &err));
	assert_succeeds(mint(ring, &policy, &request, WORLD_NOW, &two, &err));
	assert_string_not_equal(one.jti, two.jti);
	assert_string_not_equal(one.token, two.token);
	mint_token_free(&one);
	mint_token_free(&two);
}

static void a_lifetime_beyond_policy_is_refused(void **state)
{
	static const int64_t refused[] = { INT64_MIN, -1, 0, DAY + 1, INT64_MAX };
	static const int64_t taken[] = { 1, 600, DAY };
	json_auto_t *audiences = json_pack("[s]", "vault");
	struct mint_token token = { .token = NULL };
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		const struct mint_request request = wish(audiences, refused[i]);

		assert_fails(ERR_REFUSED,
			mint(ring, &policy, &request, WORLD_NOW, &token, &err));
		assert_null(token.token);
	}
	for (size_t i = 0; i < COUNT(taken); i++) {
		const struct mint_request request = wish(audiences, taken[i]);

		assert_succeeds(mint(ring, &policy, &request, WORLD_NOW, &token, &err));
		mint_token_free(&token);
	}
}

static void a_token_for_nobody_is_refused(void **state)
{
	json_auto_t *none = json_array();
	json_auto_t *object = json_object();
	const json_t *const audiences[] = { none, object, NULL };
	struct mint_token token = { .token = NULL };
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(audiences); i++) {
		const struct mint_request request = wish(audiences[i], 600);

		assert_fails(ERR_REFUSED,
			mint(ring, &policy, &request, WORLD_NOW, &token, &err));
	}
	assert_null(token.token);
}

static void names_that_no_account_has_are_refused(void **state)
{
	static const struct {
		const char *namespace, *name;
	} cases[] = { { "", "app" }, { "ci", "" }, { "CI", "app" }, { "ci", "App" },
		{ "ci:x", "app" }, { "ci", "app:x" }, { "a.b", "app" }, { "ci", "-app" },
		{ "ci", "a/b" }, { "ci", "*" } };
	json_auto_t *audiences = json_pack("[s]", "vault");
	struct mint_token token = { .token = NULL };
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct mint_request request = wish(audiences, 600);

		request.namespace = cases[i].namespace;
		request.name = cases[i].name;
		assert_fails(ERR_BAD_INPUT,
			mint(ring, &policy, &request, WORLD_NOW, &token, &err));
	}
	assert_null(token.token);
}

static void the_longest_names_fit(void **state)
{
	json_auto_t *audiences = json_pack("[s]", "vault");
	struct mint_request request = wish(audiences, 600);
	char namespace[NAME_LABEL_MAX + 1] = "";
	char name[NAME_SUBDOMAIN_MAX + 1] = "";
	struct mint_token token;
	struct err err;

	(void)state;
	memset(namespace, 'n', NAME_LABEL_MAX);
	for (size_t i = 0; i < NAME_SUBDOMAIN_MAX; i++)
		name[i] = i % 2 == 0 ? 'a' : '.';
	request.namespace = namespace;
	request.name = name;
	assert_succeeds(mint(ring, &policy, &request, WORLD_NOW, &token, &err));
	assert_int_equal(strlen(token.subject), MINT_SUBJECT_MAX - 1);
	assert_mentions(token.subject, name);
	mint_token_free(&token);
}

static void a_token_too_long_for_verifiers_is_refused(void **state)
{
	json_auto_t *audiences = json_array();
	struct mint_request request = wish(audiences, 600);
	struct err err = ERR_INIT;
	size_t longest = 0;
	int rc = 0;

	(void)state;
	while (rc == 0) {
		struct mint_token token;

		for (int i = 0; i < 50; i++)
			assert_int_equal(json_array_append_new(audiences,
						 json_string("an-audience-of-thirty-letters")),
				0);
		rc = mint(ring, &policy, &request, WORLD_NOW, &token, &err);
		if (rc == 0) {
			longest = strlen(token.token);
			mint_token_free(&token);
		}
	}
	assert_int_equal(err.code, ERR_BAD_INPUT);
	assert_true(longest > JWS_TOKEN_MAX - 4096 && longest <= JWS_TOKEN_MAX);
}

UNIT_MAIN_WITH(setup, teardown, cmocka_unit_test(the_kubernetes_claim_is_as_kubernetes_has_it),
	cmocka_unit_test(the_payload_is_as_kubernetes_writes_it),
	cmocka_unit_test(the_token_verifies_for_its_audience_only),
	cmocka_unit_test(no_two_tokens_are_alike),
	cmocka_unit_test(a_lifetime_beyond_policy_is_refused),
	cmocka_unit_test(a_token_for_nobody_is_refused),
	cmocka_unit_test(names_that_no_account_has_are_refused),
	cmocka_unit_test(the_longest_names_fit),
	cmocka_unit_test(a_token_too_long_for_verifiers_is_refused));

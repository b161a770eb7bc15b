/* test_mint.c - keys/mint.c: tokens say what Kubernetes' say, to the letter,
 * and nothing that policy or the key's own promise does not allow.
 * SPDX-License-Identifier: Apache-2.0 */
#include "keys/claims.h"
#include "keys/mint.h"
#include "t/unit/keys_fixture.h"

#define ANOTHER_UID "00000000-0000-4000-8000-000000000001"
#define UID         "ece185b3-e40c-43d9-8c8a-d9fa10bf2dee"

static struct fixture f;
static struct keyring *ring;
static const struct mint_policy policy = { .max_lifetime_s = DAY, .backdate_s = 30 };

static int setup(void **state)
{
	struct keyring_slot *slot = NULL;
	struct rotate rotate;
	struct err err;

	(void)state;
	fixture_open(&f);
	rotate = fixture_rotate(&f);
	(void)fixture_run(&rotate, PLAN_TICK, WORLD_NOW);
	assert_succeeds(keyring_slot_open(f.store, FIXTURE_ISSUER, f.sealing, &rotate.policy,
		world_clock(WORLD_NOW), &slot, &err));
	assert_succeeds(keyring_slot_get(slot, world_clock(WORLD_NOW), &ring, &err));
	keyring_slot_close(slot);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	keyring_unref(ring);
	fixture_close(&f);
	return 0;
}

static struct mint_request wish(const json_t *audiences, int64_t lifetime_s)
{
	return (struct mint_request){
		.namespace = "ci",
		.name = "app",
		.uid = UID,
		.audiences = audiences,
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

/* kube-apiserver's layout: "node" and "pod" before "serviceaccount". */
static void what_it_is_bound_to_is_in_the_payload(void **state)
{
	json_auto_t *audiences = json_pack("[s]", "vault");
	struct mint_request request = wish(audiences, 600);
	auto_free char *payload = NULL;
	struct mint_token token;
	struct err err;

	(void)state;
	request.bound = (struct claims_bound){ "p.1", "pod-UID", "n1", NULL };
	assert_succeeds(mint(ring, &policy, &request, WORLD_NOW, &token, &err));
	payload = payload_of(token.token);
	assert_mentions(payload,
		"\"kubernetes.io\":{\"namespace\":\"ci\",\"node\":{\"name\":\"n1\"},"
		"\"pod\":{\"name\":\"p.1\",\"uid\":\"pod-UID\"},"
		"\"serviceaccount\":{\"name\":\"app\",\"uid\":\"" UID "\"}},\"nbf\":");
	mint_token_free(&token);
}

/* A captured asker can say what it likes: a token says nothing that no object is called. */
static void bindings_that_no_object_has_are_refused(void **state)
{
	static const struct claims_bound cases[] = {
		{ "p", NULL, NULL, NULL },
		{ NULL, "pu", NULL, NULL },
		{ NULL, NULL, NULL, "nu" },
		{ "p", "pu", NULL, "nu" },
		{ "", "pu", NULL, NULL },
		{ "P", "pu", NULL, NULL },
		{ "a/b", "pu", NULL, NULL },
		{ "p", "", NULL, NULL },
		{ "p", "p u", NULL, NULL },
		{ "p", "p\"u", NULL, NULL },
		{ "p", "gr\xc3\xbc", NULL, NULL },
		{ "p", "pu", "", NULL },
		{ "p", "pu", "n_1", NULL },
		{ "p", "pu", "n", "" },
		{ NULL, NULL, "n", "n,u" },
	};
	json_auto_t *audiences = json_pack("[s]", "vault");
	struct mint_request request = wish(audiences, 600);
	struct mint_token token = { .token = NULL };
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		request.bound = cases[i];
		assert_int_equal(mint(ring, &policy, &request, WORLD_NOW, &token, &err), -1);
		assert_true(err.code == ERR_REFUSED || err.code == ERR_BAD_INPUT);
		assert_null(token.token);
	}
}

static void the_token_verifies_for_its_audience_only(void **state)
{
	json_auto_t *audiences = json_pack("[s]", "vault");
	json_auto_t *others = json_pack("[s]", "sts");
	const struct mint_request request = wish(audiences, 600);
	struct jws_expect expect = {
		.issuer = FIXTURE_URL, .audiences = audiences, .now = WORLD_NOW
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
	expect.audiences = others;
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

/* ---- the key's own promise ---- */

static struct keyring *ring_of(struct fixture *g, unix_time now)
{
	const struct plan_policy defaults = world_policy();
	struct keyring_slot *slot = NULL;
	struct keyring *got = NULL;
	struct err err;

	assert_succeeds(keyring_slot_open(g->store, FIXTURE_ISSUER, g->sealing, &defaults,
		world_clock(now), &slot, &err));
	assert_succeeds(keyring_slot_get(slot, world_clock(now), &got, &err));
	keyring_slot_close(slot);
	return got;
}

static void assert_longest(const struct keyring *of, const struct mint_policy *by,
	int64_t longest, const char *why)
{
	json_auto_t *audiences = json_pack("[s]", "vault");
	struct mint_request request = wish(audiences, longest);
	struct mint_token token = { .token = NULL };
	struct err err;

	assert_succeeds(mint(of, by, &request, WORLD_NOW, &token, &err));
	assert_int_equal(token.exp, WORLD_NOW + longest);
	mint_token_free(&token);
	request.lifetime_s = longest + 1;
	assert_fails(ERR_REFUSED, mint(of, by, &request, WORLD_NOW, &token, &err));
	assert_mentions(err.text, why);
	assert_null(token.token);
	request.lifetime_s = INT64_MAX;
	assert_fails(ERR_REFUSED, mint(of, by, &request, WORLD_NOW, &token, &err));
	assert_null(token.token);
}

/* The configuration allows more, and the key does not know yet: when it leaves the JWKS was
 * computed for less. */
static void a_lifetime_beyond_the_keys_promise_is_refused(void **state)
{
	const struct mint_policy raised = { .max_lifetime_s = 3 * DAY, .backdate_s = 30 };
	const struct mint_policy lowered = { .max_lifetime_s = HOUR, .backdate_s = 30 };
	auto_keyring struct keyring *old = NULL;
	auto_keyring struct keyring *new = NULL;
	struct rotate rotate;
	struct fixture g;

	(void)state;
	fixture_open(&g);
	rotate = fixture_rotate(&g);
	(void)fixture_run(&rotate, PLAN_TICK, WORLD_NOW);
	old = ring_of(&g, WORLD_NOW);
	assert_int_equal(keyring_signer_lifetime(old), DAY);
	assert_longest(old, &raised, DAY, "the active key was made for");
	rotate.policy.max_lifetime_s = 3 * DAY;
	assert_int_equal(fixture_run(&rotate, PLAN_TICK, WORLD_NOW), 2);
	/* The rows promise more now; the ring that has not seen them does not. */
	assert_longest(old, &raised, DAY, "the active key was made for");
	new = ring_of(&g, WORLD_NOW);
	assert_int_equal(keyring_signer_lifetime(new), 3 * DAY);
	assert_longest(new, &raised, 3 * DAY, "the maximum");
	assert_longest(new, &lowered, HOUR, "the maximum");
	fixture_close(&g);
}

/* The active row's number counts, whatever policy says. */
static void each_bound_holds_without_the_other(void **state)
{
	static const int64_t ratchets[] = { 1, 600, DAY };
	const struct mint_policy none = { .max_lifetime_s = INT64_MAX };
	auto_store_issuer struct store_issuer issuer = { .name = NULL };
	auto_store_keys struct store_keys keys = { .key = NULL };
	auto_halves struct halves halves = { .count = 0 };
	const struct plan_policy defaults = world_policy();
	struct err err;

	(void)state;
	assert_succeeds(store_issuer_get(f.store, FIXTURE_ISSUER, &issuer, &err));
	assert_succeeds(store_keys_load(f.store, FIXTURE_ISSUER, &keys, &err));
	halves_open(&keys, FIXTURE_ISSUER, f.sealing, &(struct halves){ .count = 0 }, &halves,
		&err);
	for (size_t i = 0; i < COUNT(ratchets); i++) {
		auto_keyring struct keyring *one = NULL;

		keys.key[0].ttl_ratchet_s = ratchets[i];
		keys.key[1].ttl_ratchet_s = 9 * DAY; /* the standby's is not asked */
		assert_succeeds(keyring_build(&(struct keyring_source){ &issuer, &keys,
						      &defaults, &halves },
			NULL, WORLD_NOW, &one, &err));
		assert_longest(one, &none, ratchets[i], "the active key was made for");
	}
}

/* ---- the audit row ---- */

static void the_audit_row_says_what_the_token_says(void **state)
{
	json_auto_t *audiences = json_pack("[s]", "vault");
	const struct mint_request request = wish(audiences, 600);
	struct mint_token token;
	struct store_audit row = { .at = WORLD_NOW + 1, .actor = "runner", .rule = "grant 1" };
	struct err err;

	(void)state;
	assert_succeeds(mint(ring, &policy, &request, WORLD_NOW, &token, &err));
	mint_audit(&token, &row);
	assert_int_equal(row.at, WORLD_NOW + 1);
	assert_string_equal(row.event, "token.issued");
	assert_string_equal(row.actor, "runner");
	assert_string_equal(row.rule, "grant 1");
	assert_string_equal(row.subject, "system:serviceaccount:ci:app");
	assert_string_equal(row.jti, token.jti);
	assert_string_equal(row.kid, keyring_signer(ring)->kid);
	assert_int_equal(row.exp, WORLD_NOW + 600);
	assert_string_equal(row.outcome, "ok");
	assert_null(row.detail);
	mint_token_free(&token);
}

/* `sub` and `kubernetes.io` are made from the same words. */
static void a_token_names_one_account_only(void **state)
{
	json_auto_t *audiences = json_pack("[s]", "vault");
	struct mint_request request = wish(audiences, 600);
	json_auto_t *claims = NULL;
	json_auto_t *header = NULL;
	json_auto_t *expected = claims_kubernetes("prod-eu", "web.v2", ANOTHER_UID,
		&(struct claims_bound){ .pod_name = NULL });
	struct mint_token token;
	struct err err;

	(void)state;
	request.namespace = "prod-eu";
	request.name = "web.v2";
	request.uid = "another_uid";
	assert_fails(ERR_BAD_INPUT, mint(ring, &policy, &request, WORLD_NOW, &token, &err));
	request.uid = ANOTHER_UID;
	assert_succeeds(mint(ring, &policy, &request, WORLD_NOW, &token, &err));
	assert_succeeds(jws_peek(token.token, &header, &claims, &err));
	assert_string_equal(json_string_value(json_object_get(claims, "sub")),
		"system:serviceaccount:prod-eu:web.v2");
	assert_true(json_equal(json_object_get(claims, "kubernetes.io"), expected));
	assert_int_equal(json_object_size(claims), 8);
	mint_token_free(&token);
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
	assert_int_equal(strlen(token.subject), NAME_SUBJECT_MAX - 1);
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

UNIT_MAIN_WITH(setup, teardown, cmocka_unit_test(the_payload_is_as_kubernetes_writes_it),
	cmocka_unit_test(what_it_is_bound_to_is_in_the_payload),
	cmocka_unit_test(bindings_that_no_object_has_are_refused),
	cmocka_unit_test(the_token_verifies_for_its_audience_only),
	cmocka_unit_test(no_two_tokens_are_alike),
	cmocka_unit_test(a_lifetime_beyond_policy_is_refused),
	cmocka_unit_test(a_lifetime_beyond_the_keys_promise_is_refused),
	cmocka_unit_test(each_bound_holds_without_the_other),
	cmocka_unit_test(the_audit_row_says_what_the_token_says),
	cmocka_unit_test(a_token_names_one_account_only),
	cmocka_unit_test(a_token_for_nobody_is_refused),
	cmocka_unit_test(names_that_no_account_has_are_refused),
	cmocka_unit_test(the_longest_names_fit),
	cmocka_unit_test(a_token_too_long_for_verifiers_is_refused));

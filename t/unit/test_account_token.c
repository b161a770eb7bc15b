/* test_account_token.c - issuer/account_token.c and issuer/bearer.c: whose token it is, and
 * every token that is nobody's: forged, foreign, out of date, of another shape, or bound to
 * what is gone. What keys/jws.c refuses by itself is in test_jws.c and test_jws_claims.c; here
 * it is seen that nothing goes round it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "issuer/account_token.h"
#include "issuer/bearer.h"
#include "keys/mint.h"
#include "t/data/vectors.h"
#include "t/unit/jws_forge.h"
#include "t/unit/objects_fixture.h"

#define EXTRA "authentication.kubernetes.io/"

static struct fixture f;
static struct keyring *ring;
static struct conf_issuer issuer;
static struct gateway gw;
static const struct clock_reading now = { .now = FORGE_NOW, .uptime_s = FORGE_NOW };

/* The issuer's own key takes the place of the forger's EC key; his RSA keys are strangers'. */
static void take_issuers_key(void)
{
	key_free(forge_keys[FORGE_EC].key);
	forge_keys[FORGE_EC] = *keyring_signer(ring);
	(void)key_ref(forge_keys[FORGE_EC].key);
}

static int setup(void **state)
{
	static char name[] = FIXTURE_ISSUER, url[] = FIXTURE_URL;
	struct rotate rotate;
	struct err err;

	(void)forge_setup(state);
	fixture_open(&f);
	rotate = fixture_rotate(&f);
	(void)fixture_run(&rotate, PLAN_TICK, FORGE_NOW);
	issuer = (struct conf_issuer){ .name = name, .url = url };
	gw = (struct gateway){ .issuer = &issuer, .store = f.store, .plan = rotate.policy };
	gw.api_audiences = json_pack("[s,s]", "api", "https://api.example");
	assert_succeeds(keyring_slot_open(f.store, FIXTURE_ISSUER, f.sealing, &gw.plan, now,
		&gw.slot, &err));
	assert_succeeds(keyring_slot_get(gw.slot, now, &ring, &err));
	take_issuers_key();
	objects_add_account(&f, "ci", "app");
	objects_add_account(&f, "ci", "web");
	objects_add_node(&f, "n1");
	objects_add_pod(&f, "p1", "app", "n1", "vault");
	objects_add_client(&f, "runner");
	return 0;
}

static int teardown(void **state)
{
	keyring_unref(ring);
	keyring_slot_close(gw.slot);
	json_decref(gw.api_audiences);
	fixture_close(&f);
	return forge_teardown(state);
}

/* ---- making tokens ---- */

#define BASE                                                                                   \
	"{\"aud\":[\"vault\",\"api\"],\"exp\":1900003600,\"iat\":1900000000,"                  \
	"\"iss\":\"" FIXTURE_URL "\",\"jti\":\"j-1\",\"kubernetes.io\":{\"namespace\":\"ci\"," \
	"\"node\":{\"name\":\"n1\",\"uid\":\"n1-uid\"},"                                       \
	"\"pod\":{\"name\":\"p1\",\"uid\":\"p1-uid\"},"                                        \
	"\"serviceaccount\":{\"name\":\"app\",\"uid\":\"app-uid\"}},\"nbf\":1900000000,"       \
	"\"sub\":\"system:serviceaccount:ci:app\"}"

/* Sets what is at "kubernetes.io/pod/uid" to a JSON text; NULL: removes it. */
static void edit(json_t *claims, const char *path, const char *value)
{
	auto_free char *copy = text_copy(path);
	char *member = copy;

	for (char *slash = strchr(member, '/'); slash; slash = strchr(member, '/')) {
		*slash = '\0';
		claims = json_object_get(claims, member);
		assert_non_null(claims);
		member = slash + 1;
	}
	if (!value)
		assert_int_equal(json_object_del(claims, member), 0);
	else
		assert_int_equal(json_object_set_new(claims, member,
					 json_loads(value, JSON_DECODE_ANY | JSON_ALLOW_NUL,
						 NULL)),
			0);
}

static char *signed_text(const char *payload)
{
	auto_free char *header = forge_header(FORGE_EC);

	return forge(FORGE_EC, header, payload);
}

/* Takes over `claims`. */
static char *signed_claims(json_t *claims)
{
	auto_free char *payload = json_dumps(claims, JSON_COMPACT);

	json_decref(claims);
	return signed_text(payload);
}

/* The base with one change. */
static char *with(const char *path, const char *value)
{
	json_t *claims = fixture_json(BASE);

	edit(claims, path, value);
	return signed_claims(claims);
}

static char *unbound(void)
{
	json_t *claims = fixture_json(BASE);

	edit(claims, "kubernetes.io/pod", NULL);
	edit(claims, "kubernetes.io/node", NULL);
	return signed_claims(claims);
}

static char *bound_to_node(const char *node)
{
	json_t *claims = fixture_json(BASE);

	edit(claims, "kubernetes.io/pod", NULL);
	edit(claims, "kubernetes.io/node", node);
	return signed_claims(claims);
}

/* ---- judging them ---- */

static int ask(const char *token, struct user *ret, json_t **ret_audiences, struct err *err)
{
	*err = (struct err)ERR_INIT;
	return bearer_user(&gw, token, gw.api_audiences, now, ret, ret_audiences, err);
}

static void assert_refused(const char *token, const char *why)
{
	struct user user = { .name = "" };
	json_t *audiences = NULL;
	struct err err;

	if (ask(token, &user, &audiences, &err) == 0)
		fail_msg("accepted %.1000s", token);
	assert_int_equal(err.code, ERR_REFUSED);
	assert_mentions(err.text, why);
	assert_null(audiences);
	assert_int_equal(user.group_count, 0);
}

/* It is, and its user is `expected` (UserInfo as JSON). */
static void assert_is(const char *token, const char *expected)
{
	auto_user struct user user = { .name = "" };
	json_auto_t *wanted = fixture_json(expected);
	json_auto_t *audiences = NULL;
	json_auto_t *got = NULL;
	auto_free char *text = NULL;
	struct err err;

	assert_succeeds(ask(token, &user, &audiences, &err));
	got = user_json(&user);
	text = json_dumps(got, JSON_COMPACT);
	if (!json_equal(got, wanted))
		fail_msg("%s instead of %s", text, expected);
}

#define APP                                                                                    \
	"\"username\":\"system:serviceaccount:ci:app\",\"uid\":\"app-uid\",\"groups\":"        \
	"[\"system:serviceaccounts\",\"system:serviceaccounts:ci\",\"system:authenticated\"]"

static void a_token_speaks_for_its_account(void **state)
{
	auto_free char *bare = unbound();
	auto_free char *of_pod = signed_text(BASE);
	auto_free char *of_node = bound_to_node("{\"name\":\"n1\",\"uid\":\"n1-uid\"}");

	(void)state;
	assert_is(bare, "{" APP ",\"extra\":{\"" EXTRA "credential-id\":[\"JTI=j-1\"]}}");
	assert_is(of_pod,
		"{" APP ",\"extra\":{\"" EXTRA "credential-id\":[\"JTI=j-1\"],"
		"\"" EXTRA "node-name\":[\"n1\"],\"" EXTRA "node-uid\":[\"n1-uid\"],"
		"\"" EXTRA "pod-name\":[\"p1\"],\"" EXTRA "pod-uid\":[\"p1-uid\"]}}");
	assert_is(of_node,
		"{" APP ",\"extra\":{\"" EXTRA "credential-id\":[\"JTI=j-1\"],"
		"\"" EXTRA "node-name\":[\"n1\"],\"" EXTRA "node-uid\":[\"n1-uid\"]}}");
}

/* Tokens of an issuer whose keys were imported may have none. */
static void a_token_needs_no_id(void **state)
{
	auto_free char *no_jti = with("jti", NULL);

	(void)state;
	assert_is(no_jti,
		"{" APP ",\"extra\":{\"" EXTRA "node-name\":[\"n1\"],"
		"\"" EXTRA "node-uid\":[\"n1-uid\"],\"" EXTRA "pod-name\":[\"p1\"],"
		"\"" EXTRA "pod-uid\":[\"p1-uid\"]}}");
}

static void what_we_mint_we_believe(void **state)
{
	json_auto_t *audiences = json_pack("[s]", "api");
	const struct mint_policy policy = { .max_lifetime_s = DAY };
	const struct mint_request request = {
		.namespace = "ci",
		.name = "app",
		.uid = "app-uid",
		.audiences = audiences,
		.lifetime_s = 600,
		.bound = { "p1", "p1-uid", "n1", NULL },
	};
	auto_user struct user user = { .name = "" };
	json_auto_t *ours = NULL;
	struct mint_token token;
	struct err err;

	(void)state;
	assert_succeeds(mint(ring, &policy, &request, FORGE_NOW, &token, &err));
	assert_succeeds(ask(token.token, &user, &ours, &err));
	assert_string_equal(user.name, "system:serviceaccount:ci:app");
	mint_token_free(&token);
}

/* ---- audiences ---- */

/* What a token for `aud` is good for, of those that are asked for; NULL: nothing. */
static void assert_good_for(const char *aud, const char *asked, const char *expected)
{
	auto_free char *token = with("aud", aud);
	auto_user struct user user = { .name = "" };
	json_auto_t *audiences = json_loads(asked, JSON_ALLOW_NUL, NULL);
	json_auto_t *wanted = expected ? json_loads(expected, JSON_ALLOW_NUL, NULL) : NULL;
	json_auto_t *got = NULL;
	struct err err = ERR_INIT;
	const int rc = bearer_user(&gw, token, audiences, now, &user, &got, &err);

	if ((rc == 0) != (expected != NULL) || !(rc < 0 || json_equal(got, wanted)))
		fail_msg("a token for %s, asked for %s, is not good for %s", aud, asked,
			expected ? expected : "nothing");
	if (rc < 0)
		assert_mentions(err.text, "not for audience");
}

static void a_token_is_good_for_the_audiences_it_shares(void **state)
{
	(void)state;
	assert_good_for("[\"api\"]", "[\"api\"]", "[\"api\"]");
	assert_good_for("\"api\"", "[\"api\"]", "[\"api\"]");
	assert_good_for("[\"b\",\"a\"]", "[\"a\",\"x\",\"b\"]", "[\"a\",\"b\"]");
	assert_good_for("[\"a\"]", "[\"x\",\"a\"]", "[\"a\"]");
	assert_good_for("[\"a\"]", "[\"b\"]", NULL);
	assert_good_for("[\"a\"]", "[\"a\\u0000b\"]", NULL);
	assert_good_for("[\"A\"]", "[\"a\"]", NULL);
	assert_good_for("[\"*\"]", "[\"a\"]", NULL);
	assert_good_for("[]", "[\"a\"]", NULL);
	assert_good_for("[\"a\"]", "[]", NULL);
	assert_good_for("\"\"", "[\"a\"]", NULL);
}

/* ---- forged ---- */

/* With this header and the claims of a good token, signed by `by`. */
static void assert_header_refused(enum forge_key by, const char *header, const char *why)
{
	auto_free char *token = forge(by, header, BASE);

	assert_refused(token, why);
}

static void nobody_elses_key_signs_for_us(void **state)
{
	auto_free char *ours = forge_header(FORGE_EC);
	auto_free char *strangers = forge_header(FORGE_RSA);
	auto_free char *swapped =
		text_format("{\"alg\":\"RS256\",\"kid\":\"%s\"}", forge_keys[FORGE_EC].kid);

	(void)state;
	assert_header_refused(FORGE_RSA, strangers, "unknown key");
	assert_header_refused(FORGE_EC, strangers, "unknown key");
	assert_header_refused(FORGE_RSA, swapped, "algorithm");
	assert_header_refused(FORGE_EC, swapped, "algorithm");
	assert_header_refused(FORGE_RSA, ours, "signature is not good");
	assert_header_refused(FORGE_EC, "{\"alg\":\"ES256\"}", "names no key");
	assert_header_refused(FORGE_EC, "{\"alg\":\"ES256\",\"kid\":\"" KUBE_KID "\"}",
		"unknown key");
}

static void a_header_with_more_in_it_changes_nothing(void **state)
{
	static const char *const members[] = { "\"jwk\":" KUBE_EC_JWK,
		"\"jku\":\"https://evil.example/jwks\"", "\"x5c\":[\"MIIB\"]",
		"\"x5u\":\"https://evil.example/x\"" };

	(void)state;
	for (size_t i = 0; i < COUNT(members); i++) {
		auto_free char *ours = text_format("{\"alg\":\"ES256\",\"kid\":\"%s\",%s}",
			forge_keys[FORGE_EC].kid, members[i]);
		auto_free char *theirs = text_format("{\"alg\":\"RS256\",\"kid\":\"%s\",%s}",
			forge_keys[FORGE_RSA].kid, members[i]);

		assert_header_refused(FORGE_RSA, ours, "signature is not good");
		assert_header_refused(FORGE_RSA, theirs, "unknown key");
	}
}

static void an_algorithm_of_the_tokens_own_choice_is_refused(void **state)
{
	static const char *const algs[] = { "none", "None", "NONE", "nOnE", "HS256", "HS384",
		"HS512", "RS256", "ES384", "PS256", "EdDSA", "es256", "" };

	(void)state;
	for (size_t i = 0; i < COUNT(algs); i++) {
		auto_free char *header = text_format("{\"alg\":\"%s\",\"kid\":\"%s\"}", algs[i],
			forge_keys[FORGE_EC].kid);
		struct text bare = forge_parts(header, BASE, strlen(BASE));

		assert_header_refused(FORGE_EC, header, "");
		text_add(&bare, ".");
		assert_refused(bare.s, "");
		text_free(&bare);
	}
}

/* What is left of it without its dots is no secret of ours either. */
static void a_token_cut_anywhere_is_refused(void **state)
{
	auto_free char *token = signed_text(BASE);

	(void)state;
	for (size_t len = strlen(token); len > 0; len--) {
		token[len - 1] = '\0';
		assert_refused(token, "");
	}
}

/* ---- out of date ---- */

static void assert_time(const char *claim, unix_time value, const char *why)
{
	auto_free char *token = with(claim, text_num(value).s);
	auto_user struct user user = { .name = "" };
	json_auto_t *audiences = NULL;
	struct err err;

	if (why)
		assert_refused(token, why);
	else
		assert_succeeds(ask(token, &user, &audiences, &err));
}

static void times_have_sixty_seconds_of_leeway(void **state)
{
	(void)state;
	assert_int_equal(ACCOUNT_TOKEN_LEEWAY_S, 60);
	assert_time("exp", FORGE_NOW, NULL);
	assert_time("exp", FORGE_NOW - 59, NULL);
	assert_time("exp", FORGE_NOW - 60, "expired");
	assert_time("exp", FORGE_NOW - 61, "expired");
	assert_time("nbf", FORGE_NOW + 60, NULL);
	assert_time("nbf", FORGE_NOW + 61, "not valid before");
	assert_time("iat", FORGE_NOW + 60, NULL);
	assert_time("iat", FORGE_NOW + 61, "issued in the future");
	assert_time("exp", INT64_MIN, "expired");
	assert_time("exp", -1, "expired");
	assert_time("exp", 0, "expired");
	assert_time("nbf", INT64_MAX, "not valid before");
	assert_time("iat", INT64_MAX, "issued in the future");
	assert_time("exp", INT64_MAX, NULL);
	assert_time("nbf", INT64_MIN, NULL);
}

/* ---- of another shape ---- */

static void every_claim_has_its_type(void **state)
{
	static const char *const others[] = { "null", "true", "7", "7.5", "1e300", "-1", "\"\"",
		"\"x\"", "\"x\\u0000y\"", "[]", "[\"x\"]", "{}", "{\"x\":1}",
		"9223372036854775807", "[\"api\\u0000\"]" };
	static const char *const claims[] = { "iss", "sub", "kubernetes.io",
		"kubernetes.io/namespace", "kubernetes.io/serviceaccount",
		"kubernetes.io/serviceaccount/name", "kubernetes.io/serviceaccount/uid",
		"kubernetes.io/pod", "kubernetes.io/pod/name", "kubernetes.io/pod/uid",
		"kubernetes.io/node", "aud" };

	(void)state;
	for (size_t c = 0; c < COUNT(claims); c++)
		for (size_t i = 0; i < COUNT(others); i++) {
			auto_free char *token = with(claims[c], others[i]);

			assert_refused(token, "");
		}
}

/* A string, though not one that is looked up. */
static void strings_that_are_only_told_are_strings(void **state)
{
	static const char *const others[] = { "null", "true", "7", "7.5", "[]", "[\"x\"]", "{}",
		"\"x\\u0000y\"" };
	static const char *const claims[] = { "jti", "kubernetes.io/node/name",
		"kubernetes.io/node/uid" };

	(void)state;
	for (size_t c = 0; c < COUNT(claims); c++)
		for (size_t i = 0; i < COUNT(others); i++) {
			auto_free char *token = with(claims[c], others[i]);

			assert_refused(token, "");
		}
}

static void times_are_whole_numbers(void **state)
{
	static const char *const others[] = { "null", "true", "1900003600.0", "1.9e9",
		"\"1900003600\"", "[1900003600]", "{}" };
	static const char *const claims[] = { "exp", "nbf", "iat" };

	(void)state;
	for (size_t c = 0; c < COUNT(claims); c++)
		for (size_t i = 0; i < COUNT(others); i++) {
			auto_free char *token = with(claims[c], others[i]);

			assert_refused(token, "whole-number");
		}
}

static void every_claim_but_the_id_and_bindings_is_there(void **state)
{
	static const char *const claims[] = { "aud", "exp", "iat", "nbf", "iss", "sub",
		"kubernetes.io", "kubernetes.io/namespace", "kubernetes.io/serviceaccount",
		"kubernetes.io/serviceaccount/name", "kubernetes.io/serviceaccount/uid",
		"kubernetes.io/pod/name", "kubernetes.io/pod/uid", "kubernetes.io/node/name" };

	(void)state;
	for (size_t i = 0; i < COUNT(claims); i++) {
		auto_free char *token = with(claims[i], NULL);

		assert_refused(token, "");
	}
}

/* Neither of two values counts: `text` stands for a member of the base, and is put behind
 * another of its name. */
static void no_claim_is_said_twice(void **state)
{
	static const struct {
		const char *before, *again;
	} cases[] = {
		{ "{\"aud\"", "{\"aud\":[\"x\"]," },
		{ "\"exp\"", "\"exp\":1," },
		{ "\"exp\"", "\"exp\":1900003600," },
		{ "\"iss\"", "\"iss\":\"https://evil.example\"," },
		{ "\"sub\"", "\"sub\":\"system:serviceaccount:ci:web\"," },
		{ "\"kubernetes.io\"", "\"kubernetes.io\":{}," },
		{ "\"namespace\"", "\"namespace\":\"x\"," },
		{ "\"name\":\"app\"", "\"name\":\"web\"," },
		{ "\"uid\":\"app-uid\"", "\"uid\":\"web-uid\"," },
		{ "\"pod\"", "\"pod\":{\"name\":\"p2\",\"uid\":\"p2-uid\"}," },
		{ "\"jti\"", "\"jti\":\"j-2\"," },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *at = strstr(BASE, cases[i].before);
		const bool is_first = cases[i].before[0] == '{';
		auto_free char *payload = NULL;
		auto_free char *token = NULL;

		assert_non_null(at);
		payload = text_format("%.*s%s%s", (int)(at - BASE), BASE, cases[i].again,
			at + (is_first ? 1 : 0));
		token = signed_text(payload);
		assert_refused(token, "");
	}
}

static void a_name_that_no_account_can_have_is_refused(void **state)
{
	static const struct {
		const char *namespace, *name, *sub;
	} cases[] = {
		{ "\"\"", "\"app\"", "\"system:serviceaccount::app\"" },
		{ "\"CI\"", "\"app\"", "\"system:serviceaccount:CI:app\"" },
		{ "\"ci:app\"", "\"x\"", "\"system:serviceaccount:ci:app:x\"" },
		{ "\"ci\"", "\"\"", "\"system:serviceaccount:ci:\"" },
		{ "\"ci\"", "\"a/b\"", "\"system:serviceaccount:ci:a/b\"" },
		{ "\"ci\"", "\"web\"", "\"system:serviceaccount:ci:app\"" },
		{ "\"ci\"", "\"app\"", "\"system:serviceaccount:ci:web\"" },
		{ "\"ci\"", "\"app\"", "\"system:admin\"" },
		{ "\"ci\"", "\"app\"", "\"system:serviceaccount:ci:app\\u0000x\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		json_t *claims = fixture_json(BASE);
		auto_free char *token = NULL;

		edit(claims, "kubernetes.io/namespace", cases[i].namespace);
		edit(claims, "kubernetes.io/serviceaccount/name", cases[i].name);
		edit(claims, "sub", cases[i].sub);
		token = signed_claims(claims);
		assert_refused(token, "");
	}
}

/* Secrets are none of our objects, so nothing bound to one can be there. */
static void a_token_bound_to_a_secret_is_refused(void **state)
{
	auto_free char *one =
		with("kubernetes.io/secret", "{\"name\":\"s\",\"uid\":\"s-uid\"}");
	auto_free char *null = with("kubernetes.io/secret", "null");

	(void)state;
	assert_refused(one, "invalidated");
	assert_refused(null, "invalidated");
}

/* ---- bound to what is gone ---- */

static void an_account_that_is_gone_or_another_is_refused(void **state)
{
	auto_free char *other = with("kubernetes.io/serviceaccount/uid", "\"old-uid\"");
	json_t *claims = fixture_json(BASE);
	auto_free char *gone = NULL;

	(void)state;
	edit(claims, "kubernetes.io/serviceaccount/name", "\"gone\"");
	edit(claims, "sub", "\"system:serviceaccount:ci:gone\"");
	gone = signed_claims(claims);
	assert_refused(other, "UID (app-uid) does not match claim (old-uid)");
	assert_refused(gone, "serviceaccounts \"gone\" not found");
}

static void a_pod_that_is_gone_or_another_is_refused(void **state)
{
	auto_free char *good = signed_text(BASE);
	auto_free char *gone = with("kubernetes.io/pod/name", "\"p9\"");
	auto_free char *other = with("kubernetes.io/pod/uid", "\"old-uid\"");
	struct err err;

	(void)state;
	assert_refused(gone, "invalidated");
	assert_refused(other, "pod UID (p1-uid) does not match");
	assert_succeeds(store_pod_delete(f.store, FIXTURE_ISSUER, "ci", "p1", "test", FORGE_NOW,
		&err));
	assert_refused(good, "invalidated");
	objects_add_pod(&f, "p1", "app", "n1", "vault");
}

/* A token bound to a pod does not depend on the pod's node; one bound to a node does. */
static void a_node_that_is_gone_or_another_is_refused(void **state)
{
	auto_free char *good = bound_to_node("{\"name\":\"n1\",\"uid\":\"n1-uid\"}");
	auto_free char *gone = bound_to_node("{\"name\":\"n9\",\"uid\":\"n9-uid\"}");
	auto_free char *other = bound_to_node("{\"name\":\"n1\",\"uid\":\"old-uid\"}");
	auto_free char *any = bound_to_node("{\"name\":\"n1\"}");
	auto_free char *of_pod = with("kubernetes.io/node/uid", NULL);
	auto_user struct user user = { .name = "" };
	json_auto_t *audiences = NULL;
	struct err err;

	(void)state;
	assert_refused(gone, "invalidated");
	assert_refused(other, "node UID (n1-uid) does not match");
	assert_refused(any, "node UID (n1-uid) does not match");
	assert_succeeds(store_node_delete(f.store, FIXTURE_ISSUER, "n1", "test", FORGE_NOW,
		&err));
	assert_refused(good, "invalidated");
	assert_succeeds(ask(of_pod, &user, &audiences, &err));
	objects_add_node(&f, "n1");
}

/* ---- secrets of clients ---- */

static void a_secret_is_its_clients(void **state)
{
	(void)state;
	assert_is("runner", "{\"username\":\"runner\",\"groups\":[\"system:authenticated\"]}");
	assert_refused("runne", "unknown secret");
	assert_refused("runner2", "unknown secret");
	assert_refused("RUNNER", "unknown secret");
	assert_refused("", "unknown secret");
	assert_refused(".", "unknown secret");
}

static void a_secret_is_for_this_api_only(void **state)
{
	json_auto_t *mixed = json_pack("[s,s]", "vault", "https://api.example");
	json_auto_t *vault = json_pack("[s]", "vault");
	json_auto_t *got = NULL;
	json_auto_t *wanted = json_pack("[s]", "https://api.example");
	struct user user;
	struct err err;

	(void)state;
	assert_succeeds(bearer_user(&gw, "runner", mixed, now, &user, &got, &err));
	assert_true(json_equal(got, wanted));
	user_free(&user);
	assert_fails(ERR_REFUSED, bearer_user(&gw, "runner", vault, now, &user, &got, &err));
	assert_mentions(err.text, "no other audience");
}

static void a_client_is_good_until_it_expires_or_is_revoked(void **state)
{
	struct store_client client = {
		.name = "c",
		.expires_at = FORGE_NOW + 1,
		.revoked_at = TIME_UNSET,
	};
	struct user user;
	struct err err;

	(void)state;
	assert_succeeds(bearer_client_user(&client, "secret", FORGE_NOW, &user, &err));
	assert_string_equal(user.how, "secret");
	user_free(&user);
	client.expires_at = FORGE_NOW;
	assert_fails(ERR_REFUSED,
		bearer_client_user(&client, "secret", FORGE_NOW, &user, &err));
	assert_mentions(err.text, "has expired");
	client.expires_at = TIME_UNSET;
	client.revoked_at = FORGE_NOW + 9; /* whenever: it is */
	assert_fails(ERR_REFUSED,
		bearer_client_user(&client, "secret", FORGE_NOW, &user, &err));
	assert_mentions(err.text, "is revoked");
}

static void what_has_the_form_of_a_jwt_has_two_dots(void **state)
{
	static const struct {
		const char *token;
		bool looks_so;
	} cases[] = { { "a.b.c", true }, { "..", true }, { "a..", true }, { KUBE_TOKEN, true },
		{ "", false }, { "a", false }, { ".", false }, { "a.b", false },
		{ "a.b.c.d", false }, { "...", false } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(account_token_looks_so(cases[i].token), cases[i].looks_so);
	assert_refused(KUBE_TOKEN, "unknown key");
	assert_refused("..", "three parts");
}

UNIT_MAIN_WITH(setup, teardown, cmocka_unit_test(a_token_speaks_for_its_account),
	cmocka_unit_test(a_token_needs_no_id), cmocka_unit_test(what_we_mint_we_believe),
	cmocka_unit_test(a_token_is_good_for_the_audiences_it_shares),
	cmocka_unit_test(nobody_elses_key_signs_for_us),
	cmocka_unit_test(a_header_with_more_in_it_changes_nothing),
	cmocka_unit_test(an_algorithm_of_the_tokens_own_choice_is_refused),
	cmocka_unit_test(a_token_cut_anywhere_is_refused),
	cmocka_unit_test(times_have_sixty_seconds_of_leeway),
	cmocka_unit_test(every_claim_has_its_type),
	cmocka_unit_test(strings_that_are_only_told_are_strings),
	cmocka_unit_test(times_are_whole_numbers),
	cmocka_unit_test(every_claim_but_the_id_and_bindings_is_there),
	cmocka_unit_test(no_claim_is_said_twice),
	cmocka_unit_test(a_name_that_no_account_can_have_is_refused),
	cmocka_unit_test(a_token_bound_to_a_secret_is_refused),
	cmocka_unit_test(an_account_that_is_gone_or_another_is_refused),
	cmocka_unit_test(a_pod_that_is_gone_or_another_is_refused),
	cmocka_unit_test(a_node_that_is_gone_or_another_is_refused),
	cmocka_unit_test(a_secret_is_its_clients),
	cmocka_unit_test(a_secret_is_for_this_api_only),
	cmocka_unit_test(a_client_is_good_until_it_expires_or_is_revoked),
	cmocka_unit_test(what_has_the_form_of_a_jwt_has_two_dots));

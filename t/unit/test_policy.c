/* test_policy.c - access/policy.c: nothing is allowed without a grant, and a grant allows
 * nothing beside what it says.
 * SPDX-License-Identifier: Apache-2.0 */
#include "access/policy.h"
#include "base/text.h"
#include "t/unit/unit.h"

#define DAY 86400

static char vault_text[] = "vault", sts_text[] = "sts", any_text[] = "*";
static char *vault[] = { vault_text };
static char *sts[] = { sts_text };
static char *vault_and_sts[] = { sts_text, vault_text };
static char *any[] = { any_text };

static struct store_grant grant(int64_t id, const char *namespace, const char *name,
	char **audiences, size_t count, int64_t max_ttl_s)
{
	struct store_grant grant = {
		.id = id,
		.audiences = audiences,
		.audience_count = count,
		.max_ttl_s = max_ttl_s,
	};

	assert_true(text_fit(grant.client, sizeof(grant.client), "ci"));
	assert_true(text_fit(grant.namespace, sizeof(grant.namespace), namespace));
	assert_true(text_fit(grant.name, sizeof(grant.name), name));
	return grant;
}

/* Decides on audiences given as a JSON text. */
static int decide(struct store_grant *rows, size_t count, const char *subject,
	const char *audiences, int64_t lifetime_s, struct policy_decision *ret, struct err *err)
{
	const struct store_grants grants = { .grant = rows, .count = count };
	json_auto_t *list = json_loads(audiences, JSON_ALLOW_NUL, NULL);
	const struct policy_wish wish = {
		.namespace = "ci",
		.name = subject,
		.audiences = list,
		.lifetime_s = lifetime_s,
	};

	assert_true(json_is_array(list));
	return policy_decide(&grants, "runner", &wish, DAY, ret, err);
}

static void assert_forbidden(int rc, const struct err *err, const char *why)
{
	assert_int_equal(rc, -1);
	assert_int_equal(err->code, ERR_REFUSED);
	assert_mentions(err->text, "is forbidden: User \"runner\" cannot create resource");
	assert_mentions(err->text, why);
}

static void without_grants_there_is_nothing(void **state)
{
	const struct store_grants none = { .count = 0 };
	struct policy_decision decision = { .grant_id = 7 };
	struct err err = ERR_INIT;
	int rc;

	(void)state;
	assert_forbidden(policy_allows_subject(&none, "runner", "ci", "app", &err), &err,
		"no grant covers this service account");
	assert_string_equal(err.text,
		"serviceaccounts \"app\" is forbidden: User \"runner\" cannot create resource "
		"\"serviceaccounts/token\" in API group \"\" in the namespace \"ci\": "
		"no grant covers this service account");
	err = (struct err)ERR_INIT;
	rc = decide(NULL, 0, "app", "[\"vault\"]", 600, &decision, &err);
	assert_forbidden(rc, &err, "audience \"vault\"");
	assert_int_equal(decision.grant_id, 7);
}

static void a_grant_covers_the_subjects_its_patterns_match(void **state)
{
	static const struct {
		const char *namespace, *name;
		bool is_allowed; /* for ci/app */
	} cases[] = {
		{ "ci", "app", true },
		{ "*", "*", true },
		{ "c*", "*p", true },
		{ "ci", "*", true },
		{ "*i", "a*p", true },
		{ "ci", "app*", true },
		{ "ci", "ap", false },
		{ "ci", "apps", false },
		{ "c", "app", false },
		{ "cd", "app", false },
		{ "app", "ci", false },
		{ "*", "web", false },
		{ "web", "*", false },
		{ "ci*x", "*", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct store_grant row =
			grant(1, cases[i].namespace, cases[i].name, any, 1, DAY);
		const struct store_grants grants = { .grant = &row, .count = 1 };
		struct policy_decision decision;
		struct err err = ERR_INIT;
		const int rc = policy_allows_subject(&grants, "runner", "ci", "app", &err);

		assert_int_equal(rc, cases[i].is_allowed ? 0 : -1);
		assert_int_equal(decide(&row, 1, "app", "[\"vault\"]", 600, &decision, &err),
			rc);
	}
}

static void a_grant_to_review_tokens_covers_no_subject(void **state)
{
	struct store_grant row = grant(1, "*", "*", any, 1, DAY);
	const struct store_grants grants = { .grant = &row, .count = 1 };
	struct policy_decision decision;
	struct err err = ERR_INIT;
	int rc;

	(void)state;
	row.is_review = true;
	assert_forbidden(policy_allows_subject(&grants, "runner", "ci", "app", &err), &err,
		"no grant covers this service account");
	err = (struct err)ERR_INIT;
	rc = decide(&row, 1, "app", "[\"vault\"]", 600, &decision, &err);
	assert_forbidden(rc, &err, "no grant covers audience \"vault\"");
}

static void audiences_are_exact_or_any(void **state)
{
	static const struct {
		char **audiences;
		size_t count;
		const char *wish;
		bool is_allowed;
	} cases[] = {
		{ vault, 1, "[\"vault\"]", true },
		{ vault, 1, "[\"vault\",\"vault\"]", true },
		{ vault_and_sts, 2, "[\"vault\",\"sts\"]", true },
		{ any, 1, "[\"whatever\",\"\"]", true },
		{ any, 1, "[\"*\"]", true },
		{ vault, 1, "[\"vault\",\"sts\"]", false },
		{ vault, 1, "[\"Vault\"]", false },
		{ vault, 1, "[\"vault \"]", false },
		{ vault, 1, "[\"vaul\"]", false },
		{ vault, 1, "[\"vault2\"]", false },
		{ vault, 1, "[\"\"]", false },
		{ vault, 1, "[\"*\"]", false },
		{ NULL, 0, "[\"vault\"]", false },
		/* A zero byte would end a C string just where the grant ends. */
		{ vault, 1, "[\"vault\\u0000x\"]", false },
		{ vault, 1, "[\"vault\\u0000\"]", false },
		{ any, 1, "[\"vault\\u0000x\"]", false },
		{ any, 1, "[\"\\u0000\"]", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct store_grant row =
			grant(1, "ci", "app", cases[i].audiences, cases[i].count, DAY);
		struct policy_decision decision;
		struct err err = ERR_INIT;
		const int rc = decide(&row, 1, "app", cases[i].wish, 600, &decision, &err);

		if (cases[i].is_allowed)
			assert_int_equal(rc, 0);
		else
			assert_forbidden(rc, &err, "no grant covers audience");
	}
}

static void two_narrow_grants_are_not_a_wide_one(void **state)
{
	struct store_grant rows[] = {
		grant(1, "ci", "app", vault, 1, DAY),
		grant(2, "ci", "app", sts, 1, DAY),
	};
	struct policy_decision decision;
	struct err err = ERR_INIT;
	int rc;

	(void)state;
	assert_succeeds(decide(rows, 2, "app", "[\"vault\"]", 600, &decision, &err));
	assert_int_equal(decision.grant_id, 1);
	assert_succeeds(decide(rows, 2, "app", "[\"sts\"]", 600, &decision, &err));
	assert_int_equal(decision.grant_id, 2);
	rc = decide(rows, 2, "app", "[\"sts\",\"vault\"]", 600, &decision, &err);
	assert_forbidden(rc, &err, "no single grant covers all audiences");
}

static void the_first_uncovered_audience_is_named(void **state)
{
	struct store_grant rows[] = {
		grant(1, "ci", "app", vault, 1, DAY),
		grant(2, "ci", "web", any, 1, DAY),
	};
	struct policy_decision decision;
	struct text longest = TEXT_INIT;
	struct err err = ERR_INIT;
	int rc;

	(void)state;
	rc = decide(rows, 2, "app", "[\"vault\",\"x\",\"y\"]", 600, &decision, &err);
	assert_forbidden(rc, &err, "no grant covers audience \"x\"");
	text_add(&longest, "[\"");
	for (int i = 0; i < 100000; i++)
		text_add(&longest, "z");
	text_add(&longest, "\"]");
	err = (struct err)ERR_INIT;
	rc = decide(rows, 2, "app", longest.s, 600, &decision, &err);
	assert_forbidden(rc, &err, "no grant covers audience \"zzz");
	assert_true(strlen(err.text) < 700);
	text_free(&longest);
}

static void the_longest_lifetime_within_all_limits_is_given(void **state)
{
	static const struct {
		int64_t grant_a_s, grant_b_s, wish_s, given_s, id;
	} cases[] = {
		{ 3600, 7200, 600, 600, 2 },
		{ 3600, 7200, 7200, 7200, 2 },
		{ 3600, 7200, 7201, 7200, 2 },
		{ 7200, 3600, 9999, 7200, 1 },
		{ 3600, 3600, 9999, 3600, 1 },
		{ 2 * DAY, DAY, 2 * DAY, DAY, 1 }, /* the issuer's own maximum */
		{ 300, 200, 600, 300, 1 },
		{ 7200, 3600, INT64_MAX, 7200, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct store_grant rows[] = {
			grant(1, "ci", "app", any, 1, cases[i].grant_a_s),
			grant(2, "ci", "*", vault, 1, cases[i].grant_b_s),
			grant(3, "web", "*", vault, 1, 9 * DAY),
		};
		struct policy_decision decision;
		struct err err;

		assert_succeeds(decide(rows, 3, "app", "[\"vault\"]", cases[i].wish_s,
			&decision, &err));
		assert_int_equal(decision.lifetime_s, cases[i].given_s);
		assert_int_equal(decision.grant_id, cases[i].id);
	}
}

UNIT_MAIN(cmocka_unit_test(without_grants_there_is_nothing),
	cmocka_unit_test(a_grant_covers_the_subjects_its_patterns_match),
	cmocka_unit_test(a_grant_to_review_tokens_covers_no_subject),
	cmocka_unit_test(audiences_are_exact_or_any),
	cmocka_unit_test(two_narrow_grants_are_not_a_wide_one),
	cmocka_unit_test(the_first_uncovered_audience_is_named),
	cmocka_unit_test(the_longest_lifetime_within_all_limits_is_given));

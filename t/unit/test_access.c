/* test_access.c - access/access.c on a store: grants for callers, the node rule for nodes
 * whatever grants say, and who may have tokens reviewed.
 * SPDX-License-Identifier: Apache-2.0 */
#include "access/access.h"
#include "t/unit/objects_fixture.h"

static struct fixture f;

static char nodes[] = "system:nodes", deployers[] = "deployers";
static char *node_groups[] = { nodes };
static char *caller_groups[] = { deployers };
static const struct access_user node_1 = { "system:node:n1", node_groups, 1 };
static const struct access_user node_2 = { "system:node:n2", node_groups, 1 };
static const struct access_user runner = { "runner", NULL, 0 };
static const struct access_user deployer = { "somebody", caller_groups, 1 };
static const struct access_user account = { "system:serviceaccount:ci:app", NULL, 0 };

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	objects_add_account(&f, "ci", "app");
	objects_add_account(&f, "ci", "web");
	objects_add_account(&f, "prod", "api");
	objects_add_node(&f, "n1");
	objects_add_pod(&f, "p1", "app", "n1", "vault");
	objects_add_pod(&f, "p2", "app", "n2", "vault");
	objects_add_pod(&f, "p3", "web", "", "vault");
	objects_add_client(&f, "runner");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

static int open_for(const struct access_user *user, const char *namespace, const char *name,
	struct access *ret, struct err *err)
{
	*err = (struct err)ERR_INIT;
	return access_open(f.store, FIXTURE_ISSUER, user, namespace, name, ret, err);
}

static void assert_stopped_at_the_door(const struct access_user *user, const char *namespace,
	const char *name, const char *why)
{
	struct access access = { .issuer = "untouched" };
	struct err err;

	assert_int_equal(open_for(user, namespace, name, &access, &err), -1);
	assert_int_equal(err.code, ERR_REFUSED);
	assert_mentions(err.text, "is forbidden: User");
	assert_mentions(err.text, why);
	assert_string_equal(access.issuer, "untouched");
}

/* All three questions for ci/app and one audience; `ref` may be NULL. */
static int ask(const struct access_user *user, const struct node_rule_ref *ref,
	const char *audience, struct access_decision *ret, struct err *err)
{
	json_auto_t *audiences = json_pack("[s]", audience);
	const struct access_wish wish = { "ci", "app", ref, audiences, false, 2 * HOUR };
	struct access access;
	int rc;

	if (open_for(user, "ci", "app", &access, err) < 0)
		return -1;
	rc = access_check_binding(&access, &wish, err);
	if (rc == 0)
		rc = access_decide(&access, &wish, DAY, ret, err);
	access_free(&access);
	return rc;
}

static void assert_forbidden(const struct access_user *user, const struct node_rule_ref *ref,
	const char *audience, const char *why)
{
	struct access_decision decision = { .lifetime_s = 77 };
	struct err err;

	assert_int_equal(ask(user, ref, audience, &decision, &err), -1);
	assert_int_equal(err.code, ERR_REFUSED);
	assert_mentions(err.text, "serviceaccounts \"app\" is forbidden: User");
	assert_mentions(err.text, why);
	assert_int_equal(decision.lifetime_s, 77);
}

static void assert_allowed(const struct access_user *user, const struct node_rule_ref *ref,
	const char *rule, int64_t lifetime_s)
{
	struct access_decision decision = { .rule = "" };
	struct err err;

	assert_succeeds(ask(user, ref, "vault", &decision, &err));
	assert_string_equal(decision.rule, rule);
	assert_int_equal(decision.lifetime_s, lifetime_s);
}

static void assert_allowed_by(const struct access_user *user, int64_t id)
{
	auto_free char *rule = text_format("grant %s", text_num(id).s);

	assert_allowed(user, NULL, rule, HOUR);
}

/* ---- grants ---- */

static void without_a_grant_nothing_is_told(void **state)
{
	(void)state;
	assert_stopped_at_the_door(&runner, "ci", "app",
		"no grant covers this service account");
	assert_stopped_at_the_door(&runner, "ci", "nobody",
		"no grant covers this service account");
	assert_stopped_at_the_door(&deployer, "ci", "app", "no grant covers");
	assert_stopped_at_the_door(&account, "ci", "app", "no grant covers");
}

/* A client's grant is for who shows its secret and for who has its name otherwise; the user's
 * is for those who need not be known. */
static void a_grant_is_for_a_client_a_user_or_a_group(void **state)
{
	const int64_t of_client = objects_add_grant(&f, false, "runner", "", "");
	const int64_t of_user =
		objects_add_grant(&f, false, "", "system:serviceaccount:ci:app", "");
	const int64_t of_group = objects_add_grant(&f, false, "", "", "deployers");

	(void)state;
	assert_allowed_by(&runner, of_client);
	assert_allowed_by(&account, of_user);
	assert_allowed_by(&deployer, of_group);
	assert_stopped_at_the_door(&(struct access_user){ "system:serviceaccount:ci:web", NULL,
					   0 },
		"ci", "app", "no grant covers");
	assert_stopped_at_the_door(&(struct access_user){ "deployers", NULL, 0 }, "ci", "app",
		"no grant covers");
	assert_stopped_at_the_door(&runner, "prod", "api", "no grant covers");
}

static void a_binding_is_not_asked_of_others_than_nodes(void **state)
{
	const struct node_rule_ref odd = { "v7", "Unicorn", "u", NULL };
	const int64_t id = objects_add_grant(&f, false, "runner", "", "");
	auto_free char *rule = text_format("grant %s", text_num(id).s);

	(void)state;
	assert_allowed(&runner, &odd, rule, HOUR);
}

static void a_lifetime_is_shortened_to_the_issuers_own(void **state)
{
	json_auto_t *audiences = json_pack("[s]", "vault");
	const struct access_wish wish = { "ci", "app", NULL, audiences, false, HOUR };
	struct access_decision decision;
	struct access access;
	struct err err;

	(void)state;
	(void)objects_add_grant(&f, false, "runner", "", "");
	assert_succeeds(open_for(&runner, "ci", "app", &access, &err));
	assert_succeeds(access_decide(&access, &wish, 600, &decision, &err));
	assert_int_equal(decision.lifetime_s, 600);
	access_free(&access);
}

/* ---- nodes ---- */

static const struct node_rule_ref p1 = { "v1", "Pod", "p1", "p1-uid" };
static const struct node_rule_ref p2 = { "v1", "Pod", "p2", "p2-uid" };

static void a_node_has_what_its_pods_declare(void **state)
{
	(void)state;
	assert_allowed(&node_1, &p1, "node rule", 2 * HOUR);
	assert_allowed(&node_2, &p2, "node rule", 2 * HOUR);
	assert_forbidden(&node_1, &p1, "sts", "not declared by the pod");
	assert_forbidden(&node_1, NULL, "vault", "not bound to a pod");
	assert_forbidden(&node_1, &p2, "vault", "scheduled on a different node");
	assert_forbidden(&node_1, &(struct node_rule_ref){ "v1", "Pod", "p1", "p2-uid" },
		"vault", "does not match the UID");
	assert_forbidden(&node_1, &(struct node_rule_ref){ "v1", "Node", "n1", "n1-uid" },
		"vault", "not bound to a pod");
}

static void a_node_learns_of_its_own_pods_accounts_only(void **state)
{
	static const char why[] = "no pod of this service account runs on the node";

	(void)state;
	assert_stopped_at_the_door(&node_1, "ci", "web", why);
	assert_stopped_at_the_door(&node_1, "ci", "nobody", why);
	assert_stopped_at_the_door(&node_1, "prod", "api", why);
	assert_stopped_at_the_door(&(struct access_user){ "system:node:n3", node_groups, 1 },
		"ci", "app", why);
	/* p3 runs nowhere, which is not the node without a name */
	assert_stopped_at_the_door(&(struct access_user){ "system:node:", node_groups, 1 },
		"ci", "web", why);
}

static void a_pod_that_is_not_there_is_not_found(void **state)
{
	const struct node_rule_ref gone = { "v1", "Pod", "gone", "gone-uid" };
	struct access_decision decision;
	struct err err;

	(void)state;
	assert_fails(ERR_NOT_FOUND, ask(&node_1, &gone, "vault", &decision, &err));
}

static void grants_do_not_widen_what_a_node_may_have(void **state)
{
	(void)state;
	(void)objects_add_grant(&f, false, "", "system:node:n1", "");
	(void)objects_add_grant(&f, false, "", "", "system:nodes");
	assert_stopped_at_the_door(&node_1, "ci", "web", "no pod of this service account");
	assert_forbidden(&node_1, NULL, "vault", "not bound to a pod");
	assert_forbidden(&node_1, &p1, "sts", "not declared by the pod");
	assert_allowed(&node_1, &p1, "node rule", 2 * HOUR);
}

/* The name alone makes no node, nor the group alone: those have what grants say. */
static void half_a_node_is_none(void **state)
{
	const struct access_user named = { "system:node:n1", NULL, 0 };
	const struct access_user grouped = { "n1", node_groups, 1 };
	int64_t id;

	(void)state;
	assert_stopped_at_the_door(&named, "ci", "app", "no grant covers");
	assert_stopped_at_the_door(&grouped, "ci", "app", "no grant covers");
	id = objects_add_grant(&f, false, "", "", "system:nodes");
	assert_allowed_by(&grouped, id);
}

static void a_node_has_nothing_longer_than_the_issuers_own(void **state)
{
	json_auto_t *audiences = json_pack("[s]", "vault");
	const struct access_wish wish = { "ci", "app", &p1, audiences, false, 2 * DAY };
	struct access_decision decision;
	struct access access;
	struct err err;

	(void)state;
	assert_succeeds(open_for(&node_1, "ci", "app", &access, &err));
	assert_succeeds(access_check_binding(&access, &wish, &err));
	assert_succeeds(access_check_binding(&access, &wish, &err)); /* twice leaks nothing */
	assert_succeeds(access_decide(&access, &wish, DAY, &decision, &err));
	assert_int_equal(decision.lifetime_s, DAY);
	access_free(&access);
	access_free(&access);
}

/* The record names what judged, also where it refused. */
static void who_is_judged_by_what(void **state)
{
	static const struct access_user alone = { "system:node:n1", NULL, 0 };
	static const struct access_user nameless = { "n1", node_groups, 1 };

	(void)state;
	assert_string_equal(access_rule(&node_1), "node rule");
	assert_string_equal(access_rule(&runner), "grants");
	assert_string_equal(access_rule(&alone), "grants");
	assert_string_equal(access_rule(&nameless), "grants");
}

/* ---- reviews ---- */

static void assert_no_review(const struct access_user *user)
{
	struct err err = ERR_INIT;

	assert_int_equal(access_review(f.store, FIXTURE_ISSUER, user, &err), -1);
	assert_int_equal(err.code, ERR_REFUSED);
	assert_mentions(err.text, "tokenreviews.authentication.k8s.io is forbidden: User \"");
	assert_mentions(err.text, user->name);
}

static void reviews_want_a_grant_of_their_own(void **state)
{
	struct err err;

	(void)state;
	assert_no_review(&runner);
	(void)objects_add_grant(&f, false, "runner", "", "");
	assert_no_review(&runner);
	(void)objects_add_grant(&f, true, "runner", "", "");
	assert_succeeds(access_review(f.store, FIXTURE_ISSUER, &runner, &err));
	assert_no_review(&account);
	(void)objects_add_grant(&f, true, "", "system:serviceaccount:ci:app", "");
	assert_succeeds(access_review(f.store, FIXTURE_ISSUER, &account, &err));
	assert_no_review(&deployer);
	(void)objects_add_grant(&f, true, "", "", "deployers");
	assert_succeeds(access_review(f.store, FIXTURE_ISSUER, &deployer, &err));
}

/* And it is for nothing else. */
static void a_grant_to_review_gives_no_token(void **state)
{
	(void)state;
	(void)objects_add_grant(&f, true, "runner", "", "");
	assert_stopped_at_the_door(&runner, "ci", "app", "no grant covers");
}

static void a_node_reviews_nothing(void **state)
{
	(void)state;
	(void)objects_add_grant(&f, true, "", "system:node:n1", "");
	(void)objects_add_grant(&f, true, "", "", "system:nodes");
	assert_no_review(&node_1);
}

static void other_issuers_grants_are_none(void **state)
{
	struct access access;
	struct err err;

	(void)state;
	(void)objects_add_grant(&f, false, "runner", "", "");
	(void)objects_add_grant(&f, true, "runner", "", "");
	assert_succeeds(store_issuer_create(f.store, "other", "https://other.example", "test",
		WORLD_NOW, &err));
	assert_fails(ERR_REFUSED,
		access_open(f.store, "other", &runner, "ci", "app", &access, &err));
	assert_fails(ERR_REFUSED,
		access_open(f.store, "other", &node_1, "ci", "app", &access, &err));
	assert_fails(ERR_REFUSED, access_review(f.store, "other", &runner, &err));
}

/* Each on a store of its own. */
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

UNIT_MAIN(CASE(without_a_grant_nothing_is_told),
	CASE(a_grant_is_for_a_client_a_user_or_a_group),
	CASE(a_binding_is_not_asked_of_others_than_nodes),
	CASE(a_lifetime_is_shortened_to_the_issuers_own),
	CASE(a_node_has_what_its_pods_declare),
	CASE(a_node_learns_of_its_own_pods_accounts_only),
	CASE(a_pod_that_is_not_there_is_not_found),
	CASE(grants_do_not_widen_what_a_node_may_have), CASE(half_a_node_is_none),
	CASE(a_node_has_nothing_longer_than_the_issuers_own), CASE(who_is_judged_by_what),
	CASE(reviews_want_a_grant_of_their_own), CASE(a_grant_to_review_gives_no_token),
	CASE(a_node_reviews_nothing), CASE(other_issuers_grants_are_none));

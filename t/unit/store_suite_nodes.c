/* store_suite_nodes.c - store_suite.h, part two: nodes and pods, clients that are processes,
 * and grants for users and for reviews.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "t/unit/store_suite.h"
#include "t/unit/store_suite_cases.h"

/* ---- nodes ---- */

static void add_node(struct store *store, const char *name)
{
	const struct store_node node = suite_node(name);
	struct err err;

	assert_succeeds(store_node_create(store, SUITE_ISSUER, &node, SUITE_ACTOR, &err));
}

static void a_node_is_found_as_it_was_made(void **state)
{
	auto_store struct store *store = suite_create();
	const struct store_node node = suite_node("n-1.example");
	struct store_node found;
	struct err err;

	(void)state;
	assert_succeeds(store_node_create(store, SUITE_ISSUER, &node, SUITE_ACTOR, &err));
	assert_succeeds(store_node_get(store, SUITE_ISSUER, "n-1.example", &found, &err));
	assert_string_equal(found.name, "n-1.example");
	assert_string_equal(found.uid, node.uid);
	assert_int_equal(found.created_at, SUITE_NOW);
	assert_fails(ERR_NOT_FOUND, store_node_get(store, SUITE_ISSUER, "n-1", &found, &err));
	assert_string_equal(err.text, "no node 'n-1'");
}

static void a_node_is_made_once_and_gone_when_deleted(void **state)
{
	auto_store struct store *store = suite_create();
	struct store_node node = suite_node("n1");
	struct store_node other = suite_node("n2");
	struct store_node found;
	struct err err;

	(void)state;
	assert_succeeds(store_node_create(store, SUITE_ISSUER, &node, SUITE_ACTOR, &err));
	assert_fails(ERR_CONFLICT,
		store_node_create(store, SUITE_ISSUER, &node, SUITE_ACTOR, &err));
	assert_mentions(err.text, "node 'n1'");
	(void)text_fit(other.uid, sizeof(other.uid), node.uid);
	assert_fails(ERR_CONFLICT,
		store_node_create(store, SUITE_ISSUER, &other, SUITE_ACTOR, &err));
	assert_succeeds(store_node_delete(store, SUITE_ISSUER, "n1", SUITE_ACTOR, SUITE_NOW,
		&err));
	assert_fails(ERR_NOT_FOUND, store_node_get(store, SUITE_ISSUER, "n1", &found, &err));
	assert_fails(ERR_NOT_FOUND,
		store_node_delete(store, SUITE_ISSUER, "n1", SUITE_ACTOR, SUITE_NOW, &err));
	assert_succeeds(store_node_create(store, SUITE_ISSUER, &other, SUITE_ACTOR, &err));
}

static void nodes_are_listed_in_order(void **state)
{
	auto_store struct store *store = suite_create();
	auto_store_nodes struct store_nodes list = { .count = 0 };
	struct err err;

	(void)state;
	add_node(store, "b");
	add_node(store, "a.b");
	add_node(store, "a");
	assert_succeeds(store_node_list(store, SUITE_ISSUER, &list, &err));
	assert_int_equal(list.count, 3);
	assert_string_equal(list.node[0].name, "a");
	assert_string_equal(list.node[1].name, "a.b");
	assert_string_equal(list.node[2].name, "b");
}

static void names_of_nodes_and_pods_are_checked(void **state)
{
	auto_store struct store *store = suite_create();
	struct store_node nodes[3] = { suite_node("N"), suite_node("n"), suite_node("n") };
	struct store_pod pods[6];
	struct err err;

	(void)state;
	suite_fill(store);
	nodes[1].uid[0] = '\0';
	(void)text_fit(nodes[2].uid, sizeof(nodes[2].uid), "a b");
	for (size_t i = 0; i < COUNT(nodes); i++)
		assert_fails(ERR_BAD_INPUT,
			store_node_create(store, SUITE_ISSUER, &nodes[i], SUITE_ACTOR, &err));
	for (size_t i = 0; i < COUNT(pods); i++)
		pods[i] = suite_pod("p", "n1", NULL, 0);
	(void)text_fit(pods[0].namespace, sizeof(pods[0].namespace), "c.i");
	(void)text_fit(pods[1].name, sizeof(pods[1].name), "p/q");
	(void)text_fit(pods[2].uid, sizeof(pods[2].uid), "u_1");
	pods[3].account[0] = '\0';
	(void)text_fit(pods[4].node, sizeof(pods[4].node), "N1");
	(void)text_fit(pods[5].account, sizeof(pods[5].account), "App");
	for (size_t i = 0; i < COUNT(pods); i++)
		assert_fails(ERR_BAD_INPUT,
			store_pod_create(store, SUITE_ISSUER, &pods[i], SUITE_ACTOR, &err));
}

/* ---- pods ---- */

static void add_pod(struct store *store, const char *name, const char *node)
{
	const struct store_pod pod = suite_pod(name, node, NULL, 0);
	struct err err;

	assert_succeeds(store_pod_create(store, SUITE_ISSUER, &pod, SUITE_ACTOR, &err));
}

static void a_pod_is_found_as_it_was_made(void **state)
{
	auto_store struct store *store = suite_create();
	auto_store_pod struct store_pod found = { .audience_count = 0 };
	char *audiences[] = { (char[]){ "it's" }, (char[]){ "*" }, (char[]){ "it's" } };
	const struct store_pod pod = suite_pod("p", "n-of-nobody", audiences, 3);
	struct err err;

	(void)state;
	suite_fill(store);
	assert_succeeds(store_pod_create(store, SUITE_ISSUER, &pod, SUITE_ACTOR, &err));
	assert_succeeds(store_pod_get(store, SUITE_ISSUER, "ci", "p", &found, &err));
	assert_string_equal(found.namespace, "ci");
	assert_string_equal(found.name, "p");
	assert_string_equal(found.uid, pod.uid);
	assert_string_equal(found.account, "app");
	assert_string_equal(found.node, "n-of-nobody");
	assert_int_equal(found.audience_count, 2);
	assert_string_equal(found.audiences[0], "*");
	assert_string_equal(found.audiences[1], "it's");
	assert_int_equal(found.created_at, SUITE_NOW);
}

static void a_pod_may_have_no_node_and_no_audience(void **state)
{
	auto_store struct store *store = suite_create();
	auto_store_pod struct store_pod found = { .audience_count = 0 };
	bool runs = true;
	struct err err;

	(void)state;
	suite_fill(store);
	add_pod(store, "p", "");
	assert_succeeds(store_pod_get(store, SUITE_ISSUER, "ci", "p", &found, &err));
	assert_string_equal(found.node, "");
	assert_int_equal(found.audience_count, 0);
	assert_null(found.audiences);
	/* and so it does not run on the node of no name */
	assert_succeeds(store_pod_runs(store, SUITE_ISSUER, "", "ci", "app", &runs, &err));
	assert_false(runs);
}

static void a_pod_is_made_once_and_for_an_account(void **state)
{
	auto_store struct store *store = suite_create();
	struct store_pod pod = suite_pod("p", "n1", NULL, 0);
	struct store_pod other = suite_pod("q", "n1", NULL, 0);
	struct err err;

	(void)state;
	assert_fails(ERR_NOT_FOUND,
		store_pod_create(store, SUITE_ISSUER, &pod, SUITE_ACTOR, &err));
	assert_string_equal(err.text, "no service account 'ci/app'");
	suite_fill(store);
	assert_succeeds(store_pod_create(store, SUITE_ISSUER, &pod, SUITE_ACTOR, &err));
	assert_fails(ERR_CONFLICT,
		store_pod_create(store, SUITE_ISSUER, &pod, SUITE_ACTOR, &err));
	assert_mentions(err.text, "pod 'ci/p'");
	(void)text_fit(other.uid, sizeof(other.uid), pod.uid);
	assert_fails(ERR_CONFLICT,
		store_pod_create(store, SUITE_ISSUER, &other, SUITE_ACTOR, &err));
	other = suite_pod("q", "n1", NULL, 0);
	(void)text_fit(other.namespace, sizeof(other.namespace), "prod");
	assert_fails(ERR_NOT_FOUND,
		store_pod_create(store, SUITE_ISSUER, &other, SUITE_ACTOR, &err));
}

static void a_deleted_pod_is_gone_with_its_audiences(void **state)
{
	auto_store struct store *store = suite_create();
	auto_store_pod struct store_pod found = { .audience_count = 0 };
	char *audiences[] = { (char[]){ "vault" } };
	const struct store_pod pod = suite_pod("p", "n1", audiences, 1);
	const struct store_pod again = suite_pod("p", "n1", NULL, 0);
	struct err err;

	(void)state;
	suite_fill(store);
	assert_succeeds(store_pod_create(store, SUITE_ISSUER, &pod, SUITE_ACTOR, &err));
	assert_succeeds(store_pod_delete(store, SUITE_ISSUER, "ci", "p", SUITE_ACTOR, SUITE_NOW,
		&err));
	assert_fails(ERR_NOT_FOUND,
		store_pod_get(store, SUITE_ISSUER, "ci", "p", &found, &err));
	assert_string_equal(err.text, "no pod 'ci/p'");
	assert_fails(ERR_NOT_FOUND,
		store_pod_delete(store, SUITE_ISSUER, "ci", "p", SUITE_ACTOR, SUITE_NOW, &err));
	assert_succeeds(store_pod_create(store, SUITE_ISSUER, &again, SUITE_ACTOR, &err));
	assert_succeeds(store_pod_get(store, SUITE_ISSUER, "ci", "p", &found, &err));
	assert_string_equal(found.uid, again.uid);
	assert_int_equal(found.audience_count, 0);
}

/* Pods that are listed, as "NAME " each. */
static void assert_listed(struct store *store, const char *namespace, const char *node,
	const char *expected)
{
	auto_store_pods struct store_pods list = { .count = 0 };
	struct text names = TEXT_INIT;
	struct err err;

	assert_succeeds(store_pod_list(store, SUITE_ISSUER, namespace, node, &list, &err));
	for (size_t i = 0; i < list.count; i++)
		text_addf(&names, "%s/%s ", list.pod[i].namespace, list.pod[i].name);
	assert_string_equal(names.len > 0 ? names.s : "", expected);
	text_free(&names);
}

static void pods_are_listed_by_namespace_and_node(void **state)
{
	auto_store struct store *store = suite_create();
	struct store_account account = suite_account("app");
	struct store_pod pod = suite_pod("c", "n1", NULL, 0);
	struct err err;

	(void)state;
	suite_fill(store); /* with ci/pod on n1 */
	(void)text_fit(account.namespace, sizeof(account.namespace), "a");
	(void)text_fit(pod.namespace, sizeof(pod.namespace), "a");
	assert_succeeds(store_account_create(store, SUITE_ISSUER, &account, SUITE_ACTOR, &err));
	assert_succeeds(store_pod_create(store, SUITE_ISSUER, &pod, SUITE_ACTOR, &err));
	add_pod(store, "b", "n2");
	add_pod(store, "a", "");
	assert_listed(store, NULL, NULL, "a/c ci/a ci/b ci/pod ");
	assert_listed(store, "ci", NULL, "ci/a ci/b ci/pod ");
	assert_listed(store, NULL, "n1", "a/c ci/pod ");
	assert_listed(store, "ci", "n1", "ci/pod ");
	assert_listed(store, "ci", "n3", "");
	assert_listed(store, "x", NULL, "");
}

static void assert_runs(struct store *store, const char *node, const char *namespace,
	const char *account, bool expected)
{
	bool runs = !expected;
	struct err err;

	assert_succeeds(store_pod_runs(store, SUITE_ISSUER, node, namespace, account, &runs,
		&err));
	assert_int_equal(runs, expected);
}

static void it_is_known_whose_pods_run_where(void **state)
{
	auto_store struct store *store = suite_create();
	struct err err;

	(void)state;
	suite_fill(store); /* with ci/pod of app on n1 */
	add_pod(store, "second", "n1");
	assert_runs(store, "n1", "ci", "app", true);
	assert_runs(store, "n2", "ci", "app", false);
	assert_runs(store, "N1", "ci", "app", false);
	assert_runs(store, "n1", "ci", "web", false);
	assert_runs(store, "n1", "app", "ci", false);
	assert_succeeds(store_pod_delete(store, SUITE_ISSUER, "ci", "pod", SUITE_ACTOR,
		SUITE_NOW, &err));
	assert_runs(store, "n1", "ci", "app", true);
	assert_succeeds(store_pod_delete(store, SUITE_ISSUER, "ci", "second", SUITE_ACTOR,
		SUITE_NOW, &err));
	assert_runs(store, "n1", "ci", "app", false);
}

static void a_pod_outlives_its_node(void **state)
{
	auto_store struct store *store = suite_create();
	struct err err;

	(void)state;
	suite_fill(store);
	assert_succeeds(store_node_delete(store, SUITE_ISSUER, "n1", SUITE_ACTOR, SUITE_NOW,
		&err));
	assert_runs(store, "n1", "ci", "app", true);
}

static void a_pod_has_16_audiences_at_most(void **state)
{
	auto_store struct store *store = suite_create();
	auto_store_pod struct store_pod found = { .audience_count = 0 };
	char text[STORE_AUDIENCES_MAX + 1][8];
	char *audiences[STORE_AUDIENCES_MAX + 1];
	char *bad[] = { (char[]){ "not one" } };
	struct store_pod pod;
	struct err err;

	(void)state;
	suite_fill(store);
	for (size_t i = 0; i <= STORE_AUDIENCES_MAX; i++) {
		(void)snprintf(text[i], sizeof(text[i]), "a%02u", (unsigned)i);
		audiences[i] = text[i];
	}
	pod = suite_pod("over", "n1", audiences, STORE_AUDIENCES_MAX + 1);
	assert_fails(ERR_BAD_INPUT,
		store_pod_create(store, SUITE_ISSUER, &pod, SUITE_ACTOR, &err));
	pod = suite_pod("bad", "n1", bad, 1);
	assert_fails(ERR_BAD_INPUT,
		store_pod_create(store, SUITE_ISSUER, &pod, SUITE_ACTOR, &err));
	pod = suite_pod("full", "n1", audiences, STORE_AUDIENCES_MAX);
	assert_succeeds(store_pod_create(store, SUITE_ISSUER, &pod, SUITE_ACTOR, &err));
	assert_succeeds(store_pod_get(store, SUITE_ISSUER, "ci", "full", &found, &err));
	assert_int_equal(found.audience_count, STORE_AUDIENCES_MAX);
}

static void unknown_issuers_have_no_nodes_and_pods(void **state)
{
	auto_store struct store *store = suite_create();
	const struct store_node node = suite_node("n");
	const struct store_pod pod = suite_pod("p", "n", NULL, 0);
	struct store_nodes nodes;
	struct store_pods pods;
	struct err err;

	(void)state;
	assert_fails(ERR_NOT_FOUND, store_node_create(store, "nope", &node, "a", &err));
	assert_fails(ERR_NOT_FOUND, store_node_list(store, "nope", &nodes, &err));
	assert_fails(ERR_NOT_FOUND, store_node_delete(store, "nope", "n", "a", 1, &err));
	assert_fails(ERR_NOT_FOUND, store_pod_create(store, "nope", &pod, "a", &err));
	assert_fails(ERR_NOT_FOUND, store_pod_list(store, "nope", NULL, NULL, &pods, &err));
	assert_fails(ERR_NOT_FOUND, store_pod_delete(store, "nope", "ci", "p", "a", 1, &err));
}

static void issuers_do_not_see_each_others_nodes_and_pods(void **state)
{
	auto_store struct store *store = suite_create();
	struct store_node node = suite_node("n1");
	struct store_pod pod;
	struct store_client client;
	bool runs = true;
	struct err err;

	(void)state;
	suite_fill(store);
	assert_succeeds(store_issuer_create(store, "other", "https://o.test", "test", SUITE_NOW,
		&err));
	assert_fails(ERR_NOT_FOUND, store_node_get(store, "other", "n1", &node, &err));
	assert_fails(ERR_NOT_FOUND, store_pod_get(store, "other", "ci", "pod", &pod, &err));
	assert_succeeds(store_pod_runs(store, "other", "n1", "ci", "app", &runs, &err));
	assert_false(runs);
	assert_fails(ERR_NOT_FOUND,
		store_client_by_unix_uid(store, "other", 1000, &client, &err));
	assert_succeeds(store_node_create(store, "other", &node, SUITE_ACTOR, &err));
}

/* ---- clients that are processes ---- */

static struct store_client process(const char *name, int64_t uid)
{
	struct store_client client = suite_client(name, NULL, 0);

	(void)text_fit(client.kind, sizeof(client.kind), "unix");
	client.secret_hash[0] = '\0';
	client.unix_uid = uid;
	return client;
}

static void a_process_is_found_by_its_uid(void **state)
{
	auto_store struct store *store = suite_create();
	auto_store_client struct store_client found = { .group_count = 0 };
	char *groups[] = { (char[]){ "g" } };
	struct store_client client = process("agent", 0);
	struct err err;

	(void)state;
	suite_fill(store);
	client.groups = groups;
	client.group_count = 1;
	assert_succeeds(store_client_create(store, SUITE_ISSUER, &client, SUITE_ACTOR, &err));
	assert_succeeds(store_client_by_unix_uid(store, SUITE_ISSUER, 0, &found, &err));
	assert_string_equal(found.name, "agent");
	assert_string_equal(found.kind, "unix");
	assert_int_equal(found.unix_uid, 0);
	assert_string_equal(found.secret_hash, "");
	assert_int_equal(found.group_count, 1);
	store_client_free(&found);
	/* who has a secret has no uid, and -1 is nobody's */
	assert_fails(ERR_NOT_FOUND,
		store_client_by_unix_uid(store, SUITE_ISSUER, -1, &found, &err));
	assert_fails(ERR_NOT_FOUND,
		store_client_by_unix_uid(store, SUITE_ISSUER, 1000, &found, &err));
	assert_succeeds(store_client_get(store, SUITE_ISSUER, "runner", &found, &err));
	assert_int_equal(found.unix_uid, -1);
}

static void a_uid_is_one_clients_until_that_is_revoked(void **state)
{
	auto_store struct store *store = suite_create();
	auto_store_client struct store_client found = { .group_count = 0 };
	const struct store_client first = process("first", 4294967294);
	const struct store_client second = process("second", 4294967294);
	struct err err;

	(void)state;
	assert_succeeds(store_client_create(store, SUITE_ISSUER, &first, SUITE_ACTOR, &err));
	assert_fails(ERR_CONFLICT,
		store_client_create(store, SUITE_ISSUER, &second, SUITE_ACTOR, &err));
	assert_string_equal(err.text, "uid 4294967294 is that of client 'first' already");
	assert_succeeds(store_client_revoke(store, SUITE_ISSUER, "first", SUITE_ACTOR,
		SUITE_NOW, &err));
	assert_fails(ERR_NOT_FOUND,
		store_client_by_unix_uid(store, SUITE_ISSUER, 4294967294, &found, &err));
	assert_fails(ERR_CONFLICT,
		store_client_create(store, SUITE_ISSUER, &first, SUITE_ACTOR, &err));
	assert_string_equal(err.text, "client 'first' exists already");
	assert_succeeds(store_client_create(store, SUITE_ISSUER, &second, SUITE_ACTOR, &err));
	assert_succeeds(store_client_by_unix_uid(store, SUITE_ISSUER, 4294967294, &found,
		&err));
	assert_string_equal(found.name, "second");
}

static void only_processes_have_uids(void **state)
{
	auto_store struct store *store = suite_create();
	struct store_client bad[4] = { process("a", -1), process("b", INT64_MIN),
		suite_client("c", NULL, 0), suite_client("d", NULL, 0) };
	struct store_client certificate = suite_client("e", NULL, 0);
	struct err err;

	(void)state;
	bad[2].unix_uid = 1000;
	(void)text_fit(bad[3].kind, sizeof(bad[3].kind), "certificate");
	bad[3].unix_uid = 0;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_fails(ERR_BAD_INPUT,
			store_client_create(store, SUITE_ISSUER, &bad[i], SUITE_ACTOR, &err));
	(void)text_fit(certificate.kind, sizeof(certificate.kind), "certificate");
	certificate.secret_hash[0] = '\0';
	assert_succeeds(store_client_create(store, SUITE_ISSUER, &certificate, SUITE_ACTOR,
		&err));
}

/* ---- grants for users, and for reviews ---- */

static int64_t add_grant(struct store *store, const struct store_grant *grant)
{
	int64_t id = 0;
	struct err err;

	assert_succeeds(store_grant_add(store, SUITE_ISSUER, grant, SUITE_ACTOR, &id, &err));
	return id;
}

static void a_grant_for_a_user_needs_no_client(void **state)
{
	auto_store struct store *store = suite_create();
	auto_store_grants struct store_grants list = { .count = 0 };
	auto_store_grants struct store_grants none = { .count = 0 };
	char *audiences[] = { (char[]){ "vault" } };
	struct store_grant grant = suite_grant("", "", audiences, 1);
	struct err err;

	(void)state;
	(void)text_fit(grant.user, sizeof(grant.user), "system:serviceaccount:ci:app");
	(void)add_grant(store, &grant);
	assert_succeeds(store_grant_for(store, SUITE_ISSUER, grant.user, NULL, 0, &list, &err));
	assert_int_equal(list.count, 1);
	assert_string_equal(list.grant[0].user, grant.user);
	assert_string_equal(list.grant[0].client, "");
	assert_string_equal(list.grant[0].group, "");
	assert_false(list.grant[0].is_review);
	assert_int_equal(list.grant[0].audience_count, 1);
	assert_succeeds(store_grant_for(store, SUITE_ISSUER, "system:serviceaccount:ci:ap",
		NULL, 0, &none, &err));
	assert_int_equal(none.count, 0);
}

static void a_grant_to_review_is_found_as_it_was_made(void **state)
{
	auto_store struct store *store = suite_create();
	auto_store_grants struct store_grants list = { .count = 0 };
	char *groups[] = { (char[]){ "reviewers" } };
	const struct store_grant of_client = {
		.is_review = true, .client = "runner", .created_at = SUITE_NOW
	};
	const struct store_grant of_group = { .is_review = true, .group = "reviewers" };
	int64_t ids[2];
	struct err err;

	(void)state;
	suite_fill(store); /* with a grant of tokens for runner */
	ids[0] = add_grant(store, &of_client);
	ids[1] = add_grant(store, &of_group);
	assert_succeeds(store_grant_for(store, SUITE_ISSUER, "runner", groups, 1, &list, &err));
	assert_int_equal(list.count, 3);
	assert_false(list.grant[0].is_review);
	assert_int_equal(list.grant[0].audience_count, 2);
	assert_true(list.grant[1].is_review);
	assert_int_equal(list.grant[1].id, ids[0]);
	assert_int_equal(list.grant[1].audience_count, 0);
	assert_int_equal(list.grant[1].created_at, SUITE_NOW);
	assert_true(list.grant[2].is_review);
	assert_int_equal(list.grant[2].id, ids[1]);
	assert_string_equal(list.grant[2].group, "reviewers");
	assert_succeeds(store_grant_remove(store, SUITE_ISSUER, ids[0], SUITE_ACTOR, SUITE_NOW,
		&err));
}

static void a_grant_is_for_one_holder(void **state)
{
	static const struct {
		const char *client, *user, *group;
	} cases[] = { { "", "", "" }, { "runner", "u", "" }, { "runner", "", "g" },
		{ "", "u", "g" }, { "runner", "u", "g" }, { "", "a b", "" }, { "", "", "\n" } };
	auto_store struct store *store = suite_create();
	char *audiences[] = { (char[]){ "vault" } };
	int64_t id;
	struct err err;

	(void)state;
	suite_fill(store);
	for (size_t i = 0; i < 2 * COUNT(cases); i++) {
		struct store_grant grant =
			suite_grant(cases[i / 2].client, cases[i / 2].group, audiences, 1);

		grant.is_review = i % 2 == 1;
		(void)text_fit(grant.user, sizeof(grant.user), cases[i / 2].user);
		assert_fails(ERR_BAD_INPUT,
			store_grant_add(store, SUITE_ISSUER, &grant, SUITE_ACTOR, &id, &err));
	}
}

static const struct CMUnitTest cases[] = {
	cmocka_unit_test(a_node_is_found_as_it_was_made),
	cmocka_unit_test(a_node_is_made_once_and_gone_when_deleted),
	cmocka_unit_test(nodes_are_listed_in_order),
	cmocka_unit_test(names_of_nodes_and_pods_are_checked),
	cmocka_unit_test(a_pod_is_found_as_it_was_made),
	cmocka_unit_test(a_pod_may_have_no_node_and_no_audience),
	cmocka_unit_test(a_pod_is_made_once_and_for_an_account),
	cmocka_unit_test(a_deleted_pod_is_gone_with_its_audiences),
	cmocka_unit_test(pods_are_listed_by_namespace_and_node),
	cmocka_unit_test(it_is_known_whose_pods_run_where),
	cmocka_unit_test(a_pod_outlives_its_node),
	cmocka_unit_test(a_pod_has_16_audiences_at_most),
	cmocka_unit_test(unknown_issuers_have_no_nodes_and_pods),
	cmocka_unit_test(issuers_do_not_see_each_others_nodes_and_pods),
	cmocka_unit_test(a_process_is_found_by_its_uid),
	cmocka_unit_test(a_uid_is_one_clients_until_that_is_revoked),
	cmocka_unit_test(only_processes_have_uids),
	cmocka_unit_test(a_grant_for_a_user_needs_no_client),
	cmocka_unit_test(a_grant_to_review_is_found_as_it_was_made),
	cmocka_unit_test(a_grant_is_for_one_holder),
};

const struct CMUnitTest *suite_node_cases(size_t *ret_count)
{
	*ret_count = COUNT(cases);
	return cases;
}

/* test_node_rule.c - access/node_rule.c: who is a node, and the little that a node may have.
 * SPDX-License-Identifier: Apache-2.0 */
#include "access/node_rule.h"
#include "base/auto.h"
#include "base/text.h"
#include "t/unit/unit.h"

static char nodes[] = "system:nodes", others[] = "system:masters", near[] = "system:node";
static char longer[] = "system:nodes2", known[] = "system:authenticated";

static void a_node_is_named_so_and_in_the_group(void **state)
{
	char *const in[] = { nodes };
	char *const among[] = { others, nodes, known };

	(void)state;
	assert_string_equal(node_rule_node("system:node:n1", in, 1), "n1");
	assert_string_equal(node_rule_node("system:node:n1", among, 3), "n1");
	assert_string_equal(node_rule_node("system:node:a.b-c", in, 1), "a.b-c");
	assert_string_equal(node_rule_node("system:node:a:b", in, 1), "a:b");
}

static void nobody_else_is_a_node(void **state)
{
	static const char *const users[] = { "", "n1", "system:node", "system:nodes:n1",
		"System:node:n1", "xsystem:node:n1", "system:serviceaccount:ci:app" };
	char *const in[] = { nodes };
	char *const out[] = { others, near, longer, known };

	(void)state;
	for (size_t i = 0; i < COUNT(users); i++)
		assert_null(node_rule_node(users[i], in, 1));
	assert_null(node_rule_node("system:node:n1", out, COUNT(out)));
	assert_null(node_rule_node("system:node:n1", in, 0));
	assert_null(node_rule_node("system:node:n1", NULL, 0));
}

/* Nobody's pods run on a node without a name: it is one all the same, and may have nothing. */
static void a_node_without_a_name_does_not_fall_back_to_grants(void **state)
{
	char *const in[] = { nodes };

	(void)state;
	assert_string_equal(node_rule_node("system:node:", in, 1), "");
}

static void only_a_pod_with_name_and_uid_is_bound_to(void **state)
{
	static const struct node_rule_ref good = { "v1", "Pod", "p", "pu" };
	static const struct {
		struct node_rule_ref ref;
		const char *why;
	} cases[] = {
		{ { NULL, NULL, NULL, NULL }, "not bound to a pod" },
		{ { "v1", "Pod", "p", NULL }, "without a uid" },
		{ { "v1", "Pod", "p", "" }, "without a uid" },
		{ { "v1", "Pod", NULL, "pu" }, "not bound to a pod" },
		{ { "v1", "Pod", "", "pu" }, "not bound to a pod" },
		{ { "v1", "Node", "p", "pu" }, "not bound to a pod" },
		{ { "v1", "Secret", "p", "pu" }, "not bound to a pod" },
		{ { "v1", "pod", "p", "pu" }, "not bound to a pod" },
		{ { "v1", "Pods", "p", "pu" }, "not bound to a pod" },
		{ { "v1", NULL, "p", "pu" }, "not bound to a pod" },
		{ { NULL, "Pod", "p", "pu" }, "not bound to a pod" },
		{ { "", "Pod", "p", "pu" }, "not bound to a pod" },
		{ { "v2", "Pod", "p", "pu" }, "not bound to a pod" },
		{ { "apps/v1", "Pod", "p", "pu" }, "not bound to a pod" },
	};

	(void)state;
	assert_null(node_rule_binding(&good));
	assert_mentions(node_rule_binding(NULL), "not bound to a pod");
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_mentions(node_rule_binding(&cases[i].ref), cases[i].why);
}

static struct store_pod pod_on(const char *node, char **audiences, size_t count)
{
	struct store_pod pod = {
		.namespace = "ci",
		.name = "p",
		.uid = "pu",
		.account = "app",
		.audiences = audiences,
		.audience_count = count,
	};

	assert_true(text_fit(pod.node, sizeof(pod.node), node));
	return pod;
}

static void a_pod_is_the_nodes_it_runs_on(void **state)
{
	const struct node_rule_ref ref = { "v1", "Pod", "p", "pu" };
	const struct node_rule_ref other = { "v1", "Pod", "p", "pu2" };
	const struct store_pod here = pod_on("n1", NULL, 0);
	const struct store_pod nowhere = pod_on("", NULL, 0);

	(void)state;
	assert_null(node_rule_pod("n1", &ref, &here));
	assert_mentions(node_rule_pod("n1", &other, &here), "does not match the UID");
	assert_mentions(node_rule_pod("n2", &ref, &here), "a different node");
	assert_mentions(node_rule_pod("n", &ref, &here), "a different node");
	assert_mentions(node_rule_pod("n11", &ref, &here), "a different node");
	assert_mentions(node_rule_pod("", &ref, &here), "a different node");
	assert_mentions(node_rule_pod("n1", &ref, &nowhere), "a different node");
}

static void one_declared_audience_is_had(void **state)
{
	static const struct {
		const char *audiences;
		const char *why; /* NULL: allowed */
	} cases[] = {
		{ "[\"vault\"]", NULL },
		{ "[\"sts\"]", NULL },
		{ "[]", "one audience only" },
		{ "[\"vault\",\"sts\"]", "one audience only" },
		{ "[\"vault\",\"vault\"]", "one audience only" },
		{ "[\"\"]", "not declared" },
		{ "[\"Vault\"]", "not declared" },
		{ "[\"vaul\"]", "not declared" },
		{ "[\"vault2\"]", "not declared" },
		{ "[\"*\"]", "not declared" },
		{ "[\"vault\\u0000\"]", "not declared" },
		{ "[\"vault\\u0000x\"]", "not declared" },
		{ "[7]", "not declared" },
		{ "[null]", "not declared" },
		{ "{}", "one audience only" },
	};
	char vault[] = "vault", sts[] = "sts";
	char *declared[] = { sts, vault };
	const struct store_pod pod = pod_on("n1", declared, 2);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		json_auto_t *audiences = json_loads(cases[i].audiences, JSON_ALLOW_NUL, NULL);
		const char *why = node_rule_audiences(&pod, audiences, false);

		if (cases[i].why)
			assert_mentions(why ? why : "(allowed)", cases[i].why);
		else
			assert_null(why);
	}
	assert_mentions(node_rule_audiences(&pod, NULL, false), "one audience only");
}

/* kubelet's ordinary request, for a pod's way to the API: it names none. */
static void who_names_none_gets_all_of_the_api(void **state)
{
	char one[] = "api", other[] = "https://a.example";
	char *declared[] = { one, other };
	const struct store_pod both = pod_on("n1", declared, 2);
	const struct store_pod half = pod_on("n1", declared, 1);
	json_auto_t *api = json_pack("[s,s]", "https://a.example", "api");

	(void)state;
	assert_null(node_rule_audiences(&both, api, true));
	assert_mentions(node_rule_audiences(&both, api, false), "one audience only");
	assert_mentions(node_rule_audiences(&half, api, true), "not declared");
}

/* "*" is a grant's word; a pod that declares it declares an audience of one star. */
static void a_pod_declares_no_patterns(void **state)
{
	char star[] = "*";
	char *declared[] = { star };
	const struct store_pod pod = pod_on("n1", declared, 1);
	const struct store_pod none = pod_on("n1", NULL, 0);
	json_auto_t *vault = json_pack("[s]", "vault");
	json_auto_t *stars = json_pack("[s]", "*");

	(void)state;
	assert_mentions(node_rule_audiences(&pod, vault, false), "not declared");
	assert_null(node_rule_audiences(&pod, stars, false));
	assert_mentions(node_rule_audiences(&none, vault, false), "not declared");
}

UNIT_MAIN(cmocka_unit_test(a_node_is_named_so_and_in_the_group),
	cmocka_unit_test(who_names_none_gets_all_of_the_api),
	cmocka_unit_test(nobody_else_is_a_node),
	cmocka_unit_test(a_node_without_a_name_does_not_fall_back_to_grants),
	cmocka_unit_test(only_a_pod_with_name_and_uid_is_bound_to),
	cmocka_unit_test(a_pod_is_the_nodes_it_runs_on),
	cmocka_unit_test(one_declared_audience_is_had),
	cmocka_unit_test(a_pod_declares_no_patterns));

/* test_bound_object.c - issuer/bound_object.c: what a token is bound to is looked up, is the
 * service account's own, and is said as it is known. Refusals as kube-apiserver v1.36.3 words
 * them: capture b4-tokenrequest-bound.
 * SPDX-License-Identifier: Apache-2.0 */
#include "issuer/bound_object.h"
#include "t/unit/objects_fixture.h"

static struct fixture f;
static struct conf_issuer issuer;
static struct gateway gw;

static int setup(void **state)
{
	static char name[] = FIXTURE_ISSUER, url[] = FIXTURE_URL;

	(void)state;
	fixture_open(&f);
	issuer = (struct conf_issuer){ .name = name, .url = url };
	gw = (struct gateway){ .issuer = &issuer, .store = f.store };
	objects_add_account(&f, "ci", "app");
	objects_add_account(&f, "ci", "web");
	objects_add_account(&f, "prod", "api");
	objects_add_node(&f, "n1");
	objects_add_pod(&f, "p1", "app", "n1", "vault");
	objects_add_pod(&f, "p2", "app", "", "vault");
	objects_add_pod(&f, "p3", "app", "n-unknown", "vault");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

/* Loads what a reference in JSON says, for ci/app; `*ret_json` must outlive `*ret`. */
static int load(const char *text, json_t **ret_json, struct bound_object *ret,
	struct kube_object *ret_object, struct err *err)
{
	*err = (struct err)ERR_INIT;
	*ret_json = text ? fixture_json(text) : NULL;
	bound_object_read(*ret_json, ret);
	return bound_object_load(&gw, "ci", "app", ret, ret_object, err);
}

static void assert_claims(const char *text, const struct claims_bound *expected)
{
	const char *const wanted[] = { expected->pod_name, expected->pod_uid,
		expected->node_name, expected->node_uid };
	struct kube_object object;
	struct bound_object bound;
	struct claims_bound got;
	json_auto_t *json = NULL;
	struct err err;

	assert_succeeds(load(text, &json, &bound, &object, &err));
	got = bound_object_claims(&bound);
	for (size_t i = 0; i < COUNT(wanted); i++) {
		const char *const members[] = { got.pod_name, got.pod_uid, got.node_name,
			got.node_uid };

		if (wanted[i] && members[i])
			assert_string_equal(members[i], wanted[i]);
		else
			assert_true(!wanted[i] && !members[i]);
	}
	bound_object_free(&bound);
}

static void a_token_says_what_is_known_of_its_object(void **state)
{
	(void)state;
	assert_claims(NULL, &(struct claims_bound){ NULL, NULL, NULL, NULL });
	assert_claims("{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"name\":\"p1\","
		      "\"uid\":\"p1-uid\"}",
		&(struct claims_bound){ "p1", "p1-uid", "n1", "n1-uid" });
	assert_claims("{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"name\":\"p2\"}",
		&(struct claims_bound){ "p2", "p2-uid", NULL, NULL });
	assert_claims("{\"kind\":\"Pod\",\"name\":\"p3\",\"uid\":\"\"}",
		&(struct claims_bound){ "p3", "p3-uid", "n-unknown", NULL });
	assert_claims("{\"kind\":\"Node\",\"apiVersion\":\"v1\",\"name\":\"n1\"}",
		&(struct claims_bound){ NULL, NULL, "n1", "n1-uid" });
	/* the version of a core object is not looked at, nor what is none at all */
	assert_claims("{\"kind\":\"Node\",\"apiVersion\":\"/v1\",\"name\":\"n1\"}",
		&(struct claims_bound){ NULL, NULL, "n1", "n1-uid" });
	assert_claims("{\"kind\":\"Pod\",\"apiVersion\":\"/\",\"name\":\"p1\"}",
		&(struct claims_bound){ "p1", "p1-uid", "n1", "n1-uid" });
	assert_claims("{\"kind\":\"Pod\",\"apiVersion\":\"a/b/c\",\"name\":\"p1\"}",
		&(struct claims_bound){ "p1", "p1-uid", "n1", "n1-uid" });
	assert_claims("{\"kind\":\"Pod\",\"apiVersion\":\"v9\",\"name\":\"p1\"}",
		&(struct claims_bound){ "p1", "p1-uid", "n1", "n1-uid" });
}

static void what_cannot_be_bound_to_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum kube_reason reason;
		const char *why;
		const char *kind; /* that the error is about; NULL: none */
	} cases[] = {
		{ "{}", KUBE_BAD_REQUEST, "of type /, Kind=", NULL },
		{ "{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"name\":\"s\"}",
			KUBE_BAD_REQUEST,
			"cannot bind token to object of type /v1, Kind=Secret", NULL },
		{ "{\"kind\":\"pod\",\"name\":\"p1\"}", KUBE_BAD_REQUEST, "Kind=pod", NULL },
		{ "{\"kind\":\"Pod\",\"apiVersion\":\"apps/v1\",\"name\":\"p1\"}",
			KUBE_BAD_REQUEST, "of type apps/v1, Kind=Pod", NULL },
		{ "{\"kind\":\"Node\",\"apiVersion\":\"x/\",\"name\":\"n1\"}", KUBE_BAD_REQUEST,
			"of type x/, Kind=Node", NULL },
		{ "{\"kind\":\"Secret\",\"apiVersion\":\"/v1\",\"name\":\"s\"}",
			KUBE_BAD_REQUEST, "of type /v1, Kind=Secret", NULL },
		{ "{\"kind\":\"Secret\",\"apiVersion\":\"a/b/c\",\"name\":\"s\"}",
			KUBE_BAD_REQUEST, "of type /, Kind=Secret", NULL },
		{ "{\"kind\":\"Pod\",\"name\":\"..\"}", KUBE_BAD_REQUEST,
			"Name parameter invalid: \"..\": may not be '..'", NULL },
		{ "{\"kind\":\"Pod\",\"name\":\"a/b\"}", KUBE_BAD_REQUEST,
			"Name parameter invalid: \"a/b\": may not contain '/'", NULL },
		{ "{\"kind\":\"Node\",\"name\":\"a%2f\"}", KUBE_BAD_REQUEST,
			"Name parameter invalid: \"a%2f\": may not contain '%'", NULL },
		{ "{\"kind\":\"Node\",\"name\":\"%/\"}", KUBE_BAD_REQUEST,
			"may not contain '/';may not contain '%'", NULL },
		{ "{\"kind\":\"Pod\"}", KUBE_BAD_REQUEST, "Name parameter required.", NULL },
		{ "{\"kind\":\"Node\",\"name\":\"\"}", KUBE_BAD_REQUEST,
			"Name parameter required.", NULL },
		{ "{\"kind\":\"Pod\",\"name\":\"p9\"}", KUBE_NOT_FOUND, "pods \"p9\" not found",
			"pods" },
		{ "{\"kind\":\"Pod\",\"name\":\"P1\"}", KUBE_NOT_FOUND, "pods \"P1\" not found",
			"pods" },
		{ "{\"kind\":\"Node\",\"name\":\"n9\"}", KUBE_NOT_FOUND,
			"nodes \"n9\" not found", "nodes" },
		{ "{\"kind\":\"Pod\",\"name\":\"p1\",\"uid\":\"p2-uid\"}", KUBE_CONFLICT,
			"(p2-uid) does not match the UID in record", "Pod" },
		{ "{\"kind\":\"Node\",\"name\":\"n1\",\"uid\":\"N1-uid\"}", KUBE_CONFLICT,
			"(N1-uid) does not match the UID in record", "Node" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct kube_object object = { .kind = "untouched" };
		struct bound_object bound;
		json_auto_t *json = NULL;
		struct err err;

		if (load(cases[i].text, &json, &bound, &object, &err) == 0)
			fail_msg("bound to %s", cases[i].text);
		assert_int_equal(err.code, ERR_REFUSED);
		assert_int_equal(err.detail, cases[i].reason);
		assert_mentions(err.text, cases[i].why);
		if (cases[i].kind)
			assert_string_equal(object.kind, cases[i].kind);
		else
			assert_null(object.kind);
		bound_object_free(&bound);
	}
}

/* Of another service account, or of the same name in another namespace. */
static void anothers_pod_is_not_bound_to(void **state)
{
	static const struct {
		const char *namespace, *account, *why;
	} cases[] = {
		{ "ci", "web", "to pod running with different serviceaccount name" },
		{ "prod", "api", "pods \"p1\" not found" },
		{ "ci", "ap", "to pod running with different serviceaccount name" },
	};
	json_auto_t *json = fixture_json("{\"kind\":\"Pod\",\"name\":\"p1\"}");

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct kube_object object;
		struct bound_object bound;
		struct err err = ERR_INIT;

		bound_object_read(json, &bound);
		assert_int_equal(bound_object_load(&gw, cases[i].namespace, cases[i].account,
					 &bound, &object, &err),
			-1);
		assert_int_equal(err.code, ERR_REFUSED);
		assert_mentions(err.text, cases[i].why);
		bound_object_free(&bound);
	}
}

static void the_answer_tells_the_reference_as_it_was_sent(void **state)
{
	static const char text[] =
		"{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"name\":\"p1\",\"uid\":\"\",\"x\":1}";
	json_auto_t *expected =
		fixture_json("{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"name\":\"p1\"}");
	struct kube_object object;
	struct bound_object bound;
	json_auto_t *json = NULL;
	json_auto_t *told = NULL;
	struct err err;

	(void)state;
	assert_succeeds(load(text, &json, &bound, &object, &err));
	told = bound_object_json(&bound);
	assert_true(json_equal(told, expected));
	assert_string_equal(bound.said, "pod p1 (uid p1-uid)");
	assert_string_equal(bound_object_ref(&bound)->name, "p1");
	bound_object_free(&bound);
	assert_null(bound_object_ref(&bound));
	bound_object_free(&bound);
}

UNIT_MAIN_WITH(setup, teardown, cmocka_unit_test(a_token_says_what_is_known_of_its_object),
	cmocka_unit_test(what_cannot_be_bound_to_is_refused),
	cmocka_unit_test(anothers_pod_is_not_bound_to),
	cmocka_unit_test(the_answer_tells_the_reference_as_it_was_sent));

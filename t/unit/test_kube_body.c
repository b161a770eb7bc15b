/* test_kube_body.c - issuer/kube_body.c without a connection: JSON bodies that are an API
 * object, and many that are not. Bodies marked b1 or b2 were sent to kube-apiserver v1.36.3 and
 * were answered so: captures b1-tokenrequest-spec and b2-tokenrequest-envelope.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "issuer/kube.h"
#include "issuer/kube_body.h"
#include "issuer/kube_metadata.h"
#include "t/unit/unit.h"

#define V1 "authentication.k8s.io/v1"

static int parse(const char *body, size_t len, const struct kube_type *type,
	enum kube_validation validation, struct kube_body *ret, struct err *err)
{
	*err = (struct err)ERR_INIT;
	return kube_body_parse(body, len, false, type, "v1", validation, ret, err);
}

static struct kube_body read_as(const struct kube_type *type, const char *body,
	enum kube_validation validation)
{
	struct kube_body read;
	struct err err;

	if (parse(body, strlen(body), type, validation, &read, &err) < 0)
		fail_msg("%s: %s", body, err.text);
	assert_true(json_is_object(read.root));
	return read;
}

static struct kube_body read_good(const char *body)
{
	return read_as(&kube_token_request, body, KUBE_WARN);
}

static void assert_refused_as(const struct kube_type *type, const char *body, size_t len,
	enum kube_validation validation, const char *why)
{
	struct kube_body read = { .warning_count = 77 };
	struct err err;

	if (parse(body, len, type, validation, &read, &err) == 0)
		fail_msg("accepted %.200s", body);
	assert_int_equal(err.code, ERR_REFUSED);
	assert_int_equal(err.detail, KUBE_BAD_REQUEST);
	assert_mentions(err.text, why);
	assert_int_equal(read.warning_count, 77);
}

static void assert_refused(const char *body, size_t len, const char *why)
{
	assert_refused_as(&kube_token_request, body, len, KUBE_IGNORE, why);
}

/* A member of spec. */
static const json_t *of_spec(const struct kube_body *body, const char *member)
{
	return json_object_get(json_object_get(body->root, "spec"), member);
}

static const char *of_metadata(const struct kube_body *body, const char *member)
{
	return fields_string(fields_object(body->root, "metadata"), member);
}

static void everything_asked_for_is_there(void **state)
{
	struct kube_body body = read_good(
		"{\"apiVersion\":\"" V1 "\",\"kind\":\"TokenRequest\",\"metadata\":"
		"{\"name\":\"app\",\"namespace\":\"ci\",\"uid\":\"u\"},\"spec\":{\"audiences\":"
		"[\"vault\",\"sts\"],\"expirationSeconds\":3607,\"boundObjectRef\":"
		"{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"name\":\"p\",\"uid\":\"pu\"}},"
		"\"status\":{\"token\":\"\",\"expirationTimestamp\":null}}");
	const json_t *bound = of_spec(&body, "boundObjectRef");

	(void)state;
	assert_string_equal(of_metadata(&body, "name"), "app");
	assert_string_equal(of_metadata(&body, "namespace"), "ci");
	assert_string_equal(of_metadata(&body, "uid"), "u");
	assert_int_equal(json_array_size(of_spec(&body, "audiences")), 2);
	assert_string_equal(json_string_value(json_array_get(of_spec(&body, "audiences"), 1)),
		"sts");
	assert_int_equal(json_integer_value(of_spec(&body, "expirationSeconds")), 3607);
	assert_string_equal(fields_string(bound, "kind"), "Pod");
	assert_string_equal(fields_string(bound, "uid"), "pu");
	assert_int_equal(body.warning_count, 0);
	kube_body_free(&body);
	assert_null(body.root);
	kube_body_free(&body);
}

/* b1: minimal-spec, full-kind, aud-null, aud-empty, exp-null; b2: json-spec-null,
 * json-metadata-null, json-apiversion-only, json-apiversion-empty, meta-name-null; e: body null
 */
static void nothing_asked_for_is_a_request_too(void **state)
{
	static const char *const bodies[] = { "{}", "null", " null\n", "{\"spec\": {}}",
		"{\"apiVersion\": \"" V1 "\", \"kind\": \"TokenRequest\", \"spec\": {}}",
		"{\"spec\": {\"audiences\": null}}", "{\"spec\": {\"audiences\": []}}",
		"{\"spec\":{\"expirationSeconds\":null}}", "{\"spec\":null}",
		"{\"metadata\":null,\"spec\":{}}", "{\"apiVersion\":\"" V1 "\",\"spec\":{}}",
		"{\"apiVersion\":\"\",\"kind\":\"\",\"spec\":{}}",
		"{\"apiVersion\":null,\"kind\":null,\"metadata\":null,\"spec\":null,\"status\":null}",
		"{\"metadata\":{\"name\":null,\"namespace\":null,\"uid\":null}}",
		"{\"spec\":{\"boundObjectRef\":null}}", "{\"status\":{}}", "\t{}\r\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		struct kube_body body = read_good(bodies[i]);

		assert_int_equal(json_array_size(of_spec(&body, "audiences")), 0);
		assert_false(json_is_integer(of_spec(&body, "expirationSeconds")));
		assert_false(json_is_object(of_spec(&body, "boundObjectRef")));
		assert_null(of_metadata(&body, "name"));
		assert_null(of_metadata(&body, "namespace"));
		assert_null(of_metadata(&body, "uid"));
		assert_int_equal(body.warning_count, 0);
		kube_body_free(&body);
	}
}

/* b1: aud-* */
static void audiences_are_kept_as_they_are(void **state)
{
	static const struct {
		const char *body;
		const char *first;
		size_t len, count;
	} cases[] = {
		{ "{\"spec\":{\"audiences\":[\"https://vault.example\"]}}",
			"https://vault.example", 21, 1 },
		{ "{\"spec\":{\"audiences\":[\"a\",\"a\"]}}", "a", 1, 2 },
		{ "{\"spec\":{\"audiences\":[\"\"]}}", "", 0, 1 },
		{ "{\"spec\":{\"audiences\":[null,\"a\"]}}", "", 0, 2 },
		{ "{\"spec\":{\"audiences\":[\" a \"]}}", " a ", 3, 1 },
		{ "{\"spec\":{\"audiences\":[\"\\ud83d\\ude00\"]}}", "\xf0\x9f\x98\x80", 4, 1 },
		{ "{\"spec\":{\"audiences\":[\"a\\nb\\tc\\u0000\xe2\x80\xa8\"]}}",
			"a\nb\tc\0\xe2\x80\xa8", 9, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct kube_body body = read_good(cases[i].body);
		const json_t *audiences = of_spec(&body, "audiences");
		const json_t *first = json_array_get(audiences, 0);

		assert_int_equal(json_array_size(audiences), cases[i].count);
		assert_int_equal(json_string_length(first), cases[i].len);
		assert_memory_equal(json_string_value(first), cases[i].first, cases[i].len);
		kube_body_free(&body);
	}
}

/* b1: exp-*; which of them are within bounds is decided later */
static void every_64_bit_number_is_an_expiration(void **state)
{
	static const int64_t values[] = { 0, 599, 600, 601, 86400, 2147483648, 4294967296, -1,
		INT64_MAX, INT64_MIN };

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		auto_free char *text = text_format("{\"spec\":{\"expirationSeconds\":%s}}",
			text_num(values[i]).s);
		struct kube_body body = read_good(text);

		assert_true(json_integer_value(of_spec(&body, "expirationSeconds")) ==
			values[i]);
		kube_body_free(&body);
	}
}

/* b1: exp-over64 to exp-object */
static void other_values_are_no_expiration(void **state)
{
	static const struct {
		const char *value, *type;
	} cases[] = { { "600.0", "number" }, { "600.5", "number" }, { "6e2", "number" },
		{ "600e0", "number" }, { "1e30", "number" }, { "\"600\"", "string" },
		{ "\"\"", "string" }, { "true", "bool" }, { "[]", "array" },
		{ "{}", "object" } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_free char *body =
			text_format("{\"spec\":{\"expirationSeconds\":%s}}", cases[i].value);
		auto_free char *why = text_format(
			"TokenRequest in version \"v1\" cannot be handled as a TokenRequest: cannot use %s "
			"for field spec.expirationSeconds, which has type int64",
			cases[i].type);

		assert_refused(body, strlen(body), why);
	}
}

static void numbers_that_no_int64_holds_are_refused(void **state)
{
	static const char *const values[] = { "9223372036854775808", "-9223372036854775809",
		"99999999999999999999999999999999", "1e400", "+600", "0600", "0x258", "600s" };

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		auto_free char *body =
			text_format("{\"spec\":{\"expirationSeconds\":%s}}", values[i]);

		assert_refused(body, strlen(body), "");
	}
}

enum json_kind { IS_NULL, IS_BOOL, IS_INT, IS_REAL, IS_STRING, IS_ARRAY, IS_OBJECT };
static const char *const one_of_each[] = { "null", "true", "7", "7.5", "\"s\"", "[]", "{}" };

static void assert_typed(const struct kube_type *type, const char *before, const char *after,
	const char *path, enum json_kind wanted)
{
	for (enum json_kind v = IS_NULL; v <= IS_OBJECT; v++) {
		auto_free char *text = text_format("%s%s%s", before, one_of_each[v], after);

		if (v == IS_NULL || v == wanted) {
			struct kube_body body = read_as(type, text, KUBE_STRICT);

			kube_body_free(&body);
		} else {
			assert_refused_as(type, text, strlen(text), KUBE_IGNORE, path);
		}
	}
}

/* Each known member with each wrong type: 400, and the answer names the member. */
static void wrong_types_are_refused_by_name(void **state)
{
	static const struct {
		const char *before, *after, *path;
		enum json_kind wanted;
	} cases[] = {
		{ "{\"metadata\":", "}", "field metadata,", IS_OBJECT },
		{ "{\"spec\":", "}", "field spec,", IS_OBJECT },
		{ "{\"status\":", "}", "field status,", IS_OBJECT },
		{ "{\"metadata\":{\"name\":", "}}", "field metadata.name,", IS_STRING },
		{ "{\"metadata\":{\"namespace\":", "}}", "field metadata.namespace,",
			IS_STRING },
		{ "{\"metadata\":{\"uid\":", "}}", "field metadata.uid,", IS_STRING },
		{ "{\"metadata\":{\"generation\":", "}}", "field metadata.generation,",
			IS_INT },
		{ "{\"metadata\":{\"labels\":", "}}", "field metadata.labels,", IS_OBJECT },
		{ "{\"metadata\":{\"finalizers\":", "}}", "field metadata.finalizers,",
			IS_ARRAY },
		{ "{\"metadata\":{\"ownerReferences\":", "}}",
			"field metadata.ownerReferences,", IS_ARRAY },
		{ "{\"metadata\":{\"ownerReferences\":[{\"controller\":", "}]}}",
			"field metadata.ownerReferences[0].controller,", IS_BOOL },
		{ "{\"spec\":{\"audiences\":", "}}", "field spec.audiences,", IS_ARRAY },
		{ "{\"spec\":{\"expirationSeconds\":", "}}", "field spec.expirationSeconds,",
			IS_INT },
		{ "{\"spec\":{\"boundObjectRef\":", "}}", "field spec.boundObjectRef,",
			IS_OBJECT },
		{ "{\"spec\":{\"boundObjectRef\":{\"kind\":", "}}}",
			"field spec.boundObjectRef.kind,", IS_STRING },
		{ "{\"spec\":{\"boundObjectRef\":{\"uid\":", "}}}",
			"field spec.boundObjectRef.uid,", IS_STRING },
		{ "{\"status\":{\"token\":", "}}", "field status.token,", IS_STRING },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_typed(&kube_token_request, cases[i].before, cases[i].after,
			cases[i].path, cases[i].wanted);
}

static void reviews_have_types_of_their_own(void **state)
{
	static const char review[] = "{\"spec\":{\"token\":\"t\",\"audiences\":[\"a\"]},"
				     "\"status\":{\"user\":{\"username\":\"u\",\"extra\":7}}}";
	struct kube_body body = read_as(&kube_token_review, review, KUBE_STRICT);

	(void)state;
	assert_string_equal(fields_string(fields_object(body.root, "spec"), "token"), "t");
	kube_body_free(&body);
	assert_typed(&kube_token_review, "{\"spec\":{\"token\":", "}}", "field spec.token,",
		IS_STRING);
	assert_typed(&kube_token_review, "{\"spec\":{\"audiences\":", "}}",
		"field spec.audiences,", IS_ARRAY);
	assert_typed(&kube_token_review, "{\"status\":{\"authenticated\":", "}}",
		"field status.authenticated,", IS_BOOL);
	assert_refused_as(&kube_token_review, "{\"spec\":{\"expirationSeconds\":600}}", 34,
		KUBE_STRICT, "unknown field \"spec.expirationSeconds\"");
	body = read_as(&kube_self_subject_review, "{}", KUBE_STRICT);
	kube_body_free(&body);
	assert_refused_as(&kube_self_subject_review, "{\"spec\":{}}", 11, KUBE_STRICT,
		"unknown field \"spec\"");
}

static void only_strings_are_audiences(void **state)
{
	static const char *const lists[] = { "[1]", "[true]", "[[\"a\"]]", "[{}]", "[\"a\",1]",
		"\"a\"", "{\"a\":1}" };

	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++) {
		auto_free char *body = text_format("{\"spec\":{\"audiences\":%s}}", lists[i]);

		assert_refused(body, strlen(body), "field spec.audiences");
	}
}

/* What is compared and looked up is what was sent: audiences alone may have one, and they are
 * compared with their length. */
static void a_name_has_no_zero_byte(void **state)
{
	static const char *const bodies[] = {
		"{\"kind\":\"TokenRequest\\u0000\"}",
		"{\"apiVersion\":\"" V1 "\\u0000x\"}",
		"{\"metadata\":{\"name\":\"app\\u0000x\"}}",
		"{\"metadata\":{\"namespace\":\"\\u0000\"}}",
		"{\"spec\":{\"boundObjectRef\":{\"kind\":\"Pod\\u0000\"}}}",
		"{\"spec\":{\"boundObjectRef\":{\"name\":\"p\\u0000q\"}}}",
		"{\"spec\":{\"boundObjectRef\":{\"uid\":\"\\u0000\"}}}",
		"{\"metadata\":{\"creationTimestamp\":\"2020-01-01T00:00:00Z\\u0000\"}}",
		"{\"spec\\u0000\":{}}",
		"{\"metadata\":{\"labels\":{\"a\\u0000b\":\"c\"}}}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++)
		assert_refused(bodies[i], strlen(bodies[i]), "");
}

/* b2: json-apiversion-*, json-kind-* */
static void other_kinds_and_versions_are_refused(void **state)
{
	static const char *const bodies[] = {
		"{\"apiVersion\":\"v1\",\"kind\":\"TokenRequest\",\"spec\":{}}",
		"{\"apiVersion\":\"authentication.k8s.io/v1beta1\",\"kind\":\"TokenRequest\",\"spec\":{}}",
		"{\"apiVersion\":\"authentication.k8s.io/v2\",\"kind\":\"TokenRequest\",\"spec\":{}}",
		"{\"apiVersion\":\"a/b/c\",\"kind\":\"TokenRequest\",\"spec\":{}}",
		"{\"apiVersion\":1,\"kind\":\"TokenRequest\",\"spec\":{}}",
		"{\"apiVersion\":\"" V1 "\",\"kind\":\"tokenrequest\",\"spec\":{}}",
		"{\"apiVersion\":\"" V1
		"\",\"kind\":\"TokenReview\",\"spec\":{\"token\":\"x\"}}",
		"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"x\"}}",
		"{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[]}",
		"{\"apiVersion\":\"" V1 "\",\"kind\":\"Nope\",\"spec\":{}}",
		"{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\"}",
		"{\"kind\":\"Pod\"}",
		"{\"kind\":[]}",
		"{\"apiVersion\":\"v1\"}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++)
		assert_refused(bodies[i], strlen(bodies[i]), "cannot be handled");
}

/* Of a kind that has several versions, too: the path says which one is spoken. */
static void the_version_is_that_of_the_path(void **state)
{
	static const char beta[] = "{\"apiVersion\":\"authentication.k8s.io/v1beta1\"}";
	static const char v1[] = "{\"apiVersion\":\"" V1 "\"}";
	struct kube_body body;
	struct err err = ERR_INIT;

	(void)state;
	assert_refused_as(&kube_token_review, beta, strlen(beta), KUBE_IGNORE,
		"the API version in the data (authentication.k8s.io/v1beta1) does not match the "
		"expected API version (authentication.k8s.io/v1)");
	assert_fails(ERR_REFUSED,
		kube_body_parse(v1, strlen(v1), false, &kube_token_review, "v1beta1", KUBE_WARN,
			&body, &err));
	assert_int_equal(err.detail, KUBE_BAD_REQUEST);
	assert_string_equal(err.text,
		"the API version in the data (authentication.k8s.io/v1) does not match the "
		"expected API version (authentication.k8s.io/v1beta1)");
	assert_succeeds(kube_body_parse(beta, strlen(beta), false, &kube_token_review,
		"v1beta1", KUBE_STRICT, &body, &err));
	kube_body_free(&body);
	body = read_as(&kube_token_review, v1, KUBE_STRICT);
	kube_body_free(&body);
	body = read_as(&kube_token_review, "{\"kind\":\"TokenReview\"}", KUBE_STRICT);
	kube_body_free(&body);
	assert_refused_as(&kube_self_subject_review, beta, strlen(beta), KUBE_IGNORE,
		"use authentication.k8s.io/v1");
	assert_refused_as(&kube_token_review, "{\"kind\":\"TokenRequest\"}", 23, KUBE_IGNORE,
		"kind \"TokenRequest\" cannot be handled as a TokenReview");
}

/* A long one is cut, and the answer stays text whatever it was. */
static void a_kind_of_any_length_is_refused_in_utf_8(void **state)
{
	(void)state;
	for (size_t pad = 0; pad < 4; pad++) {
		struct text body = TEXT_INIT;
		struct kube_body read;
		struct err err;
		json_auto_t *text = NULL;

		text_add(&body, "{\"kind\":\"");
		for (size_t i = 0; i < pad; i++)
			text_add(&body, "x");
		for (int i = 0; i < 10000; i++)
			text_add(&body, "\xf0\x9f\x98\x80");
		text_add(&body, "\"}");
		assert_int_equal(parse(body.s, body.len, &kube_token_request, KUBE_WARN, &read,
					 &err),
			-1);
		text = json_string(err.text);
		assert_non_null(text);
		text_free(&body);
	}
}

/* b2: json-space to json-trailing-garbage, json-utf16 */
static void what_is_no_json_object_is_refused(void **state)
{
	static const struct {
		const char *body;
		size_t len;
	} cases[] = {
		{ "", 0 },
		{ " \n", 2 },
		{ "[]", 2 },
		{ "\"x\"", 3 },
		{ "7", 1 },
		{ "true", 4 },
		{ "{", 1 },
		{ "{'spec':{}}", 11 },
		{ "{\"spec\":{}} {}", 14 },
		{ "{\"spec\":{}} x", 13 },
		{ "{\"spec\":{}},", 12 },
		{ "{\"spec\":{},}", 12 },
		{ "{}\0", 3 },
		{ "\0{}", 3 },
		{ "\xef\xbb\xbf{}", 5 },
		{ "\xff\xfe{\0}\0", 6 },
		{ "{\"spec\":{\"audiences\":[\"\xff\xfe\"]}}", 28 },
		{ "{\"a\":\"\n\"}", 9 },
		{ "nul", 3 },
		{ "nulll", 5 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_refused(cases[i].body, cases[i].len,
			"the object provided is unrecognized (must be of type TokenRequest)");
}

static void a_body_cut_anywhere_is_refused(void **state)
{
	static const char body[] =
		"{\"apiVersion\":\"" V1 "\",\"kind\":\"TokenRequest\",\"spec\":"
		"{\"audiences\":[\"v\\u00fc\"],\"expirationSeconds\":600}}";

	(void)state;
	for (size_t len = 0; len < strlen(body); len++)
		assert_refused(body, len, "unrecognized");
}

/* Deeper than jansson goes it is an error; up to there nothing breaks. */
static void deep_nesting_does_no_harm(void **state)
{
	static const size_t depths[] = { 10, 1000, 2040, 2050, 100000 };

	(void)state;
	for (size_t i = 0; i < COUNT(depths); i++) {
		struct text text = TEXT_INIT;
		struct kube_body body;
		struct err err;
		int rc;

		text_add(&text, "{\"x\":");
		for (size_t d = 0; d < depths[i]; d++)
			text_add(&text, d % 2 ? "{\"x\":" : "[");
		text_add(&text, "1");
		for (size_t d = depths[i]; d-- > 0;)
			text_add(&text, d % 2 ? "}" : "]");
		text_add(&text, "}");
		rc = parse(text.s, text.len, &kube_token_request, KUBE_WARN, &body, &err);
		assert_int_equal(rc, depths[i] < 2048 ? 0 : -1);
		if (rc == 0) {
			assert_int_equal(body.warning_count, 1);
			assert_string_equal(body.warnings[0], "unknown field \"x\"");
			kube_body_free(&body);
		}
		text_free(&text);
	}
}

/* ---- warnings ---- */

/* Warned of with Warn, refused with Strict, and nothing at all with Ignore. */
static void assert_warned(const char *text, const char *const *warnings, size_t count)
{
	struct kube_body body = read_good(text);

	assert_int_equal(body.warning_count, count);
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(body.warnings[i], warnings[i]);
		assert_refused_as(&kube_token_request, text, strlen(text), KUBE_STRICT,
			warnings[i]);
	}
	kube_body_free(&body);
	body = read_as(&kube_token_request, text, KUBE_IGNORE);
	assert_int_equal(body.warning_count, 0);
	kube_body_free(&body);
}
#define assert_warns(body, ...)                                                                \
	do {                                                                                   \
		static const char *const warnings_[] = { __VA_ARGS__ };                        \
		assert_warned((body), warnings_, COUNT(warnings_));                            \
	} while (0)

/* b2: json-case-Spec, json-unknown-*; b3: dup-Warn */
static void unknown_and_repeated_members_are_told(void **state)
{
	(void)state;
	assert_warns("{\"Spec\":{\"Audiences\":[\"a\"]}}", "unknown field \"Spec\"");
	assert_warns("{\"spec\":{\"audiences\":[\"a\"]},\"x\":1}", "unknown field \"x\"");
	assert_warns(
		"{\"spec\":{\"audiences\":[\"a\"],\"x\":{\"y\":1},\"expirationSecond\":5}}",
		"unknown field \"spec.x\"", "unknown field \"spec.expirationSecond\"");
	assert_warns("{\"metadata\":{\"Name\":1}}", "unknown field \"metadata.Name\"");
	assert_warns("{\"spec\":{\"boundObjectRef\":{\"x\":1}}}",
		"unknown field \"spec.boundObjectRef.x\"");
	assert_warns("{\"status\":{\"x\":1}}", "unknown field \"status.x\"");
	assert_warns("{\"spec\":{\"audiences\":[\"a\"],\"audiences\":[\"b\"]}}",
		"duplicate field \"spec.audiences\"");
	assert_warns("{\"spec\":{},\"spec\":{}}", "duplicate field \"spec\"");
	assert_warns("{\"spec\":{\"boundObjectRef\":{\"uid\":\"a\",\"uid\":\"b\"}}}",
		"duplicate field \"spec.boundObjectRef.uid\"");
	assert_warns("{\"metadata\":{\"ownerReferences\":[{},{\"x\":1}]}}",
		"unknown field \"metadata.ownerReferences[1].x\"");
	assert_warns("{\"x\":1,\"spec\":{},\"spec\":{}}", "unknown field \"x\"",
		"duplicate field \"spec\"");
	assert_warns(
		"{\"zed\":1,\"zed\":{\"a\":1,\"a\":2},\"spec\":{\"x\":1},\"spec\":{\"x\":1}}",
		"unknown field \"zed\"", "unknown field \"spec.x\"",
		"duplicate field \"spec\"");
	assert_warns("{\"spec\":{\"audiences\":[\"a\"],\"\\u0061udiences\":[\"b\"]}}",
		"duplicate field \"spec.audiences\"");
	assert_warns("{\"metadata\":{\"ownerReferences\":[{\"uid\":\"a\",\"uid\":\"a\"}]}}",
		"duplicate field \"metadata.ownerReferences[0].uid\"");
}

/* As Go's %q has it. */
static void a_name_is_told_in_quotes_that_hold(void **state)
{
	(void)state;
	assert_warns("{\"a\\\"b\":1}", "unknown field \"a\\\"b\"");
	assert_warns("{\"c\\\\d\":1}", "unknown field \"c\\\\d\"");
	assert_warns("{\"e\\nf\\u0001\\u007f\":1}", "unknown field \"e\\nf\\x01\\x7f\"");
	assert_warns("{\"\\u0085\\u00a0\\u00ad\\u00e9\\u0007\":1}",
		"unknown field \"\\u0085\\u00a0\\u00ad\xc3\xa9\\a\"");
}

/* All of them, in kube-apiserver's words. */
static void a_strict_refusal_names_all_of_them(void **state)
{
	static const char body[] = "{\"x\":1,\"spec\":{\"y\":2}}";

	(void)state;
	assert_refused_as(&kube_token_request, body, strlen(body), KUBE_STRICT,
		"TokenRequest in version \"v1\" cannot be handled as a TokenRequest: "
		"strict decoding error: unknown field \"x\", unknown field \"spec.y\"");
}

/* b2: meta-* */
static void metadata_that_objects_have_is_no_surprise(void **state)
{
	struct kube_body body = read_good(
		"{\"metadata\":{\"generateName\":\"gen-\",\"labels\":{\"b\":\"2\"},\"annotations\":"
		"{\"x\":\"y\"},\"creationTimestamp\":\"2020-01-01T00:00:00Z\",\"finalizers\":[\"a/b\"],"
		"\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"x\",\"uid\":\"1\"}],"
		"\"managedFields\":[{\"manager\":\"m\"}],\"deletionTimestamp\":\"2020-01-01T00:00:00Z\","
		"\"deletionGracePeriodSeconds\":3,\"resourceVersion\":\"1\",\"generation\":1,"
		"\"selfLink\":\"x\"},\"spec\":{}}");

	(void)state;
	assert_int_equal(body.warning_count, 0);
	kube_body_free(&body);
}

/* Those that are the same in all they say; uids alone do not make them so. */
static void owners_that_are_told_twice_are_told_once(void **state)
{
	static const struct {
		const char *owners, *wanted, *uids;
	} cases[] = {
		{ "[]", "[]", "" },
		{ "[{\"uid\":\"a\"}]", "[{\"uid\":\"a\"}]", "" },
		{ "[{\"uid\":\"a\"},{\"uid\":\"b\"},{\"uid\":\"a\"}]",
			"[{\"uid\":\"a\"},{\"uid\":\"b\"}]", "a" },
		{ "[{\"uid\":\"a\"},{\"uid\":\"a\"},{\"uid\":\"b\"},{\"uid\":\"a\"},"
		  "{\"uid\":\"b\"}]",
			"[{\"uid\":\"a\"},{\"uid\":\"b\"}]", "a, a, b" },
		{ "[{\"uid\":\"a\"},{\"uid\":\"a\",\"controller\":false}]",
			"[{\"uid\":\"a\"},{\"uid\":\"a\",\"controller\":false}]", "" },
		{ "[{},{\"kind\":null},{\"name\":\"\"}]", "[{}]", "" },
		{ "[{\"kind\":\"1:x\"},{\"kind\":\"1\",\"name\":\"x\"}]",
			"[{\"kind\":\"1:x\"},{\"kind\":\"1\",\"name\":\"x\"}]", "" },
		{ "[{\"kind\":\"a\"},{\"apiVersion\":\"a\"}]",
			"[{\"kind\":\"a\"},{\"apiVersion\":\"a\"}]", "" },
	};
	auto_free char *none = kube_metadata_unite(NULL);

	(void)state;
	assert_string_equal(none, "");
	for (size_t i = 0; i < COUNT(cases); i++) {
		json_auto_t *owners = json_loads(cases[i].owners, 0, NULL);
		json_auto_t *wanted = json_loads(cases[i].wanted, 0, NULL);
		auto_free char *uids = kube_metadata_unite(owners);

		assert_string_equal(uids, cases[i].uids);
		assert_true(json_equal(owners, wanted));
	}
}

/* Any RFC 3339 time, and nothing else. */
static void times_are_times(void **state)
{
	static const struct {
		const char *text;
		bool is_time;
	} cases[] = {
		{ "2020-01-01T00:00:00Z", true },
		{ "2020-01-01T00:00:00.123Z", true },
		{ "2020-01-01T02:00:00+02:00", true },
		{ "", false },
		{ "now", false },
		{ "2020-01-01", false },
		{ "2020-02-30T00:00:00Z", false },
		{ "2020-01-01T00:00:00", false },
		{ "2020-01-01T00:00:00Zx", false },
		{ "1577836800", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_free char *text =
			text_format("{\"metadata\":{\"creationTimestamp\":\"%s\"}}",
				cases[i].text);

		if (cases[i].is_time) {
			struct kube_body body = read_good(text);

			kube_body_free(&body);
		} else {
			assert_refused(text, strlen(text),
				"field metadata.creationTimestamp, which has type time");
		}
	}
}

static void the_last_of_repeated_members_counts(void **state)
{
	struct kube_body body =
		read_good("{\"spec\":{\"audiences\":[\"a\"],\"audiences\":[\"b\"],"
			  "\"expirationSeconds\":600,\"expirationSeconds\":700}}");
	const json_t *audiences = of_spec(&body, "audiences");

	(void)state;
	assert_int_equal(json_array_size(audiences), 1);
	assert_string_equal(json_string_value(json_array_get(audiences, 0)), "b");
	assert_int_equal(json_integer_value(of_spec(&body, "expirationSeconds")), 700);
	assert_int_equal(body.warning_count, 2);
	kube_body_free(&body);
}

static void no_more_warnings_are_kept_than_there_is_room_for(void **state)
{
	struct text text = TEXT_INIT;
	struct kube_body body;

	(void)state;
	text_add(&text, "{\"x\":1");
	for (int i = 0; i < 1000; i++)
		text_addf(&text, ",\"u%d\":1,\"x\":1", i);
	text_add(&text, "}");
	body = read_good(text.s);
	assert_int_equal(body.warning_count, KUBE_WARNINGS_MAX);
	kube_body_free(&body);
	assert_refused_as(&kube_token_request, text.s, text.len, KUBE_STRICT,
		"strict decoding");
	text_free(&text);
}

/* Go's unicode.IsPrint, but for what Unicode has not assigned. */
static void a_manager_has_printable_characters(void **state)
{
	static const uint32_t good[] = { ' ', 'a', '~', 0xa1, 0xac, 0xae, 0xfc, 0x2010, 0x2030,
		0x4e00, 0xfffd, 0x1f600, 0xe0100 };
	static const uint32_t bad[] = { 0, 1, 0x1f, 0x7f, 0x80, 0x9f, 0xa0, 0xad, 0x200b,
		0x2028, 0x202e, 0x3000, 0xd800, 0xe000, 0xf8ff, 0xfeff, 0xe0001, 0x10fffd };

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		if (!kube_options_is_printable(good[i]))
			fail_msg("U+%04X is not", (unsigned)good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (kube_options_is_printable(bad[i]))
			fail_msg("U+%04X is", (unsigned)bad[i]);
}

UNIT_MAIN(cmocka_unit_test(everything_asked_for_is_there),
	cmocka_unit_test(a_manager_has_printable_characters),
	cmocka_unit_test(owners_that_are_told_twice_are_told_once),
	cmocka_unit_test(nothing_asked_for_is_a_request_too),
	cmocka_unit_test(audiences_are_kept_as_they_are),
	cmocka_unit_test(every_64_bit_number_is_an_expiration),
	cmocka_unit_test(other_values_are_no_expiration),
	cmocka_unit_test(numbers_that_no_int64_holds_are_refused),
	cmocka_unit_test(wrong_types_are_refused_by_name),
	cmocka_unit_test(reviews_have_types_of_their_own),
	cmocka_unit_test(only_strings_are_audiences), cmocka_unit_test(a_name_has_no_zero_byte),
	cmocka_unit_test(other_kinds_and_versions_are_refused),
	cmocka_unit_test(the_version_is_that_of_the_path),
	cmocka_unit_test(a_kind_of_any_length_is_refused_in_utf_8),
	cmocka_unit_test(what_is_no_json_object_is_refused),
	cmocka_unit_test(a_body_cut_anywhere_is_refused),
	cmocka_unit_test(deep_nesting_does_no_harm),
	cmocka_unit_test(unknown_and_repeated_members_are_told),
	cmocka_unit_test(a_name_is_told_in_quotes_that_hold),
	cmocka_unit_test(a_strict_refusal_names_all_of_them),
	cmocka_unit_test(metadata_that_objects_have_is_no_surprise),
	cmocka_unit_test(times_are_times),
	cmocka_unit_test(the_last_of_repeated_members_counts),
	cmocka_unit_test(no_more_warnings_are_kept_than_there_is_room_for));

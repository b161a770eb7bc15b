/* test_tokenrequest_json.c - issuer/tokenrequest_json.c: bodies that are a TokenRequest, and
 * many that are not. Bodies marked b1 or b2 were sent to kube-apiserver v1.36.3 and were
 * answered so: captures b1-tokenrequest-spec and b2-tokenrequest-envelope.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "issuer/kube.h"
#include "issuer/tokenrequest_json.h"
#include "t/unit/unit.h"

#define V1 "authentication.k8s.io/v1"

static struct token_request read_good(const char *body)
{
	struct token_request request;
	struct err err = ERR_INIT;

	if (token_request_read(body, strlen(body), &request, &err) < 0)
		fail_msg("%s: %s", body, err.text);
	return request;
}

static void assert_refused(const char *body, size_t len, const char *why)
{
	struct token_request request = { .warning_count = 77 };
	struct err err = ERR_INIT;

	if (token_request_read(body, len, &request, &err) == 0)
		fail_msg("accepted %.200s", body);
	assert_int_equal(err.code, ERR_REFUSED);
	assert_int_equal(err.detail, KUBE_BAD_REQUEST);
	assert_mentions(err.text, why);
	assert_int_equal(request.warning_count, 77);
}

static void everything_asked_for_is_there(void **state)
{
	struct token_request request = read_good(
		"{\"apiVersion\":\"" V1 "\",\"kind\":\"TokenRequest\",\"metadata\":"
		"{\"name\":\"app\",\"namespace\":\"ci\",\"uid\":\"u\"},\"spec\":{\"audiences\":"
		"[\"vault\",\"sts\"],\"expirationSeconds\":3607,\"boundObjectRef\":"
		"{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"name\":\"p\",\"uid\":\"pu\"}},"
		"\"status\":{\"token\":\"\",\"expirationTimestamp\":null}}");

	(void)state;
	assert_string_equal(request.metadata_name, "app");
	assert_string_equal(request.metadata_namespace, "ci");
	assert_string_equal(request.metadata_uid, "u");
	assert_int_equal(json_array_size(request.audiences), 2);
	assert_string_equal(json_string_value(json_array_get(request.audiences, 1)), "sts");
	assert_true(request.has_expiration);
	assert_int_equal(request.expiration_s, 3607);
	assert_string_equal(json_string_value(json_object_get(request.bound_object, "kind")),
		"Pod");
	assert_int_equal(request.warning_count, 0);
	token_request_free(&request);
	assert_null(request.root);
	token_request_free(&request);
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
		struct token_request request = read_good(bodies[i]);

		assert_null(request.audiences);
		assert_false(request.has_expiration);
		assert_null(request.bound_object);
		assert_null(request.metadata_name);
		assert_null(request.metadata_namespace);
		assert_null(request.metadata_uid);
		assert_int_equal(request.warning_count, 0);
		token_request_free(&request);
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
		{ "{\"spec\":{\"audiences\":[\" a \"]}}", " a ", 3, 1 },
		{ "{\"spec\":{\"audiences\":[\"\\ud83d\\ude00\"]}}", "\xf0\x9f\x98\x80", 4, 1 },
		{ "{\"spec\":{\"audiences\":[\"a\\nb\\tc\\u0000\xe2\x80\xa8\"]}}",
			"a\nb\tc\0\xe2\x80\xa8", 9, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct token_request request = read_good(cases[i].body);
		const json_t *first = json_array_get(request.audiences, 0);

		assert_int_equal(json_array_size(request.audiences), cases[i].count);
		assert_int_equal(json_string_length(first), cases[i].len);
		assert_memory_equal(json_string_value(first), cases[i].first, cases[i].len);
		token_request_free(&request);
	}
}

/* b1: exp-*; which of them are within bounds is decided later */
static void every_64_bit_number_is_an_expiration(void **state)
{
	static const int64_t values[] = { 0, 599, 600, 601, 86400, 2147483648, 4294967296, -1,
		INT64_MAX, INT64_MIN };

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		auto_free char *body = text_format("{\"spec\":{\"expirationSeconds\":%s}}",
			text_num(values[i]).s);
		struct token_request request = read_good(body);

		assert_true(request.has_expiration);
		assert_true(request.expiration_s == values[i]);
		token_request_free(&request);
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

/* Each known member with each wrong type: 400, and the answer names the member. */
static void wrong_types_are_refused_by_name(void **state)
{
	static const char *const values[] = { "null", "true", "7", "7.5", "\"s\"", "[]", "{}" };
	enum { IS_NULL, IS_BOOL, IS_INT, IS_REAL, IS_STRING, IS_ARRAY, IS_OBJECT };
	static const struct {
		const char *format, *path;
		int wanted;
	} cases[] = {
		{ "{\"metadata\":%s}", "metadata", IS_OBJECT },
		{ "{\"spec\":%s}", "spec", IS_OBJECT },
		{ "{\"status\":%s}", "status", IS_OBJECT },
		{ "{\"metadata\":{\"name\":%s}}", "metadata.name", IS_STRING },
		{ "{\"metadata\":{\"namespace\":%s}}", "metadata.namespace", IS_STRING },
		{ "{\"metadata\":{\"uid\":%s}}", "metadata.uid", IS_STRING },
		{ "{\"spec\":{\"audiences\":%s}}", "spec.audiences", IS_ARRAY },
		{ "{\"spec\":{\"expirationSeconds\":%s}}", "spec.expirationSeconds", IS_INT },
		{ "{\"spec\":{\"boundObjectRef\":%s}}", "spec.boundObjectRef", IS_OBJECT },
	};

	(void)state;
	for (size_t c = 0; c < COUNT(cases); c++)
		for (size_t v = 0; v < COUNT(values); v++) {
			const char *at = strstr(cases[c].format, "%s");
			struct text body = TEXT_INIT;

			text_add_bytes(&body, cases[c].format, (size_t)(at - cases[c].format));
			text_add(&body, values[v]);
			text_add(&body, at + 2);
			if (v == IS_NULL || (int)v == cases[c].wanted) {
				struct token_request request = read_good(body.s);

				token_request_free(&request);
			} else {
				assert_refused(body.s, body.len, cases[c].path);
			}
			text_free(&body);
		}
}

static void only_strings_are_audiences(void **state)
{
	static const char *const lists[] = { "[1]", "[null]", "[true]", "[[\"a\"]]", "[{}]",
		"[\"a\",1]", "\"a\"", "{\"a\":1}" };

	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++) {
		auto_free char *body = text_format("{\"spec\":{\"audiences\":%s}}", lists[i]);

		assert_refused(body, strlen(body), "field spec.audiences");
	}
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
		struct text body = TEXT_INIT;
		struct token_request request;
		struct err err = ERR_INIT;
		int rc;

		text_add(&body, "{\"x\":");
		for (size_t d = 0; d < depths[i]; d++)
			text_add(&body, d % 2 ? "{\"x\":" : "[");
		text_add(&body, "1");
		for (size_t d = depths[i]; d-- > 0;)
			text_add(&body, d % 2 ? "}" : "]");
		text_add(&body, "}");
		rc = token_request_read(body.s, body.len, &request, &err);
		assert_int_equal(rc, depths[i] < 2048 ? 0 : -1);
		if (rc == 0) {
			assert_int_equal(request.warning_count, 1);
			assert_string_equal(request.warnings[0], "unknown field \"x\"");
			token_request_free(&request);
		}
		text_free(&body);
	}
}

/* ---- warnings ---- */

static void assert_warned(const char *body, const char *const *warnings, size_t count)
{
	struct token_request request = read_good(body);

	assert_int_equal(request.warning_count, count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(request.warnings[i], warnings[i]);
	token_request_free(&request);
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
}

/* b2: meta-* */
static void metadata_that_objects_have_is_no_surprise(void **state)
{
	struct token_request request = read_good(
		"{\"metadata\":{\"generateName\":\"gen-\",\"labels\":{\"b\":\"2\"},\"annotations\":"
		"{\"x\":\"y\"},\"creationTimestamp\":\"2020-01-01T00:00:00Z\",\"finalizers\":[\"a/b\"],"
		"\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"x\",\"uid\":\"1\"}],"
		"\"managedFields\":[{\"manager\":\"m\"}],\"deletionTimestamp\":\"2020-01-01T00:00:00Z\","
		"\"deletionGracePeriodSeconds\":3,\"resourceVersion\":\"1\",\"generation\":1,"
		"\"selfLink\":\"x\"},\"spec\":{}}");

	(void)state;
	assert_int_equal(request.warning_count, 0);
	token_request_free(&request);
}

static void the_last_of_repeated_members_counts(void **state)
{
	struct token_request request =
		read_good("{\"spec\":{\"audiences\":[\"a\"],\"audiences\":[\"b\"],"
			  "\"expirationSeconds\":600,\"expirationSeconds\":700}}");

	(void)state;
	assert_int_equal(json_array_size(request.audiences), 1);
	assert_string_equal(json_string_value(json_array_get(request.audiences, 0)), "b");
	assert_int_equal(request.expiration_s, 700);
	assert_int_equal(request.warning_count, 2);
	token_request_free(&request);
}

static void no_more_warnings_are_kept_than_there_is_room_for(void **state)
{
	struct text body = TEXT_INIT;
	struct token_request request;

	(void)state;
	text_add(&body, "{\"x\":1");
	for (int i = 0; i < 1000; i++)
		text_addf(&body, ",\"u%d\":1,\"x\":1", i);
	text_add(&body, "}");
	request = read_good(body.s);
	assert_int_equal(request.warning_count, TOKENREQUEST_WARNINGS_MAX);
	token_request_free(&request);
	text_free(&body);
}

UNIT_MAIN(cmocka_unit_test(everything_asked_for_is_there),
	cmocka_unit_test(nothing_asked_for_is_a_request_too),
	cmocka_unit_test(audiences_are_kept_as_they_are),
	cmocka_unit_test(every_64_bit_number_is_an_expiration),
	cmocka_unit_test(other_values_are_no_expiration),
	cmocka_unit_test(numbers_that_no_int64_holds_are_refused),
	cmocka_unit_test(wrong_types_are_refused_by_name),
	cmocka_unit_test(only_strings_are_audiences),
	cmocka_unit_test(other_kinds_and_versions_are_refused),
	cmocka_unit_test(what_is_no_json_object_is_refused),
	cmocka_unit_test(a_body_cut_anywhere_is_refused),
	cmocka_unit_test(deep_nesting_does_no_harm),
	cmocka_unit_test(unknown_and_repeated_members_are_told),
	cmocka_unit_test(metadata_that_objects_have_is_no_surprise),
	cmocka_unit_test(the_last_of_repeated_members_counts),
	cmocka_unit_test(no_more_warnings_are_kept_than_there_is_room_for));

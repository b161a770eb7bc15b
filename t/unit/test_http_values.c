/* test_http_values.c - what strangers send outside the body, judged without a socket: paths
 * (issuer/route.c), Authorization (issuer/authn.c) and If-None-Match (issuer/public.c); and the
 * headers of a reply (serve/http_call.c).
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "issuer/authn.h"
#include "issuer/public.h"
#include "issuer/route.h"
#include "serve/http.h"
#include "t/unit/unit.h"

#define TOKEN "/api/v1/namespaces/{}/serviceaccounts/{}/token"

/* ---- paths ---- */

/* Captures b3-tokenrequest-http path-* and a-discovery *-slash; where kube-apiserver answers
 * 404, nothing matches. */
static void paths_match_their_pattern_only(void **state)
{
	static const struct {
		const char *pattern, *path;
		const char *params[2]; /* NULL: no match */
	} cases[] = {
		{ TOKEN, "/api/v1/namespaces/ci/serviceaccounts/app/token", { "ci", "app" } },
		{ TOKEN, "/api/v1/namespaces/ci/serviceaccounts/app/token/", { "ci", "app" } },
		{ TOKEN, "/api/v1/namespaces/d%65fault/serviceaccounts/%61/token",
			{ "default", "a" } },
		{ TOKEN, "/api/v1/namespaces/ci/serviceaccounts/a_b%20c/token",
			{ "ci", "a_b c" } },
		{ TOKEN, "/api/v1/namespaces/ci/serviceaccounts/%2e%2E/token", { "ci", ".." } },
		{ TOKEN, "/api/v1/namespaces/ci/serviceaccounts/{}/token", { "ci", "{}" } },
		{ TOKEN, "/api/v1/namespaces/ci/serviceaccounts/a%252Fb/token",
			{ "ci", "a%2Fb" } },
		{ TOKEN, "/api/v1/namespaces/ci/serviceaccounts/a%2Fb/token", { NULL } },
		{ TOKEN, "/api/v1/namespaces/ci/serviceaccounts/a%2fb/token", { NULL } },
		{ TOKEN, "/api/v1/namespaces/a%2Fb/serviceaccounts/app/token", { NULL } },
		{ TOKEN, "/api/v1/namespaces/ci/serviceaccounts/a%00b/token", { NULL } },
		{ TOKEN, "/api/v1/namespaces/ci/serviceaccounts/%00/token", { NULL } },
		{ TOKEN, "/api/v1/namespaces/ci/serviceaccounts/%zz/token", { NULL } },
		{ TOKEN, "/api/v1/namespaces/ci/serviceaccounts/a%/token", { NULL } },
		{ TOKEN, "/api/v1/namespaces/ci/serviceaccounts/a%6/token", { NULL } },
		{ TOKEN, "/api/v1/namespaces//serviceaccounts/app/token", { NULL } },
		{ TOKEN, "/api/v1/namespaces/ci/serviceaccounts//token", { NULL } },
		{ TOKEN, "//api/v1/namespaces/ci/serviceaccounts/app/token", { NULL } },
		{ TOKEN, "/api/v1/namespaces/ci//serviceaccounts/app/token", { NULL } },
		{ TOKEN, "/api/v1/namespaces/ci/serviceaccounts/app/token//", { NULL } },
		{ TOKEN, "/api/v1/namespaces/ci/serviceaccounts/app/token/x", { NULL } },
		{ TOKEN, "/api/v1/namespaces/ci/serviceaccounts/app/Token", { NULL } },
		{ TOKEN, "/api/v1/namespaces/ci/serviceaccounts/app/toke", { NULL } },
		{ TOKEN, "/api/v1/namespaces/ci/serviceaccounts/app/tokens", { NULL } },
		{ TOKEN, "/api/v1/namespaces/ci/serviceaccounts/app", { NULL } },
		{ TOKEN, "/api/v1/namespaces/ci/serviceaccounts/", { NULL } },
		{ TOKEN, "api/v1/namespaces/ci/serviceaccounts/app/token", { NULL } },
		{ TOKEN, "/%61pi/v1/namespaces/ci/serviceaccounts/app/token", { NULL } },
		{ TOKEN, "", { NULL } },
		{ TOKEN, "/", { NULL } },
		{ TOKEN, TOKEN "/{}", { NULL } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char buffer[ROUTE_PATH_MAX];
		const char *params[ROUTE_PARAMS_MAX] = { NULL };
		const bool is_match =
			route_match(cases[i].pattern, cases[i].path, buffer, params);

		if (is_match != (cases[i].params[0] != NULL))
			fail_msg("%s %s", cases[i].path,
				is_match ? "matched" : "did not match");
		for (size_t p = 0; is_match && p < 2; p++)
			assert_string_equal(params[p], cases[i].params[p]);
	}
}

static void paths_without_parameters_are_exact(void **state)
{
	static const struct {
		const char *path;
		bool is_match;
	} cases[] = {
		{ "/openid/v1/jwks", true },
		{ "/openid/v1/jwks/", true },
		{ "/openid/v1/jwks//", false },
		{ "//openid/v1/jwks", false },
		{ "/openid/v1//jwks", false },
		{ "/openid/v1/jwk", false },
		{ "/openid/v1/jwks2", false },
		{ "/openid/v1/JWKS", false },
		{ "/openid/v1/jwk%73", false },
		{ "/openid/v1", false },
		{ "/openid/v1/", false },
		{ "/openid/v1/jwks/x", false },
		{ "/openid/v1/./jwks", false },
		{ "/x/../openid/v1/jwks", false },
		{ "*", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char buffer[ROUTE_PATH_MAX];
		const char *params[ROUTE_PARAMS_MAX];

		assert_int_equal(route_match("/openid/v1/jwks", cases[i].path, buffer, params),
			cases[i].is_match);
	}
}

static void a_path_is_at_most_so_long(void **state)
{
	char path[ROUTE_PATH_MAX + 1] = "/";
	char buffer[ROUTE_PATH_MAX];
	const char *params[ROUTE_PARAMS_MAX];

	(void)state;
	memset(path + 1, 'x', ROUTE_PATH_MAX - 1);
	assert_false(route_match("/{}", path, buffer, params));
	path[ROUTE_PATH_MAX - 1] = '\0';
	assert_true(route_match("/{}", path, buffer, params));
	assert_int_equal(strlen(params[0]), ROUTE_PATH_MAX - 2);
}

/* ---- Authorization ---- */

/* Captures d-auth, authz-*, and c-tokenreview: what kube-apiserver takes for which token. */
static void bearer_secrets_are_cut_out_as_kube_does(void **state)
{
	static const struct {
		const char *header, *secret; /* NULL: none */
	} cases[] = {
		{ "Bearer admin-token", "admin-token" },
		{ "bearer admin-token", "admin-token" },
		{ "BEARER admin-token", "admin-token" },
		{ " Bearer admin-token", "admin-token" },
		{ "\tBearer admin-token", "admin-token" },
		{ "Bearer admin-token extra", "admin-token" },
		{ "Bearer admin-token ", "admin-token" },
		{ "Bearer admin-token,alice-token", "admin-token,alice-token" },
		{ "Bearer a=b", "a=b" },
		/* in a header there are none of these, in a reviewed token (c, leading-newline)
		 */
		{ "Bearer \nadmin-token", "admin-token" },
		{ "Bearer admin-token\r\n", "admin-token" },
		{ "Bearer \t\nadmin-token\v\f extra", "admin-token" },
		{ "Bearer admin-token\nextra", "admin-token\nextra" },
		{ "Bearer", NULL },
		{ "Bearer ", NULL },
		{ "Bearer  admin-token", NULL },
		{ "Bearer  ", NULL },
		{ "Bearer \n", NULL },
		{ "Bearer \t admin-token", NULL },
		{ "Bearer\tadmin-token", NULL },
		{ "Token admin-token", NULL },
		{ "admin-token", NULL },
		{ "Digest x", NULL },
		{ "Basic YTpi", NULL },
		{ "BearerX admin-token", NULL },
		{ "Beare admin-token", NULL },
		{ "", NULL },
		{ " ", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *secret = NULL;
		size_t len = 0;

		assert_int_equal(authn_bearer(cases[i].header, &secret, &len),
			cases[i].secret != NULL);
		if (cases[i].secret) {
			assert_int_equal(len, strlen(cases[i].secret));
			assert_memory_equal(secret, cases[i].secret, len);
		}
	}
}

/* ---- If-None-Match ---- */

/* RFC 9110 §8.8.3 and §13.1.2 */
static void an_etag_is_found_in_any_list(void **state)
{
	static const struct {
		const char *header;
		bool is_match;
	} cases[] = {
		{ "\"abc\"", true },
		{ "W/\"abc\"", true },
		{ " \"abc\" ", true },
		{ "\"x\", \"abc\"", true },
		{ "\"x\",\"abc\",\"y\"", true },
		{ "\"abc\" , W/\"y\"", true },
		{ "\"x\",\t W/\"abc\"\t,\"y\"", true },
		{ ", ,\"abc\",,", true },
		{ "*", true },
		{ " * ", true },
		{ "", false },
		{ " ", false },
		{ ",", false },
		{ "abc", false },
		{ "\"abc", false },
		{ "abc\"", false },
		{ "\"ab\"", false },
		{ "\"abcd\"", false },
		{ "\"ABC\"", false },
		{ "\" abc\"", false },
		{ "'abc'", false },
		{ "w/\"abc\"", false },
		{ "W/ \"abc\"", false },
		{ "W/", false },
		{ "W/W/\"abc\"", false },
		{ "\"abc\"\"x\"", false },
		{ "\"abc\" \"x\"", false },
		{ "**", false },
		{ "\"*\"", false },
		{ "W/*", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (public_etag_matches(cases[i].header, "\"abc\"") != cases[i].is_match)
			fail_msg("%s %s", cases[i].header,
				cases[i].is_match ? "did not match" : "matched");
}

/* ---- a reply's headers ---- */

/* Adds `count` headers with values of `len` bytes; returns how many were taken. */
static size_t headers_taken(size_t count, size_t len)
{
	struct http_call call = { .handler_ctx = NULL };
	auto_free char *value = text_alloc(len + 1, 1);
	size_t taken;

	memset(value, 'x', len);
	for (size_t i = 0; i < count; i++)
		http_reply_header(&call, "Warning", value);
	taken = call.reply.header_count;
	for (size_t i = 0; i < taken; i++)
		free(call.reply.headers[i].value);
	return taken;
}

static void a_reply_has_so_many_headers_and_no_more(void **state)
{
	(void)state;
	assert_int_equal(headers_taken(HTTP_REPLY_HEADERS_MAX, 1), HTTP_REPLY_HEADERS_MAX);
	assert_int_equal(headers_taken(HTTP_REPLY_HEADERS_MAX + 1, 1), HTTP_REPLY_HEADERS_MAX);
}

static void a_reply_has_headers_of_so_many_bytes_and_no_more(void **state)
{
	const size_t framing = strlen("Warning: \r\n");

	(void)state;
	assert_int_equal(headers_taken(3, HTTP_REPLY_MAX / 3 - framing), 3);
	assert_int_equal(headers_taken(4, HTTP_REPLY_MAX / 3 - framing), 3);
	assert_int_equal(headers_taken(3, HTTP_REPLY_MAX / 3 + 1 - framing), 2);
}

UNIT_MAIN(cmocka_unit_test(paths_match_their_pattern_only),
	cmocka_unit_test(paths_without_parameters_are_exact),
	cmocka_unit_test(a_path_is_at_most_so_long),
	cmocka_unit_test(bearer_secrets_are_cut_out_as_kube_does),
	cmocka_unit_test(an_etag_is_found_in_any_list),
	cmocka_unit_test(a_reply_has_so_many_headers_and_no_more),
	cmocka_unit_test(a_reply_has_headers_of_so_many_bytes_and_no_more));

/* test_negotiate.c - issuer/negotiate.c: which answers an Accept header takes, and which type a
 * Content-Type header means. RFC 9110 §8.3.1, §12.4.2 and §12.5.1.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "issuer/negotiate.h"
#include "t/unit/unit.h"

#define JSON     "application/json"
#define PROTOBUF "application/vnd.kubernetes.protobuf"

static void assert_accepts(const char *const *headers, size_t count, bool expected)
{
	bool is_pretty;

	for (size_t i = 0; i < count; i++)
		if (negotiate_accepts(headers[i], JSON, &is_pretty) != expected)
			fail_msg("'%s' %s", headers[i],
				expected ? "did not accept" : "accepted");
}

static void no_accept_header_takes_anything(void **state)
{
	static const char *const headers[] = { NULL, "", " ", "\t " };

	(void)state;
	assert_accepts(headers, COUNT(headers), true);
}

static void a_range_that_covers_the_type_takes_it(void **state)
{
	static const char *const headers[] = { JSON, "*", "*/*", "*/", "application/*",
		" application/json ", "\tapplication/json\t", "application/json;charset=utf-8",
		"application/json ; charset=utf-8", "application/json;q=1",
		"application/json;q=0.001", "application/json;Q=0", "application / json",
		"application/json/", "application/json;stream=watch",
		"application/json;stream=", "application/json;sv=v1", "application/json;as=a=b",
		"application/json;;;", "application/json;", "text/html, application/json",
		"text/html,*/*;q=0.1", PROTOBUF ", " JSON, PROTOBUF "," JSON,
		", ,application/json,,", "text/html;level=1;q=0.4, application/json;q=0.9" };

	(void)state;
	assert_accepts(headers, COUNT(headers), true);
}

static void other_ranges_do_not(void **state)
{
	static const char *const headers[] = { "text/html", PROTOBUF, "application/yaml",
		"application/jso", "application/json2", "application/json-patch+json",
		"application", "application/", "json", "text/*", "*/json", "/*", "/",
		"application/**", "application/*x", "Application/JSON", "APPLICATION/*",
		"application/json/x", "application/json;stream=foo", "application/json;sv=v2",
		"application/json text/html", "text/html, application/xml", ",", ", ,", ";",
		";q=1" };

	(void)state;
	assert_accepts(headers, COUNT(headers), false);
}

static void quality_zero_refuses(void **state)
{
	static const char *const zero[] = { "application/json;q=0", "application/json;q=0.0",
		"application/json;q=0.000", "application/json; q=0",
		"application/json;charset=utf-8;q=0", "*/*;q=0", "application/*;q=0.00",
		"text/html, application/json;q=0", "application/json;q=0;x=y" };

	(void)state;
	assert_accepts(zero, COUNT(zero), false);
}

/* What kubectl get sends; kube-apiserver answers the second element, and so do we. */
static void a_table_is_no_json_of_ours(void **state)
{
	static const char *const only[] = { "application/json;as=Table;v=v1;g=meta.k8s.io",
		"application/json; as=Table", "application/json;g=meta.k8s.io",
		"application/json;v=v1", "application/json;g=meta.k8s.io;as=Table;v=v1",
		"*/*;as=Table" };
	static const char *const also[] = {
		"application/json;as=Table;v=v1;g=meta.k8s.io,"
		"application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json",
		"application/json;as=Table, */*",
	};

	(void)state;
	assert_accepts(only, COUNT(only), false);
	assert_accepts(also, COUNT(also), true);
}

/* goautoneg knows no quotes: a comma or semicolon separates, wherever it stands. */
static void quotes_hold_nothing_together(void **state)
{
	static const char *const taken[] = { "application/json;x=\"a,b\"",
		"text/html;x=\"y\",application/json", "text/html;x=\",application/json,\"",
		"text/html;x=\",application/json" };
	static const char *const not [] = { "application/json;x=\";q=0",
		"\"application/json\"" };

	(void)state;
	assert_accepts(taken, COUNT(taken), true);
	assert_accepts(not, COUNT(not ), false);
}

static void the_first_range_that_takes_it_may_want_it_indented(void **state)
{
	static const struct {
		const char *header;
		bool is_pretty;
	} cases[] = {
		{ NULL, false },
		{ JSON, false },
		{ JSON ";pretty=1", true },
		{ "application/* ; pretty = 1 ", true },
		{ "*;pretty=1;q=0.5", true },
		{ "text/html;pretty=1," JSON, false },
		{ "text/html," JSON ";pretty=1", true },
		{ JSON ";pretty=1;as=Table," JSON, false },
		{ JSON "," JSON ";pretty=1", false },
		{ JSON ";pretty=1;pretty=0", false },
		{ JSON ";pretty=true", false },
		{ JSON ";pretty", false },
		{ JSON ";Pretty=1", false },
		{ "text/html;pretty=1", false },
	};
	bool is_pretty;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)negotiate_accepts(cases[i].header, JSON, &is_pretty);
		if (is_pretty != cases[i].is_pretty)
			fail_msg("'%s'", cases[i].header);
	}
}

static void garbage_is_not_accepted_and_does_no_harm(void **state)
{
	static const char *const headers[] = { "\"", "\\", "\"\\", "\xff\xfe", "\x01",
		"application/json\x01", "=", "***", "q=0", ";;;;", "\",\",\"", "a;b;c;d" };

	(void)state;
	assert_accepts(headers, COUNT(headers), false);
}

static void a_content_type_is_one_type_whatever_its_parameters(void **state)
{
	static const struct {
		const char *header;
		bool is_json;
	} cases[] = {
		{ JSON, true },
		{ "APPLICATION/json", true },
		{ " application/json ", true },
		{ "application/json;charset=utf-8", true },
		{ "application/json ; charset=\"utf-8\"", true },
		{ "application/json;", true },
		{ "application/json;x=\";\"", true },
		{ "application/json; charset=iso-8859-1", true },
		{ "application/json ; a = 1 ; b=\"\" ; ", true },
		{ "application/json;a=\"\\\";b\"", true },
		{ "application/json;a=1;a=1;A=1", true },
		{ "application/json;a=1;b=1;c=1;d=1;e=1;f=1;g=1;h=1", true },
		{ "application/json;foo", false },
		{ "application/json; foo;a=1", false },
		{ "application/json;;", false },
		{ "application/json;;a=1", false },
		{ "application/json;charset=", false },
		{ "application/json; a=\xc3\xa9", false },
		{ "application/json; \xc3\xa9=1", false },
		{ "application/json;charset=;a=1", false },
		{ "application/json;=1", false },
		{ "application/json;a=1;a=2", false },
		{ "application/json;a=1;A=2", false },
		{ "application/json;a=1 b", false },
		{ "application/json;a=\"1", false },
		{ "application/json;a=\"1\\\"", false },
		{ "application/json;a=1=2", false },
		{ "application/json;a/b=1", false },
		{ "", false },
		{ " ", false },
		{ ";", false },
		{ "application/json,", false },
		{ "application/json, text/html", false },
		{ "text/html, application/json", false },
		{ "text/html;application/json", false },
		{ "application/jso", false },
		{ "application/jsonx", false },
		{ "application/json x", false },
		{ "application/json/x", false },
		{ "application/*", false },
		{ "*/*", false },
		{ "application/yaml", false },
		{ PROTOBUF, false },
		{ "\"application/json\"", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (negotiate_is(cases[i].header, JSON) != cases[i].is_json)
			fail_msg("'%s' was%s JSON", cases[i].header,
				cases[i].is_json ? " not" : "");
	assert_true(negotiate_is(PROTOBUF, PROTOBUF));
	assert_true(negotiate_is(PROTOBUF ";stream=watch", PROTOBUF));
	assert_false(negotiate_is("application/vnd.kubernetes.protobuf2", PROTOBUF));
}

static void parameters_have_a_limit(void **state)
{
	auto_text struct text header = TEXT_INIT;

	(void)state;
	text_add(&header, JSON);
	for (int i = 0; i < 16; i++)
		text_addf(&header, ";p%d=x", i);
	assert_true(negotiate_is(header.s, JSON));
	text_add(&header, ";");
	assert_true(negotiate_is(header.s, JSON));
	text_add(&header, "p=x");
	assert_false(negotiate_is(header.s, JSON));
}

UNIT_MAIN(cmocka_unit_test(no_accept_header_takes_anything),
	cmocka_unit_test(a_range_that_covers_the_type_takes_it),
	cmocka_unit_test(other_ranges_do_not), cmocka_unit_test(quality_zero_refuses),
	cmocka_unit_test(a_table_is_no_json_of_ours),
	cmocka_unit_test(quotes_hold_nothing_together),
	cmocka_unit_test(the_first_range_that_takes_it_may_want_it_indented),
	cmocka_unit_test(garbage_is_not_accepted_and_does_no_harm),
	cmocka_unit_test(a_content_type_is_one_type_whatever_its_parameters),
	cmocka_unit_test(parameters_have_a_limit));

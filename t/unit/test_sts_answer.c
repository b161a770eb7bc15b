/* test_sts_answer.c - answers of AWS STS and its like, and what is none.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "agent/sts_answer.h"
#include "base/auto.h"
#include "base/text.h"
#include "t/unit/unit.h"

#define BEGIN                                                                                  \
	"<AssumeRoleWithWebIdentityResponse "                                                  \
	"xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"                               \
	" <AssumeRoleWithWebIdentityResult>\n  <Audience>sts.amazonaws.com</Audience>\n"
#define END                                                                                    \
	" </AssumeRoleWithWebIdentityResult>\n <ResponseMetadata><RequestId>r</RequestId>"     \
	"</ResponseMetadata>\n</AssumeRoleWithWebIdentityResponse>\n"
#define CREDENTIALS                                                                            \
	"<Credentials><SessionToken>tok/en+=&amp;x</SessionToken>"                             \
	"<SecretAccessKey>secret</SecretAccessKey>"                                            \
	"<Expiration>2026-11-28T10:00:00Z</Expiration>"                                        \
	"<AccessKeyId>ASIA1</AccessKeyId></Credentials>"

static int read_answer(const char *xml, struct sts_answer *ret, struct err *err)
{
	return sts_answer_read(xml, strlen(xml), ret, err);
}

static void an_answer_is_read(void **state)
{
	struct sts_answer ret = { .access_key_id = NULL };
	struct err err = ERR_INIT;

	(void)state;
	assert_succeeds(read_answer(BEGIN CREDENTIALS END, &ret, &err));
	assert_string_equal(ret.access_key_id, "ASIA1");
	assert_string_equal(ret.secret_access_key, "secret");
	assert_string_equal(ret.session_token, "tok/en+=&x");
	assert_string_equal(ret.expiration, "2026-11-28T10:00:00Z");
	assert_int_equal(ret.expires_at, 1795860000);
	sts_answer_clear(&ret);
	assert_null(ret.session_token);
}

static void one_without_a_namespace_and_with_fractions_is_read(void **state)
{
	struct sts_answer ret = { .access_key_id = NULL };
	struct err err = ERR_INIT;

	(void)state;
	assert_succeeds(
		read_answer("<A><Credentials><AccessKeyId>a</AccessKeyId><SecretAccessKey>b"
			    "</SecretAccessKey><SessionToken>c</SessionToken><Expiration>"
			    "2026-11-28T10:00:00.123Z</Expiration></Credentials></A>",
			&ret, &err));
	assert_int_equal(ret.expires_at, 1795860000);
	sts_answer_clear(&ret);
}

static void other_documents_are_not_believed(void **state)
{
	static const char *const samples[] = {
		"",
		"no xml",
		BEGIN END,
		BEGIN CREDENTIALS, /* cut off */
		BEGIN CREDENTIALS CREDENTIALS END,
		"<!DOCTYPE a [<!ENTITY e \"x\">]>" BEGIN CREDENTIALS END,
		BEGIN "<Other><AccessKeyId>a</AccessKeyId><SecretAccessKey>b</SecretAccessKey>"
		      "<SessionToken>c</SessionToken><Expiration>2026-11-28T10:00:00Z"
		      "</Expiration></Other>" END,
		"<A><Credentials><AccessKeyId>a b</AccessKeyId><SecretAccessKey>b"
		"</SecretAccessKey><SessionToken>c</SessionToken><Expiration>"
		"2026-11-28T10:00:00Z</Expiration></Credentials></A>",
		"<A><Credentials><AccessKeyId>a</AccessKeyId><SecretAccessKey>b"
		"</SecretAccessKey><SessionToken>c</SessionToken><Expiration>soon"
		"</Expiration></Credentials></A>",
		"<A><Credentials><AccessKeyId></AccessKeyId><SecretAccessKey>b"
		"</SecretAccessKey><SessionToken>c</SessionToken><Expiration>"
		"2026-11-28T10:00:00Z</Expiration></Credentials></A>",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		struct sts_answer ret = { .access_key_id = NULL };
		struct err err = ERR_INIT;

		assert_fails(ERR_UNHEALTHY, read_answer(samples[i], &ret, &err));
		assert_null(ret.access_key_id);
	}
}

static void what_is_deep_or_long_is_refused(void **state)
{
	auto_text struct text deep = TEXT_INIT;
	auto_text struct text long_one = TEXT_INIT;
	struct sts_answer ret = { .access_key_id = NULL };
	struct err err = ERR_INIT;

	(void)state;
	for (int i = 0; i < 1000; i++)
		text_add(&deep, "<a>");
	assert_fails(ERR_UNHEALTHY, read_answer(deep.s, &ret, &err));
	text_add(&long_one, BEGIN "<Credentials><SessionToken>");
	for (int i = 0; i <= STS_ANSWER_FIELD_MAX; i++)
		text_add(&long_one, "x");
	text_add(&long_one, "</SessionToken></Credentials>" END);
	assert_fails(ERR_UNHEALTHY, read_answer(long_one.s, &ret, &err));
}

static void the_reason_of_a_refusal_is_found(void **state)
{
	static const char xml[] =
		"<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
		"<Error><Type>Sender</Type><Code>AccessDenied</Code>"
		"<Message>Not\nauthorized</Message></Error></ErrorResponse>";
	auto_free char *said = sts_answer_refusal(xml, strlen(xml));
	auto_free char *none = sts_answer_refusal("<html>", 6);

	(void)state;
	assert_string_equal(said, "AccessDenied: Not?authorized");
	assert_string_equal(none, "");
}

UNIT_MAIN(cmocka_unit_test(an_answer_is_read),
	cmocka_unit_test(one_without_a_namespace_and_with_fractions_is_read),
	cmocka_unit_test(other_documents_are_not_believed),
	cmocka_unit_test(what_is_deep_or_long_is_refused),
	cmocka_unit_test(the_reason_of_a_refusal_is_found));

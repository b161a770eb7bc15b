/* test_signer_message.c - keys/signer_message.c: packets come out as they went in, and nothing
 * else is a packet.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "keys/signer_message.h"
#include "t/unit/unit.h"

#define TOKEN                                                                                  \
	"\"mint\":true,\"namespace\":\"ci\",\"name\":\"app\",\"uid\":\"u\","                   \
	"\"audiences\":[\"vault\"],\"lifetime\":600"
#define REFUSAL "\"mint\":false,\"namespace\":\"ci\",\"name\":\"app\",\"lifetime\":0"

static void a_wish_for_a_token_comes_through(void **state)
{
	json_auto_t *audiences = json_pack("[s,s]", "vault", "gr\xc3\xbc\xc3\x9f");
	const struct signer_request sent = {
		.id = INT64_MAX,
		.is_mint = true,
		.namespace = "ci",
		.name = "app",
		.uid = "ece185b3-e40c-43d9-8c8a-d9fa10bf2dee",
		.audiences = audiences,
		.lifetime_s = 3600,
		.actor = "runner",
		.peer = "[::1]:5",
		.detail = "a \"quoted\"\nline",
	};
	struct signer_request got;
	auto_free char *packet = NULL;
	struct err err;
	size_t len;

	(void)state;
	assert_succeeds(signer_request_write(&sent, &packet, &len, &err));
	assert_succeeds(signer_request_read(packet, len, &got, &err));
	assert_true(got.id == sent.id);
	assert_string_equal(got.namespace, "ci");
	assert_string_equal(got.name, "app");
	assert_true(json_equal(got.audiences, audiences));
	assert_int_equal(got.lifetime_s, 3600);
	assert_true(got.is_mint);
	assert_string_equal(got.uid, sent.uid);
	assert_string_equal(got.actor, "runner");
	assert_string_equal(got.peer, "[::1]:5");
	assert_null(got.outcome);
	assert_string_equal(got.detail, "a \"quoted\"\nline");
	signer_request_free(&got);
	signer_request_free(&got);
}

static void a_refusal_comes_through(void **state)
{
	json_auto_t *audiences = json_pack("[s]", "vault");
	struct signer_request sent = {
		.id = 1,
		.namespace = "ci",
		.name = "app",
		.audiences = audiences,
		.actor = "runner",
		.peer = "unix",
		.outcome = "Forbidden",
		.detail = "no grant",
	};
	struct signer_request got;
	auto_free char *packet = NULL;
	struct err err;
	size_t len;

	(void)state;
	assert_succeeds(signer_request_write(&sent, &packet, &len, &err));
	assert_succeeds(signer_request_read(packet, len, &got, &err));
	assert_int_equal(got.id, 1);
	assert_false(got.is_mint);
	assert_string_equal(got.namespace, "ci");
	assert_string_equal(got.name, "app");
	assert_null(got.uid);
	assert_true(json_equal(got.audiences, audiences));
	assert_int_equal(got.lifetime_s, 0);
	assert_string_equal(got.actor, "runner");
	assert_string_equal(got.peer, "unix");
	assert_string_equal(got.outcome, "Forbidden");
	assert_string_equal(got.detail, "no grant");
	signer_request_free(&got);
	/* one that came before anything else was known */
	free(packet);
	packet = NULL;
	sent = (struct signer_request){ .id = 2, .namespace = "ci", .name = "app" };
	assert_succeeds(signer_request_write(&sent, &packet, &len, &err));
	assert_succeeds(signer_request_read(packet, len, &got, &err));
	assert_null(got.audiences);
	assert_null(got.actor);
	assert_null(got.peer);
	assert_null(got.outcome);
	assert_null(got.detail);
	signer_request_free(&got);
}

/* The wire, byte for byte: nothing else crosses, and what is not known is left out. */
static void the_wire_is_as_it_is_written_down(void **state)
{
	json_auto_t *audiences = json_pack("[s]", "vault");
	const struct signer_request mint = { .id = 5,
		.is_mint = true,
		.namespace = "ci",
		.name = "app",
		.uid = "u",
		.audiences = audiences,
		.lifetime_s = 600 };
	const struct signer_request refusal = { .id = 6,
		.namespace = "ci",
		.name = "app",
		.actor = "a",
		.peer = "p",
		.outcome = "o",
		.detail = "d" };
	auto_free char *one = NULL;
	auto_free char *two = NULL;
	struct err err;
	size_t len;

	(void)state;
	assert_succeeds(signer_request_write(&mint, &one, &len, &err));
	assert_string_equal(one, "{\"id\":5," TOKEN "}");
	assert_int_equal(len, strlen(one));
	assert_succeeds(signer_request_write(&refusal, &two, &len, &err));
	assert_string_equal(two,
		"{\"id\":6," REFUSAL
		",\"actor\":\"a\",\"peer\":\"p\",\"outcome\":\"o\",\"detail\":\"d\"}");
}

/* What the gateway forgets does not become a token of nobody in particular. */
static void a_wish_without_an_account_is_not_read_back(void **state)
{
	json_auto_t *audiences = json_pack("[s]", "vault");
	const struct signer_request whole = { .id = 5,
		.is_mint = true,
		.namespace = "ci",
		.name = "app",
		.uid = "u",
		.audiences = audiences,
		.lifetime_s = 600 };

	(void)state;
	for (int missing = 0; missing < 4; missing++) {
		struct signer_request sent = whole;
		struct signer_request got = { .root = NULL };
		auto_free char *packet = NULL;
		struct err err;
		size_t len;

		if (missing == 0)
			sent.namespace = NULL;
		else if (missing == 1)
			sent.name = NULL;
		else if (missing == 2)
			sent.uid = NULL;
		else
			sent.audiences = NULL;
		assert_succeeds(signer_request_write(&sent, &packet, &len, &err));
		assert_fails(ERR_BAD_INPUT, signer_request_read(packet, len, &got, &err));
		assert_null(got.root);
		assert_int_equal(got.id, 5);
	}
}

static void replies_come_through(void **state)
{
	static char token[] = "a.b.c";
	struct signer_reply sent[] = {
		{ .id = SIGNER_READY_ID },
		{ .id = 7,
			.token = { .token = token,
				.jti = "j",
				.kid = "k",
				.subject = "s",
				.exp = 9 } },
		{ .id = -7, .err = { .code = ERR_REFUSED, .text = "no \"such\" thing" } },
		{ .id = INT64_MAX, .err = { .code = ERR_FAILED, .text = "" } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(sent); i++) {
		struct signer_reply got;
		auto_free char *packet = NULL;
		struct err err;
		size_t len;

		assert_succeeds(signer_reply_write(&sent[i], &packet, &len, &err));
		assert_succeeds(signer_reply_read(packet, len, &got, &err));
		assert_true(got.id == sent[i].id);
		assert_int_equal(got.err.code, sent[i].err.code);
		assert_string_equal(got.err.text, sent[i].err.text);
		assert_string_equal(got.token.jti, sent[i].token.jti);
		assert_string_equal(got.token.kid, sent[i].token.kid);
		assert_string_equal(got.token.subject, sent[i].token.subject);
		assert_int_equal(got.token.exp, sent[i].token.exp);
		assert_int_equal(got.token.token != NULL, sent[i].token.token != NULL);
		mint_token_free(&got.token);
	}
}

/* Why something was refused can name what a stranger sent, cut in the middle of a character. */
static void a_refusal_of_any_text_comes_through(void **state)
{
	struct signer_reply sent = { .id = 5, .err = { .code = ERR_BAD_INPUT } };
	static const char *const texts[] = { "cut \xc3", "\xff\xfe", "\x01\x7f", "\xed\xa0\x80",
		"\xc2\x9b" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct signer_reply got;
		auto_free char *packet = NULL;
		struct err err;
		size_t len;

		assert_true(text_fit(sent.err.text, sizeof(sent.err.text), texts[i]));
		assert_succeeds(signer_reply_write(&sent, &packet, &len, &err));
		assert_succeeds(signer_reply_read(packet, len, &got, &err));
		assert_int_equal(got.id, 5);
		assert_int_equal(got.err.code, ERR_BAD_INPUT);
		assert_true(got.err.text[0] != '\0');
		/* and can be shown: the signer may be a stranger too */
		for (const char *c = got.err.text; *c != '\0'; c++)
			assert_true(*c >= ' ' && *c < 0x7f);
	}
}

static void bad_requests_are_refused_and_keep_their_id(void **state)
{
	static const struct {
		const char *packet;
		int64_t id;
	} cases[] = {
		{ "", 0 },
		{ "null", 0 },
		{ "[]", 0 },
		{ "{}", 0 },
		{ "{\"id\":5}", 5 },
		{ "{\"id\":5," TOKEN "} x", 0 },
		{ "{\"id\":5,\"id\":6," TOKEN "}", 0 },
		{ "{\"id\":5,\"namespace\":\"a\"," TOKEN "}", 0 },
		{ "{\"id\":5,\"more\":1," TOKEN "}", 5 },
		{ "{\"id\":\"5\"," TOKEN "}", 0 },
		{ "{\"id\":5.0," TOKEN "}", 0 },
		{ "{\"id\":9223372036854775808," TOKEN "}", 0 },
		{ "{" TOKEN "}", 0 },
		{ "{\"id\":null," TOKEN "}", 0 },
		/* members of an older wire */
		{ "{\"id\":5,\"event\":\"token.issued\"," TOKEN "}", 5 },
		{ "{\"id\":5,\"subject\":\"s\"," TOKEN "}", 5 },
		{ "{\"id\":5,\"kubernetes\":{}," TOKEN "}", 5 },
		{ "{\"id\":5,\"event\":\"token.issued\"," REFUSAL "}", 5 },
		/* a wish lacks one */
		{ "{\"id\":5,\"namespace\":\"ci\",\"name\":\"a\",\"uid\":\"u\",\"audiences\":[\"a\"],"
		  "\"lifetime\":600}",
			5 },
		{ "{\"id\":5,\"mint\":true,\"name\":\"a\",\"uid\":\"u\",\"audiences\":[\"a\"],"
		  "\"lifetime\":600}",
			5 },
		{ "{\"id\":5,\"mint\":true,\"namespace\":\"ci\",\"uid\":\"u\",\"audiences\":[\"a\"],"
		  "\"lifetime\":600}",
			5 },
		{ "{\"id\":5,\"mint\":true,\"namespace\":\"ci\",\"name\":\"a\",\"audiences\":[\"a\"],"
		  "\"lifetime\":600}",
			5 },
		{ "{\"id\":5,\"mint\":true,\"namespace\":\"ci\",\"name\":\"a\",\"uid\":\"u\","
		  "\"lifetime\":600}",
			5 },
		{ "{\"id\":5,\"mint\":true,\"namespace\":\"ci\",\"name\":\"a\",\"uid\":\"u\","
		  "\"audiences\":[\"a\"]}",
			5 },
		/* a refusal lacks one */
		{ "{\"id\":5,\"mint\":false,\"name\":\"a\",\"lifetime\":0}", 5 },
		{ "{\"id\":5,\"mint\":false,\"namespace\":\"ci\",\"lifetime\":0}", 5 },
		{ "{\"id\":5,\"mint\":false,\"namespace\":\"ci\",\"name\":\"a\"}", 5 },
		/* one of another type */
		{ "{\"id\":5,\"mint\":1,\"namespace\":\"ci\",\"name\":\"a\",\"lifetime\":0}",
			5 },
		{ "{\"id\":5,\"mint\":\"true\",\"namespace\":\"ci\",\"name\":\"a\",\"lifetime\":0}",
			5 },
		{ "{\"id\":5,\"mint\":null,\"namespace\":\"ci\",\"name\":\"a\",\"lifetime\":0}",
			5 },
		{ "{\"id\":5,\"mint\":false,\"namespace\":7,\"name\":\"a\",\"lifetime\":0}",
			5 },
		{ "{\"id\":5,\"mint\":false,\"namespace\":\"ci\",\"name\":null,\"lifetime\":0}",
			5 },
		{ "{\"id\":5,\"mint\":false,\"namespace\":\"ci\",\"name\":\"a\",\"lifetime\":\"0\"}",
			5 },
		{ "{\"id\":5,\"mint\":false,\"namespace\":\"ci\",\"name\":\"a\",\"lifetime\":6.5}",
			5 },
		{ "{\"id\":5," REFUSAL ",\"uid\":null}", 5 },
		{ "{\"id\":5," REFUSAL ",\"uid\":7}", 5 },
		{ "{\"id\":5," REFUSAL ",\"actor\":7}", 5 },
		{ "{\"id\":5," REFUSAL ",\"peer\":[]}", 5 },
		{ "{\"id\":5," REFUSAL ",\"outcome\":null}", 5 },
		{ "{\"id\":5," REFUSAL ",\"detail\":{}}", 5 },
		{ "{\"id\":5," REFUSAL ",\"audiences\":null}", 5 },
		{ "{\"id\":5," REFUSAL ",\"audiences\":\"a\"}", 5 },
		{ "{\"id\":5," REFUSAL ",\"audiences\":{}}", 5 },
		{ "{\"id\":5," REFUSAL ",\"audiences\":[7]}", 5 },
		{ "{\"id\":5," REFUSAL ",\"audiences\":[\"a\",null]}", 5 },
		{ "{\"id\":5,\"mint\":true,\"namespace\":\"ci\",\"name\":\"a\",\"uid\":\"u\","
		  "\"audiences\":\"a\",\"lifetime\":600}",
			5 },
		{ "{\"id\":5,\"mint\":true,\"namespace\":\"ci\",\"name\":\"a\",\"uid\":\"u\","
		  "\"audiences\":[[\"a\"]],\"lifetime\":600}",
			5 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct signer_request got = { .id = 99, .lifetime_s = 77 };
		struct err err = ERR_INIT;

		if (signer_request_read(cases[i].packet, strlen(cases[i].packet), &got, &err) ==
			0)
			fail_msg("accepted %s", cases[i].packet);
		assert_int_equal(err.code, ERR_BAD_INPUT);
		assert_true(got.id == cases[i].id);
		assert_int_equal(got.lifetime_s, 77);
		assert_null(got.root);
	}
}

static void a_packet_cut_anywhere_is_refused(void **state)
{
	static const char request[] = "{\"id\":5," TOKEN "}";
	static const char refusal[] = "{\"id\":5," REFUSAL "}";
	static const char reply[] = "{\"id\":5,\"token\":\"a.b.c\",\"jti\":\"j\",\"kid\":\"k\","
				    "\"subject\":\"s\",\"exp\":9}";
	struct signer_request got = { .root = NULL };
	struct signer_reply answer;
	struct err err;

	(void)state;
	for (size_t len = 0; len < strlen(request); len++)
		assert_fails(ERR_BAD_INPUT, signer_request_read(request, len, &got, &err));
	for (size_t len = 0; len < strlen(refusal); len++)
		assert_fails(ERR_BAD_INPUT, signer_request_read(refusal, len, &got, &err));
	/* whole, they are read: it was the cut */
	assert_succeeds(signer_request_read(request, strlen(request), &got, &err));
	signer_request_free(&got);
	assert_succeeds(signer_request_read(refusal, strlen(refusal), &got, &err));
	signer_request_free(&got);
	for (size_t len = 0; len < strlen(reply); len++)
		assert_fails(ERR_FAILED, signer_reply_read(reply, len, &answer, &err));
}

static void bad_replies_are_refused(void **state)
{
	static const char *const cases[] = { "{}", "[]", "{\"id\":\"5\"}", "{\"id\":5,\"x\":1}",
		"{\"id\":5,\"id\":5}", "{\"id\":5,\"token\":7}", "{\"id\":5,\"token\":null}",
		"{\"id\":5,\"exp\":1.5}", "{\"id\":5,\"error\":\"x\"}",
		"{\"id\":5,\"code\":0,\"error\":\"x\"}",
		"{\"id\":5,\"code\":-1,\"error\":\"x\"}",
		"{\"id\":5,\"code\":999,\"error\":\"x\"}",
		"{\"id\":5,\"jti\":\"49e778b8-bd24-4aba-91d0-f44fdc109fb2x\"}",
		"{\"id\":5,\"kid\":\"01234567890123456789012345678901234567890123\"}" };
	struct signer_reply got = { .id = 99 };
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_fails(ERR_FAILED,
			signer_reply_read(cases[i], strlen(cases[i]), &got, &err));
	assert_int_equal(got.id, 99);
}

/* A code without a text, or a text without a code, is not success. */
static void an_error_is_never_taken_for_success(void **state)
{
	static const char *const cases[] = { "{\"id\":5,\"code\":5}",
		"{\"id\":5,\"code\":5,\"token\":\"a.b.c\"}" };
	struct signer_reply got;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_fails(ERR_FAILED,
			signer_reply_read(cases[i], strlen(cases[i]), &got, &err));
}

static void an_audience_keeps_its_zero_byte(void **state)
{
	static const char packet[] =
		"{\"id\":5,\"mint\":true,\"namespace\":\"ci\",\"name\":\"app\",\"uid\":\"u\","
		"\"audiences\":[\"vault\\u0000x\"],\"lifetime\":600}";
	struct signer_request got;
	struct err err;

	(void)state;
	assert_succeeds(signer_request_read(packet, strlen(packet), &got, &err));
	assert_int_equal(json_string_length(json_array_get(got.audiences, 0)), 7);
	signer_request_free(&got);
	/* A raw one is no JSON. */
	assert_fails(ERR_BAD_INPUT, signer_request_read("{\0}", 3, &got, &err));
}

static void a_message_too_long_is_not_written(void **state)
{
	auto_free char *detail = text_alloc(SIGNER_MESSAGE_MAX + 1, 1);
	struct signer_request sent = {
		.id = 1, .namespace = "ci", .name = "app", .detail = detail
	};
	char *packet = NULL;
	struct err err;
	size_t len;
	size_t frame;

	(void)state;
	assert_succeeds(signer_request_write(&sent, &packet, &frame, &err));
	free(packet);
	packet = NULL;
	memset(detail, 'x', SIGNER_MESSAGE_MAX - frame);
	assert_succeeds(signer_request_write(&sent, &packet, &len, &err));
	assert_int_equal(len, SIGNER_MESSAGE_MAX);
	free(packet);
	packet = NULL;
	detail[SIGNER_MESSAGE_MAX - frame] = 'x';
	assert_fails(ERR_BAD_INPUT, signer_request_write(&sent, &packet, &len, &err));
	assert_null(packet);
}

UNIT_MAIN(cmocka_unit_test(a_wish_for_a_token_comes_through),
	cmocka_unit_test(a_refusal_comes_through),
	cmocka_unit_test(the_wire_is_as_it_is_written_down),
	cmocka_unit_test(a_wish_without_an_account_is_not_read_back),
	cmocka_unit_test(replies_come_through),
	cmocka_unit_test(a_refusal_of_any_text_comes_through),
	cmocka_unit_test(bad_requests_are_refused_and_keep_their_id),
	cmocka_unit_test(a_packet_cut_anywhere_is_refused),
	cmocka_unit_test(bad_replies_are_refused),
	cmocka_unit_test(an_error_is_never_taken_for_success),
	cmocka_unit_test(an_audience_keeps_its_zero_byte),
	cmocka_unit_test(a_message_too_long_is_not_written));

/* test_signer_message.c - keys/signer_message.c: packets come out as they went in, and nothing
 * else is a packet.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "keys/signer_message.h"
#include "t/unit/unit.h"

#define UID "ece185b3-e40c-43d9-8c8a-d9fa10bf2dee"

/* What is wished for, and what asks for it. */
#define WISH                                                                                   \
	"\"namespace\":\"ci\",\"name\":\"app\",\"uid\":\"u\",\"audiences\":[\"vault\"],"       \
	"\"lifetime\":600"
#define TOKEN   "\"deed\":\"mint\",\"token\":{" WISH "}"
#define REFUSAL "\"deed\":\"token refused\""

static struct signer_request wish(const json_t *audiences)
{
	return (struct signer_request){
		.id = 5,
		.deed = SIGNER_MINT,
		.mint = {
			.namespace = "ci",
			.name = "app",
			.uid = "u",
			.audiences = audiences,
			.lifetime_s = 600,
		},
	};
}

/* Through the wire; signer_request_free the result. */
static struct signer_request pass(const struct signer_request *sent)
{
	struct signer_request got;
	auto_free char *packet = NULL;
	struct err err;
	size_t len;

	assert_succeeds(signer_request_write(sent, &packet, &len, &err));
	assert_succeeds(signer_request_read(packet, len, &got, &err));
	return got;
}

static void a_wish_for_a_token_comes_through(void **state)
{
	json_auto_t *audiences = json_pack("[s,s]", "vault", "gr\xc3\xbc\xc3\x9f");
	struct signer_request sent = wish(audiences);
	struct signer_request got;

	(void)state;
	sent.id = INT64_MAX;
	sent.mint.uid = UID;
	sent.mint.lifetime_s = INT64_MAX;
	sent.actor = "runner";
	sent.auth = "secret";
	sent.peer = "[::1]:5";
	sent.agent = "a \"quoted\"\nline";
	sent.request_id = "d4f1";
	sent.rule = "grant 1";
	sent.asked_s = INT64_MIN;
	got = pass(&sent);
	assert_true(got.id == INT64_MAX);
	assert_int_equal(got.deed, SIGNER_MINT);
	assert_string_equal(got.mint.namespace, "ci");
	assert_string_equal(got.mint.name, "app");
	assert_string_equal(got.mint.uid, UID);
	assert_true(json_equal(got.mint.audiences, audiences));
	assert_true(got.mint.lifetime_s == INT64_MAX);
	assert_null(got.mint.bound.pod_name);
	assert_null(got.mint.bound.pod_uid);
	assert_null(got.mint.bound.node_name);
	assert_null(got.mint.bound.node_uid);
	assert_null(got.subject);
	assert_null(got.audiences);
	assert_string_equal(got.actor, "runner");
	assert_string_equal(got.peer, "[::1]:5");
	assert_null(got.outcome);
	assert_string_equal(got.auth, "secret");
	assert_string_equal(got.agent, "a \"quoted\"\nline");
	assert_string_equal(got.request_id, "d4f1");
	assert_string_equal(got.rule, "grant 1");
	assert_true(got.asked_s == INT64_MIN);
	assert_null(got.detail);
	signer_request_free(&got);
	signer_request_free(&got);
}

static void what_a_token_is_bound_to_comes_through(void **state)
{
	json_auto_t *audiences = json_pack("[s]", "vault");
	struct signer_request sent = wish(audiences);
	struct signer_request got;

	(void)state;
	sent.mint.bound = (struct claims_bound){ "pod-1", UID, "node-1", "node-uid" };
	got = pass(&sent);
	assert_string_equal(got.mint.bound.pod_name, "pod-1");
	assert_string_equal(got.mint.bound.pod_uid, UID);
	assert_string_equal(got.mint.bound.node_name, "node-1");
	assert_string_equal(got.mint.bound.node_uid, "node-uid");
	signer_request_free(&got);
	/* a pod on a node that is not known */
	sent.mint.bound.node_uid = NULL;
	got = pass(&sent);
	assert_string_equal(got.mint.bound.node_name, "node-1");
	assert_null(got.mint.bound.node_uid);
	signer_request_free(&got);
}

static void refusals_come_through(void **state)
{
	static const enum signer_deed deeds[] = { SIGNER_TOKEN_REFUSED, SIGNER_REVIEW_REFUSED };
	json_auto_t *audiences = json_pack("[s]", "vault");

	(void)state;
	for (size_t i = 0; i < COUNT(deeds); i++) {
		const struct signer_request sent = {
			.id = 1,
			.deed = deeds[i],
			.subject = "system:serviceaccount:ci:app",
			.audiences = audiences,
			.actor = "runner",
			.peer = "unix",
			.bound = "pod p",
			.outcome = "Forbidden",
			.detail = "no grant",
			.rule = "grants",
		};
		struct signer_request got = pass(&sent);

		assert_int_equal(got.id, 1);
		assert_int_equal(got.deed, deeds[i]);
		assert_string_equal(got.subject, "system:serviceaccount:ci:app");
		assert_true(json_equal(got.audiences, audiences));
		assert_string_equal(got.actor, "runner");
		assert_string_equal(got.peer, "unix");
		assert_string_equal(got.outcome, "Forbidden");
		assert_string_equal(got.bound, "pod p");
		assert_string_equal(got.detail, "no grant");
		assert_string_equal(got.rule, "grants");
		assert_int_equal(got.asked_s, 0);
		assert_null(got.mint.namespace);
		assert_null(got.mint.audiences);
		signer_request_free(&got);
	}
}

/* One that came before anything else was known. */
static void a_refusal_needs_nothing_but_its_name(void **state)
{
	const struct signer_request sent = { .id = 2, .deed = SIGNER_REVIEW_REFUSED };
	struct signer_request got = pass(&sent);

	(void)state;
	assert_int_equal(got.deed, SIGNER_REVIEW_REFUSED);
	assert_null(got.subject);
	assert_null(got.audiences);
	assert_null(got.actor);
	assert_null(got.peer);
	assert_null(got.outcome);
	assert_null(got.detail);
	assert_null(got.rule);
	signer_request_free(&got);
}

static void assert_written(const struct signer_request *sent, const char *expected)
{
	auto_free char *packet = NULL;
	struct err err;
	size_t len;

	assert_succeeds(signer_request_write(sent, &packet, &len, &err));
	assert_string_equal(packet, expected);
	assert_int_equal(len, strlen(packet));
}

/* The wire, byte for byte: nothing else crosses, and what is not known is left out. */
static void the_wire_is_as_it_is_written_down(void **state)
{
	json_auto_t *audiences = json_pack("[s]", "vault");
	struct signer_request mint = wish(audiences);
	struct signer_request refusal = {
		.id = 6,
		.deed = SIGNER_TOKEN_REFUSED,
		.subject = "s",
		.audiences = audiences,
		.bound = "b",
		.outcome = "o",
		.detail = "d",
		.rule = "r",
		.asked_s = -1,
		.actor = "a",
		.auth = "h",
		.peer = "p",
		.agent = "u",
	};

	(void)state;
	assert_written(&mint, "{\"id\":5," TOKEN "}");
	mint.mint.bound = (struct claims_bound){ "p", "pu", "n", "nu" };
	assert_written(&mint,
		"{\"id\":5,\"deed\":\"mint\",\"token\":{" WISH
		",\"pod\":\"p\",\"pod_uid\":\"pu\","
		"\"node\":\"n\",\"node_uid\":\"nu\"}}");
	assert_written(&refusal,
		"{\"id\":6," REFUSAL ",\"subject\":\"s\",\"audiences\":[\"vault\"],"
		"\"bound\":\"b\",\"outcome\":\"o\",\"detail\":\"d\",\"rule\":\"r\",\"asked\":-1,"
		"\"actor\":\"a\",\"auth\":\"h\",\"peer\":\"p\",\"agent\":\"u\"}");
	refusal = (struct signer_request){ .id = 7, .deed = SIGNER_REVIEW_REFUSED };
	assert_written(&refusal, "{\"id\":7,\"deed\":\"review refused\"}");
}

/* What the gateway forgets does not become a token of nobody in particular. */
static void a_wish_without_an_account_is_not_written(void **state)
{
	json_auto_t *audiences = json_pack("[s]", "vault");

	(void)state;
	for (int missing = 0; missing < 4; missing++) {
		struct signer_request sent = wish(audiences);
		char *packet = NULL;
		struct err err;
		size_t len;

		if (missing == 0)
			sent.mint.namespace = NULL;
		else if (missing == 1)
			sent.mint.name = NULL;
		else if (missing == 2)
			sent.mint.uid = NULL;
		else
			sent.mint.audiences = NULL;
		assert_fails(ERR_BAD_INPUT, signer_request_write(&sent, &packet, &len, &err));
		assert_null(packet);
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

static void assert_bad_request(const char *packet, int64_t id)
{
	struct signer_request got = { .id = 99, .mint.lifetime_s = 77 };
	struct err err = ERR_INIT;

	if (signer_request_read(packet, strlen(packet), &got, &err) == 0)
		fail_msg("accepted %s", packet);
	assert_int_equal(err.code, ERR_BAD_INPUT);
	if (got.id != id)
		fail_msg("%s: id %s", packet, text_num(got.id).s);
	assert_int_equal(got.mint.lifetime_s, 77);
	assert_null(got.root);
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
		{ "{\"id\":5,\"deed\":\"mint\"," TOKEN "}", 0 },
		{ "{\"id\":\"5\"," TOKEN "}", 0 },
		{ "{\"id\":5.0," TOKEN "}", 0 },
		{ "{\"id\":9223372036854775808," TOKEN "}", 0 },
		{ "{" TOKEN "}", 0 },
		{ "{\"id\":null," TOKEN "}", 0 },
		{ "{\"id\":5,\"deed\":\"mint\",\"token\":{\"lifetime\":1e400}}", 0 },
		{ "{\"id\":5,\"deed\":\"mint\",\"token\":{\"lifetime\":9223372036854775808}}",
			0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_bad_request(cases[i].packet, cases[i].id);
}

/* Each of these with id 5. */
static void members_are_those_of_the_deed_and_of_their_type(void **state)
{
	static const char *const cases[] = {
		/* of an older wire */
		TOKEN ",\"more\":1",
		TOKEN ",\"event\":\"token.issued\"",
		TOKEN ",\"kubernetes\":{}",
		REFUSAL ",\"event\":\"token.issued\"",
		"\"mint\":true," WISH,
		"\"mint\":false,\"namespace\":\"ci\",\"name\":\"app\",\"lifetime\":0",
		/* no deed, or none of these */
		"\"token\":{" WISH "}",
		"\"deed\":null",
		"\"deed\":7",
		"\"deed\":\"\"",
		"\"deed\":\"Mint\",\"token\":{" WISH "}",
		"\"deed\":\"mint \",\"token\":{" WISH "}",
		"\"deed\":\"token issued\"",
		"\"deed\":\"token.refused\"",
		/* a wish that wishes nothing, and a refusal that wishes something */
		"\"deed\":\"mint\"",
		"\"deed\":\"mint\",\"token\":null",
		"\"deed\":\"mint\",\"token\":[]",
		"\"deed\":\"mint\",\"token\":\"t\"",
		"\"deed\":\"mint\",\"token\":{}",
		REFUSAL ",\"token\":{" WISH "}",
		REFUSAL ",\"token\":{}",
		REFUSAL ",\"token\":null",
		"\"deed\":\"review refused\",\"token\":{" WISH "}",
		/* another type */
		REFUSAL ",\"subject\":7",
		REFUSAL ",\"actor\":7",
		REFUSAL ",\"peer\":[]",
		REFUSAL ",\"outcome\":null",
		REFUSAL ",\"detail\":{}",
		REFUSAL ",\"rule\":null",
		REFUSAL ",\"rule\":7",
		REFUSAL ",\"audiences\":null",
		REFUSAL ",\"audiences\":\"a\"",
		REFUSAL ",\"audiences\":{}",
		REFUSAL ",\"audiences\":[7]",
		REFUSAL ",\"audiences\":[\"a\",null]",
		TOKEN ",\"audiences\":\"a\"",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_free char *packet = text_format("{\"id\":5,%s}", cases[i]);

		assert_bad_request(packet, 5);
	}
}

static void a_wish_has_all_its_members_and_no_others(void **state)
{
#define N "\"namespace\":\"ci\","
#define M "\"name\":\"app\","
#define U "\"uid\":\"u\","
#define A "\"audiences\":[\"a\"],"
#define L "\"lifetime\":600"
	static const char *const cases[] = {
		M U A L,
		N U A L,
		N M A L,
		N M U L,
		N M U "\"audiences\":[\"a\"]",
		N M U A "\"lifetime\":\"600\"",
		N M U A "\"lifetime\":600.0",
		N M U A "\"lifetime\":null",
		N M U "\"audiences\":null," L,
		N M U "\"audiences\":\"a\"," L,
		N M U "\"audiences\":{}," L,
		N M U "\"audiences\":[[\"a\"]]," L,
		N M U "\"audiences\":[\"a\",7]," L,
		"\"namespace\":7," M U A L,
		N "\"name\":null," U A L,
		N M "\"uid\":7," A L,
		N M "\"uid\":null," A L,
		N M U A L ",\"pod\":7",
		N M U A L ",\"pod\":null",
		N M U A L ",\"pod_uid\":{}",
		N M U A L ",\"node\":[]",
		N M U A L ",\"node_uid\":false",
		N M U A L ",\"secret\":\"s\"",
		N M U A L ",\"exp\":9999999999",
		N M U A L ",\"actor\":\"a\"",
	};
#undef N
#undef M
#undef U
#undef A
#undef L

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_free char *packet =
			text_format("{\"id\":5,\"deed\":\"mint\",\"token\":{%s}}", cases[i]);

		assert_bad_request(packet, 5);
	}
}

static void assert_refused_when_cut(const char *packet)
{
	struct signer_request got = { .root = NULL };
	struct err err;

	for (size_t len = 0; len < strlen(packet); len++)
		assert_fails(ERR_BAD_INPUT, signer_request_read(packet, len, &got, &err));
	/* whole, it is read: it was the cut */
	assert_succeeds(signer_request_read(packet, strlen(packet), &got, &err));
	signer_request_free(&got);
}

static void a_packet_cut_anywhere_is_refused(void **state)
{
	static const char reply[] =
		"5\0000\0\0009\0j\0k\0s\0a.b.c"; /* and the last zero byte */
	struct signer_reply answer;
	struct err err;

	(void)state;
	assert_refused_when_cut("{\"id\":5," TOKEN "}");
	assert_refused_when_cut("{\"id\":5," REFUSAL ",\"subject\":\"s\"}");
	for (size_t len = 0; len < sizeof(reply); len++)
		assert_fails(ERR_FAILED, signer_reply_read(reply, len, &answer, &err));
	assert_succeeds(signer_reply_read(reply, sizeof(reply), &answer, &err));
	mint_token_free(&answer.token);
}

/* Strings of a reply, each with its zero byte: REPLY("5\0", "0\0", ...). */
#define REPLY(...)                                                                             \
	{                                                                                      \
		__VA_ARGS__, sizeof(__VA_ARGS__) - 1                                           \
	}

struct packet {
	const char *p;
	size_t len;
};

static const struct packet bad_replies[] = {
	REPLY(""),
	REPLY("\0"),
	REPLY("{\"id\":5}"),
	REPLY("x\0"
	      "0\0"
	      "\0"
	      "0\0"
	      "\0"
	      "\0"
	      "\0"
	      "\0"),
	REPLY("\0"
	      "0\0"
	      "\0"
	      "0\0"
	      "\0"
	      "\0"
	      "\0"
	      "\0"),
	REPLY("5\0"
	      "x\0"
	      "\0"
	      "0\0"
	      "\0"
	      "\0"
	      "\0"
	      "\0"),
	REPLY("5\0"
	      "-1\0"
	      "x\0"
	      "0\0"
	      "\0"
	      "\0"
	      "\0"
	      "\0"),
	REPLY("5\0"
	      "999\0"
	      "x\0"
	      "0\0"
	      "\0"
	      "\0"
	      "\0"
	      "\0"),
	REPLY("5\0"
	      "0\0"
	      "\0"
	      "1.5\0"
	      "\0"
	      "\0"
	      "\0"
	      "\0"),
	REPLY("5\0"
	      "0\0"
	      "\0"
	      "-1\0"
	      "\0"
	      "\0"
	      "\0"
	      "\0"),
	REPLY("5\0"
	      "0\0"
	      "\0"
	      "0\0"
	      "49e778b8-bd24-4aba-91d0-f44fdc109fb2x\0"
	      "\0"
	      "\0"
	      "\0"),
	REPLY("5\0"
	      "0\0"
	      "\0"
	      "0\0"
	      "\0"
	      "01234567890123456789012345678901234567890123\0"
	      "\0"
	      "\0"),
	REPLY("5\0"
	      "0\0"
	      "\0"
	      "0\0"
	      "\0"
	      "\0"
	      "\0"
	      "\0"
	      "\0"),
	REPLY("5\0"
	      "0\0"
	      "\0"
	      "0\0"
	      "\0"
	      "\0"
	      "\0"),
};

static void bad_replies_are_refused(void **state)
{
	struct signer_reply got = { .id = 99 };
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(bad_replies); i++)
		assert_fails(ERR_FAILED,
			signer_reply_read(bad_replies[i].p, bad_replies[i].len, &got, &err));
	assert_int_equal(got.id, 99);
}

/* A text without a code is not success, and an error brings no token. */
static void an_error_is_never_taken_for_success(void **state)
{
	static const struct packet cases[] = {
		REPLY("5\0"
		      "0\0"
		      "why\0"
		      "0\0"
		      "\0"
		      "\0"
		      "\0"
		      "\0"),
		REPLY("5\0"
		      "5\0"
		      "why\0"
		      "0\0"
		      "\0"
		      "\0"
		      "\0"
		      "a.b.c\0"),
		REPLY("5\0"
		      "5\0"
		      "\0"
		      "0\0"
		      "\0"
		      "\0"
		      "\0"
		      "a.b.c\0"),
	};
	struct signer_reply got;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_fails(ERR_FAILED,
			signer_reply_read(cases[i].p, cases[i].len, &got, &err));
}

static void an_audience_keeps_its_zero_byte(void **state)
{
	static const char packet[] =
		"{\"id\":5,\"deed\":\"mint\",\"token\":{\"namespace\":\"ci\",\"name\":\"app\","
		"\"uid\":\"u\",\"audiences\":[\"vault\\u0000x\"],\"lifetime\":600}}";
	struct signer_request got;
	struct err err;

	(void)state;
	assert_succeeds(signer_request_read(packet, strlen(packet), &got, &err));
	assert_int_equal(json_string_length(json_array_get(got.mint.audiences, 0)), 7);
	signer_request_free(&got);
	/* A raw one is no JSON. */
	assert_fails(ERR_BAD_INPUT, signer_request_read("{\0}", 3, &got, &err));
}

static void a_message_too_long_is_not_written(void **state)
{
	auto_free char *detail = text_alloc(SIGNER_MESSAGE_MAX + 1, 1);
	const struct signer_request sent = {
		.id = 1, .deed = SIGNER_TOKEN_REFUSED, .detail = detail
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
	cmocka_unit_test(what_a_token_is_bound_to_comes_through),
	cmocka_unit_test(refusals_come_through),
	cmocka_unit_test(a_refusal_needs_nothing_but_its_name),
	cmocka_unit_test(the_wire_is_as_it_is_written_down),
	cmocka_unit_test(a_wish_without_an_account_is_not_written),
	cmocka_unit_test(replies_come_through),
	cmocka_unit_test(a_refusal_of_any_text_comes_through),
	cmocka_unit_test(bad_requests_are_refused_and_keep_their_id),
	cmocka_unit_test(members_are_those_of_the_deed_and_of_their_type),
	cmocka_unit_test(a_wish_has_all_its_members_and_no_others),
	cmocka_unit_test(a_packet_cut_anywhere_is_refused),
	cmocka_unit_test(bad_replies_are_refused),
	cmocka_unit_test(an_error_is_never_taken_for_success),
	cmocka_unit_test(an_audience_keeps_its_zero_byte),
	cmocka_unit_test(a_message_too_long_is_not_written));

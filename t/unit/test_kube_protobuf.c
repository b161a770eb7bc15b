/* test_kube_protobuf.c - issuer/kube_protobuf.c: kubectl's own bytes, and every way in which
 * others can be wrong.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "issuer/kube_body.h"
#include "issuer/kube_protobuf.h"
#include "t/data/vectors.h"
#include "t/unit/keys_fixture.h"

#define V1 "authentication.k8s.io/v1"

/* ---- writing protobuf ---- */

static void add_varint(struct text *t, uint64_t n)
{
	unsigned char c;

	do {
		c = (unsigned char)((n & 0x7f) | (n > 0x7f ? 0x80 : 0));
		text_add_bytes(t, &c, 1);
		n >>= 7;
	} while (n > 0);
}

static void add_number(struct text *t, unsigned field, uint64_t n)
{
	add_varint(t, field << 3);
	add_varint(t, n);
}

static void add_bytes(struct text *t, unsigned field, const char *bytes, size_t len)
{
	add_varint(t, field << 3 | 2);
	add_varint(t, len);
	text_add_bytes(t, bytes, len);
}

static void add_string(struct text *t, unsigned field, const char *s)
{
	add_bytes(t, field, s, strlen(s));
}

/* Takes over `message`. */
static void add_message(struct text *t, unsigned field, struct text *message)
{
	add_bytes(t, field, message->len > 0 ? message->s : "", message->len);
	text_free(message);
}

/* Takes over `raw`. */
static struct text envelope(const char *api_version, const char *kind, struct text *raw)
{
	struct text t = TEXT_INIT;
	struct text meta = TEXT_INIT;

	add_string(&meta, 1, api_version);
	add_string(&meta, 2, kind);
	text_add_bytes(&t, "k8s", 4);
	add_message(&t, 1, &meta);
	add_message(&t, 2, raw);
	return t;
}

/* A TokenRequest with this spec, which is taken over. */
static struct text request(struct text *spec)
{
	struct text raw = TEXT_INIT;

	add_message(&raw, 2, spec);
	return envelope(V1, "TokenRequest", &raw);
}

/* ---- what must come of it ---- */

static int read_object(const struct text *body, const struct kube_type *type, json_t **ret,
	struct err *err)
{
	/* Exactly as long as it is, so that a sanitizer sees a byte too many. */
	auto_free char *bytes = text_alloc(body->len + 1, 1);

	*err = (struct err)ERR_INIT;
	if (body->len > 0)
		memcpy(bytes, body->s, body->len);
	return kube_protobuf_read(bytes, body->len, type, ret, err);
}

/* Takes over `body`. */
static void assert_means(struct text *body, const struct kube_type *type, const char *json)
{
	json_auto_t *expected = json_loads(json, JSON_ALLOW_NUL, NULL);
	json_auto_t *got = NULL;
	struct err err;

	assert_non_null(expected);
	if (read_object(body, type, &got, &err) < 0)
		fail_msg("%s: %s", json, err.text);
	if (!json_equal(got, expected)) {
		auto_free char *text = json_dumps(got, JSON_COMPACT);

		fail_msg("%s instead of %s", text, json);
	}
	text_free(body);
}

/* Takes over `body`. */
static void assert_refused(struct text *body, const struct kube_type *type, const char *why)
{
	json_t *got = NULL;
	struct err err;

	if (read_object(body, type, &got, &err) == 0)
		fail_msg("accepted, in spite of '%s'", why);
	assert_int_equal(err.code, ERR_BAD_INPUT);
	assert_mentions(err.text, why);
	assert_null(got);
	text_free(body);
}

static struct text recorded(size_t len)
{
	struct text body = TEXT_INIT;

	text_add_bytes(&body, KUBECTL_REQUEST, len);
	return body;
}

#define KUBECTL_MEANS                                                                          \
	"{\"apiVersion\":\"" V1 "\",\"kind\":\"TokenRequest\",\"metadata\":{\"labels\":{},"    \
	"\"annotations\":{},\"ownerReferences\":[],\"finalizers\":[],\"generation\":0},"       \
	"\"spec\":{\"audiences\":[\"sts.amazonaws.com\"],\"expirationSeconds\":3600}}"

static void the_bytes_of_kubectl_are_a_token_request(void **state)
{
	struct text body = recorded(KUBECTL_REQUEST_LEN);

	(void)state;
	assert_int_equal(sizeof(KUBECTL_REQUEST) - 1, KUBECTL_REQUEST_LEN);
	assert_means(&body, &kube_token_request, KUBECTL_MEANS);
}

/* The last four bytes are an empty contentEncoding and contentType, which may be left out; any
 * other cut is refused. */
static void a_body_cut_anywhere_is_refused_or_means_the_same(void **state)
{
	(void)state;
	for (size_t len = 0; len < KUBECTL_REQUEST_LEN; len++) {
		struct text body = recorded(len);
		json_t *got = NULL;
		struct err err;

		if (len + 2 == KUBECTL_REQUEST_LEN || len + 4 == KUBECTL_REQUEST_LEN) {
			assert_means(&body, &kube_token_request, KUBECTL_MEANS);
			continue;
		}
		if (read_object(&body, &kube_token_request, &got, &err) == 0) {
			auto_free char *text = json_dumps(got, JSON_COMPACT);

			fail_msg("%zu bytes are accepted as %s", len, text);
		}
		text_free(&body);
	}
}

static void every_member_of_the_metadata_is_read(void **state)
{
	struct text meta = TEXT_INIT, time = TEXT_INIT, entry = TEXT_INIT, owner = TEXT_INIT;
	struct text raw = TEXT_INIT;
	struct text body;

	(void)state;
	add_number(&time, 1, 1900000000);
	add_number(&time, 2, 999);
	add_string(&entry, 1, "k");
	add_string(&entry, 2, "v");
	add_string(&owner, 1, "Pod");
	add_string(&owner, 3, "p");
	add_string(&owner, 4, "pu");
	add_string(&owner, 5, "v1");
	add_number(&owner, 6, 1);
	add_number(&owner, 7, 0);
	add_string(&meta, 1, "app");
	add_string(&meta, 2, "gen-");
	add_string(&meta, 3, "ci");
	add_string(&meta, 5, "u");
	add_string(&meta, 6, "17");
	add_number(&meta, 7, 3);
	add_message(&meta, 8, &time);
	add_number(&meta, 10, 30);
	add_message(&meta, 11, &entry);
	add_message(&meta, 13, &owner);
	add_string(&meta, 14, "a/b");
	add_message(&raw, 1, &meta);
	body = envelope(V1, "SelfSubjectReview", &raw);
	assert_means(&body, &kube_self_subject_review,
		"{\"apiVersion\":\"" V1 "\",\"kind\":\"SelfSubjectReview\",\"metadata\":{"
		"\"name\":\"app\",\"generateName\":\"gen-\",\"namespace\":\"ci\",\"uid\":\"u\","
		"\"resourceVersion\":\"17\",\"generation\":3,"
		"\"creationTimestamp\":\"2030-03-17T17:46:40Z\","
		"\"deletionGracePeriodSeconds\":30,\"labels\":{\"k\":\"v\"},\"annotations\":{},"
		"\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"p\","
		"\"uid\":\"pu\",\"controller\":true,\"blockOwnerDeletion\":false}],"
		"\"finalizers\":[\"a/b\"]}}");
}

static void what_a_token_is_bound_to_is_read(void **state)
{
	struct text spec = TEXT_INIT, bound = TEXT_INIT;
	struct text body;

	(void)state;
	add_string(&bound, 1, "Pod");
	add_string(&bound, 2, "v1");
	add_string(&bound, 3, "p");
	add_string(&bound, 4, "pu");
	add_message(&spec, 3, &bound);
	body = request(&spec);
	assert_means(&body, &kube_token_request,
		"{\"apiVersion\":\"" V1 "\",\"kind\":\"TokenRequest\",\"metadata\":{},"
		"\"spec\":{\"audiences\":[],\"boundObjectRef\":{\"kind\":\"Pod\","
		"\"apiVersion\":\"v1\",\"name\":\"p\",\"uid\":\"pu\"}}}");
}

static void a_review_has_its_token_and_audiences(void **state)
{
	struct text spec = TEXT_INIT, raw = TEXT_INIT;
	struct text body;

	(void)state;
	add_string(&spec, 1, "a.b.c");
	add_string(&spec, 2, "api");
	add_string(&spec, 2, "");
	add_message(&raw, 2, &spec);
	body = envelope("authentication.k8s.io/v1beta1", "TokenReview", &raw);
	assert_means(&body, &kube_token_review,
		"{\"apiVersion\":\"authentication.k8s.io/v1beta1\",\"kind\":\"TokenReview\","
		"\"metadata\":{},\"spec\":{\"token\":\"a.b.c\",\"audiences\":[\"api\",\"\"]}}");
}

/* A number of 64 bits of either sign; which of them are within bounds is decided later. */
static void expirations_are_whole_numbers(void **state)
{
	static const int64_t values[] = { 0, 600, 4294967296, INT64_MAX, -1, INT64_MIN };

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		auto_free char *expected =
			text_format("{\"apiVersion\":\"" V1 "\",\"kind\":\"TokenRequest\","
				    "\"metadata\":{},\"spec\":{\"audiences\":[],"
				    "\"expirationSeconds\":%s}}",
				text_num(values[i]).s);
		struct text spec = TEXT_INIT;
		struct text body;

		add_number(&spec, 4, (uint64_t)values[i]);
		body = request(&spec);
		assert_means(&body, &kube_token_request, expected);
	}
}

/* protobuf's own rule, and Go's: the last of a member counts, and messages are merged. */
static void the_last_of_repeated_members_counts(void **state)
{
	struct text first = TEXT_INIT, second = TEXT_INIT, raw = TEXT_INIT;
	struct text body;

	(void)state;
	add_string(&first, 1, "a");
	add_number(&first, 4, 600);
	add_number(&first, 4, 700);
	add_string(&second, 1, "b");
	add_message(&raw, 2, &first);
	add_message(&raw, 2, &second);
	body = envelope(V1, "TokenRequest", &raw);
	assert_means(&body, &kube_token_request,
		"{\"apiVersion\":\"" V1 "\",\"kind\":\"TokenRequest\",\"metadata\":{},"
		"\"spec\":{\"audiences\":[\"a\",\"b\"],\"expirationSeconds\":700}}");
}

/* What protobuf-c would copy at each part, and take minutes for. */
static void a_message_of_very_many_parts_is_one(void **state)
{
	const size_t parts = 250000;
	struct text part = TEXT_INIT, raw = TEXT_INIT;
	json_auto_t *object = NULL;
	auto_text struct text body = TEXT_INIT;
	struct err err = ERR_INIT;

	(void)state;
	add_string(&part, 14, "f");
	for (size_t i = 0; i < parts; i++)
		add_bytes(&raw, 1, part.s, part.len);
	text_free(&part);
	body = envelope(V1, "SelfSubjectReview", &raw);
	assert_int_equal(kube_protobuf_read(body.s, body.len, &kube_self_subject_review,
				 &object, &err),
		0);
	assert_int_equal(json_array_size(json_object_get(json_object_get(object, "metadata"),
				 "finalizers")),
		parts);
}

static void unknown_members_are_skipped(void **state)
{
	struct text spec = TEXT_INIT, raw = TEXT_INIT;
	struct text body;

	(void)state;
	add_string(&spec, 2, "unused in Kubernetes");
	add_string(&spec, 1, "vault");
	add_number(&spec, 536870911, UINT64_MAX);
	add_varint(&spec, 50 << 3 | 1); /* 64 bits */
	text_add_bytes(&spec, "12345678", 8);
	add_varint(&spec, 51 << 3 | 5); /* 32 bits */
	text_add_bytes(&spec, "1234", 4);
	add_message(&raw, 2, &spec);
	add_string(&raw, 3, "\xff is the status, which is not read");
	body = envelope(V1, "TokenRequest", &raw);
	add_string(&body, 99, "x");
	assert_means(&body, &kube_token_request,
		"{\"apiVersion\":\"" V1 "\",\"kind\":\"TokenRequest\",\"metadata\":{},"
		"\"spec\":{\"audiences\":[\"vault\"]}}");
}

/* It is the path that says what is asked for: a type may be missing. */
static void an_envelope_may_say_nothing(void **state)
{
	static const char expected[] = "{\"metadata\":{},\"spec\":{}}";
	struct text none = TEXT_INIT, empty, raw = TEXT_INIT;

	(void)state;
	text_add_bytes(&none, "k8s\0\x12\0", 6);
	assert_means(&none, &kube_token_request, expected);
	empty = envelope("", "", &raw);
	assert_means(&empty, &kube_token_request, expected);
}

/* A label of no value, an audience of no letters: empty is not absent where there is a list. */
static void empty_strings_in_lists_are_strings(void **state)
{
	struct text meta = TEXT_INIT, label = TEXT_INIT, note = TEXT_INIT, raw = TEXT_INIT,
		    body;

	(void)state;
	add_string(&label, 1, "k");
	add_string(&label, 2, "");
	add_string(&note, 1, "no-value");
	add_message(&meta, 11, &label);
	add_message(&meta, 12, &note);
	add_string(&meta, 14, "");
	add_message(&raw, 1, &meta);
	body = envelope("", "", &raw);
	assert_means(&body, &kube_self_subject_review,
		"{\"metadata\":{\"labels\":{\"k\":\"\"},\"annotations\":{\"no-value\":\"\"},"
		"\"ownerReferences\":[],\"finalizers\":[\"\"]}}");
}

/* Only its name is read: what is in it is not ours to judge. */
static void another_kind_is_named_and_not_read(void **state)
{
	static const char *const kinds[] = { "Pod", "TokenReview", "tokenrequest",
		"TokenRequest2", "TokenReques" };

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		auto_free char *expected =
			text_format("{\"apiVersion\":\"v1\",\"kind\":\"%s\"}", kinds[i]);
		struct text raw = TEXT_INIT;
		struct text body;

		text_add_bytes(&raw, "\xff\xff\xff", 3);
		body = envelope("v1", kinds[i], &raw);
		assert_means(&body, &kube_token_request, expected);
	}
}

static void without_the_magic_it_is_no_protobuf(void **state)
{
	static const char *const starts[] = { "", "k", "k8s", "k8S\0", "K8s\0", "k8s1", "\0k8s",
		"{\"spec\":{}}" };
	static const size_t lengths[] = { 0, 1, 3, 4, 4, 4, 4, 11 };

	(void)state;
	for (size_t i = 0; i < COUNT(starts); i++) {
		struct text body = TEXT_INIT;

		text_add_bytes(&body, starts[i], lengths[i]);
		assert_refused(&body, &kube_token_request, "6b 38 73 00");
	}
}

/* Kubernetes refuses the magic alone, too. No client leaves out the object: a body without one
 * has lost it. */
static void nothing_behind_the_magic_is_refused(void **state)
{
	struct text body = TEXT_INIT, meta = TEXT_INIT;

	(void)state;
	text_add_bytes(&body, "k8s", 4);
	assert_refused(&body, &kube_token_request, "empty");
	text_add_bytes(&body, "k8s", 4);
	add_string(&meta, 2, "TokenRequest");
	add_message(&body, 1, &meta);
	assert_refused(&body, &kube_token_request, "holds no object");
}

/* A length is believed only as far as there are bytes: none of these allocates what it says. */
static void lengths_beyond_the_end_are_refused(void **state)
{
	static const uint64_t lengths[] = { 1, 127, 128, 65536, 0x7fffffff, 0x80000000,
		0xffffffff, 0x100000000, (uint64_t)INT64_MAX, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++)
		for (unsigned field = 1; field <= 3; field++) {
			struct text body = TEXT_INIT;
			struct text raw = TEXT_INIT;

			text_add_bytes(&body, "k8s", 4);
			add_varint(&body, field << 3 | 2);
			add_varint(&body, lengths[i]);
			assert_refused(&body, &kube_token_request, "envelope is malformed");
			add_varint(&raw, field << 3 | 2);
			add_varint(&raw, lengths[i]);
			body = envelope(V1, "TokenReview", &raw);
			assert_refused(&body, &kube_token_review, "object in the protobuf");
		}
}

static void what_is_no_message_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} cases[] = {
		{ "\x12", 1 },     /* no length */
		{ "\x08\x07", 2 }, /* a number */
		{ "\x00\x00", 2 }, /* member 0 */
		{ "\x13\x14", 2 }, /* a group */
		{ "\x17", 1 },     /* wire type 7 */
		{ "\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13 }, /* too long */
		{ "\x22\x80", 2 },                                              /* cut varint */
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 13 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct text body = TEXT_INIT;

		text_add_bytes(&body, "k8s", 4);
		text_add_bytes(&body, cases[i].bytes, cases[i].len);
		assert_refused(&body, &kube_token_request, "malformed");
	}
}

/* A TokenRequest with one byte string somewhere. */
static struct text with_string(int where, const char *bytes, size_t len)
{
	struct text raw = TEXT_INIT, inner = TEXT_INIT, map = TEXT_INIT;

	if (where < 4) { /* an audience; kind or uid of what it is bound to */
		if (where == 0) {
			add_bytes(&inner, 1, bytes, len);
		} else {
			add_bytes(&map, where == 3 ? 4 : (unsigned)where, bytes, len);
			add_message(&inner, 3, &map);
		}
		add_message(&raw, 2, &inner);
	} else if (where < 6) { /* key or value of a label */
		add_bytes(&map, (unsigned)where - 3, bytes, len);
		add_message(&inner, 11, &map);
		add_message(&raw, 1, &inner);
	} else { /* name or finalizer */
		add_bytes(&inner, where == 6 ? 1 : 14, bytes, len);
		add_message(&raw, 1, &inner);
	}
	return envelope(V1, "TokenRequest", &raw);
}
#define STRINGS 8

static void what_is_not_utf_8_is_refused(void **state)
{
	static const char *const bytes[] = { "\xff", "a\xc3", "\xed\xa0\x80", "\xc0\x80",
		"\xf5\x80\x80\x80", "\x80" };

	(void)state;
	for (int where = 0; where < STRINGS; where++)
		for (size_t i = 0; i < COUNT(bytes); i++) {
			struct text body = with_string(where, bytes[i], strlen(bytes[i]));

			assert_refused(&body, &kube_token_request, "not UTF-8");
		}
}

/* As in JSON: an audience keeps its zero byte, a name that is looked up must have none. */
static void a_zero_byte_hides_nothing(void **state)
{
	(void)state;
	for (int where = 0; where < STRINGS; where++) {
		struct text text = with_string(where, "a\0b", 3);
		struct kube_body body;
		struct err err = ERR_INIT;
		const int rc = kube_body_parse(text.s, text.len, true, &kube_token_request,
			"v1", KUBE_IGNORE, &body, &err);

		if (rc == 0) {
			auto_free char *json = json_dumps(body.root, JSON_COMPACT);

			assert_mentions(json, "a\\u0000b");
			kube_body_free(&body);
		}
		/* an audience, the value of a label, a finalizer */
		assert_int_equal(rc, where == 0 || where == 5 || where == 7 ? 0 : -1);
		text_free(&text);
	}
}

static void absurd_times_do_no_harm(void **state)
{
	static const int64_t seconds[] = { INT64_MAX, INT64_MIN, -1, 253402300800,
		253402300799 };

	(void)state;
	for (size_t i = 0; i < COUNT(seconds); i++) {
		struct text meta = TEXT_INIT, time = TEXT_INIT, raw = TEXT_INIT, body;
		json_auto_t *got = NULL;
		struct err err;

		add_number(&time, 1, (uint64_t)seconds[i]);
		add_message(&meta, 8, &time);
		add_message(&raw, 1, &meta);
		body = envelope(V1, "SelfSubjectReview", &raw);
		assert_int_equal(read_object(&body, &kube_self_subject_review, &got, &err), 0);
		assert_non_null(fields_string(fields_object(got, "metadata"),
			"creationTimestamp"));
		text_free(&body);
	}
}

UNIT_MAIN(cmocka_unit_test(the_bytes_of_kubectl_are_a_token_request),
	cmocka_unit_test(a_body_cut_anywhere_is_refused_or_means_the_same),
	cmocka_unit_test(every_member_of_the_metadata_is_read),
	cmocka_unit_test(what_a_token_is_bound_to_is_read),
	cmocka_unit_test(a_review_has_its_token_and_audiences),
	cmocka_unit_test(expirations_are_whole_numbers),
	cmocka_unit_test(the_last_of_repeated_members_counts),
	cmocka_unit_test(a_message_of_very_many_parts_is_one),
	cmocka_unit_test(unknown_members_are_skipped),
	cmocka_unit_test(an_envelope_may_say_nothing),
	cmocka_unit_test(empty_strings_in_lists_are_strings),
	cmocka_unit_test(another_kind_is_named_and_not_read),
	cmocka_unit_test(without_the_magic_it_is_no_protobuf),
	cmocka_unit_test(nothing_behind_the_magic_is_refused),
	cmocka_unit_test(lengths_beyond_the_end_are_refused),
	cmocka_unit_test(what_is_no_message_is_refused),
	cmocka_unit_test(what_is_not_utf_8_is_refused),
	cmocka_unit_test(a_zero_byte_hides_nothing), cmocka_unit_test(absurd_times_do_no_harm));

/* test_b64url.c - base/b64url.c: the vectors of RFC 4648 §10 and RFC 7515 appendix C, and one
 * spelling per value: everything else is refused.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/b64url.h"
#include "t/unit/unit.h"

static void assert_pair(const void *bytes, size_t len, const char *b64)
{
	auto_text struct text encoded = TEXT_INIT;
	auto_free unsigned char *decoded = NULL;
	struct err err;
	size_t decoded_len = 99;

	b64url_encode(&encoded, bytes, len);
	assert_string_equal(encoded.s, b64);
	assert_int_equal(encoded.len, B64URL_LEN(len));
	assert_succeeds(b64url_decode(b64, strlen(b64), &decoded, &decoded_len, &err));
	assert_int_equal(decoded_len, len);
	assert_memory_equal(decoded, bytes, len);
	assert_int_equal(decoded[len], 0);
}

static void assert_refused(const char *b64, size_t len)
{
	unsigned char *decoded = NULL;
	size_t decoded_len = 99;
	struct err err;

	assert_fails(ERR_BAD_INPUT, b64url_decode(b64, len, &decoded, &decoded_len, &err));
	assert_null(decoded);
	assert_int_equal(decoded_len, 99);
}

static void rfc_4648_vectors_go_both_ways(void **state)
{
	(void)state;
	assert_pair("", 0, "");
	assert_pair("f", 1, "Zg");
	assert_pair("fo", 2, "Zm8");
	assert_pair("foo", 3, "Zm9v");
	assert_pair("foob", 4, "Zm9vYg");
	assert_pair("fooba", 5, "Zm9vYmE");
	assert_pair("foobar", 6, "Zm9vYmFy");
}

static void the_alphabet_is_the_url_one(void **state)
{
	(void)state;
	assert_pair("\xfb\xff\xbf", 3, "-_-_");
	/* RFC 7515 appendix C */
	assert_pair("\x03\xec\xff\xe0\xc1", 5, "A-z_4ME");
}

static void every_byte_at_every_place_goes_both_ways(void **state)
{
	(void)state;
	for (size_t len = 1; len <= 4; len++) {
		for (unsigned i = 0; i < 256 * len; i++) {
			unsigned char bytes[4] = { 0 };
			auto_text struct text encoded = TEXT_INIT;

			bytes[i / 256] = (unsigned char)(i % 256);
			b64url_encode(&encoded, bytes, len);
			assert_pair(bytes, len, encoded.s);
		}
	}
}

static void encoding_appends(void **state)
{
	auto_text struct text out = TEXT_INIT;

	(void)state;
	b64url_encode(&out, "f", 1);
	text_add(&out, ".");
	b64url_encode(&out, "fo", 2);
	assert_string_equal(out.s, "Zg.Zm8");
}

static void an_impossible_length_is_refused(void **state)
{
	(void)state;
	assert_refused("Z", 1);
	assert_refused("Zm9vZ", 5);
}

static void every_other_character_is_refused(void **state)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	(void)state;
	for (int c = 0; c < 256; c++) {
		for (size_t place = 0; place < 8; place++) {
			char b64[] = "AAAAAAAA";

			b64[place] = (char)c;
			if (c == 0 || !strchr(alphabet, c))
				assert_refused(b64, 8);
		}
	}
}

static void padding_and_blanks_are_refused(void **state)
{
	(void)state;
	assert_refused("Zg==", 4);
	assert_refused("Zm8=", 4);
	assert_refused("====", 4);
	assert_refused(" Zm9v", 5);
	assert_refused("Zm9v\r\n", 6);
	assert_refused("  Zm", 4);
	assert_refused("+/+/", 4);
}

static void spare_bits_are_refused(void **state)
{
	(void)state;
	assert_refused("Zh", 2);
	assert_refused("Zv", 2);
	assert_refused("Zm9", 3);
	assert_refused("Zm9vYn", 6);
	assert_refused("Zm9vYmF", 7);
}

static void only_the_given_length_is_read(void **state)
{
	auto_free unsigned char *decoded = NULL;
	struct err err;
	size_t len;

	(void)state;
	assert_succeeds(b64url_decode("Zm9v!rest", 4, &decoded, &len, &err));
	assert_string_equal((char *)decoded, "foo");
}

/* A token cut anywhere is another value or none; never the same one. */
static void a_truncated_value_never_decodes_to_the_same(void **state)
{
	static const char b64[] = "Zm9vYmFyYmF6cXV4";

	(void)state;
	for (size_t len = 0; len < sizeof(b64) - 1; len++) {
		auto_free unsigned char *decoded = NULL;
		struct err err;
		size_t decoded_len;

		if (b64url_decode(b64, len, &decoded, &decoded_len, &err) == 0)
			assert_int_equal(decoded_len, len * 6 / 8);
	}
}

UNIT_MAIN(cmocka_unit_test(rfc_4648_vectors_go_both_ways),
	cmocka_unit_test(the_alphabet_is_the_url_one),
	cmocka_unit_test(every_byte_at_every_place_goes_both_ways),
	cmocka_unit_test(encoding_appends), cmocka_unit_test(an_impossible_length_is_refused),
	cmocka_unit_test(every_other_character_is_refused),
	cmocka_unit_test(padding_and_blanks_are_refused),
	cmocka_unit_test(spare_bits_are_refused),
	cmocka_unit_test(only_the_given_length_is_read),
	cmocka_unit_test(a_truncated_value_never_decodes_to_the_same));

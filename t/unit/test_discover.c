/* test_discover.c - ctl/discover.c: which keys of a stranger's JWKS are taken. The documents
 * over the network are t/0102-discover.t's.
 * SPDX-License-Identifier: Apache-2.0 */
#include "t/unit/unit.h"

#include <stdio.h>

#include <openssl/ec.h>
#include <openssl/evp.h>

#include "base/text.h"
#include "ctl/discover.h"
#include "keys/jwk.h"

/* A new P-256 key as JWK. */
static json_t *jwk(const char *kid)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	json_t *json = NULL;
	struct err err;

	assert_non_null(key);
	assert_succeeds(jwk_write(key, kid, "ES256", &json, &err));
	EVP_PKEY_free(key);
	return json;
}

/* Reads a JWKS of these keys, which it takes over. */
static void read_keys(json_t *keys, struct discover_keys *ret)
{
	json_auto_t *jwks = json_pack("{s:o}", "keys", keys);

	assert_non_null(jwks);
	discover_read(jwks, ret);
}

static void a_key_is_taken_with_its_kid_and_algorithm(void **state)
{
	struct discover_keys keys;

	(void)state;
	read_keys(json_pack("[o]", jwk("one")), &keys);
	assert_int_equal(keys.count, 1);
	assert_string_equal(keys.key[0].kid, "one");
	assert_string_equal(keys.key[0].alg, "ES256");
	assert_non_null(keys.key[0].key);
	discover_free(&keys);
	assert_int_equal(keys.count, 0);
}

static void what_is_no_use_is_passed_over(void **state)
{
	auto_free char *long_kid = text_format("%0*d", KEY_ID_LEN + 1, 0);
	json_t *nameless = jwk("x");
	json_t *numbered = jwk("x");
	json_t *encrypting = jwk("x");
	struct discover_keys keys;

	(void)state;
	(void)json_object_del(nameless, "kid");
	(void)json_object_set_new(numbered, "kid", json_integer(1));
	(void)json_object_set_new(encrypting, "use", json_string("enc"));
	read_keys(json_pack("[n, i, [], {s:s, s:s, s:s}, o, o, o, o, o]", 1, "kty", "oct", "k",
			  "eA", "kid", "secret", nameless, numbered, encrypting, jwk(long_kid),
			  jwk("good")),
		&keys);
	assert_int_equal(keys.count, 1);
	assert_string_equal(keys.key[0].kid, "good");
	discover_free(&keys);
}

static void no_list_is_no_keys(void **state)
{
	struct discover_keys keys;

	(void)state;
	read_keys(json_object(), &keys);
	assert_int_equal(keys.count, 0);
	read_keys(json_string("x"), &keys);
	assert_int_equal(keys.count, 0);
	discover_read(NULL, &keys);
	assert_int_equal(keys.count, 0);
	discover_free(&keys);
}

static void there_is_a_limit(void **state)
{
	json_t *list = json_array();
	struct discover_keys keys;

	(void)state;
	for (int i = 0; i < DISCOVER_KEYS_MAX + 1; i++)
		assert_int_equal(json_array_append_new(list, jwk(text_num(i).s)), 0);
	read_keys(list, &keys);
	assert_int_equal(keys.count, DISCOVER_KEYS_MAX);
	assert_string_equal(keys.key[DISCOVER_KEYS_MAX - 1].kid, "99");
	discover_free(&keys);
}

UNIT_MAIN(cmocka_unit_test(a_key_is_taken_with_its_kid_and_algorithm),
	cmocka_unit_test(what_is_no_use_is_passed_over), cmocka_unit_test(no_list_is_no_keys),
	cmocka_unit_test(there_is_a_limit));

/* test_secret.c - base/secret.c: the secure heap, randomness, comparison and hashes. The
 * vectors are from FIPS 180-4's examples and RFC 9562.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/secret.h"
#include "t/unit/unit.h"

static int init(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	return secret_init(&err);
}

static void the_heap_may_be_set_up_twice(void **state)
{
	struct err err;

	(void)state;
	assert_succeeds(secret_init(&err));
	assert_int_equal(CRYPTO_secure_malloc_initialized(), 1);
}

static void secrets_live_on_the_secure_heap_and_start_as_zeros(void **state)
{
	static const unsigned char zeros[100];
	unsigned char *p;

	(void)state;
	for (int i = 0; i < 2; i++) {
		p = secret_alloc(sizeof(zeros));
		assert_int_equal(CRYPTO_secure_allocated(p), 1);
		assert_memory_equal(p, zeros, sizeof(zeros));
		memset(p, 0xa5, sizeof(zeros)); /* what the second round must not see */
		secret_free(p, sizeof(zeros));
	}
}

static void freeing_gives_the_heap_back(void **state)
{
	const size_t before = CRYPTO_secure_used();
	void *p = secret_alloc(4096);

	(void)state;
	assert_true(CRYPTO_secure_used() >= before + 4096);
	secret_free(p, 4096);
	assert_int_equal(CRYPTO_secure_used(), before);
}

static void no_bytes_are_a_pointer_and_null_may_be_freed(void **state)
{
	void *p = secret_alloc(0);

	(void)state;
	assert_non_null(p);
	secret_free(p, 0);
	secret_free(NULL, 0);
	secret_free(NULL, 10);
}

static void random_bytes_differ(void **state)
{
	unsigned char a[32] = { 0 };
	unsigned char b[32] = { 0 };
	struct err err;

	(void)state;
	assert_succeeds(secret_random(a, sizeof(a), &err));
	assert_succeeds(secret_random(b, sizeof(b), &err));
	assert_memory_not_equal(a, b, sizeof(a));
}

static void a_uuid_has_version_4_and_the_rfc_variant(void **state)
{
	char before[SECRET_UUID_LEN + 1] = "";
	struct err err;

	(void)state;
	for (int i = 0; i < 200; i++) {
		char uuid[SECRET_UUID_LEN + 1];

		assert_succeeds(secret_uuid(uuid, &err));
		assert_int_equal(strlen(uuid), SECRET_UUID_LEN);
		assert_int_equal(strspn(uuid, "0123456789abcdef-"), SECRET_UUID_LEN);
		for (size_t at = 0; at < SECRET_UUID_LEN; at++)
			assert_int_equal(uuid[at] == '-',
				at == 8 || at == 13 || at == 18 || at == 23);
		assert_int_equal(uuid[14], '4');
		assert_non_null(strchr("89ab", uuid[19]));
		assert_string_not_equal(uuid, before);
		memcpy(before, uuid, sizeof(before));
	}
}

static void comparison_sees_each_byte(void **state)
{
	unsigned char a[33] = { 0 };
	unsigned char b[33] = { 0 };

	(void)state;
	assert_true(secret_equal(a, b, sizeof(a)));
	assert_true(secret_equal(a, b, 0));
	for (size_t i = 0; i < sizeof(a); i++) {
		b[i] = 0x80;
		assert_false(secret_equal(a, b, sizeof(a)));
		b[i] = 0;
	}
	b[32] = 1;
	assert_true(secret_equal(a, b, 32));
}

static void hashes_are_sha_256(void **state)
{
	char hex[SECRET_HEX_LEN + 1];

	(void)state;
	secret_hash_hex("abc", 3, hex);
	assert_string_equal(hex,
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	secret_hash_hex("", 0, hex);
	assert_string_equal(hex,
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	secret_hash_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, hex);
	assert_string_equal(hex,
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void the_hash_and_its_hex_form_agree(void **state)
{
	unsigned char hash[SECRET_HASH_LEN];
	char hex[SECRET_HEX_LEN + 1];

	(void)state;
	secret_hash("x", 1, hash);
	secret_hash_hex("x", 1, hex);
	for (size_t i = 0; i < sizeof(hash); i++) {
		char pair[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

		assert_int_equal(strtol(pair, NULL, 16), hash[i]);
	}
}

/* In a child, because there is no way back. */
static void a_protected_process_has_no_core_file_and_gains_nothing(void **state)
{
	const pid_t child = fork();
	int status;

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		struct err err = ERR_INIT;
		struct rlimit core = { 1, 1 };

		if (secret_protect_process(&err) < 0)
			_exit(1);
		if (getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_cur != 0 ||
			core.rlim_max != 0)
			_exit(2);
		if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
			_exit(3);
		if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
			_exit(4);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

UNIT_MAIN_WITH(init, NULL, cmocka_unit_test(the_heap_may_be_set_up_twice),
	cmocka_unit_test(secrets_live_on_the_secure_heap_and_start_as_zeros),
	cmocka_unit_test(freeing_gives_the_heap_back),
	cmocka_unit_test(no_bytes_are_a_pointer_and_null_may_be_freed),
	cmocka_unit_test(random_bytes_differ),
	cmocka_unit_test(a_uuid_has_version_4_and_the_rfc_variant),
	cmocka_unit_test(comparison_sees_each_byte), cmocka_unit_test(hashes_are_sha_256),
	cmocka_unit_test(the_hash_and_its_hex_form_agree),
	cmocka_unit_test(a_protected_process_has_no_core_file_and_gains_nothing));

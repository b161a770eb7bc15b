/* test_audit_chain.c - store/chain.c: the hashes, against values that Python's hashlib computed
 * from the words of chain.h, and what each member does to them.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "store/chain.h"
#include "t/unit/unit.h"

static const unsigned char genesis[SECRET_HASH_LEN];

static const struct store_audit full = {
	.at = 1900000000,
	.event = "token.issued",
	.actor = "runner",
	.peer = "192.0.2.1:5",
	.subject = "system:serviceaccount:ci:app",
	.audience = "[\"vault\"]",
	.jti = "j",
	.kid = "k",
	.exp = 1900000600,
	.outcome = "ok",
	.detail = "",
};

static const struct store_audit sparse = {
	.at = 1900000001,
	.event = "token.refused",
	.outcome = "forbidden",
};

static void assert_hash(const unsigned char hash[SECRET_HASH_LEN], const char *hex)
{
	char text[SECRET_HEX_LEN + 1];

	for (size_t i = 0; i < SECRET_HASH_LEN; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", hash[i]);
	assert_string_equal(text, hex);
}

static void the_chain_is_what_its_header_says(void **state)
{
	unsigned char hash[SECRET_HASH_LEN];

	(void)state;
	chain_next(genesis, "prod", &full, hash);
	assert_hash(hash, "9bbbce49be94fc9d7e0f60f3dfd5f8f18e4c8773ec0afde4aa02969782cd71ca");
	chain_next(hash, "prod", &sparse, hash);
	assert_hash(hash, "d8e4db1276fedffe461a77cad06551f0d3d1076585bcb9bd6a74e03debc639ab");
}

static void every_member_counts(void **state)
{
	const char *const issuer[2] = { "prod", "test" };
	struct store_audit row[14];
	unsigned char hash[14][SECRET_HASH_LEN];

	(void)state;
	for (size_t i = 0; i < 14; i++)
		row[i] = full;
	row[1].at++;
	row[2].event = "x";
	row[3].actor = NULL;
	row[4].peer = NULL;
	row[5].subject = NULL;
	row[6].audience = NULL;
	row[7].jti = NULL;
	row[8].kid = NULL;
	row[9].exp = TIME_UNSET;
	row[10].outcome = NULL;
	row[11].detail = NULL; /* and not "" */
	row[12].jti = "jk";    /* the same bytes in another split */
	row[12].kid = "";
	for (size_t i = 0; i < 14; i++)
		chain_next(genesis, issuer[i == 13], &row[i], hash[i]);
	for (size_t i = 0; i < 14; i++)
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(hash[i], hash[j], SECRET_HASH_LEN);
}

static void a_hash_depends_on_the_one_before(void **state)
{
	unsigned char a[SECRET_HASH_LEN];
	unsigned char b[SECRET_HASH_LEN];

	(void)state;
	chain_next(genesis, "prod", &full, a);
	chain_next(a, "prod", &full, b);
	assert_memory_not_equal(a, b, SECRET_HASH_LEN);
}

UNIT_MAIN(cmocka_unit_test(the_chain_is_what_its_header_says),
	cmocka_unit_test(every_member_counts),
	cmocka_unit_test(a_hash_depends_on_the_one_before));

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
	.auth = "secret",
	.peer = "192.0.2.1:5",
	.agent = "kubectl/v1.36",
	.subject = "system:serviceaccount:ci:app",
	.audience = "[\"vault\"]",
	.asked_s = 3600,
	.lifetime_s = 600,
	.bound = "pod p (uid u)",
	.rule = "grant 1",
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

static void next(const unsigned char previous[SECRET_HASH_LEN], const char *issuer,
	const struct store_audit *row, unsigned char ret[SECRET_HASH_LEN])
{
	auto_text struct text scratch = TEXT_INIT;

	text_add(&scratch, "what was left by the record before");
	chain_next(&scratch, previous, issuer, row, ret);
}

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
	next(genesis, "prod", &full, hash);
	assert_hash(hash, "70d943d62e0c9579fed1d342c8ce9457378d0e62e8ab90b2d49a49e3d8d4a987");
	next(hash, "prod", &sparse, hash);
	assert_hash(hash, "325fa8d343409556570940800ce81b433f5a49bdeb8c21c53364cd3fb79a1ae2");
}

#define ROWS 22

static void every_member_counts(void **state)
{
	const char *const issuer[2] = { "prod", "test" };
	struct store_audit row[ROWS];
	unsigned char hash[ROWS][SECRET_HASH_LEN];

	(void)state;
	for (size_t i = 0; i < ROWS; i++)
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
	row[13].auth = NULL;
	row[14].agent = NULL;
	row[15].asked_s = 0;
	row[16].asked_s = -3600;
	row[17].lifetime_s = 0;
	row[18].bound = NULL;
	row[19].rule = NULL;
	row[20].asked_s = 600; /* the two changed places */
	row[20].lifetime_s = 3600;
	for (size_t i = 0; i < ROWS; i++)
		next(genesis, issuer[i == ROWS - 1], &row[i], hash[i]);
	for (size_t i = 0; i < ROWS; i++)
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(hash[i], hash[j], SECRET_HASH_LEN);
}

static void a_hash_depends_on_the_one_before(void **state)
{
	unsigned char a[SECRET_HASH_LEN];
	unsigned char b[SECRET_HASH_LEN];

	(void)state;
	next(genesis, "prod", &full, a);
	next(a, "prod", &full, b);
	assert_memory_not_equal(a, b, SECRET_HASH_LEN);
}

UNIT_MAIN(cmocka_unit_test(the_chain_is_what_its_header_says),
	cmocka_unit_test(every_member_counts),
	cmocka_unit_test(a_hash_depends_on_the_one_before));

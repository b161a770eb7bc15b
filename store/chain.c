/* chain.c - see chain.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <endian.h>
#include <string.h>

#include "base/text.h"
#include "store/chain.h"

static void add_number(struct text *t, uint64_t n)
{
	const uint64_t big = htobe64(n);

	text_add_bytes(t, &big, sizeof(big));
}

static void add_nothing(struct text *t)
{
	add_number(t, UINT64_MAX);
}

static void add_string(struct text *t, const char *s)
{
	if (!s) {
		add_nothing(t);
		return;
	}
	add_number(t, strlen(s));
	text_add(t, s);
}

static void add_time(struct text *t, unix_time at)
{
	add_number(t, sizeof(uint64_t));
	add_number(t, (uint64_t)at);
}

void chain_next(const unsigned char previous[SECRET_HASH_LEN], const char *issuer,
	const struct store_audit *row, unsigned char ret[SECRET_HASH_LEN])
{
	const char *const before_exp[] = { row->event, row->actor, row->peer, row->subject,
		row->audience, row->jti, row->kid };
	auto_text struct text t = TEXT_INIT;

	text_add_bytes(&t, previous, SECRET_HASH_LEN);
	add_string(&t, issuer);
	add_time(&t, row->at);
	for (size_t i = 0; i < sizeof(before_exp) / sizeof(before_exp[0]); i++)
		add_string(&t, before_exp[i]);
	if (row->exp == TIME_UNSET)
		add_nothing(&t);
	else
		add_time(&t, row->exp);
	add_string(&t, row->outcome);
	add_string(&t, row->detail);
	secret_hash(t.s, t.len, ret);
}

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

static void add_int(struct text *t, int64_t n)
{
	add_number(t, sizeof(uint64_t));
	add_number(t, (uint64_t)n);
}

static void add_int_or_nothing(struct text *t, int64_t n, int64_t nothing)
{
	if (n == nothing)
		add_nothing(t);
	else
		add_int(t, n);
}

void chain_next(struct text *scratch, const unsigned char previous[SECRET_HASH_LEN],
	const char *issuer, const struct store_audit *row, unsigned char ret[SECRET_HASH_LEN])
{
	struct text *t = scratch;

	t->len = 0;
	text_add_bytes(t, previous, SECRET_HASH_LEN);
	add_string(t, issuer);
	add_int(t, row->at);
	add_string(t, row->event);
	add_string(t, row->actor);
	add_string(t, row->auth);
	add_string(t, row->peer);
	add_string(t, row->agent);
	add_string(t, row->subject);
	add_string(t, row->audience);
	add_int_or_nothing(t, row->asked_s, 0);
	add_int_or_nothing(t, row->lifetime_s, 0);
	add_string(t, row->bound);
	add_string(t, row->rule);
	add_string(t, row->jti);
	add_string(t, row->kid);
	add_int_or_nothing(t, row->exp, TIME_UNSET);
	add_string(t, row->outcome);
	add_string(t, row->detail);
	secret_hash(t->s, t->len, ret);
}

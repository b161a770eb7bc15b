/* held.c - see held.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "agent/held.h"
#include "base/num.h"
#include "base/secret.h"
#include "base/text.h"

/* Chance that spreads load; without any all is well, too. */
static uint32_t some_chance(void)
{
	uint32_t chance;
	struct err ignored = ERR_INIT;

	return secret_random(&chance, sizeof(chance), &ignored) < 0 ? 0 : chance;
}

void held_retry_later(struct held_retry *retry, struct clock_reading now, int64_t asked_s)
{
	retry->failures += retry->failures < UINT32_MAX;
	retry->at = now;
	retry->wait_s = refresh_retry_in(retry->failures, some_chance(), asked_s);
}

int64_t held_retry_in(const struct held_retry *retry, struct clock_reading now)
{
	if (retry->failures == 0)
		return 0;
	return num_max(0, retry->wait_s - refresh_age(retry->at, now));
}

struct held_failure *held_fail(struct held_failure **failure, const struct err *err)
{
	if (!*failure)
		*failure = text_alloc(1, sizeof(**failure));
	(*failure)->code = err->code;
	(void)text_fit((*failure)->text, sizeof((*failure)->text), err->text); /* of one size */
	return *failure;
}

void held_recover(struct held_failure **failure)
{
	free(*failure);
	*failure = NULL;
}

void held_take(struct held *h, struct token_answer *token, struct clock_reading now)
{
	token_wire_free(&h->before);
	if (h->is_key_gone)
		token_wire_free(&h->token); /* nothing is given for it any more */
	h->before = h->token;
	h->before_life = h->life;
	h->token = *token;
	/* Of a short life no more than a tenth is left to chance. */
	h->life = (struct refresh_life){ now, token->lifetime_s,
		some_chance() % (num_min(REFRESH_JITTER_MAX_S, token->lifetime_s / 10) + 1) };
	h->is_key_gone = false;
	h->is_written = false;
	h->retry = (struct held_retry){ .failures = 0 };
	token->token = NULL;
}

int64_t held_due_in(const struct held *h, struct clock_reading now)
{
	const int64_t due_in =
		h->token.token && !h->is_key_gone ? refresh_due_in(&h->life, now) : 0;

	return num_max(due_in, held_retry_in(&h->retry, now));
}

bool held_is_good(const struct held *h, struct clock_reading now)
{
	return h->token.token && !refresh_is_expired(&h->life, now);
}

static bool is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_same_bound(const struct agent_bound *a, const struct agent_bound *b)
{
	if (!a || !b)
		return a == b;
	return is_same(a->kind, b->kind) && is_same(a->name, b->name) &&
		is_same(a->uid, b->uid);
}

bool held_is_for_same(const struct agent_projection *a, const struct agent_projection *b)
{
	return is_same(a->service_account, b->service_account) &&
		is_same(a->audience, b->audience) && a->lifetime.s == b->lifetime.s &&
		is_same_bound(a->bound, b->bound);
}

bool held_is_in_same_file(const struct agent_projection *a, const struct agent_projection *b)
{
	return is_same(a->path, b->path) && is_same(a->directory, b->directory) &&
		is_same(a->file, b->file) && a->uid == b->uid && a->gid == b->gid &&
		a->file_mode == b->file_mode;
}

bool held_has_same_readers(const struct agent_projection *a, const struct agent_projection *b)
{
	return a->uid == b->uid && a->gid == b->gid && is_same(a->role_arn, b->role_arn);
}

void held_adopt(struct held *to, struct held *from)
{
	const struct agent_projection *conf = to->conf;

	held_clear(to);
	*to = *from;
	to->conf = conf;
	*from = (struct held){ .conf = from->conf };
}

void held_clear(struct held *h)
{
	token_wire_free(&h->token);
	token_wire_free(&h->before);
	held_recover(&h->failure);
}

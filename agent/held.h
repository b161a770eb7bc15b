/* held.h - a projection as it stands: its token, and how asking for it went.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HELD_H
#define HELD_H

#include <stdbool.h>

#include "agent/refresh.h"
#include "agent/token_wire.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "conf/agent_conf.h"

/* When what failed is to be tried again. Starts zeroed. */
struct held_retry {
	unsigned failures; /* in a row */
	struct clock_reading at;
	int64_t wait_s;
};

/* One more failure at `now`; `asked_s` as Retry-After had it. */
void held_retry_later(struct held_retry *retry, struct clock_reading now, int64_t asked_s);
/* Seconds until it may be tried; 0: now, also if nothing failed. */
int64_t held_retry_in(const struct held_retry *retry, struct clock_reading now);

/* What went wrong last. Few have one, so it has memory of its own. */
struct held_failure {
	enum err_code code;
	char text[ERR_TEXT_MAX];
	struct log_trouble trouble;
};

/* Notes it in *failure, made if need be; log_trouble is left to the caller. */
struct held_failure *held_fail(struct held_failure **failure, const struct err *err);
/* It went well: forgets it. */
void held_recover(struct held_failure **failure);

struct held {
	const struct agent_projection *conf; /* borrowed */
	struct token_answer token;           /* .token is NULL while there is none */
	struct refresh_life life;
	struct token_answer before; /* the one it replaced: readers may still have it */
	struct refresh_life before_life;
	bool is_key_gone; /* it is to be replaced early */
	bool is_written;  /* its file holds it */
	struct held_retry retry;
	struct held_failure *failure; /* of the last try; NULL if it went well */
	unix_time written_at;
};

/* The new token takes its place; the struct's content moves. */
void held_take(struct held *h, struct token_answer *token, struct clock_reading now);

/* Seconds until a new token is to be asked for; 0: now. Takes retries into account. */
int64_t held_due_in(const struct held *h, struct clock_reading now);

/* There is a token, and it has not expired. */
bool held_is_good(const struct held *h, struct clock_reading now);

/* Would both have the same token? Where it is kept does not matter. */
bool held_is_for_same(const struct agent_projection *a, const struct agent_projection *b);

/* And in the same file, of the same owner and mode? */
bool held_is_in_same_file(const struct agent_projection *a, const struct agent_projection *b);

/* Have both files the same owner and group, and the tokens the same role? */
bool held_has_same_readers(const struct agent_projection *a, const struct agent_projection *b);

/* Tokens and troubles of `from` go to `to`, which keeps its conf. */
void held_adopt(struct held *to, struct held *from);

void held_clear(struct held *h);

#endif

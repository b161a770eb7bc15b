/* chance.h - random numbers for property tests that a seed repeats: xorshift64*, Marsaglia 2003
 * and Vigna 2016. The first seed of a run is $SEED, or always the same one.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHANCE_H
#define CHANCE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/text.h"
#include "t/unit/unit.h"

struct chance {
	uint64_t state;
};

static inline uint64_t chance_next(struct chance *c)
{
	c->state ^= c->state >> 12;
	c->state ^= c->state << 25;
	c->state ^= c->state >> 27;
	return c->state * UINT64_C(2685821657736338717);
}

/* From min to max, both included. */
static inline int64_t chance_between(struct chance *c, int64_t min, int64_t max)
{
	return min + (int64_t)(chance_next(c) % (uint64_t)(max - min + 1));
}

static inline bool chance_one_in(struct chance *c, int64_t n)
{
	return chance_between(c, 1, n) == 1;
}

/* A number from the environment that a longer run may set. */
static inline int64_t chance_setting(const char *name, int64_t otherwise)
{
	const char *given = getenv(name);
	struct err err = ERR_INIT;
	int64_t n = otherwise;

	if (given && text_int(given, 1, INT64_MAX / 2, &n, &err) < 0)
		fail_msg("%s: %s", name, err.text);
	return n;
}

/* How many runs, $name or these; a sanitizer, which makes each many times slower, gets a tenth:
 * the plain build has lived them all. */
static inline int64_t chance_runs(const char *name, int64_t otherwise)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	otherwise = (otherwise + 9) / 10;
#endif
	return chance_setting(name, otherwise);
}

/* Of run `i`; neighbours are spread, and it is never 0, where xorshift would stay. */
static inline struct chance chance_of(uint64_t first, uint64_t i)
{
	return (struct chance){ (first + i) * UINT64_C(0x9e3779b97f4a7c15) | 1 };
}

#endif

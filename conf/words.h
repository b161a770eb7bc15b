/* words.h - the words that may be written in some place, and which one a slip of the pen meant.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef WORDS_H
#define WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

#define WORDS_MAX 64

/* The words are borrowed. */
struct words {
	const char *word[WORDS_MAX];
	size_t count;
};

#define WORDS_INIT                                                                             \
	{                                                                                      \
		.count = 0                                                                     \
	}

/* Words beyond WORDS_MAX are left out. */
void words_add(struct words *words, const char *word);

bool words_hold(const struct words *words, const char *given);

/* Adds "did you mean 'idle'? known are body_bytes, idle"; the question only if one is near. */
void words_hint(const struct words *words, const char *given, struct text *out);

#endif

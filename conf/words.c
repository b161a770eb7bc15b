/* words.c - see words.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "conf/words.h"

#define WORD_MAX 64 /* a longer word is never a slip of the pen */

void words_add(struct words *words, const char *word)
{
	if (words->count < WORDS_MAX)
		words->word[words->count++] = word;
}

bool words_hold(const struct words *words, const char *given)
{
	for (size_t i = 0; i < words->count; i++)
		if (strcmp(words->word[i], given) == 0)
			return true;
	return false;
}

/* Letters to add, drop or change to make `b` out of `a` (Levenshtein, one row). */
static size_t distance(const char *a, const char *b)
{
	const size_t a_len = strlen(a);
	const size_t b_len = strlen(b);
	size_t row[WORD_MAX + 1];

	if (a_len > WORD_MAX || b_len > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[b_len];
}

/* The word that was probably meant, or NULL. */
static const char *nearest(const struct words *words, const char *given)
{
	size_t best = strlen(given) <= 3 ? 2 : 3; /* one slip, or two in a longer word */
	const char *near = NULL;

	for (size_t i = 0; i < words->count; i++) {
		const size_t d = distance(given, words->word[i]);

		if (d < best) {
			best = d;
			near = words->word[i];
		}
	}
	return near;
}

void words_hint(const struct words *words, const char *given, struct text *out)
{
	const char *near = nearest(words, given);

	if (near)
		text_addf(out, "did you mean '%s'? ", near);
	text_add(out, "known are ");
	for (size_t i = 0; i < words->count; i++)
		text_addf(out, "%s%s", i > 0 ? ", " : "", words->word[i]);
}

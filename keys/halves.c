/* halves.c - see halves.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "keys/halves.h"

EVP_PKEY *halves_find(const struct halves *halves, const char *kid)
{
	for (size_t i = 0; i < halves->count; i++)
		if (strcmp(halves->half[i].kid, kid) == 0)
			return halves->half[i].key;
	return NULL;
}

void halves_free(struct halves *halves)
{
	for (size_t i = 0; i < halves->count; i++)
		key_free(halves->half[i].key);
	free(halves->half);
	*halves = (struct halves){ .count = 0 };
}

/* Takes `key` over. */
static void add(struct halves *halves, const char *kid, EVP_PKEY *key)
{
	struct half *half = &halves->half[halves->count++];

	(void)text_fit(half->kid, sizeof(half->kid), kid); /* of the same size */
	half->key = key;
}

static void take_held(const struct store_keys *keys, const struct halves *before,
	struct halves *ret)
{
	for (size_t i = 0; i < keys->count; i++) {
		const struct store_key *row = &keys->key[i];
		EVP_PKEY *held = row->sealed ? halves_find(before, row->kid) : NULL;

		if (held)
			add(ret, row->kid, key_ref(held));
	}
}

static bool is_complete(const struct store_keys *keys, const struct halves *halves)
{
	for (size_t i = 0; i < keys->count; i++)
		if (keys->key[i].sealed && !halves_find(halves, keys->key[i].kid))
			return false;
	return true;
}

void halves_open(const struct store_keys *keys, const char *issuer, struct sealing *sealing,
	const struct halves *before, struct halves *ret, struct err *why)
{
	auto_key_sealing struct key_sealing *opener = NULL;

	*ret = (struct halves){ .half = text_alloc(keys->count, sizeof(*ret->half)) };
	take_held(keys, before, ret);
	if (is_complete(keys, ret) || sealing_find(sealing, issuer, keys, &opener, why) < 0)
		return;
	for (size_t i = 0; i < keys->count; i++) {
		const struct store_key *row = &keys->key[i];
		EVP_PKEY *key;

		if (!row->sealed || halves_find(ret, row->kid))
			continue;
		if (key_unseal(row->sealed, row->sealed_len, opener, issuer, row->kid,
			    row->generation, &key, why) < 0)
			return;
		add(ret, row->kid, key);
	}
}

/* sealing.c - see sealing.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/text.h"
#include "keys/sealing.h"

struct sealing {
	char *path[SEALING_PATHS_MAX];
	size_t count;
	pthread_mutex_t lock;        /* guards: */
	struct key_sealing *current; /* that opened rows before, or NULL */
};

struct sealing *sealing_new(const char *const *paths, size_t count)
{
	struct sealing *sealing = text_alloc(1, sizeof(*sealing));

	assert(count <= SEALING_PATHS_MAX);
	for (; sealing->count < count; sealing->count++)
		sealing->path[sealing->count] = text_copy(paths[sealing->count]);
	if (pthread_mutex_init(&sealing->lock, NULL) != 0)
		abort();
	return sealing;
}

void sealing_free(struct sealing *sealing)
{
	if (!sealing)
		return;
	for (size_t i = 0; i < sealing->count; i++)
		free(sealing->path[i]);
	key_sealing_free(sealing->current);
	(void)pthread_mutex_destroy(&sealing->lock); /* nobody asks any more */
	free(sealing);
}

static int opens_all(const struct key_sealing *with, const char *issuer,
	const struct store_keys *keys, struct err *err)
{
	for (size_t i = 0; i < keys->count; i++) {
		const struct store_key *row = &keys->key[i];
		auto_key EVP_PKEY *key = NULL;

		if (row->sealed &&
			key_unseal(row->sealed, row->sealed_len, with, issuer, row->kid,
				row->generation, &key, err) < 0)
			return -1;
	}
	return 0;
}

/* A file that is not there is passed over, unless there is none at all. What is wrong with the
 * first one that is there is told. */
static int find_in_files(const struct sealing *sealing, const char *issuer,
	const struct store_keys *keys, struct key_sealing **ret, struct err *err)
{
	struct err first = ERR_INIT;

	for (size_t i = 0; i < sealing->count; i++) {
		auto_key_sealing struct key_sealing *found = NULL;
		struct err why = ERR_INIT;

		if (key_sealing_read(sealing->path[i], &found, &why) == 0 &&
			opens_all(found, issuer, keys, &why) == 0) {
			*ret = take(found);
			return 0;
		}
		if (first.code == ERR_NONE ||
			(first.code == ERR_NOT_FOUND && why.code != ERR_NOT_FOUND))
			first = why;
	}
	*err = first;
	return -1;
}

/* Files change places while a rewrap ends (rewrap.h): what was there a moment ago is elsewhere
 * by then, and a second walk finds it. */
static int find(const struct sealing *sealing, const char *issuer,
	const struct store_keys *keys, struct key_sealing **ret, struct err *err)
{
	struct err first = ERR_INIT;

	if (find_in_files(sealing, issuer, keys, ret, &first) == 0)
		return 0;
	return find_in_files(sealing, issuer, keys, ret, err);
}

int sealing_find(struct sealing *sealing, const char *issuer, const struct store_keys *keys,
	struct key_sealing **ret, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&sealing->lock);
	struct err ignored = ERR_INIT;
	struct key_sealing *found;

	(void)held;
	if (!sealing->current || opens_all(sealing->current, issuer, keys, &ignored) < 0) {
		if (find(sealing, issuer, keys, &found, err) < 0)
			return -1;
		key_sealing_free(sealing->current);
		sealing->current = found;
	}
	*ret = key_sealing_ref(sealing->current);
	return 0;
}

/* keyring_slot.c - the ring in force and how it is replaced: by the store's revision, or by a
 * scheduled moment. See keyring.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>

#include "keys/keyring.h"

struct keyring_slot {
	struct store *store;
	const struct key_sealing *sealing;
	char *name;           /* of the issuer */
	int64_t revision;     /* of the rows; for the one thread that refreshes */
	pthread_mutex_t lock; /* guards all below */
	struct store_issuer issuer;
	struct store_keys keys;
	struct keyring *ring;
	unix_time since; /* the ring is right for since <= now < until */
	unix_time until;
};

/* Builds from the rows at hand; call with the lock held. */
static int rebuild(struct keyring_slot *slot, unix_time now, struct err *err)
{
	struct keyring *ring;

	if (keyring_build(&slot->issuer, &slot->keys, slot->sealing, now, &ring, err) < 0)
		return -1;
	keyring_unref(slot->ring);
	slot->ring = ring;
	slot->since = now;
	slot->until = plan_next_change(&slot->keys, now);
	return 0;
}

/* Puts new rows and their ring in the place of the old ones. */
static void replace(struct keyring_slot *slot, struct store_issuer *issuer,
	struct store_keys *keys, struct keyring *ring, unix_time now)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&slot->lock);

	(void)held;
	keyring_unref(slot->ring);
	store_issuer_free(&slot->issuer);
	store_keys_free(&slot->keys);
	slot->issuer = *issuer;
	slot->keys = *keys;
	slot->ring = ring;
	slot->since = now;
	slot->until = plan_next_change(keys, now);
}

/* Reads the rows anew. No lock is held while the store is asked; the old ring stays if it
 * fails. */
static int reload(struct keyring_slot *slot, unix_time now, struct err *err)
{
	struct store_issuer issuer = { .name = NULL };
	struct store_keys keys = { .key = NULL };
	struct keyring *ring;

	if (store_issuer_get(slot->store, slot->name, &issuer, err) < 0)
		return -1;
	if (store_keys_load(slot->store, slot->name, &keys, &issuer.revision, err) < 0 ||
		keyring_build(&issuer, &keys, slot->sealing, now, &ring, err) < 0) {
		store_keys_free(&keys);
		store_issuer_free(&issuer);
		return -1;
	}
	replace(slot, &issuer, &keys, ring, now);
	return 0;
}

int keyring_slot_open(struct store *store, const char *issuer,
	const struct key_sealing *sealing, unix_time now, struct keyring_slot **ret,
	struct err *err)
{
	struct keyring_slot *slot = text_alloc(1, sizeof(*slot));

	slot->store = store;
	slot->sealing = sealing;
	slot->name = text_copy(issuer);
	if (pthread_mutex_init(&slot->lock, NULL) != 0)
		abort();
	if (reload(slot, now, err) < 0) {
		keyring_slot_close(slot);
		return -1;
	}
	slot->revision = slot->issuer.revision;
	*ret = slot;
	return 0;
}

void keyring_slot_close(struct keyring_slot *slot)
{
	if (!slot)
		return;
	keyring_unref(slot->ring);
	store_keys_free(&slot->keys);
	store_issuer_free(&slot->issuer);
	(void)pthread_mutex_destroy(&slot->lock); /* nobody holds it: the owner closes last */
	free(slot->name);
	free(slot);
}

int keyring_slot_get(struct keyring_slot *slot, unix_time now, struct keyring **ret,
	struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&slot->lock);

	(void)held;
	if ((now < slot->since || now >= slot->until) && rebuild(slot, now, err) < 0)
		return -1;
	*ret = keyring_ref(slot->ring);
	return 0;
}

int keyring_slot_refresh(struct keyring_slot *slot, unix_time now, bool *ret_changed,
	struct err *err)
{
	int64_t revision;

	*ret_changed = false;
	if (store_revision(slot->store, slot->name, &revision, err) < 0)
		return -1;
	if (revision == slot->revision)
		return 0;
	if (reload(slot, now, err) < 0)
		return -1;
	/* Rows that are newer than this number only cause one more reload. */
	slot->revision = revision;
	*ret_changed = true;
	return 0;
}

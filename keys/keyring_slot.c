/* keyring_slot.c - the ring in force and how it is replaced: by the store's revision, or by a
 * scheduled moment. See keyring.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>

#include "keys/keyring.h"

/* Rows, what opens them, and the ring made of them. */
struct ringed {
	struct store_issuer issuer;
	struct store_keys keys;
	struct key_sealing *opener;
	struct keyring *ring;
	unix_time since; /* the ring is right for since <= now < until */
	unix_time until;
};

struct keyring_slot {
	struct store *store;
	struct sealing *sealing;
	struct plan_policy policy;
	char *name;                 /* of the issuer */
	pthread_mutex_t refreshing; /* held while the store is asked; guards: */
	int64_t revision;           /* of the rows */
	pthread_mutex_t lock;       /* guards all below */
	struct ringed in_force;
	unix_time clock_at; /* the last committed time */
};

static void ringed_free(struct ringed *r)
{
	keyring_unref(r->ring);
	key_sealing_free(r->opener);
	store_keys_free(&r->keys);
	store_issuer_free(&r->issuer);
}
#define auto_ringed __attribute__((cleanup(ringed_free)))

/* Builds the ring of these rows; `before` is in force until then, or NULL. */
static int build(const struct keyring_slot *slot, struct ringed *r,
	const struct keyring *before, unix_time now, struct err *err)
{
	const struct keyring_source source = {
		.issuer = &r->issuer,
		.keys = &r->keys,
		.policy = &slot->policy,
		.sealing = r->opener,
	};
	struct keyring *ring;

	if (keyring_build(&source, before, now, &ring, err) < 0)
		return -1;
	keyring_unref(r->ring);
	r->ring = ring;
	r->since = now;
	r->until = plan_next_change(&r->keys, now);
	return 0;
}

static unix_time not_back(const struct keyring_slot *slot, unix_time now)
{
	return now > slot->clock_at ? now : slot->clock_at;
}

/* Puts new rows and their ring in the place of the old ones, which come back. */
static void swap(struct keyring_slot *slot, struct ringed *r)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&slot->lock);
	const struct ringed old = slot->in_force;

	(void)held;
	slot->in_force = *r;
	slot->clock_at = r->keys.memory.clock_at;
	*r = old;
}

/* The ring that was built last, for the time it was built for; NULL at first. */
static struct keyring *current(struct keyring_slot *slot)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&slot->lock);

	(void)held;
	return slot->in_force.ring ? keyring_ref(slot->in_force.ring) : NULL;
}

/* Reads the rows anew. No lock is held while the store is asked; the old ring stays if it
 * fails. */
static int reload(struct keyring_slot *slot, unix_time now, struct err *err)
{
	auto_ringed struct ringed fresh = { .since = 0 };
	auto_keyring struct keyring *before = current(slot);

	if (store_issuer_get(slot->store, slot->name, &fresh.issuer, err) < 0 ||
		store_keys_load(slot->store, slot->name, &fresh.keys, err) < 0)
		return -1;
	if (slot->sealing &&
		sealing_find(slot->sealing, slot->name, &fresh.keys, &fresh.opener, err) < 0)
		return -1;
	if (now < fresh.keys.memory.clock_at)
		now = fresh.keys.memory.clock_at;
	if (build(slot, &fresh, before, now, err) < 0)
		return -1;
	swap(slot, &fresh);
	return 0;
}

int keyring_slot_open(struct store *store, const char *issuer, struct sealing *sealing,
	const struct plan_policy *policy, unix_time now, struct keyring_slot **ret,
	struct err *err)
{
	struct keyring_slot *slot = text_alloc(1, sizeof(*slot));

	slot->store = store;
	slot->sealing = sealing;
	slot->policy = *policy;
	slot->name = text_copy(issuer);
	if (pthread_mutex_init(&slot->lock, NULL) != 0 ||
		pthread_mutex_init(&slot->refreshing, NULL) != 0)
		abort();
	if (reload(slot, now, err) < 0) {
		keyring_slot_close(slot);
		return -1;
	}
	slot->revision = slot->in_force.keys.revision;
	*ret = slot;
	return 0;
}

void keyring_slot_close(struct keyring_slot *slot)
{
	if (!slot)
		return;
	ringed_free(&slot->in_force);
	(void)pthread_mutex_destroy(&slot->refreshing);
	(void)pthread_mutex_destroy(&slot->lock); /* nobody holds it: the owner closes last */
	free(slot->name);
	free(slot);
}

int keyring_slot_get(struct keyring_slot *slot, unix_time now, struct keyring **ret,
	struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&slot->lock);
	struct ringed *r = &slot->in_force;

	(void)held;
	now = not_back(slot, now);
	if ((now < r->since || now >= r->until) && build(slot, r, r->ring, now, err) < 0)
		return -1;
	*ret = keyring_ref(r->ring);
	return 0;
}

static int check_clock(struct keyring_slot *slot, unix_time now, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&slot->lock);

	(void)held;
	return plan_clock_not_back(slot->clock_at, slot->policy.clock_skew_s, now, err);
}

int keyring_slot_sign(struct keyring_slot *slot, unix_time now, struct keyring **ret,
	struct err *err)
{
	return check_clock(slot, now, err) < 0 ? -1 : keyring_slot_get(slot, now, ret, err);
}

static void set_clock(struct keyring_slot *slot, unix_time clock_at)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&slot->lock);

	(void)held;
	slot->clock_at = clock_at;
}

int keyring_slot_refresh(struct keyring_slot *slot, unix_time now, enum keyring_change *ret,
	struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&slot->refreshing);
	const int64_t before = slot->revision;
	struct store_pulse pulse;

	(void)held;
	*ret = KEYRING_SAME;
	if (store_pulse(slot->store, slot->name, &pulse, err) < 0)
		return -1;
	set_clock(slot, pulse.clock_at);
	if (pulse.revision == before)
		return 0;
	if (reload(slot, now, err) < 0)
		return -1;
	/* Rows that are newer than this number only cause one more reload. */
	slot->revision = pulse.revision;
	*ret = pulse.revision > before ? KEYRING_NEWER : KEYRING_OLDER;
	return 0;
}

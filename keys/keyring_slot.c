/* keyring_slot.c - the ring in force and how it is replaced: by the store's revision, or by a
 * scheduled moment. See keyring.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>

#include "base/log.h"
#include "keys/keyring.h"

#define RELOAD_TRIES 8 /* each lost race is a change of the keys */

/* Rows, their private halves, and the ring made of them. */
struct ringed {
	struct store_issuer issuer;
	struct store_keys keys;
	struct halves halves;
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
	struct ringed in_force; /* its keys.memory.clock_at and uptime_s follow the store's */
};

static void ringed_free(struct ringed *r)
{
	keyring_unref(r->ring);
	halves_free(&r->halves);
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
		.halves = slot->sealing ? &r->halves : NULL,
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

static unix_time time_of(const struct keyring_slot *slot, const struct ringed *r,
	struct clock_reading clock)
{
	return plan_time(&r->keys.memory, slot->policy.clock_skew_s, clock);
}

/* Puts new rows and their ring in the place of the old ones, which come back. */
static void swap(struct keyring_slot *slot, struct ringed *r)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&slot->lock);
	const struct ringed old = slot->in_force;

	(void)held;
	slot->in_force = *r;
	*r = old;
}

/* The ring that was built last, for the time it was built for; NULL at first. */
static struct keyring *current(struct keyring_slot *slot)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&slot->lock);

	(void)held;
	return slot->in_force.ring ? keyring_ref(slot->in_force.ring) : NULL;
}

/* Builds the ring of new rows. What a sealing key that cannot be read keeps shut matters once
 * it is to sign. */
static int open_and_build(struct keyring_slot *slot, struct ringed *fresh,
	struct clock_reading clock, struct err *err)
{
	auto_keyring struct keyring *before = current(slot);
	struct err why = ERR_INIT;

	if (slot->sealing)
		halves_open(&fresh->keys, slot->name, slot->sealing, &slot->in_force.halves,
			&fresh->halves, &why);
	if (build(slot, fresh, before, time_of(slot, fresh, clock), err) < 0) {
		if (why.code != ERR_NONE)
			*err = why;
		return -1;
	}
	if (why.code != ERR_NONE)
		log_event(LOG_WARN, "keys.not_opened", "error", why.text, "hint",
			"keys that were opened before go on; restart, if systemd hands over the "
			"sealing key",
			NULL);
	return 0;
}

/* Reads the rows anew. No lock is held while the store is asked; the old ring stays if it
 * fails. Only one thread reloads, so what it reads of the rows in force stays. `ret_stale`: it
 * failed, and the rows are others by now. */
static int try_reload(struct keyring_slot *slot, struct clock_reading clock, bool *ret_stale,
	struct err *err)
{
	auto_ringed struct ringed fresh = { .since = 0 };

	*ret_stale = false;

	if (store_issuer_get(slot->store, slot->name, &fresh.issuer, err) < 0 ||
		store_keys_load(slot->store, slot->name, &fresh.keys, err) < 0)
		return -1;
	if (open_and_build(slot, &fresh, clock, err) < 0) {
		*ret_stale = store_keys_are_stale(slot->store, slot->name, &fresh.keys);
		return -1;
	}
	swap(slot, &fresh);
	return 0;
}

/* Rows that are sealed anew meanwhile do not open with the sealing key of before. */
static int reload(struct keyring_slot *slot, struct clock_reading clock, struct err *err)
{
	bool is_stale = true;

	for (int i = 0; i < RELOAD_TRIES && is_stale; i++) {
		*err = (struct err)ERR_INIT;
		if (try_reload(slot, clock, &is_stale, err) == 0)
			return 0;
	}
	return -1;
}

int keyring_slot_open(struct store *store, const char *issuer, struct sealing *sealing,
	const struct plan_policy *policy, struct clock_reading clock, struct keyring_slot **ret,
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
	if (reload(slot, clock, err) < 0) {
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

int keyring_slot_get(struct keyring_slot *slot, struct clock_reading clock,
	struct keyring **ret, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&slot->lock);
	struct ringed *r = &slot->in_force;
	const unix_time now = time_of(slot, r, clock);

	(void)held;
	if ((now < r->since || now >= r->until) && build(slot, r, r->ring, now, err) < 0)
		return -1;
	*ret = keyring_ref(r->ring);
	return 0;
}

int keyring_slot_check_clock(struct keyring_slot *slot, unix_time now, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&slot->lock);

	(void)held;
	return plan_clock_not_back(slot->in_force.keys.memory.clock_at,
		slot->policy.clock_skew_s, now, err);
}

int keyring_slot_sign(struct keyring_slot *slot, struct clock_reading clock,
	struct keyring **ret, struct err *err)
{
	auto_keyring struct keyring *ring = NULL;

	if (keyring_slot_check_clock(slot, clock.now, err) < 0 ||
		keyring_slot_get(slot, clock, &ring, err) < 0 ||
		keyring_check_signer(ring, err) < 0)
		return -1;
	*ret = take(ring);
	return 0;
}

static void follow_clock(struct keyring_slot *slot, const struct store_pulse *pulse)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&slot->lock);
	struct store_memory *memory = &slot->in_force.keys.memory;

	(void)held;
	memory->clock_at = pulse->clock_at;
	memory->uptime_s = pulse->uptime_s;
}

int keyring_slot_refresh(struct keyring_slot *slot, struct clock_reading clock,
	enum keyring_change *ret, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&slot->refreshing);
	const int64_t before = slot->revision;
	struct store_pulse pulse;

	(void)held;
	*ret = KEYRING_SAME;
	if (store_pulse(slot->store, slot->name, &pulse, err) < 0)
		return -1;
	follow_clock(slot, &pulse);
	if (pulse.revision == before)
		return 0;
	if (reload(slot, clock, err) < 0)
		return -1;
	/* Rows that are newer than this number only cause one more reload. */
	slot->revision = pulse.revision;
	*ret = pulse.revision > before ? KEYRING_NEWER : KEYRING_OLDER;
	return 0;
}

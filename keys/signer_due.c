/* signer_due.c - see signer_due.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "keys/audit_proof.h"
#include "keys/keyring.h"
#include "keys/rotate.h"
#include "keys/signer_due.h"

/* For what is due between two changes: erasing, a new policy's ratchet. */
#define ROTATION_LOOK_S 60
#define CHECKPOINT_S    3600 /* between signatures of the audit's head */
#define RETRY_S         10   /* after a failure of either */
#define LOOK_BACK_ROWS  1000 /* of the audit, for the last checkpoint */

int signer_due_refresh(struct signer_due *due, struct clock_reading clock, struct err *err)
{
	enum keyring_change change;

	if (keyring_slot_refresh(due->slot, clock, &change, err) < 0)
		return -1;
	if (change != KEYRING_SAME)
		atomic_store(&due->is_rotation_wanted, true);
	if (change == KEYRING_OLDER)
		log_event(LOG_WARN, "store.went_back", "hint",
			"somebody put older keys back; revocations since then are lost: see "
			"doc/key-rotation.md, Restore",
			NULL);
	return 0;
}

/* ---- rotation ---- */

static void log_rotated(const struct signer_due *due, const struct rotate_result *result)
{
	const size_t published = plan_published(&result->keys, result->now);

	log_event(LOG_INFO, "keys.changed", "rows", text_num((int64_t)result->changed).s,
		"published", text_num((int64_t)published).s, "next_change",
		due->next_change == PLAN_NEVER ? NULL : text_time(due->next_change).s, NULL);
	if (published > PLAN_PUBLISHED_WARN)
		log_event(LOG_WARN, "keys.many", "issuer", due->settings->issuer, "published",
			text_num((int64_t)published).s, "most", text_num(PLAN_PUBLISHED_MAX).s,
			"hint", "rotate less often, or lower tokens.max_lifetime", NULL);
}

static int rotate_due(struct signer_due *due, struct clock_reading clock, struct err *err)
{
	const struct rotate rotate = {
		.store = due->settings->store,
		.issuer = due->settings->issuer,
		.sealing = due->sealing,
		.policy = due->settings->plan,
		.rsa_bits = due->settings->rsa_bits,
		.actor = "issuerd",
	};
	struct rotate_result result;

	due->looked_at = clock;
	due->look_after_s = RETRY_S;
	due->next_change = PLAN_NEVER;
	if (rotate_run(&rotate, &(struct plan_ask){ .verb = PLAN_TICK }, false, clock, &result,
		    err) < 0)
		return -1;
	due->look_after_s = ROTATION_LOOK_S;
	due->next_change = plan_next_change(&result.keys, result.now);
	log_trouble_over(&due->rotation_trouble);
	if (result.changed > 0)
		log_rotated(due, &result);
	store_keys_free(&result.keys);
	return 0;
}

static void note_rotation_failed(struct signer_due *due, const struct err *err)
{
	metrics_add(&due->settings->metrics->rotation_failures, 1);
	log_trouble(&due->rotation_trouble, "keys.rotation_failed", err);
}

/* A clock that jumps says little of how long ago we looked: the machine's uptime does. */
static bool is_time_to_look(const struct signer_due *due, struct clock_reading clock)
{
	return clock.uptime_s - due->looked_at.uptime_s >= due->look_after_s ||
		clock.now >= due->next_change || clock.now < due->looked_at.now;
}

/* ---- checkpoints ---- */

/* Signs the head of the audit chain, if anything was recorded since. */
void signer_due_checkpoint(struct signer_due *due, struct clock_reading clock)
{
	auto_keyring struct keyring *ring = NULL;
	struct err err = ERR_INIT;
	bool is_done;

	due->checkpoint_uptime_s = clock.uptime_s;
	if (keyring_slot_sign(due->slot, clock, &ring, &err) < 0 ||
		audit_proof_checkpoint(due->settings->store, due->settings->issuer, ring,
			clock.now, &is_done, &err) < 0) {
		metrics_add(&due->settings->metrics->checkpoint_failures, 1);
		log_trouble(&due->checkpoint_trouble, "audit.checkpoint_failed", &err);
		due->checkpoint_uptime_s = clock.uptime_s - CHECKPOINT_S + RETRY_S;
		return;
	}
	metrics_set(&due->settings->metrics->checkpoint_at, clock.now);
	log_trouble_over(&due->checkpoint_trouble);
}

/* What the last records of the audit tell: when its head was signed last, or, if none of them
 * is a checkpoint, since when that would have been due. */
struct look_back {
	bool is_signed;
	unix_time since;
};

static int look_at_record(int64_t seq, const struct store_audit *row, void *ctx)
{
	struct look_back *back = ctx;
	const bool is_checkpoint = strcmp(row->event, STORE_AUDIT_CHECKPOINT) == 0;

	(void)seq;
	if (is_checkpoint || back->since == TIME_UNSET)
		back->since = row->at;
	back->is_signed |= is_checkpoint;
	return 0;
}

/* How long ago was the head signed last, by whichever process? Signers that live for less than
 * an hour would never sign. A start takes no longer where there are many records: of those
 * before the last ones it is not asked whether they are signed. */
static int checkpoint_age(const struct signer_due *due, unix_time now, int64_t *ret,
	struct err *err)
{
	struct store *store = due->settings->store;
	struct look_back back = { .since = TIME_UNSET };
	struct store_audit_mark head;

	if (store_audit_head(store, due->settings->issuer, &head, err) < 0 ||
		store_audit_walk(store, due->settings->issuer, head.seq - LOOK_BACK_ROWS,
			LOOK_BACK_ROWS, look_at_record, &back, err) != 0)
		return -1;
	if (!back.is_signed && head.seq > LOOK_BACK_ROWS)
		*ret = CHECKPOINT_S;
	else
		*ret = back.since == TIME_UNSET ? 0 : now - back.since;
	return 0;
}

/* ---- when ---- */

void signer_due_tick(struct signer_due *due, struct clock_reading clock)
{
	struct err err = ERR_INIT;

	if (signer_due_refresh(due, clock, &err) < 0) {
		log_trouble(&due->refresh_trouble, "keys.refresh_failed", &err);
		return;
	}
	log_trouble_over(&due->refresh_trouble);
	if ((atomic_exchange(&due->is_rotation_wanted, false) || is_time_to_look(due, clock)) &&
		rotate_due(due, clock, &err) < 0)
		note_rotation_failed(due, &err);
	if (clock.uptime_s - due->checkpoint_uptime_s >= CHECKPOINT_S)
		signer_due_checkpoint(due, clock);
}

/* A clock that is not to be planned by stops rotation, and no more than that. */
int signer_due_start(struct signer_due *due, struct clock_reading clock, struct err *err)
{
	int64_t age_s;

	if (checkpoint_age(due, clock.now, &age_s, err) < 0)
		return -1;
	due->checkpoint_uptime_s = clock.uptime_s - num_max(0, age_s);
	if (rotate_due(due, clock, err) < 0) {
		if (err->code != ERR_EARLY)
			return -1;
		note_rotation_failed(due, err);
		*err = (struct err)ERR_INIT;
	}
	return signer_due_refresh(due, clock, err);
}

/* rotate.c - see rotate.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "keys/rotate.h"

#define ROTATE_TRIES  8  /* each lost race means that somebody else made progress */
#define ROTATE_NOTE_S 60 /* with nothing to write, the clock is still noted so often */

/* What a plan is carried out with. */
struct attempt {
	const struct rotate *rotate;
	const struct plan_ask *ask;
	struct clock_reading clock;
	struct store_keys keys;
	struct key_sealing *sealing;
	struct store_keys change;
};

static bool is_new(const struct attempt *a, const struct store_key *row)
{
	for (size_t i = 0; i < a->keys.count; i++)
		if (a->keys.key[i].generation == row->generation)
			return false;
	return true;
}

static bool needs_seal(const struct attempt *a, const struct store_key *row)
{
	return is_new(a, row) && (!row->is_imported || a->rotate->private);
}

static bool has_half_to_seal(const struct attempt *a)
{
	for (size_t i = 0; i < a->change.count; i++)
		if (needs_seal(a, &a->change.key[i]))
			return true;
	return false;
}

/* A standby can be made later; false if a row is to sign now. */
static bool put_off_standbys(struct attempt *a, unix_time now)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->change.count; i++) {
		const struct store_key *row = &a->change.key[i];

		if (!needs_seal(a, row))
			a->change.key[kept++] = *row;
		else if (row->activate_at != TIME_UNSET && row->activate_at <= now)
			return false;
	}
	a->change.count = kept;
	return true;
}

/* What is to be sealed needs the sealing key. A revocation does not wait for one that is lost.
 */
static int find_sealing(struct attempt *a, unix_time now, struct err *err)
{
	struct err why = ERR_INIT;

	if (!has_half_to_seal(a) ||
		sealing_find(a->rotate->sealing, a->rotate->issuer, &a->keys, &a->sealing,
			&why) == 0)
		return 0;
	if (store_keys_are_stale(a->rotate->store, a->rotate->issuer, &a->keys))
		return err_set(err, ERR_CONFLICT, "the keys are being sealed anew");
	if (a->ask->verb == PLAN_REVOKE && put_off_standbys(a, now))
		return 0;
	*err = why;
	return -1;
}

static int seal(const struct attempt *a, const EVP_PKEY *key, struct store_key *row,
	struct err *err)
{
	return key_seal(key, a->sealing, a->rotate->issuer, row->kid, row->generation,
		&row->sealed, &row->sealed_len, err);
}

/* Gives a planned row its key: made, named and sealed. The imported one has its name. */
static int make_key(const struct attempt *a, struct store_key *row, struct err *err)
{
	auto_key EVP_PKEY *key = NULL;

	if (row->is_imported)
		return a->rotate->private ? seal(a, a->rotate->private, row, err) : 0;
	do {
		key_free(key);
		free(row->public_der);
		row->public_der = NULL;
		key = NULL;
		if (key_generate(row->alg, a->rotate->rsa_bits, &key, err) < 0 ||
			key_public_der(key, &row->public_der, &row->public_len, err) < 0)
			return -1;
		key_id(row->public_der, row->public_len, row->kid);
	} while (row->kid[0] == '-'); /* one in 64 would look like an option */
	return seal(a, key, row, err);
}

/* Frees what make_key put into the rows; all else is borrowed from the loaded ones. */
static void forget_made(struct attempt *a)
{
	for (size_t i = 0; i < a->change.count; i++) {
		struct store_key *row = &a->change.key[i];

		if (!is_new(a, row))
			continue;
		if (!row->is_imported)
			free(row->public_der);
		free(row->sealed);
	}
}

static int apply(struct attempt *a, struct err *err)
{
	const struct rotate *rotate = a->rotate;
	int rc = 0;

	for (size_t i = 0; i < a->change.count && rc == 0; i++)
		if (is_new(a, &a->change.key[i]))
			rc = make_key(a, &a->change.key[i], err);
	if (rc == 0)
		rc = store_keys_apply(rotate->store, rotate->issuer, &a->change, rotate->actor,
			a->clock.now, err);
	forget_made(a);
	return rc;
}

/* The loaded rows as they would be after the change: a deep copy without key material. */
static void preview(const struct attempt *a, struct store_keys *ret)
{
	size_t count = a->keys.count;

	*ret = a->change;
	ret->key = text_alloc(count + a->change.count, sizeof(*ret->key));
	if (count > 0)
		memcpy(ret->key, a->keys.key, count * sizeof(*ret->key));
	for (size_t c = 0; c < a->change.count; c++) {
		size_t i = 0;

		while (i < count && ret->key[i].generation != a->change.key[c].generation)
			i++;
		ret->key[i] = a->change.key[c];
		count = i == count ? count + 1 : count;
	}
	ret->count = count;
	for (size_t i = 0; i < count; i++) {
		struct store_key *key = &ret->key[i];

		key->public_der = NULL;
		key->public_len = 0;
		key->sealed = NULL;
		key->sealed_len = 0;
		key->reason = key->reason ? text_copy(key->reason) : NULL;
	}
}

/* The clock is part of what is remembered, and nothing else may be due for a month. */
static int note_clock(const struct attempt *a, struct err *err)
{
	const struct store_memory *memory = &a->change.memory;

	if (memory->clock_at - a->keys.memory.clock_at < ROTATE_NOTE_S)
		return 0;
	return store_clock_note(a->rotate->store, a->rotate->issuer,
		(struct clock_reading){ memory->clock_at, memory->uptime_s }, err);
}

static int carry_out(struct attempt *a, bool is_dry_run, struct rotate_result *ret,
	struct err *err)
{
	const bool is_empty = plan_is_empty(&a->keys, &a->change);

	ret->changed = a->change.count;
	if (is_dry_run) {
		preview(a, &ret->keys);
		return 0;
	}
	if ((is_empty ? note_clock(a, err) : apply(a, err)) < 0)
		return -1;
	return store_keys_load(a->rotate->store, a->rotate->issuer, &ret->keys, err);
}

/* One attempt: load, plan, write. ERR_CONFLICT when somebody else was first. */
static int attempt(const struct rotate *rotate, const struct plan_ask *ask, bool is_dry_run,
	struct clock_reading clock, struct rotate_result *ret, struct err *err)
{
	struct attempt a = { .rotate = rotate, .ask = ask, .clock = clock };
	int rc;

	if (store_keys_load(rotate->store, rotate->issuer, &a.keys, err) < 0)
		return -1;
	ret->now = plan_time(&a.keys.memory, rotate->policy.clock_skew_s, clock);
	rc = plan_next(&a.keys, &rotate->policy, clock, ask, &a.change, err);
	if (rc == 0)
		rc = find_sealing(&a, ret->now, err);
	if (rc == 0)
		rc = carry_out(&a, is_dry_run, ret, err);
	plan_free(&a.change);
	key_sealing_free(a.sealing);
	store_keys_free(&a.keys);
	return rc;
}

int rotate_run(const struct rotate *rotate, const struct plan_ask *ask, bool is_dry_run,
	struct clock_reading clock, struct rotate_result *ret, struct err *err)
{
	for (int i = 0; i < ROTATE_TRIES; i++) {
		struct rotate_result result = { .changed = 0 };

		if (attempt(rotate, ask, is_dry_run, clock, &result, err) == 0) {
			*ret = result;
			return 0;
		}
		if (err->code != ERR_CONFLICT)
			return -1;
	}
	return err_add(err, "gave up after %d tries", ROTATE_TRIES);
}

/* rotate.c - see rotate.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "keys/rotate.h"

#define ROTATE_TRIES 8 /* each lost race means that somebody else made progress */

/* Gives a planned row its key: made, named and sealed. */
static int make_key(const struct rotate *rotate, struct store_key *row, struct err *err)
{
	auto_key EVP_PKEY *key = NULL;

	if (key_generate(row->alg, rotate->rsa_bits, &key, err) < 0 ||
		key_public_der(key, &row->public_der, &row->public_len, err) < 0)
		return -1;
	key_id(row->public_der, row->public_len, row->kid);
	return key_seal(key, rotate->sealing, rotate->issuer, row->kid, row->generation,
		&row->sealed, &row->sealed_len, err);
}

static bool is_new(const struct store_key *row)
{
	return row->created_at != TIME_UNSET && !row->public_der;
}

/* Frees what make_key put into the rows; all else is borrowed from the loaded ones. */
static void forget_made(struct store_keys *change, const bool *is_made)
{
	for (size_t i = 0; i < change->count; i++)
		if (is_made[i]) {
			free(change->key[i].public_der);
			free(change->key[i].sealed);
		}
}

/* Does the sealing key open what the store holds? New keys sealed with another one would leave
 * a store that no sealing key opens whole. */
static int check_sealing(const struct rotate *rotate, const struct store_keys *keys,
	struct err *err)
{
	for (size_t i = 0; i < keys->count; i++) {
		const struct store_key *row = &keys->key[i];
		auto_key EVP_PKEY *key = NULL;

		if (row->sealed &&
			key_unseal(row->sealed, row->sealed_len, rotate->sealing,
				rotate->issuer, row->kid, row->generation, &key, err) < 0)
			return -1;
	}
	return 0;
}

static int apply(const struct rotate *rotate, int64_t revision, struct store_keys *change,
	unix_time now, struct err *err)
{
	auto_free bool *is_made = text_alloc(change->count, sizeof(*is_made));
	int rc = 0;

	for (size_t i = 0; i < change->count && rc == 0; i++)
		if ((is_made[i] = is_new(&change->key[i])))
			rc = make_key(rotate, &change->key[i], err);
	if (rc == 0)
		rc = store_keys_apply(rotate->store, rotate->issuer, revision, change,
			rotate->actor, now, err);
	forget_made(change, is_made);
	return rc;
}

/* The loaded rows as they would be after the change: a deep copy without private halves. */
static void preview(const struct store_keys *keys, const struct store_keys *change,
	struct store_keys *ret)
{
	size_t count = keys->count;

	ret->key = text_alloc(keys->count + change->count, sizeof(*ret->key));
	if (keys->count > 0)
		memcpy(ret->key, keys->key, keys->count * sizeof(*ret->key));
	for (size_t c = 0; c < change->count; c++) {
		size_t i = 0;

		while (i < count && ret->key[i].generation != change->key[c].generation)
			i++;
		ret->key[i] = change->key[c];
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

/* One attempt: load, plan, write. ERR_CONFLICT when somebody else was first. */
static int attempt(const struct rotate *rotate, enum plan_ask ask, bool is_dry_run,
	unix_time now, struct store_keys *ret_keys, size_t *ret_changed, struct err *err)
{
	struct store_keys keys;
	struct store_keys change;
	int64_t revision;
	int rc;

	if (store_keys_load(rotate->store, rotate->issuer, &keys, &revision, err) < 0)
		return -1;
	rc = check_sealing(rotate, &keys, err);
	if (rc == 0)
		rc = plan_next(&keys, &rotate->policy, now, ask, &change, err);
	if (rc == 0) {
		if (is_dry_run)
			preview(&keys, &change, ret_keys);
		else if (change.count > 0)
			rc = apply(rotate, revision, &change, now, err);
		*ret_changed = change.count;
		plan_free(&change);
	}
	store_keys_free(&keys);
	if (rc == 0 && !is_dry_run)
		rc = store_keys_load(rotate->store, rotate->issuer, ret_keys, &revision, err);
	return rc;
}

int rotate_run(const struct rotate *rotate, enum plan_ask ask, bool is_dry_run, unix_time now,
	struct store_keys *ret_keys, size_t *ret_changed, struct err *err)
{
	for (int i = 0; i < ROTATE_TRIES; i++) {
		if (attempt(rotate, ask, is_dry_run, now, ret_keys, ret_changed, err) == 0)
			return 0;
		if (err->code != ERR_CONFLICT)
			return -1;
	}
	return err_add(err, "gave up after %d tries", ROTATE_TRIES);
}

/* store_check.c - is a store whole? store-check STORE SEALING-KEY ISSUER NOW: every page and
 * reference, every link of the audit chain, exactly one key that signs at NOW, and a sealing
 * key (or the one beside it that comes next) that opens all private halves. Prints the kid that
 * signs; for tests that break things.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/text.h"
#include "keys/audit_proof.h"
#include "keys/plan.h"
#include "keys/sealing.h"
#include "store/store.h"

static int check_keys(const struct store_keys *keys, unix_time now, struct err *err)
{
	const ptrdiff_t active = plan_active(keys, now);
	size_t count = 0;

	for (size_t i = 0; i < keys->count; i++)
		count += plan_state(keys, i, now) == PLAN_ACTIVE;
	if (count != 1 || active < 0)
		return err_set(err, ERR_UNHEALTHY, "%zu keys are active", count);
	if (!keys->key[active].sealed)
		return err_set(err, ERR_UNHEALTHY, "the active key has no private half");
	(void)puts(keys->key[active].kid);
	return 0;
}

static int check(const char *path, const char *sealing_path, const char *issuer, unix_time now,
	struct err *err)
{
	auto_free char *next = text_format("%s" SEALING_NEW, sealing_path);
	const char *const paths[] = { sealing_path, next };
	auto_sealing struct sealing *sealing = sealing_new(paths, 2);
	auto_key_sealing struct key_sealing *opener = NULL;
	auto_store_keys struct store_keys keys = { .count = 0 };
	auto_store struct store *store = NULL;
	struct audit_proof proof;

	if (store_open(path, STORE_READ, &store, err) < 0 || store_check(store, err) < 0 ||
		audit_proof_verify(store, issuer, NULL, &proof, err) < 0 ||
		store_keys_load(store, issuer, &keys, err) < 0 ||
		sealing_find(sealing, issuer, &keys, &opener, err) < 0)
		return -1;
	return check_keys(&keys, now, err);
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	int64_t now;

	if (argc != 5 || text_int(argv[4], 1, INT64_MAX, &now, &err) < 0)
		return 2;
	if (secret_init(&err) == 0 && check(argv[1], argv[2], argv[3], now, &err) == 0)
		return 0;
	(void)fprintf(stderr, "store-check: %s\n", err.text);
	return 1;
}

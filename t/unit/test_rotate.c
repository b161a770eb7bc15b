/* test_rotate.c - keys/rotate.c on a real store: a plan is carried out once, by whoever comes
 * first.
 * SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include "base/file.h"
#include "keys/keyring.h"
#include "t/unit/keys_fixture.h"

#define RACERS 4

static struct fixture f;

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

static struct store_keys loaded(void)
{
	struct store_keys keys;
	struct err err;

	assert_succeeds(store_keys_load(f.store, FIXTURE_ISSUER, &keys, &err));
	return keys;
}

static int64_t revision(void)
{
	struct store_pulse pulse;
	struct err err;

	assert_succeeds(store_pulse(f.store, FIXTURE_ISSUER, &pulse, &err));
	return pulse.revision;
}

static void the_first_run_makes_keys_that_sign(void **state)
{
	const struct rotate rotate = fixture_rotate(&f);
	auto_store_keys struct store_keys keys = { .key = NULL };
	struct err err;

	(void)state;
	assert_int_equal(fixture_run(&rotate, PLAN_TICK, WORLD_NOW), 2);
	keys = loaded();
	assert_int_equal(keys.count, 2);
	for (size_t i = 0; i < keys.count; i++) {
		const struct store_key *row = &keys.key[i];
		auto_key EVP_PKEY *public = NULL;
		auto_key EVP_PKEY *private = NULL;
		char kid[KEY_ID_LEN + 1];

		assert_succeeds(key_from_public_der(row->public_der, row->public_len, &public,
			&err));
		assert_succeeds(key_unseal(row->sealed, row->sealed_len, f.opener,
			FIXTURE_ISSUER, row->kid, row->generation, &private, &err));
		assert_int_equal(EVP_PKEY_eq(public, private), 1);
		key_id(row->public_der, row->public_len, kid);
		assert_string_equal(row->kid, kid);
		assert_string_equal(row->alg, "ES256");
	}
	assert_string_not_equal(keys.key[0].kid, keys.key[1].kid);
	assert_int_equal(fixture_run(&rotate, PLAN_TICK, WORLD_NOW), 0);
}

static void rsa_keys_have_the_bits_asked_for(void **state)
{
	struct rotate rotate = fixture_rotate(&f);
	auto_store_keys struct store_keys keys = { .key = NULL };
	auto_key EVP_PKEY *key = NULL;
	struct err err;

	(void)state;
	rotate.policy.alg = "RS256";
	rotate.rsa_bits = 3072;
	(void)fixture_run(&rotate, PLAN_TICK, WORLD_NOW);
	keys = loaded();
	assert_succeeds(key_from_public_der(keys.key[0].public_der, keys.key[0].public_len,
		&key, &err));
	assert_int_equal(EVP_PKEY_get_bits(key), 3072);
}

static void nothing_to_do_writes_nothing(void **state)
{
	const struct rotate rotate = fixture_rotate(&f);
	int64_t before;

	(void)state;
	(void)fixture_run(&rotate, PLAN_TICK, WORLD_NOW);
	before = revision();
	assert_int_equal(fixture_run(&rotate, PLAN_TICK, WORLD_NOW + DAY), 0);
	assert_int_equal(revision(), before);
}

static void a_dry_run_shows_the_same_and_writes_nothing(void **state)
{
	static const struct plan_ask asks[] = { { .verb = PLAN_TICK },
		{ .verb = PLAN_ROTATE } };
	const struct rotate rotate = fixture_rotate(&f);
	unix_time now = WORLD_NOW;

	(void)state;
	for (size_t a = 0; a < 2; a++, now += 2 * DAY) {
		struct rotate_result preview, real;
		const int64_t before = revision();
		struct err err;

		assert_succeeds(rotate_run(&rotate, &asks[a], true, world_clock(now), &preview,
			&err));
		assert_int_equal(revision(), before);
		real = fixture_ask(&rotate, &asks[a], now);
		assert_int_equal(preview.changed, real.changed);
		assert_int_equal(preview.keys.count, real.keys.count);
		for (size_t i = 0; i < real.keys.count; i++) {
			const struct store_key *shown = &preview.keys.key[i];
			const struct store_key *is = &real.keys.key[i];

			assert_int_equal(shown->generation, is->generation);
			assert_int_equal(shown->publish_at, is->publish_at);
			assert_int_equal(shown->activate_at, is->activate_at);
			assert_int_equal(shown->remove_at, is->remove_at);
			assert_int_equal(shown->lead_s, is->lead_s);
			assert_null(shown->sealed);
		}
		store_keys_free(&preview.keys);
		store_keys_free(&real.keys);
	}
}

/* Are these bytes anywhere in the files of the store? */
static bool is_on_disk(const unsigned char *bytes, size_t len)
{
	static const char *const suffixes[] = { "", "-wal" };
	bool is_found = false;

	for (size_t i = 0; i < 2; i++) {
		auto_free char *path = text_format("%s%s", f.store_path, suffixes[i]);
		auto_free char *content = NULL;
		struct err err = ERR_INIT;
		size_t size;

		if (file_read(path, 64 << 20, &content, &size, &err) < 0) {
			assert_int_equal(err.code, ERR_NOT_FOUND);
			continue;
		}
		is_found = is_found || memmem(content, size, bytes, len) != NULL;
	}
	return is_found;
}

static void a_rotation_erases_the_old_private_half_on_disk(void **state)
{
	const struct rotate rotate = fixture_rotate(&f);
	const unix_time at = WORLD_NOW + DAY;
	struct store_keys before, keys;
	struct err err;

	(void)state;
	(void)fixture_run(&rotate, PLAN_TICK, WORLD_NOW);
	assert_int_equal(fixture_run(&rotate, PLAN_ROTATE, at), 3);
	/* Until verifiers have the next key, it is what a revocation falls back on. */
	assert_int_equal(fixture_run(&rotate, PLAN_TICK, at + DAY - 1), 0);
	before = loaded();
	assert_int_equal(before.count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_non_null(before.key[i].sealed);
	assert_true(is_on_disk(before.key[0].sealed, before.key[0].sealed_len));
	assert_int_equal(fixture_run(&rotate, PLAN_TICK, at + DAY), 1);
	keys = loaded();
	assert_int_equal(keys.count, 3);
	assert_null(keys.key[0].sealed);
	assert_int_equal(keys.key[0].sealed_len, 0);
	assert_non_null(keys.key[0].public_der);
	for (size_t i = 1; i < 3; i++) {
		assert_int_equal(keys.key[i].sealed_len, before.key[i].sealed_len);
		assert_memory_equal(keys.key[i].sealed, before.key[i].sealed,
			keys.key[i].sealed_len);
	}
	/* Closing writes the log back; then no file has it any more. */
	store_close(f.store);
	assert_succeeds(store_open(f.store_path, STORE_WRITE, &f.store, &err));
	assert_false(is_on_disk(before.key[0].sealed, before.key[0].sealed_len));
	assert_true(is_on_disk(before.key[1].sealed, before.key[1].sealed_len));
	store_keys_free(&before);
	store_keys_free(&keys);
}

/* One look at a clock that is wrong by less than the skew, and the right time again: the store
 * still has the key that signs, and a ring can be built. */
static void a_wrong_look_at_the_clock_costs_no_key(void **state)
{
	const struct rotate rotate = fixture_rotate(&f);
	const unix_time at = WORLD_NOW + 30 * DAY;
	auto_store_issuer struct store_issuer issuer = { .name = NULL };
	auto_keyring struct keyring *ring = NULL;
	struct store_keys keys;
	struct err err;
	size_t count;

	(void)state;
	(void)fixture_run(&rotate, PLAN_TICK, WORLD_NOW);
	(void)fixture_run(&rotate, PLAN_TICK, at + 59);
	(void)fixture_run(&rotate, PLAN_TICK, at - 1);
	assert_succeeds(store_issuer_get(f.store, FIXTURE_ISSUER, &issuer, &err));
	keys = loaded();
	assert_succeeds(keyring_build(&(struct keyring_source){ &issuer, &keys, &rotate.policy,
					      NULL },
		NULL, at - 1, &ring, &err));
	assert_succeeds(keyring_check_signer(ring, &err));
	assert_string_equal(keyring_published(ring, &count)[0].kid, keys.key[0].kid);
	store_keys_free(&keys);
}

static void a_clock_that_went_back_changes_nothing(void **state)
{
	static const struct plan_ask asks[] = { { .verb = PLAN_TICK },
		{ .verb = PLAN_ROTATE } };
	static const int64_t back[] = { 61, HOUR, 2 * DAY };
	const struct rotate rotate = fixture_rotate(&f);
	struct rotate_result result = { .changed = 77 };
	struct err err;
	int64_t before;

	(void)state;
	(void)fixture_run(&rotate, PLAN_TICK, WORLD_NOW);
	(void)fixture_run(&rotate, PLAN_ROTATE, WORLD_NOW + DAY);
	before = revision();
	for (size_t i = 0; i < 6; i++) {
		assert_fails(ERR_EARLY,
			rotate_run(&rotate, &asks[i % 2], false,
				world_clock(WORLD_NOW + DAY - back[i / 2]), &result, &err));
		assert_mentions(err.text, "went back");
		assert_mentions(err.text, "issuerctl db accept-clock");
	}
	assert_int_equal(revision(), before);
	assert_int_equal(result.changed, 77);
}

static void what_cannot_be_made_is_not_written(void **state)
{
	const struct plan_ask tick = { .verb = PLAN_TICK };
	struct rotate rotate = fixture_rotate(&f);
	struct rotate_result result = { .changed = 77 };
	struct store_keys keys;
	struct err err;

	(void)state;
	rotate.policy.alg = "HS256";
	assert_fails(ERR_BAD_INPUT,
		rotate_run(&rotate, &tick, false, world_clock(WORLD_NOW), &result, &err));
	rotate.issuer = "nobody";
	assert_fails(ERR_NOT_FOUND,
		rotate_run(&rotate, &tick, false, world_clock(WORLD_NOW), &result, &err));
	assert_int_equal(result.changed, 77);
	keys = loaded();
	assert_int_equal(keys.count, 0);
	store_keys_free(&keys);
}

/* ---- races ---- */

struct racer {
	pthread_t thread;
	pthread_barrier_t *start;
	enum plan_verb verb;
	unix_time now;
	int rc;
	size_t changed;
	struct err err;
};

/* Each has a handle of its own, as another process would. */
static void *race(void *arg)
{
	struct racer *racer = arg;
	struct rotate rotate = fixture_rotate(&f);
	struct rotate_result result = { .changed = 0 };

	racer->rc = store_open(f.store_path, STORE_WRITE, &rotate.store, &racer->err);
	(void)pthread_barrier_wait(racer->start);
	if (racer->rc < 0)
		return NULL;
	racer->rc = rotate_run(&rotate, &(struct plan_ask){ .verb = racer->verb }, false,
		world_clock(racer->now), &result, &racer->err);
	racer->changed = result.changed;
	store_keys_free(&result.keys);
	store_close(rotate.store);
	return NULL;
}

static size_t race_all(enum plan_verb verb, unix_time now)
{
	struct racer *racers = text_alloc(RACERS, sizeof(*racers));
	pthread_barrier_t start;
	size_t winners = 0;

	assert_int_equal(pthread_barrier_init(&start, NULL, RACERS), 0);
	for (size_t i = 0; i < RACERS; i++) {
		racers[i].start = &start;
		racers[i].verb = verb;
		racers[i].now = now;
		assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
	}
	for (size_t i = 0; i < RACERS; i++) {
		assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
		if (racers[i].rc < 0)
			fail_msg("racer %d: %s", (int)i, racers[i].err.text);
		winners += racers[i].changed > 0;
	}
	(void)pthread_barrier_destroy(&start);
	free(racers);
	return winners;
}

static void racing_first_starts_make_one_pair_of_keys(void **state)
{
	struct store_keys keys;

	(void)state;
	assert_int_equal(race_all(PLAN_TICK, WORLD_NOW), 1);
	keys = loaded();
	assert_int_equal(keys.count, 2);
	store_keys_free(&keys);
}

static void racing_ticks_make_one_successor(void **state)
{
	const struct rotate rotate = fixture_rotate(&f);
	struct store_keys keys;

	(void)state;
	(void)fixture_run(&rotate, PLAN_TICK, WORLD_NOW);
	for (int round = 1; round <= 3; round++) {
		assert_int_equal(race_all(PLAN_TICK, WORLD_NOW + round * 30 * DAY), 1);
		keys = loaded();
		assert_int_equal(keys.count, 2 + round);
		store_keys_free(&keys);
	}
}

/* Who loses the race asks again, and by then the asked-for rotation may only be scheduled anew:
 * no second key takes over without its lead. */
static void racing_rotations_activate_one_successor(void **state)
{
	const struct rotate rotate = fixture_rotate(&f);
	const unix_time now = WORLD_NOW + 2 * DAY;
	struct store_keys keys;

	(void)state;
	(void)fixture_run(&rotate, PLAN_TICK, WORLD_NOW);
	assert_true(race_all(PLAN_ROTATE, now) >= 1);
	keys = loaded();
	assert_int_equal(keys.count, 3);
	assert_int_equal(plan_active(&keys, now), 1);
	assert_true(keys.key[2].activate_at >= now + plan_lead(&rotate.policy));
	store_keys_free(&keys);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

UNIT_MAIN(CASE(the_first_run_makes_keys_that_sign), CASE(rsa_keys_have_the_bits_asked_for),
	CASE(nothing_to_do_writes_nothing), CASE(a_dry_run_shows_the_same_and_writes_nothing),
	CASE(a_rotation_erases_the_old_private_half_on_disk),
	CASE(a_wrong_look_at_the_clock_costs_no_key),
	CASE(a_clock_that_went_back_changes_nothing), CASE(what_cannot_be_made_is_not_written),
	CASE(racing_first_starts_make_one_pair_of_keys), CASE(racing_ticks_make_one_successor),
	CASE(racing_rotations_activate_one_successor));

/* store_suite_shared.c - store_suite.h, part four: keys and revisions, and what several
 * handles and threads see of each other.
 * SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>

#include "base/text.h"
#include "t/unit/store_suite.h"
#include "t/unit/store_suite_cases.h"

#define ROUNDS 20 /* of each race */

/* ---- keys ---- */

static int64_t revision_of(struct store *store)
{
	struct store_pulse pulse;
	struct err err;

	assert_succeeds(store_pulse(store, SUITE_ISSUER, &pulse, &err));
	return pulse.revision;
}

static void a_key_is_found_as_it_was_made(void **state)
{
	auto_store struct store *store = suite_create();
	auto_store_keys struct store_keys keys = { .count = 0 };
	const struct store_key key = suite_key(7);
	const struct store_key *found;
	struct err err;

	(void)state;
	assert_succeeds(suite_apply(store, &key, &err));
	assert_succeeds(store_keys_load(store, SUITE_ISSUER, &keys, &err));
	assert_int_equal(keys.count, 1);
	found = &keys.key[0];
	assert_int_equal(found->generation, 7);
	assert_string_equal(found->kid, key.kid);
	assert_string_equal(found->alg, "RS256");
	assert_int_equal(found->public_len, key.public_len);
	assert_memory_equal(found->public_der, key.public_der, key.public_len);
	assert_int_equal(found->sealed_len, key.sealed_len);
	assert_memory_equal(found->sealed, key.sealed, key.sealed_len);
	assert_int_equal(found->created_at, SUITE_NOW);
	assert_int_equal(found->publish_at, SUITE_NOW + 1);
	assert_int_equal(found->activate_at, SUITE_NOW + 2);
	assert_int_equal(found->ttl_ratchet_s, 86400);
	assert_null(found->reason);
}

static void undecided_times_stay_undecided(void **state)
{
	auto_store struct store *store = suite_create();
	auto_store_keys struct store_keys keys = { .count = 0 };
	struct store_key key = suite_key(1);
	struct err err;

	(void)state;
	key.activate_at = TIME_UNSET;
	assert_succeeds(suite_apply(store, &key, &err));
	assert_succeeds(store_keys_load(store, SUITE_ISSUER, &keys, &err));
	assert_int_equal(keys.key[0].activate_at, TIME_UNSET);
	assert_int_equal(keys.key[0].remove_at, TIME_UNSET);
	assert_int_equal(keys.key[0].revoked_at, TIME_UNSET);
}

static void a_key_may_be_changed_but_not_become_another(void **state)
{
	auto_store struct store *store = suite_create();
	auto_store_keys struct store_keys keys = { .count = 0 };
	struct store_key key = suite_key(1);
	char reason[] = "stolen; it's on the \"net\"";
	struct err err;

	(void)state;
	assert_succeeds(suite_apply(store, &key, &err));
	key.revoked_at = SUITE_NOW + 3;
	key.remove_at = SUITE_NOW + 4;
	key.reason = reason;
	key.sealed = NULL;
	key.sealed_len = 0;
	assert_succeeds(suite_apply(store, &key, &err));
	assert_succeeds(store_keys_load(store, SUITE_ISSUER, &keys, &err));
	assert_int_equal(keys.count, 1);
	assert_null(keys.key[0].sealed);
	assert_int_equal(keys.key[0].revoked_at, SUITE_NOW + 3);
	assert_int_equal(keys.key[0].remove_at, SUITE_NOW + 4);
	assert_string_equal(keys.key[0].reason, reason);
	key.kid[0] = '9';
	assert_fails(ERR_BAD_INPUT, suite_apply(store, &key, &err));
}

static void keys_come_in_order_of_generation(void **state)
{
	auto_store struct store *store = suite_create();
	auto_store_keys struct store_keys keys = { .count = 0 };
	struct err err;

	(void)state;
	for (int64_t generation = 12; generation > 0; generation--) {
		const struct store_key key = suite_key(generation);

		assert_succeeds(suite_apply(store, &key, &err));
	}
	assert_succeeds(store_keys_load(store, SUITE_ISSUER, &keys, &err));
	assert_int_equal(keys.count, 12);
	for (size_t i = 0; i < keys.count; i++)
		assert_int_equal(keys.key[i].generation, i + 1);
}

static void a_change_counts_the_revision_and_a_stale_one_is_refused(void **state)
{
	auto_store struct store *store = suite_create();
	struct store_key key = suite_key(1);
	struct store_keys change = { .key = &key, .count = 1, .revision = revision_of(store) };
	const int64_t before = change.revision;
	struct err err;

	(void)state;
	assert_succeeds(store_keys_apply(store, SUITE_ISSUER, &change, SUITE_ACTOR, SUITE_NOW,
		&err));
	assert_int_equal(revision_of(store), before + 1);
	key = suite_key(2);
	assert_fails(ERR_CONFLICT,
		store_keys_apply(store, SUITE_ISSUER, &change, SUITE_ACTOR, SUITE_NOW, &err));
	change.revision = before + 2;
	assert_fails(ERR_CONFLICT,
		store_keys_apply(store, SUITE_ISSUER, &change, SUITE_ACTOR, SUITE_NOW, &err));
}

static void half_a_change_is_undone(void **state)
{
	auto_store struct store *store = suite_create();
	struct store_key key[2] = { suite_key(2), suite_key(3) };
	struct store_keys change = { .key = key, .count = 2 };
	auto_free char *before = NULL;
	auto_free char *after = NULL;
	struct err err;

	(void)state;
	suite_fill(store);
	before = suite_dump(store);
	memcpy(key[1].kid, key[0].kid, sizeof(key[1].kid));
	change.revision = revision_of(store);
	assert_fails(ERR_CONFLICT,
		store_keys_apply(store, SUITE_ISSUER, &change, SUITE_ACTOR, SUITE_NOW, &err));
	assert_mentions(err.text, key[0].kid);
	key[1] = suite_key(-1);
	assert_fails(ERR_BAD_INPUT,
		store_keys_apply(store, SUITE_ISSUER, &change, SUITE_ACTOR, SUITE_NOW, &err));
	after = suite_dump(store);
	assert_string_equal(after, before);
}

/* ---- what an issuer remembers ---- */

static void memory_is_written_with_the_keys(void **state)
{
	auto_store struct store *store = suite_create();
	auto_store_keys struct store_keys keys = { .count = 0 };
	const struct store_memory memory = { .clock_at = SUITE_NOW,
		.uptime_s = 77,
		.lead_s = 3600,
		.lead_until = SUITE_NOW + 9,
		.generation_min = 0,
		.backup_at = TIME_UNSET };
	struct store_keys change = { .memory = memory, .revision = revision_of(store) };
	struct err err;

	(void)state;
	assert_succeeds(store_keys_apply(store, SUITE_ISSUER, &change, SUITE_ACTOR, SUITE_NOW,
		&err));
	assert_succeeds(store_keys_load(store, SUITE_ISSUER, &keys, &err));
	assert_int_equal(keys.revision, change.revision + 1);
	assert_memory_equal(&keys.memory, &memory, sizeof(memory));
}

/* Whoever saw a revision of the lost store must not see it again for other rows. */
static void a_floor_of_generations_lifts_the_revision_as_much(void **state)
{
	auto_store struct store *store = suite_create();
	struct store_keys change = { .memory = { .backup_at = SUITE_NOW, .uptime_s = -1 },
		.revision = revision_of(store) };
	const int64_t before = change.revision;
	int64_t records = 0;
	struct err err;

	(void)state;
	assert_succeeds(store_keys_apply(store, SUITE_ISSUER, &change, SUITE_ACTOR, SUITE_NOW,
		&err));
	change.revision++;
	change.memory.backup_at = TIME_UNSET;
	change.memory.generation_min = 1000;
	assert_succeeds(store_keys_apply(store, SUITE_ISSUER, &change, SUITE_ACTOR, SUITE_NOW,
		&err));
	assert_int_equal(revision_of(store), before + 2 + 1000);
	assert_succeeds(count_records(store, SUITE_ISSUER, &records, &err));
	assert_int_equal(records, 2); /* the issuer, and that it was restored */
}

static unix_time clock_of(struct store *store)
{
	struct store_pulse pulse;
	struct err err;

	assert_succeeds(store_pulse(store, SUITE_ISSUER, &pulse, &err));
	return pulse.clock_at;
}

static void the_clock_is_noted_forward_and_accepted_anywhere(void **state)
{
	auto_store struct store *store = suite_create();
	const int64_t before = revision_of(store);
	struct err err;

	(void)state;
	assert_succeeds(store_clock_note(store, SUITE_ISSUER,
		(struct clock_reading){ SUITE_NOW, 5 }, &err));
	assert_int_equal(clock_of(store), SUITE_NOW);
	assert_succeeds(store_clock_note(store, SUITE_ISSUER,
		(struct clock_reading){ SUITE_NOW - 1, 5 }, &err));
	assert_int_equal(clock_of(store), SUITE_NOW);
	assert_succeeds(store_clock_accept(store, SUITE_ISSUER,
		(struct clock_reading){ SUITE_NOW - 1, 5 }, SUITE_ACTOR, &err));
	assert_int_equal(clock_of(store), SUITE_NOW - 1);
	assert_int_equal(revision_of(store), before);
	assert_fails(ERR_NOT_FOUND,
		store_clock_note(store, "nope", (struct clock_reading){ 1, 1 }, &err));
	assert_fails(ERR_NOT_FOUND,
		store_clock_accept(store, "nope", (struct clock_reading){ 1, 1 }, SUITE_ACTOR,
			&err));
}

/* ---- sealing anew ---- */

struct resealing {
	int seen;
	int fail_at;
	bool keeps;
};

static int reseal(const char *issuer, const struct store_key *row, void *ctx,
	unsigned char **ret, size_t *ret_len, struct err *err)
{
	struct resealing *r = ctx;

	assert_true(strcmp(issuer, SUITE_ISSUER) == 0 || strcmp(issuer, "other") == 0);
	if (++r->seen == r->fail_at)
		return err_set(err, ERR_REFUSED, "no");
	*ret_len = row->sealed_len;
	*ret = text_alloc(row->sealed_len, 1);
	memcpy(*ret, row->sealed, row->sealed_len);
	if (!r->keeps)
		(*ret)[0] ^= 0xff;
	return 0;
}

static void all_halves_are_sealed_anew_or_none(void **state)
{
	auto_store struct store *store = suite_create();
	struct store_key key = suite_key(1);
	struct resealing failing = { .fail_at = 2 };
	struct resealing keeping = { .keeps = true };
	struct resealing good = { .seen = 0 };
	auto_free char *before = NULL;
	auto_free char *after = NULL;
	int64_t revision;
	size_t changed;
	struct err err;

	(void)state;
	assert_succeeds(suite_apply(store, &key, &err));
	key = suite_key(2);
	assert_succeeds(suite_apply(store, &key, &err));
	key = suite_key(3);
	key.sealed = NULL; /* erased: nothing to seal */
	assert_succeeds(suite_apply(store, &key, &err));
	assert_succeeds(store_issuer_create(store, "other", "https://o.test", "test", SUITE_NOW,
		&err));
	before = suite_dump(store);
	assert_fails(ERR_REFUSED,
		store_keys_reseal(store, reseal, &failing, SUITE_ACTOR, SUITE_NOW, &changed,
			&err));
	assert_succeeds(store_keys_reseal(store, reseal, &keeping, SUITE_ACTOR, SUITE_NOW,
		&changed, &err));
	assert_int_equal(changed, 0);
	after = suite_dump(store);
	assert_string_equal(after, before);
	revision = revision_of(store);
	assert_succeeds(store_keys_reseal(store, reseal, &good, SUITE_ACTOR, SUITE_NOW,
		&changed, &err));
	assert_int_equal(changed, 2);
	assert_int_equal(good.seen, 2);
	assert_int_equal(revision_of(store), revision + 1);
}

/* ---- several handles, several threads ---- */

static void a_store_is_made_once_and_must_be_there(void **state)
{
	auto_store struct store *store = NULL;
	struct store *other = NULL;
	struct err err;

	(void)state;
	assert_fails(ERR_NOT_FOUND, suite_try_open(STORE_WRITE, &other, &err));
	assert_fails(ERR_NOT_FOUND, suite_try_open(STORE_READ, &other, &err));
	store = suite_create();
	assert_fails(ERR_CONFLICT, suite_try_open(STORE_CREATE, &other, &err));
	assert_null(other);
}

static void all_is_found_again_after_reopening(void **state)
{
	auto_store struct store *store = suite_create();
	auto_free char *before = NULL;
	auto_free char *after = NULL;

	(void)state;
	suite_fill(store);
	before = suite_dump(store);
	store_close(take(store));
	store = suite_open(STORE_WRITE);
	after = suite_dump(store);
	assert_string_equal(after, before);
}

static void two_handles_see_each_others_changes(void **state)
{
	auto_store struct store *a = suite_create();
	auto_store struct store *b = suite_open(STORE_WRITE);
	auto_store struct store *reader = suite_open(STORE_READ);
	auto_store_account struct store_account found = { .annotations = NULL };
	struct store_key key = suite_key(2);
	int64_t seen;
	struct err err;

	(void)state;
	suite_fill(a);
	assert_succeeds(store_account_get(b, SUITE_ISSUER, "ci", "app", &found, &err));
	seen = revision_of(reader);
	assert_succeeds(suite_apply(b, &key, &err));
	assert_int_equal(revision_of(a), seen + 1);
	assert_int_equal(revision_of(reader), seen + 1);
}

static void a_handle_for_reading_refuses_to_write(void **state)
{
	auto_store struct store *store = suite_create();
	auto_store struct store *reader = suite_open(STORE_READ);
	const struct store_account account = suite_account("app");
	struct err err;

	(void)state;
	assert_fails(ERR_FAILED,
		store_account_create(reader, SUITE_ISSUER, &account, SUITE_ACTOR, &err));
	assert_mentions(err.text, "reading");
	assert_fails(ERR_FAILED,
		store_audit_append(reader, SUITE_ISSUER, STORE_ANY_REVISION, &suite_record, 1,
			&err));
	assert_succeeds(store_account_create(store, SUITE_ISSUER, &account, SUITE_ACTOR, &err));
}

struct racer {
	struct store *store;
	pthread_barrier_t *start;
	struct store_key key;
	struct store_account account;
	int64_t revision;
	int rc;
	enum err_code code;
};

static void *race_for_keys(void *ctx)
{
	struct racer *racer = ctx;
	const struct store_keys change = {
		.key = &racer->key,
		.count = 1,
		.revision = racer->revision,
	};
	struct err err = ERR_INIT;

	(void)pthread_barrier_wait(racer->start);
	racer->rc = store_keys_apply(racer->store, SUITE_ISSUER, &change, SUITE_ACTOR,
		SUITE_NOW, &err);
	racer->code = err.code;
	return NULL;
}

static void *race_for_account(void *ctx)
{
	struct racer *racer = ctx;
	struct err err = ERR_INIT;

	(void)pthread_barrier_wait(racer->start);
	racer->rc = store_account_create(racer->store, SUITE_ISSUER, &racer->account,
		SUITE_ACTOR, &err);
	racer->code = err.code;
	return NULL;
}

/* Runs both at once; exactly one may win, and the other is told that it came second. */
static void race(struct racer racer[2], void *(*run)(void *))
{
	pthread_barrier_t start;
	pthread_t thread[2];
	int loser;

	assert_int_equal(pthread_barrier_init(&start, NULL, 2), 0);
	for (int i = 0; i < 2; i++) {
		racer[i].start = &start;
		assert_int_equal(pthread_create(&thread[i], NULL, run, &racer[i]), 0);
	}
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(pthread_barrier_destroy(&start), 0);
	loser = racer[0].rc == 0 ? 1 : 0;
	assert_int_equal(racer[0].rc + racer[1].rc, -1);
	assert_int_equal(racer[loser].code, ERR_CONFLICT);
}

static void of_two_racing_changes_exactly_one_wins(void **state)
{
	auto_store struct store *a = suite_create();
	auto_store struct store *b = suite_open(STORE_WRITE);
	struct racer racer[2] = { { .store = a }, { .store = b } };
	int64_t count = 0;
	struct err err;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		auto_free char *name = text_format("app-%d", round);

		for (int i = 0; i < 2; i++) {
			racer[i].key = suite_key(2 * round + i + 1);
			racer[i].account = suite_account(name);
			racer[i].revision = revision_of(racer[i].store);
		}
		race(racer, race_for_keys);
		race(racer, race_for_account);
	}
	assert_succeeds(count_records(a, SUITE_ISSUER, &count, &err));
	assert_int_equal(count, 1 + 2 * ROUNDS);
}

static void *append_rows(void *ctx)
{
	struct racer *racer = ctx;
	const struct store_audit rows[2] = { suite_record, suite_record };
	struct err err;

	(void)pthread_barrier_wait(racer->start);
	for (int i = 0; i < ROUNDS && racer->rc == 0; i++)
		racer->rc = store_audit_append(racer->store, SUITE_ISSUER, STORE_ANY_REVISION,
			rows, 2, &err);
	return NULL;
}

static void the_chain_does_not_fork_under_many_writers(void **state)
{
	auto_store struct store *a = suite_create();
	auto_store struct store *b = suite_open(STORE_WRITE);
	struct racer racer[4] = { { .store = a }, { .store = b }, { .store = a },
		{ .store = b } };
	pthread_barrier_t start;
	pthread_t thread[4];
	int64_t count = 0;
	struct err err;

	(void)state;
	assert_int_equal(pthread_barrier_init(&start, NULL, 4), 0);
	for (int i = 0; i < 4; i++) {
		racer[i].start = &start;
		assert_int_equal(pthread_create(&thread[i], NULL, append_rows, &racer[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(thread[i], NULL), 0);
		assert_int_equal(racer[i].rc, 0);
	}
	assert_int_equal(pthread_barrier_destroy(&start), 0);
	assert_succeeds(count_records(a, SUITE_ISSUER, &count, &err));
	assert_int_equal(count, 1 + 4 * 2 * ROUNDS);
}

static const struct CMUnitTest cases[] = {
	cmocka_unit_test(a_key_is_found_as_it_was_made),
	cmocka_unit_test(undecided_times_stay_undecided),
	cmocka_unit_test(a_key_may_be_changed_but_not_become_another),
	cmocka_unit_test(keys_come_in_order_of_generation),
	cmocka_unit_test(a_change_counts_the_revision_and_a_stale_one_is_refused),
	cmocka_unit_test(half_a_change_is_undone),
	cmocka_unit_test(memory_is_written_with_the_keys),
	cmocka_unit_test(a_floor_of_generations_lifts_the_revision_as_much),
	cmocka_unit_test(the_clock_is_noted_forward_and_accepted_anywhere),
	cmocka_unit_test(all_halves_are_sealed_anew_or_none),
	cmocka_unit_test(a_store_is_made_once_and_must_be_there),
	cmocka_unit_test(all_is_found_again_after_reopening),
	cmocka_unit_test(two_handles_see_each_others_changes),
	cmocka_unit_test(a_handle_for_reading_refuses_to_write),
	cmocka_unit_test(of_two_racing_changes_exactly_one_wins),
	cmocka_unit_test(the_chain_does_not_fork_under_many_writers),
};

const struct CMUnitTest *suite_shared_cases(size_t *ret_count)
{
	*ret_count = sizeof(cases) / sizeof(cases[0]);
	return cases;
}

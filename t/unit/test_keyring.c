/* test_keyring.c - keys/keyring.c and keyring_slot.c: public documents are a function of the
 * rows, a ring signs only with the right sealing key, and the ring in force changes when it
 * should.
 * SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdatomic.h>

#include <sqlite3.h>

#include "keys/keyring.h"
#include "t/unit/keys_fixture.h"

#define LATER (WORLD_NOW + 30 * DAY)

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

/* Rows of an issuer that has switched twice: active, standby, retiring, removed. */
static void load(struct store_issuer *issuer, struct store_keys *keys)
{
	const struct rotate rotate = fixture_rotate(&f);
	struct err err;

	(void)fixture_run(&rotate, PLAN_TICK, WORLD_NOW);
	(void)fixture_run(&rotate, PLAN_TICK, WORLD_NOW + 30 * DAY);
	(void)fixture_run(&rotate, PLAN_TICK, WORLD_NOW + 60 * DAY);
	assert_succeeds(store_issuer_get(f.store, FIXTURE_ISSUER, issuer, &err));
	assert_succeeds(store_keys_load(f.store, FIXTURE_ISSUER, keys, &err));
	assert_int_equal(keys->count, 4);
}

/* keyring_build with the fixture's policy, and no ring before. */
static int build(const struct store_issuer *issuer, const struct store_keys *keys,
	struct sealing *sealing, unix_time now, struct keyring **ret, struct err *err)
{
	const struct plan_policy policy = world_policy();
	auto_halves struct halves halves = { .count = 0 };
	struct err why = ERR_INIT;

	if (sealing)
		halves_open(keys, issuer->name, sealing, &(struct halves){ .count = 0 },
			&halves, &why);
	return keyring_build(&(struct keyring_source){ issuer, keys, &policy,
				     sealing ? &halves : NULL },
		NULL, now, ret, err);
}

static int open_slot(struct store *store, const char *issuer, struct sealing *sealing,
	unix_time now, struct keyring_slot **ret, struct err *err)
{
	const struct plan_policy policy = world_policy();

	return keyring_slot_open(store, issuer, sealing, &policy, world_clock(now), ret, err);
}

static struct keyring *built(const struct store_issuer *issuer, const struct store_keys *keys,
	struct sealing *sealing, unix_time now)
{
	struct keyring *ring = NULL;
	struct err err;

	assert_succeeds(build(issuer, keys, sealing, now, &ring, &err));
	return ring;
}

static void assert_same(struct keyring_document a, struct keyring_document b)
{
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.body, b.body, a.len);
	assert_string_equal(a.etag, b.etag);
}

static void documents_are_a_function_of_the_rows(void **state)
{
	auto_store_issuer struct store_issuer issuer;
	auto_store_keys struct store_keys keys;
	auto_keyring struct keyring *one = NULL;
	auto_keyring struct keyring *two = NULL;
	auto_keyring struct keyring *signing = NULL;

	(void)state;
	load(&issuer, &keys);
	one = built(&issuer, &keys, NULL, WORLD_NOW + 60 * DAY);
	two = built(&issuer, &keys, NULL, WORLD_NOW + 60 * DAY + 7);
	signing = built(&issuer, &keys, f.sealing, WORLD_NOW + 60 * DAY);
	assert_same(keyring_jwks(one), keyring_jwks(two));
	assert_same(keyring_jwks(one), keyring_jwks(signing));
	assert_same(keyring_discovery(one), keyring_discovery(two));
	assert_string_equal(keyring_issuer_url(one), FIXTURE_URL);
	assert_int_equal(keyring_revision(one), issuer.revision);
}

static void an_etag_is_quoted_strong_and_of_these_bytes_alone(void **state)
{
	auto_store_issuer struct store_issuer issuer;
	auto_store_keys struct store_keys keys;
	auto_keyring struct keyring *one = NULL;
	auto_keyring struct keyring *two = NULL;
	const char *etag;

	(void)state;
	load(&issuer, &keys);
	one = built(&issuer, &keys, NULL, WORLD_NOW + 60 * DAY);
	two = built(&issuer, &keys, NULL, WORLD_NOW);
	etag = keyring_jwks(one).etag;
	assert_int_equal(strlen(etag), 45);
	assert_true(etag[0] == '"' && etag[44] == '"');
	assert_string_not_equal(etag, keyring_jwks(two).etag);
	assert_string_not_equal(etag, keyring_discovery(one).etag);
	assert_same(keyring_discovery(one), keyring_discovery(two));
}

/* The kids in a JWKS, and whether all of its keys have just the members that kube writes. */
static void assert_kids(const struct keyring *ring, const struct store_keys *keys,
	const size_t *rows, size_t count)
{
	json_auto_t *jwks = fixture_json(keyring_jwks(ring).body);
	const json_t *list = json_object_get(jwks, "keys");
	const struct jws_key *published;
	size_t published_count;

	published = keyring_published(ring, &published_count);
	assert_int_equal(json_object_size(jwks), 1);
	assert_int_equal(json_array_size(list), count);
	assert_int_equal(published_count, count);
	for (size_t i = 0; i < count; i++) {
		const json_t *jwk = json_array_get(list, i);

		assert_string_equal(json_string_value(json_object_get(jwk, "kid")),
			keys->key[rows[i]].kid);
		assert_string_equal(published[i].kid, keys->key[rows[i]].kid);
		assert_int_equal(json_object_size(jwk), 7);
	}
}

static void the_active_key_comes_first_then_standby_then_retiring(void **state)
{
	auto_store_issuer struct store_issuer issuer;
	auto_store_keys struct store_keys keys;
	auto_keyring struct keyring *at_switch = NULL;
	auto_keyring struct keyring *at_start = NULL;
	auto_keyring struct keyring *removed = NULL;

	(void)state;
	load(&issuer, &keys);
	at_start = built(&issuer, &keys, NULL, WORLD_NOW);
	assert_kids(at_start, &keys, (const size_t[]){ 0, 1 }, 2); /* the others are staged */
	at_switch = built(&issuer, &keys, NULL, WORLD_NOW + 60 * DAY);
	assert_kids(at_switch, &keys, (const size_t[]){ 2, 3, 1 },
		3); /* the first is removed */
	removed = built(&issuer, &keys, NULL, keys.key[1].remove_at);
	assert_kids(removed, &keys, (const size_t[]){ 2, 3 }, 2);
	keyring_unref(removed);
	keys.key[3].revoked_at = WORLD_NOW;
	removed = built(&issuer, &keys, NULL, keys.key[1].remove_at - 1);
	assert_kids(removed, &keys, (const size_t[]){ 2, 1 }, 2);
}

/* As kube-apiserver has them: capture a-discovery, config-get-admin. */
static void discovery_has_exactly_five_members(void **state)
{
	auto_store_issuer struct store_issuer issuer;
	auto_store_keys struct store_keys keys;
	auto_keyring struct keyring *ring = NULL;

	(void)state;
	load(&issuer, &keys);
	ring = built(&issuer, &keys, NULL, WORLD_NOW);
	assert_string_equal(keyring_discovery(ring).body,
		"{\"issuer\":\"" FIXTURE_URL "\",\"jwks_uri\":\"" FIXTURE_URL
		"/openid/v1/jwks\","
		"\"response_types_supported\":[\"id_token\"],\"subject_types_supported\":[\"public\"],"
		"\"id_token_signing_alg_values_supported\":[\"ES256\"]}");
}

static void algorithms_are_those_of_the_published_keys(void **state)
{
	static char name[] = FIXTURE_ISSUER, url[] = FIXTURE_URL;
	const struct store_issuer issuer = { .name = name, .url = url };
	struct store_key rows[] = {
		{ .generation = 1, .publish_at = 1, .activate_at = 1, .kid = "rsa" },
		{ .generation = 2, .publish_at = 1, .kid = "ec" },
	};
	struct store_keys keys = { .key = rows, .count = 2 };
	auto_keyring struct keyring *both = NULL;
	auto_keyring struct keyring *one = NULL;
	struct err err;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		auto_key EVP_PKEY *key = NULL;

		assert_succeeds(key_generate(i == 0 ? "RS256" : "ES256", 2048, &key, &err));
		assert_succeeds(key_public_der(key, &rows[i].public_der, &rows[i].public_len,
			&err));
	}
	both = built(&issuer, &keys, NULL, 1);
	assert_mentions(keyring_discovery(both).body, "[\"ES256\",\"RS256\"]");
	rows[1].publish_at = 2;
	one = built(&issuer, &keys, NULL, 1);
	assert_mentions(keyring_discovery(one).body, "[\"RS256\"]");
	for (size_t i = 0; i < 2; i++)
		free(rows[i].public_der);
}

static void a_ring_signs_only_with_private_halves(void **state)
{
	const struct plan_policy policy = world_policy();
	auto_store_issuer struct store_issuer issuer;
	auto_store_keys struct store_keys keys;
	auto_keyring struct keyring *public = NULL;
	auto_keyring struct keyring *signing = NULL;
	struct halves none = { .count = 0 };
	struct keyring *ring = NULL;
	struct err err;

	(void)state;
	load(&issuer, &keys);
	public = built(&issuer, &keys, NULL, WORLD_NOW + 60 * DAY);
	assert_null(keyring_signer(public));
	assert_int_equal(keyring_signer_lifetime(public), 0);
	assert_succeeds(keyring_check_signer(public, &err)); /* elsewhere there is one */
	signing = built(&issuer, &keys, f.sealing, WORLD_NOW + 60 * DAY);
	assert_string_equal(keyring_signer(signing)->kid, keys.key[2].kid);
	assert_string_equal(keyring_signer(signing)->alg, "ES256");
	assert_int_equal(keyring_signer_lifetime(signing), DAY);
	assert_succeeds(keyring_check_signer(signing, &err));
	/* Of a key whose half did not open no ring can be made. */
	assert_fails(ERR_FAILED,
		keyring_build(&(struct keyring_source){ &issuer, &keys, &policy, &none }, NULL,
			WORLD_NOW + 60 * DAY, &ring, &err));
	assert_mentions(err.text, keys.key[2].kid);
	assert_null(ring);
}

/* It is published all the same: verifiers have tokens to check. */
static void without_a_key_that_signs_a_ring_only_publishes(void **state)
{
	/* before any key, and before a switch whose old half is erased */
	static const unix_time moments[] = { WORLD_NOW - 1, WORLD_NOW + DAY };
	auto_store_issuer struct store_issuer issuer;
	auto_store_keys struct store_keys keys;
	struct err err;

	(void)state;
	load(&issuer, &keys);
	for (size_t i = 0; i < COUNT(moments); i++) {
		auto_keyring struct keyring *public = built(&issuer, &keys, NULL, moments[i]);
		auto_keyring struct keyring *signing =
			built(&issuer, &keys, f.sealing, moments[i]);

		assert_null(keyring_signer(signing));
		assert_int_equal(keyring_signer_lifetime(signing), 0);
		assert_string_equal(keyring_jwks(public).body, keyring_jwks(signing).body);
		assert_fails(ERR_EARLY, keyring_check_signer(public, &err));
		assert_fails(ERR_EARLY, keyring_check_signer(signing, &err));
		assert_mentions(err.text, "issuerctl key rotate --now");
	}
}

/* ---- private halves ---- */

static void halves_are_opened_once(void **state)
{
	auto_store_issuer struct store_issuer issuer;
	auto_store_keys struct store_keys keys;
	struct halves nothing = { .count = 0 };
	auto_halves struct halves first = { .count = 0 };
	auto_halves struct halves second = { .count = 0 };
	auto_sealing struct sealing *nowhere = sealing_new(NULL, 0);
	struct err why = ERR_INIT;

	(void)state;
	load(&issuer, &keys);
	halves_open(&keys, FIXTURE_ISSUER, f.sealing, &nothing, &first, &why);
	assert_int_equal(why.code, ERR_NONE);
	assert_int_equal(first.count, 3); /* active, standby, and the spare */
	halves_open(&keys, FIXTURE_ISSUER, nowhere, &first, &second, &why);
	assert_int_equal(why.code, ERR_NONE);
	assert_int_equal(second.count, first.count);
	for (size_t i = 0; i < first.count; i++)
		assert_ptr_equal(halves_find(&second, first.half[i].kid), first.half[i].key);
	assert_null(halves_find(&second, "another"));
}

static void an_erased_half_is_not_held_on_to(void **state)
{
	auto_store_issuer struct store_issuer issuer;
	auto_store_keys struct store_keys keys;
	struct halves nothing = { .count = 0 };
	auto_halves struct halves before = { .count = 0 };
	auto_halves struct halves after = { .count = 0 };
	struct err why = ERR_INIT;

	(void)state;
	load(&issuer, &keys);
	halves_open(&keys, FIXTURE_ISSUER, f.sealing, &nothing, &before, &why);
	free(keys.key[2].sealed);
	keys.key[2].sealed = NULL;
	halves_open(&keys, FIXTURE_ISSUER, f.sealing, &before, &after, &why);
	assert_int_equal(why.code, ERR_NONE);
	assert_int_equal(after.count, before.count - 1);
	assert_null(halves_find(&after, keys.key[2].kid));
}

static void what_does_not_open_is_left_out_and_told(void **state)
{
	auto_store_issuer struct store_issuer issuer;
	auto_store_keys struct store_keys keys;
	auto_free char *path = text_format("%s/other.key", f.dir);
	auto_sealing struct sealing *other = sealing_new((const char *const *)&path, 1);
	struct halves nothing = { .count = 0 };
	struct halves halves = { .count = 0 };
	struct err why = ERR_INIT;
	struct err err;

	(void)state;
	load(&issuer, &keys);
	halves_open(&keys, FIXTURE_ISSUER, other, &nothing, &halves, &why);
	assert_int_equal(why.code, ERR_NOT_FOUND);
	assert_int_equal(halves.count, 0);
	halves_free(&halves);
	why = (struct err)ERR_INIT;
	assert_succeeds(key_sealing_create(path, &err));
	halves_open(&keys, FIXTURE_ISSUER, other, &nothing, &halves, &why);
	assert_int_equal(why.code, ERR_REFUSED);
	assert_int_equal(halves.count, 0);
	halves_free(&halves);
	/* Not another issuer's: the seal is bound to the name. */
	why = (struct err)ERR_INIT;
	halves_open(&keys, "other", f.sealing, &nothing, &halves, &why);
	assert_int_equal(why.code, ERR_REFUSED);
	assert_int_equal(halves.count, 0);
	halves_free(&halves);
}

static void damaged_rows_make_no_ring(void **state)
{
	auto_store_issuer struct store_issuer issuer;
	auto_store_keys struct store_keys keys;
	struct keyring *ring = NULL;
	struct err err;

	(void)state;
	load(&issuer, &keys);
	keys.key[2].public_len--;
	assert_fails(ERR_BAD_INPUT,
		build(&issuer, &keys, NULL, WORLD_NOW + 60 * DAY, &ring, &err));
	assert_mentions(err.text, keys.key[2].kid);
	keys.key[2].public_len++;
	keys.key[2].sealed_len--;
	assert_fails(ERR_FAILED,
		build(&issuer, &keys, f.sealing, WORLD_NOW + 60 * DAY, &ring, &err));
	assert_mentions(err.text, keys.key[2].kid);
	assert_null(ring);
}

/* ---- the slot ---- */

static const char *signer_at(struct keyring_slot *slot, unix_time now)
{
	static char kid[KEY_ID_LEN + 1];
	auto_keyring struct keyring *ring = NULL;
	struct err err;

	assert_succeeds(keyring_slot_get(slot, world_clock(now), &ring, &err));
	assert_true(text_fit(kid, sizeof(kid), keyring_signer(ring)->kid));
	return kid;
}

static void a_scheduled_switch_needs_no_store(void **state)
{
	const struct rotate rotate = fixture_rotate(&f);
	struct keyring_slot *slot = NULL;
	auto_store_keys struct store_keys keys;
	struct err err;

	(void)state;
	(void)fixture_run(&rotate, PLAN_TICK, WORLD_NOW);
	assert_succeeds(store_keys_load(f.store, FIXTURE_ISSUER, &keys, &err));
	assert_succeeds(open_slot(f.store, FIXTURE_ISSUER, f.sealing, WORLD_NOW, &slot, &err));
	store_close(f.store);
	f.store = NULL;
	/* The store is gone: only the rows in the slot can tell. */
	assert_string_equal(signer_at(slot, WORLD_NOW), keys.key[0].kid);
	assert_string_equal(signer_at(slot, LATER - 1), keys.key[0].kid);
	assert_string_equal(signer_at(slot, LATER), keys.key[1].kid);
	assert_string_equal(signer_at(slot, LATER - 1), keys.key[0].kid); /* and back */
	keyring_slot_close(slot);
}

static void between_changes_the_same_ring_is_handed_out(void **state)
{
	const struct rotate rotate = fixture_rotate(&f);
	struct keyring_slot *slot = NULL;
	auto_keyring struct keyring *one = NULL;
	auto_keyring struct keyring *two = NULL;
	auto_keyring struct keyring *three = NULL;
	struct err err;

	(void)state;
	(void)fixture_run(&rotate, PLAN_TICK, WORLD_NOW);
	assert_succeeds(open_slot(f.store, FIXTURE_ISSUER, NULL, WORLD_NOW, &slot, &err));
	assert_succeeds(keyring_slot_get(slot, world_clock(WORLD_NOW), &one, &err));
	assert_succeeds(keyring_slot_get(slot, world_clock(LATER - 1), &two, &err));
	assert_succeeds(keyring_slot_get(slot, world_clock(LATER), &three, &err));
	assert_ptr_equal(one, two);
	assert_ptr_not_equal(two, three);
	keyring_slot_close(slot);
	/* A ring outlives its slot. */
	assert_true(keyring_jwks(one).len > 0);
}

static void another_ones_change_is_seen_by_refresh(void **state)
{
	const struct rotate rotate = fixture_rotate(&f);
	struct keyring_slot *slot = NULL;
	auto_keyring struct keyring *ring = NULL;
	struct err err;
	enum keyring_change change = KEYRING_OLDER;
	size_t count;

	(void)state;
	(void)fixture_run(&rotate, PLAN_TICK, WORLD_NOW);
	assert_succeeds(open_slot(f.store, FIXTURE_ISSUER, NULL, WORLD_NOW, &slot, &err));
	assert_succeeds(keyring_slot_refresh(slot, world_clock(WORLD_NOW), &change, &err));
	assert_int_equal(change, KEYRING_SAME);
	(void)fixture_run(&rotate, PLAN_ROTATE, WORLD_NOW + 2 * DAY);
	assert_succeeds(keyring_slot_refresh(slot, world_clock(WORLD_NOW + 2 * DAY), &change,
		&err));
	assert_int_equal(change, KEYRING_NEWER);
	assert_succeeds(keyring_slot_get(slot, world_clock(WORLD_NOW + 2 * DAY), &ring, &err));
	(void)keyring_published(ring, &count);
	assert_int_equal(count, 3);
	assert_succeeds(keyring_slot_refresh(slot, world_clock(WORLD_NOW + 2 * DAY), &change,
		&err));
	assert_int_equal(change, KEYRING_SAME);
	keyring_slot_close(slot);
}

/* Behind the store's back. */
static void run_sql(const char *statement)
{
	sqlite3 *raw = NULL;

	assert_int_equal(sqlite3_open(f.store_path, &raw), SQLITE_OK);
	if (sqlite3_exec(raw, statement, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", statement, sqlite3_errmsg(raw));
	assert_int_equal(sqlite3_close(raw), SQLITE_OK);
}

static void on_failure_the_old_ring_stays(void **state)
{
	const struct rotate rotate = fixture_rotate(&f);
	struct keyring_slot *slot = NULL;
	auto_keyring struct keyring *before = NULL;
	auto_keyring struct keyring *after = NULL;
	enum keyring_change change = KEYRING_OLDER;
	struct err err;

	(void)state;
	(void)fixture_run(&rotate, PLAN_TICK, WORLD_NOW);
	assert_succeeds(open_slot(f.store, FIXTURE_ISSUER, f.sealing, WORLD_NOW, &slot, &err));
	assert_succeeds(keyring_slot_get(slot, world_clock(WORLD_NOW), &before, &err));
	(void)fixture_run(&rotate, PLAN_ROTATE, WORLD_NOW + 2 * DAY);
	run_sql("UPDATE signing_key SET public_der = substr(public_der, 2) "
		"WHERE generation = 3");
	/* There are new rows, and at this moment no ring can be made of them: tried again each
	 * time, and never taken for done. */
	for (int i = 0; i < 2; i++) {
		assert_fails(ERR_BAD_INPUT,
			keyring_slot_refresh(slot, world_clock(WORLD_NOW + 2 * DAY), &change,
				&err));
		assert_int_equal(change, KEYRING_SAME);
	}
	assert_succeeds(keyring_slot_get(slot, world_clock(WORLD_NOW + 2 * DAY), &after, &err));
	assert_ptr_equal(before, after);
	run_sql("UPDATE signing_key SET public_der = CAST(x'30' || public_der AS BLOB) "
		"WHERE generation = 3");
	assert_succeeds(keyring_slot_refresh(slot, world_clock(WORLD_NOW + 2 * DAY), &change,
		&err));
	assert_int_equal(change, KEYRING_NEWER);
	assert_string_not_equal(signer_at(slot, WORLD_NOW + 2 * DAY),
		keyring_signer(before)->kid);
	keyring_slot_close(slot);
}

/* Documents are written when the set changes, and only then. */
static void rings_of_the_same_keys_share_their_documents(void **state)
{
	struct rotate rotate = fixture_rotate(&f);
	struct keyring_slot *slot = NULL;
	auto_keyring struct keyring *before = NULL;
	auto_keyring struct keyring *same = NULL;
	auto_keyring struct keyring *other = NULL;
	enum keyring_change change;
	struct err err;

	(void)state;
	(void)fixture_run(&rotate, PLAN_TICK, WORLD_NOW);
	assert_succeeds(open_slot(f.store, FIXTURE_ISSUER, NULL, WORLD_NOW, &slot, &err));
	assert_succeeds(keyring_slot_get(slot, world_clock(WORLD_NOW), &before, &err));
	rotate.policy.max_lifetime_s = 2 * DAY; /* rows change, the set does not */
	assert_int_equal(fixture_run(&rotate, PLAN_TICK, WORLD_NOW), 2);
	assert_succeeds(keyring_slot_refresh(slot, world_clock(WORLD_NOW), &change, &err));
	assert_int_equal(change, KEYRING_NEWER);
	assert_succeeds(keyring_slot_get(slot, world_clock(WORLD_NOW), &same, &err));
	assert_ptr_not_equal(before, same);
	assert_ptr_equal(keyring_jwks(before).body, keyring_jwks(same).body);
	assert_ptr_equal(keyring_discovery(before).body, keyring_discovery(same).body);
	assert_succeeds(keyring_slot_get(slot, world_clock(LATER), &other, &err));
	assert_ptr_not_equal(keyring_jwks(before).body, keyring_jwks(other).body);
	keyring_slot_close(slot);
}

static void a_clock_that_goes_back_leaves_the_ring_and_signs_nothing(void **state)
{
	const struct rotate rotate = fixture_rotate(&f);
	struct keyring_slot *slot = NULL;
	auto_keyring struct keyring *at = NULL;
	auto_keyring struct keyring *back = NULL;
	struct keyring *none = NULL;
	enum keyring_change change;
	struct err err;

	(void)state;
	(void)fixture_run(&rotate, PLAN_TICK, WORLD_NOW);
	(void)fixture_run(&rotate, PLAN_TICK, LATER);
	assert_succeeds(open_slot(f.store, FIXTURE_ISSUER, f.sealing, LATER, &slot, &err));
	assert_succeeds(keyring_slot_sign(slot, world_clock(LATER), &at, &err));
	assert_succeeds(keyring_slot_get(slot,
		(struct clock_reading){ LATER - 20 * DAY, LATER }, &back, &err));
	assert_ptr_equal(at, back);
	assert_fails(ERR_EARLY, keyring_slot_sign(slot, world_clock(LATER - 61), &none, &err));
	keyring_unref(back);
	back = NULL;
	assert_succeeds(keyring_slot_sign(slot, world_clock(LATER - 60), &back, &err));
	/* An admin's word is heard at the next look. */
	assert_succeeds(store_clock_accept(f.store, FIXTURE_ISSUER,
		(struct clock_reading){ LATER - HOUR, 1 }, "test", &err));
	assert_succeeds(keyring_slot_refresh(slot, world_clock(LATER - HOUR), &change, &err));
	assert_int_equal(change, KEYRING_SAME);
	keyring_unref(back);
	back = NULL;
	assert_succeeds(keyring_slot_sign(slot, world_clock(LATER - HOUR), &back, &err));
	assert_string_not_equal(keyring_signer(back)->kid, keyring_signer(at)->kid);
	keyring_slot_close(slot);
}

/* Who is published and who signs is a matter of time that passed, not of what a clock says. */
static void a_clock_far_ahead_carries_out_no_switch(void **state)
{
	static const struct clock_reading readings[] = {
		{ LATER + DAY, WORLD_NOW }, /* nothing passed */
		{ LATER + DAY, WORLD_NOW + DAY },
		{ LATER + DAY, 100 }, /* the machine started anew */
	};
	const struct rotate rotate = fixture_rotate(&f);
	struct keyring_slot *slot = NULL;
	auto_keyring struct keyring *before = NULL;
	struct err err;

	(void)state;
	(void)fixture_run(&rotate, PLAN_TICK, WORLD_NOW);
	assert_succeeds(open_slot(f.store, FIXTURE_ISSUER, f.sealing, WORLD_NOW, &slot, &err));
	assert_succeeds(keyring_slot_get(slot, world_clock(WORLD_NOW), &before, &err));
	for (size_t i = 0; i < COUNT(readings); i++) {
		auto_keyring struct keyring *ring = NULL;

		assert_succeeds(keyring_slot_sign(slot, readings[i], &ring, &err));
		assert_ptr_equal(ring, before);
	}
	assert_string_not_equal(signer_at(slot, LATER + DAY), keyring_signer(before)->kid);
	keyring_slot_close(slot);
}

/* As with a sealing key that systemd handed over at start. */
static int reseal_with(const char *issuer, const struct store_key *row, void *ctx,
	unsigned char **ret, size_t *ret_len, struct err *err)
{
	auto_key EVP_PKEY *key = NULL;

	if (key_unseal(row->sealed, row->sealed_len, f.opener, issuer, row->kid,
		    row->generation, &key, err) < 0)
		return -1;
	return key_seal(key, ctx, issuer, row->kid, row->generation, ret, ret_len, err);
}

static void a_new_sealing_key_out_of_reach_stops_no_signer(void **state)
{
	const struct rotate rotate = fixture_rotate(&f);
	auto_free char *path = text_format("%s/next.key", f.dir);
	auto_key_sealing struct key_sealing *next = NULL;
	struct keyring_slot *slot = NULL;
	auto_keyring struct keyring *before = NULL;
	auto_keyring struct keyring *after = NULL;
	enum keyring_change change;
	size_t changed;
	struct err err;

	(void)state;
	(void)fixture_run(&rotate, PLAN_TICK, WORLD_NOW);
	assert_succeeds(open_slot(f.store, FIXTURE_ISSUER, f.sealing, WORLD_NOW, &slot, &err));
	assert_succeeds(keyring_slot_get(slot, world_clock(WORLD_NOW), &before, &err));
	assert_succeeds(key_sealing_create(path, &err));
	assert_succeeds(key_sealing_read(path, &next, &err));
	assert_succeeds(store_keys_reseal(f.store, reseal_with, next, "test", WORLD_NOW,
		&changed, &err));
	assert_int_equal(changed, 2);
	assert_succeeds(keyring_slot_refresh(slot, world_clock(WORLD_NOW), &change, &err));
	assert_int_equal(change, KEYRING_NEWER);
	assert_succeeds(keyring_slot_sign(slot, world_clock(WORLD_NOW), &after, &err));
	assert_int_equal(keyring_revision(after), keyring_revision(before) + 1);
	assert_string_equal(keyring_signer(after)->kid, keyring_signer(before)->kid);
	/* And the switch that was scheduled comes. */
	assert_string_not_equal(signer_at(slot, LATER), keyring_signer(before)->kid);
	keyring_slot_close(slot);
}

static void an_older_store_in_its_place_is_noticed(void **state)
{
	const struct rotate rotate = fixture_rotate(&f);
	struct keyring_slot *slot = NULL;
	enum keyring_change change;
	struct err err;

	(void)state;
	(void)fixture_run(&rotate, PLAN_TICK, WORLD_NOW);
	assert_succeeds(open_slot(f.store, FIXTURE_ISSUER, NULL, WORLD_NOW, &slot, &err));
	run_sql("UPDATE issuer SET revision = revision - 1");
	assert_succeeds(keyring_slot_refresh(slot, world_clock(WORLD_NOW), &change, &err));
	assert_int_equal(change, KEYRING_OLDER);
	assert_succeeds(keyring_slot_refresh(slot, world_clock(WORLD_NOW), &change, &err));
	assert_int_equal(change, KEYRING_SAME);
	keyring_slot_close(slot);
}

/* ---- many ask while one refreshes ---- */

#define ASKERS    4
#define REFRESHES 12

struct asking {
	struct keyring_slot *slot;
	_Atomic(unix_time) now;
	_Atomic(unix_time) seen[ASKERS]; /* the time that each asker goes by */
	atomic_int askers;
	atomic_int asked;
	atomic_int broken;
	atomic_bool is_over;
};

/* A ring is whole whenever it is handed out: it signs with a key that it publishes first. */
static bool is_whole(const struct keyring *ring)
{
	const struct jws_key *signer = keyring_signer(ring);
	size_t count;
	const struct jws_key *published = keyring_published(ring, &count);

	return signer && count >= 2 && strcmp(signer->kid, published[0].kid) == 0 &&
		strstr(keyring_jwks(ring).body, signer->kid) &&
		strlen(keyring_jwks(ring).body) == keyring_jwks(ring).len &&
		keyring_signer_lifetime(ring) == DAY;
}

static void *ask_again_and_again(void *arg)
{
	struct asking *asking = arg;
	struct keyring *held = NULL;
	const int me = atomic_fetch_add(&asking->askers, 1);
	unsigned turn = 0;

	while (!atomic_load(&asking->is_over)) {
		struct keyring *ring = NULL;
		struct err err = ERR_INIT;
		const unix_time now = atomic_load(&asking->now);

		atomic_store(&asking->seen[me], now);
		/* Now and then before the switch: that builds anew, by the rows at hand. */
		if (keyring_slot_get(asking->slot, world_clock(now - (turn++ % 8 == 0)), &ring,
			    &err) < 0 ||
			!is_whole(ring))
			(void)atomic_fetch_add(&asking->broken, 1);
		/* A ring is kept while the slot replaces it. */
		if (held && !is_whole(held))
			(void)atomic_fetch_add(&asking->broken, 1);
		keyring_unref(held);
		held = ring;
		(void)atomic_fetch_add(&asking->asked, 1);
	}
	keyring_unref(held);
	return NULL;
}

/* Lets all askers see this time, and get some more answers. */
static void go_on(struct asking *asking, unix_time now)
{
	const int until = atomic_load(&asking->asked) + ASKERS;

	atomic_store(&asking->now, now);
	for (size_t i = 0; i < ASKERS; i++)
		while (atomic_load(&asking->seen[i]) != now)
			(void)usleep(100);
	while (atomic_load(&asking->asked) < until)
		(void)usleep(100);
}

static void many_may_ask_while_one_refreshes(void **state)
{
	const struct rotate rotate = fixture_rotate(&f);
	struct asking asking = { .now = WORLD_NOW + 1 };
	pthread_t threads[ASKERS];
	enum keyring_change change;
	struct err err;

	(void)state;
	(void)fixture_run(&rotate, PLAN_TICK, WORLD_NOW);
	assert_succeeds(open_slot(f.store, FIXTURE_ISSUER, f.sealing, WORLD_NOW + 1,
		&asking.slot, &err));
	for (size_t i = 0; i < ASKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_again_and_again,
					 &asking),
			0);
	for (int i = 1; i <= REFRESHES; i++) {
		const unix_time now = WORLD_NOW + i * 2 * DAY;

		go_on(&asking, now);
		(void)fixture_run(&rotate, PLAN_ROTATE, now);
		assert_succeeds(keyring_slot_refresh(asking.slot, world_clock(now), &change,
			&err));
		assert_int_equal(change, KEYRING_NEWER);
		go_on(&asking, now);
		assert_succeeds(keyring_slot_refresh(asking.slot, world_clock(now), &change,
			&err));
		assert_int_equal(change, KEYRING_SAME);
	}
	atomic_store(&asking.is_over, true);
	for (size_t i = 0; i < ASKERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(atomic_load(&asking.broken), 0);
	keyring_slot_close(asking.slot);
}

/* A store that answers when we let it: SQLite calls this while it works. */
static struct {
	atomic_bool is_stalled;
	atomic_bool is_waiting;
} stall;

/* A slot that holds its lock meanwhile fails, and does not hang. */
#define STALL_MAX_US 60000000

static int while_sqlite_works(void *unused)
{
	(void)unused;
	for (int us = 0; atomic_load(&stall.is_stalled) && us < STALL_MAX_US; us += 100) {
		atomic_store(&stall.is_waiting, true);
		(void)usleep(100);
	}
	atomic_store(&stall.is_waiting, false);
	atomic_store(&stall.is_stalled, false); /* we may have been let go by nobody */
	return 0;
}

static int on_new_connection(sqlite3 *db, const char **why,
	const struct sqlite3_api_routines *unused)
{
	(void)why;
	(void)unused;
	sqlite3_progress_handler(db, 1, while_sqlite_works, NULL);
	return SQLITE_OK;
}

static struct store *store_that_stalls(void)
{
	/* As SQLite's own documentation has it: the type of the argument is a lie. */
	void (*const hook)(void) = (void (*)(void))on_new_connection;
	struct store *store = NULL;
	struct err err;

	assert_int_equal(sqlite3_auto_extension(hook), SQLITE_OK);
	assert_succeeds(store_open(f.store_path, STORE_WRITE, &store, &err));
	assert_int_equal(sqlite3_cancel_auto_extension(hook), 1);
	return store;
}

static void *refresh_once(void *arg)
{
	struct asking *asking = arg;
	enum keyring_change change = KEYRING_SAME;
	struct err err = ERR_INIT;

	if (keyring_slot_refresh(asking->slot, world_clock(WORLD_NOW + 2 * DAY), &change,
		    &err) < 0 ||
		change != KEYRING_NEWER)
		(void)atomic_fetch_add(&asking->broken, 1);
	return NULL;
}

static void a_refresh_that_waits_for_the_store_holds_nobody_up(void **state)
{
	const struct rotate rotate = fixture_rotate(&f);
	struct store *slow = store_that_stalls();
	struct asking asking = { .now = WORLD_NOW + 1 };
	auto_keyring struct keyring *ring = NULL;
	pthread_t thread;
	struct err err;

	(void)state;
	(void)fixture_run(&rotate, PLAN_TICK, WORLD_NOW);
	assert_succeeds(open_slot(slow, FIXTURE_ISSUER, f.sealing, WORLD_NOW + 1, &asking.slot,
		&err));
	(void)fixture_run(&rotate, PLAN_ROTATE, WORLD_NOW + 2 * DAY);
	atomic_store(&stall.is_stalled, true);
	assert_int_equal(pthread_create(&thread, NULL, refresh_once, &asking), 0);
	while (!atomic_load(&stall.is_waiting))
		(void)usleep(100);
	/* the ring at hand, and one that has to be built from the rows at hand */
	assert_succeeds(keyring_slot_get(asking.slot, world_clock(WORLD_NOW + 1), &ring, &err));
	assert_true(is_whole(ring));
	keyring_unref(ring);
	ring = NULL;
	assert_succeeds(keyring_slot_get(asking.slot, world_clock(LATER), &ring, &err));
	assert_true(is_whole(ring));
	assert_true(atomic_load(&stall.is_waiting)); /* still: nobody waited for it */
	atomic_store(&stall.is_stalled, false);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(atomic_load(&asking.broken), 0);
	keyring_slot_close(asking.slot);
	store_close(slow);
}

/* The signer starts with it, and makes the first keys. */
static void a_slot_without_keys_opens_and_does_not_sign(void **state)
{
	struct keyring_slot *slot = NULL;
	struct keyring *ring = NULL;
	struct err err;

	(void)state;
	assert_succeeds(open_slot(f.store, FIXTURE_ISSUER, f.sealing, WORLD_NOW, &slot, &err));
	assert_fails(ERR_EARLY, keyring_slot_sign(slot, world_clock(WORLD_NOW), &ring, &err));
	assert_null(ring);
	keyring_slot_close(slot);
}

static void a_slot_of_nobody_does_not_open(void **state)
{
	struct keyring_slot *slot = NULL;
	struct err err;

	(void)state;
	assert_fails(ERR_NOT_FOUND, open_slot(f.store, "nobody", NULL, WORLD_NOW, &slot, &err));
	assert_null(slot);
	keyring_slot_close(NULL);
	keyring_unref(NULL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

UNIT_MAIN(CASE(documents_are_a_function_of_the_rows),
	CASE(an_etag_is_quoted_strong_and_of_these_bytes_alone),
	CASE(the_active_key_comes_first_then_standby_then_retiring),
	CASE(discovery_has_exactly_five_members),
	CASE(algorithms_are_those_of_the_published_keys),
	CASE(a_ring_signs_only_with_private_halves),
	CASE(without_a_key_that_signs_a_ring_only_publishes), CASE(halves_are_opened_once),
	CASE(an_erased_half_is_not_held_on_to), CASE(what_does_not_open_is_left_out_and_told),
	CASE(damaged_rows_make_no_ring), CASE(a_scheduled_switch_needs_no_store),
	CASE(between_changes_the_same_ring_is_handed_out),
	CASE(another_ones_change_is_seen_by_refresh), CASE(on_failure_the_old_ring_stays),
	CASE(rings_of_the_same_keys_share_their_documents),
	CASE(a_clock_that_goes_back_leaves_the_ring_and_signs_nothing),
	CASE(a_clock_far_ahead_carries_out_no_switch),
	CASE(a_new_sealing_key_out_of_reach_stops_no_signer),
	CASE(an_older_store_in_its_place_is_noticed), CASE(many_may_ask_while_one_refreshes),
	CASE(a_refresh_that_waits_for_the_store_holds_nobody_up),
	CASE(a_slot_without_keys_opens_and_does_not_sign),
	CASE(a_slot_of_nobody_does_not_open));

/* store_key.c - signing keys: a snapshot of all, one plan's change of some, and new seals for
 * every private half.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "store/tx.h"

static void free_key(struct store_key *key)
{
	free(key->public_der);
	free(key->sealed);
	free(key->reason);
}

static void auto_key_row_(struct store_key *key)
{
	free_key(key);
}
#define auto_key_row __attribute__((cleanup(auto_key_row_)))

void store_keys_free(struct store_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		free_key(&keys->key[i]);
	free(keys->key);
	*keys = (struct store_keys){ .count = 0 };
}

/* What it fills is the caller's to free even on failure. */
static int read_key(const struct db_rows *rows, struct store_key *key, struct err *err)
{
	key->generation = db_get_int(rows, 0);
	key->public_der = db_copy_blob(rows, 3, &key->public_len);
	key->sealed = db_copy_blob(rows, 4, &key->sealed_len);
	key->created_at = db_get_int(rows, 5);
	key->publish_at = db_get_time(rows, 6);
	key->activate_at = db_get_time(rows, 7);
	key->remove_at = db_get_time(rows, 8);
	key->revoked_at = db_get_time(rows, 9);
	key->ttl_ratchet_s = db_get_int(rows, 10);
	key->lead_s = db_get_int(rows, 11);
	key->is_imported = db_get_int(rows, 12) != 0;
	key->reason = db_copy_text(rows, 13);
	if (db_read_text(rows, 1, key->kid, sizeof(key->kid), err) < 0)
		return -1;
	return db_read_text(rows, 2, key->alg, sizeof(key->alg), err);
}

static void read_memory(const struct db_rows *rows, struct store_memory *memory)
{
	*memory = (struct store_memory){
		.clock_at = db_get_time(rows, 15),
		.uptime_s = db_is_null(rows, 16) ? -1 : db_get_int(rows, 16),
		.lead_s = db_get_int(rows, 17),
		.lead_until = db_get_time(rows, 18),
		.generation_min = db_get_int(rows, 19),
		.backup_at = db_get_time(rows, 20),
	};
}

/* Call with the lock held. */
static int load(struct db *db, const char *issuer, struct store_keys *ret, struct err *err)
{
	auto_store_keys struct store_keys keys = { .count = 0 };
	auto_rows struct db_rows *rows = NULL;
	int more = 1;

	/* One statement, so one snapshot. An issuer without keys is one row without a
	 * generation. */
	if (db_query_one(db, SQL_KEY_LIST, DB_BIND(db_text(issuer)), &rows, err) < 0)
		return tx_no_issuer(issuer, err);
	keys.revision = db_get_int(rows, 14);
	read_memory(rows, &keys.memory);
	while (more > 0 && !db_is_null(rows, 0)) {
		keys.key = tx_grow(keys.key, keys.count, sizeof(*keys.key));
		keys.count++;
		if (read_key(rows, &keys.key[keys.count - 1], err) < 0)
			return -1;
		more = db_next(rows, err);
	}
	if (more < 0)
		return -1;
	*ret = keys;
	keys = (struct store_keys){ .count = 0 };
	return 0;
}

int store_keys_load(struct store *store, const char *issuer, struct store_keys *ret,
	struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&store->lock);

	return load(store->db, issuer, ret, err);
}

bool store_keys_are_stale(struct store *store, const char *issuer,
	const struct store_keys *keys)
{
	struct store_pulse pulse;
	struct err ignored = ERR_INIT;

	return store_pulse(store, issuer, &pulse, &ignored) == 0 &&
		pulse.revision != keys->revision;
}

/* ---- what changed, in words ---- */

static void say_time(struct text *t, const char *what, unix_time old, unix_time new)
{
	if (old != new)
		text_addf(t, "; %s %s (was %s)", what, text_time(new).s, text_time(old).s);
}

static bool blob_equal(const void *a, size_t a_len, const void *b, size_t b_len)
{
	if (!a || !b)
		return a == b;
	return a_len == b_len && memcmp(a, b, a_len) == 0;
}

static bool text_equal(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Empty if nothing did. */
static void say_changes(struct text *t, const struct store_key *old,
	const struct store_key *new)
{
	say_time(t, "published", old->publish_at, new->publish_at);
	say_time(t, "active", old->activate_at, new->activate_at);
	say_time(t, "removed", old->remove_at, new->remove_at);
	say_time(t, "revoked", old->revoked_at, new->revoked_at);
	if (!text_equal(old->reason, new->reason))
		text_addf(t, "; reason: %s", new->reason ? new->reason : "none");
	if (old->ttl_ratchet_s != new->ttl_ratchet_s)
		text_addf(t, "; longest token %s (was %s)", text_span(new->ttl_ratchet_s).s,
			text_span(old->ttl_ratchet_s).s);
	if (old->lead_s != new->lead_s)
		text_addf(t, "; lead %s (was %s)", text_span(new->lead_s).s,
			text_span(old->lead_s).s);
	if (old->sealed && !new->sealed)
		text_add(t, "; private half erased");
	else if (!blob_equal(old->sealed, old->sealed_len, new->sealed, new->sealed_len))
		text_add(t, "; private half sealed anew");
}

static const char *event_of(const struct store_key *old, const struct store_key *new)
{
	if (old->revoked_at == TIME_UNSET && new->revoked_at != TIME_UNSET)
		return "key.revoked";
	if (old->sealed && !new->sealed)
		return "key.erased";
	return "key.changed";
}

/* ---- writing ---- */

struct change {
	struct tx *tx;
	const char *actor;
	unix_time now;
	bool is_erasing; /* a private half was replaced or removed */
};

static int audit(const struct change *change, const char *event, const struct store_key *key,
	const struct text *said, struct err *err)
{
	auto_free char *detail = text_format("generation %s, %s%s", text_num(key->generation).s,
		key->alg, said->s ? said->s : "");

	return tx_audit(change->tx,
		&(struct store_audit){ .at = change->now,
			.event = event,
			.actor = change->actor,
			.kid = key->kid,
			.outcome = "ok",
			.detail = detail },
		err);
}

static int insert(const struct change *change, const struct store_key *key, struct err *err)
{
	const struct store_key nothing = { .generation = 0 };
	auto_text struct text said = TEXT_INIT;

	if (db_exec(change->tx->db, SQL_KEY_INSERT,
		    DB_BIND(db_text(change->tx->issuer), db_int(key->generation),
			    db_text(key->kid), db_text(key->alg),
			    db_blob(key->public_der, key->public_len),
			    db_blob(key->sealed, key->sealed_len), db_int(key->created_at),
			    db_time(key->publish_at), db_time(key->activate_at),
			    db_time(key->remove_at), db_time(key->revoked_at),
			    db_int(key->ttl_ratchet_s), db_int(key->lead_s),
			    db_int(key->is_imported), db_text(key->reason)),
		    err) < 0)
		return tx_reword(err, ERR_CONFLICT, "key '%s' exists already", key->kid);
	say_time(&said, "published", nothing.publish_at, key->publish_at);
	say_time(&said, "active", nothing.activate_at, key->activate_at);
	say_time(&said, "removed", nothing.remove_at, key->remove_at);
	return audit(change, key->is_imported ? "key.imported" : "key.created", key, &said,
		err);
}

static int update(struct change *change, const struct store_key *old,
	const struct store_key *key, struct err *err)
{
	auto_text struct text said = TEXT_INIT;

	if (strcmp(old->kid, key->kid) != 0)
		return err_set(err, ERR_BAD_INPUT, "generation %s is the key '%s', not '%s'",
			text_num(key->generation).s, old->kid, key->kid);
	say_changes(&said, old, key);
	if (said.len == 0)
		return 0;
	if (db_exec(change->tx->db, SQL_KEY_UPDATE,
		    DB_BIND(db_text(change->tx->issuer), db_int(key->generation),
			    db_blob(key->sealed, key->sealed_len), db_time(key->publish_at),
			    db_time(key->activate_at), db_time(key->remove_at),
			    db_time(key->revoked_at), db_int(key->ttl_ratchet_s),
			    db_int(key->lead_s), db_text(key->reason)),
		    err) < 0)
		return -1;
	if (old->sealed &&
		!blob_equal(old->sealed, old->sealed_len, key->sealed, key->sealed_len))
		change->is_erasing = true;
	return audit(change, event_of(old, key), old, &said, err);
}

static int check_key(const struct store_key *key, struct err *err)
{
	if (key->generation < 1 || key->ttl_ratchet_s < 0 || key->lead_s < 0)
		return err_set(err, ERR_BAD_INPUT,
			"key '%s' has generation %s, a ratchet of %ss and a lead of %ss",
			key->kid, text_num(key->generation).s, text_num(key->ttl_ratchet_s).s,
			text_num(key->lead_s).s);
	if (key->kid[0] == '\0' || key->alg[0] == '\0' || !key->public_der)
		return err_set(err, ERR_BAD_INPUT,
			"the key of generation %s lacks its kid, algorithm or public half",
			text_num(key->generation).s);
	return 0;
}

static int put(struct change *change, const struct store_key *key, struct err *err)
{
	auto_key_row struct store_key old = { .generation = 0 };
	auto_rows struct db_rows *rows = NULL;
	int more;

	if (check_key(key, err) < 0)
		return -1;
	if (db_query(change->tx->db, SQL_KEY_GET,
		    DB_BIND(db_text(change->tx->issuer), db_int(key->generation)), &rows,
		    err) < 0)
		return -1;
	more = db_next(rows, err);
	if (more < 0)
		return -1;
	if (more == 0)
		return insert(change, key, err);
	if (read_key(rows, &old, err) < 0)
		return -1;
	return update(change, &old, key, err);
}

/* Compares and counts in one statement: of two plans made from one revision, one is written. */
static int put_memory(struct tx *tx, const struct store_keys *change, struct err *err)
{
	const struct store_memory *m = &change->memory;

	if (db_exec(tx->db, SQL_ISSUER_BUMP,
		    DB_BIND(db_text(tx->issuer), db_int(change->revision), db_time(m->clock_at),
			    db_int_or_null(m->uptime_s), db_int(m->lead_s),
			    db_time(m->lead_until), db_int(m->generation_min),
			    db_time(m->backup_at)),
		    err) < 0)
		return -1;
	if (db_changed(tx->db) == 0)
		return err_set(err, ERR_CONFLICT,
			"the keys of '%s' were changed by somebody else meanwhile; try again",
			tx->issuer);
	return 0;
}

/* A copy that becomes the store itself is worth a record: whatever came after it is lost. */
static int audit_restored(struct change *change, unix_time backup_at, struct err *err)
{
	auto_free char *detail =
		text_format("from a backup of %s; what was changed since then is lost",
			text_time(backup_at).s);

	return tx_audit(change->tx,
		&(struct store_audit){ .at = change->now,
			.event = "store.restored",
			.actor = change->actor,
			.outcome = "ok",
			.detail = detail },
		err);
}

static int apply(struct change *change, const struct store_keys *keys, struct err *err)
{
	auto_store_keys struct store_keys before = { .count = 0 };

	if (load(change->tx->db, change->tx->issuer, &before, err) < 0 ||
		put_memory(change->tx, keys, err) < 0)
		return -1;
	if (before.memory.backup_at != TIME_UNSET && keys->memory.backup_at == TIME_UNSET &&
		audit_restored(change, before.memory.backup_at, err) < 0)
		return -1;
	for (size_t i = 0; i < keys->count; i++)
		if (put(change, &keys->key[i], err) < 0)
			return -1;
	return 0;
}

int store_keys_apply(struct store *store, const char *issuer, const struct store_keys *change,
	const char *actor, unix_time now, struct err *err)
{
	auto_tx struct tx tx = TX_INIT;
	struct change c = { .tx = &tx, .actor = actor, .now = now };

	if (tx_begin(&tx, store, issuer, err) < 0 || apply(&c, change, err) < 0 ||
		tx_commit(&tx, err) < 0)
		return -1;
	if (c.is_erasing)
		db_scrub(tx.db);
	return 0;
}

/* ---- sealing anew ---- */

struct reseal {
	struct change change;
	store_reseal_fn *each;
	void *ctx;
	size_t changed;
};

static int reseal_key(struct reseal *r, const struct store_key *old, struct err *err)
{
	auto_free unsigned char *sealed = NULL;
	struct store_key row = *old;

	if (r->each(r->change.tx->issuer, old, r->ctx, &sealed, &row.sealed_len, err) < 0)
		return -1;
	row.sealed = sealed;
	if (blob_equal(old->sealed, old->sealed_len, row.sealed, row.sealed_len))
		return 0;
	r->changed++;
	return update(&r->change, old, &row, err);
}

static int reseal_issuer(struct reseal *r, struct err *err)
{
	struct tx *tx = r->change.tx;
	auto_store_keys struct store_keys keys = { .count = 0 };
	const size_t before = r->changed;

	if (load(tx->db, tx->issuer, &keys, err) < 0)
		return -1;
	for (size_t i = 0; i < keys.count; i++)
		if (keys.key[i].sealed && reseal_key(r, &keys.key[i], err) < 0)
			return -1;
	return r->changed == before
		? 0
		: db_exec(tx->db, SQL_ISSUER_TOUCH, DB_BIND(db_text(tx->issuer)), err);
}

/* The issuers' names, to be walked while other statements run. */
struct names {
	char **name;
	size_t count;
};

static void names_free(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->name[i]);
	free(names->name);
}
#define auto_names __attribute__((cleanup(names_free)))

static int list_issuers(struct db *db, struct names *ret, struct err *err)
{
	auto_rows struct db_rows *rows = NULL;
	int more;

	if (db_query(db, SQL_ISSUER_LIST, DB_BIND({ .kind = DB_END }), &rows, err) < 0)
		return -1;
	while ((more = db_next(rows, err)) > 0) {
		ret->name = tx_grow(ret->name, ret->count, sizeof(*ret->name));
		ret->name[ret->count++] = db_copy_text(rows, 0);
	}
	return more;
}

int store_keys_reseal(struct store *store, store_reseal_fn *each, void *ctx, const char *actor,
	unix_time now, size_t *ret_changed, struct err *err)
{
	auto_tx struct tx tx = TX_INIT;
	auto_names struct names names = { .count = 0 };
	struct reseal r = {
		.change = { .tx = &tx, .actor = actor, .now = now }, .each = each, .ctx = ctx
	};

	if (tx_begin_first(&tx, store, NULL, err) < 0 || list_issuers(tx.db, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (tx_turn_to(&tx, names.name[i], err) < 0 || reseal_issuer(&r, err) < 0)
			return -1;
	if (tx_commit(&tx, err) < 0)
		return -1;
	if (r.change.is_erasing)
		db_scrub(tx.db);
	*ret_changed = r.changed;
	return 0;
}

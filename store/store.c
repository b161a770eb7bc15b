/* store.c - handles and issuers.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/auto.h"
#include "base/text.h"
#include "store/tx.h"

int store_open(const char *path, enum store_mode mode, struct store **ret, struct err *err)
{
	struct store *store;
	struct db *db;

	if (mode == STORE_CREATE ? db_create(path, &db, err) < 0
				 : db_open(path, mode == STORE_READ, &db, err) < 0)
		return -1;
	store = text_alloc(1, sizeof(*store));
	if (pthread_mutex_init(&store->lock, NULL) != 0)
		abort();
	store->db = db;
	*ret = store;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	db_close(store->db);
	(void)pthread_mutex_destroy(&store->lock); /* fails only if it is held: a bug */
	free(store);
}

void store_set_busy_timeout(struct store *store, int timeout_ms)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&store->lock);

	db_set_busy_timeout(store->db, timeout_ms);
}

int store_check(struct store *store, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&store->lock);

	return db_check(store->db, err);
}

int store_issuer_create(struct store *store, const char *name, const char *url,
	const char *actor, unix_time now, struct err *err)
{
	static const unsigned char genesis[SECRET_HASH_LEN];
	auto_tx struct tx tx = TX_INIT;
	auto_free char *detail = text_format("the issuer's URL is %s", url);

	if (name_check_label("issuer name", name, err) < 0)
		return -1;
	if (url[0] == '\0')
		return err_set(err, ERR_BAD_INPUT, "issuer '%s' has no URL", name);
	if (tx_begin_first(&tx, store, name, err) < 0)
		return -1;
	if (db_exec(tx.db, SQL_ISSUER_INSERT,
		    DB_BIND(db_text(name), db_text(url), db_blob(genesis, sizeof(genesis)),
			    db_int(now)),
		    err) < 0)
		return tx_reword(err, ERR_CONFLICT, "issuer '%s' exists already", name);
	if (tx_audit(&tx,
		    &(struct store_audit){ .at = now,
			    .event = "issuer.created",
			    .actor = actor,
			    .outcome = "ok",
			    .detail = detail },
		    err) < 0)
		return -1;
	return tx_commit(&tx, err);
}

int store_issuer_get(struct store *store, const char *name, struct store_issuer *ret,
	struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&store->lock);
	auto_rows struct db_rows *rows = NULL;

	if (db_query_one(store->db, SQL_ISSUER_GET, DB_BIND(db_text(name)), &rows, err) < 0)
		return tx_no_issuer(name, err);
	*ret = (struct store_issuer){
		.name = db_copy_text(rows, 0),
		.url = db_copy_text(rows, 1),
		.revision = db_get_int(rows, 2),
		.created_at = db_get_int(rows, 3),
	};
	return 0;
}

void store_issuer_free(struct store_issuer *issuer)
{
	free(issuer->name);
	free(issuer->url);
	*issuer = (struct store_issuer){ .name = NULL };
}

int store_pulse(struct store *store, const char *issuer, struct store_pulse *ret,
	struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&store->lock);
	auto_rows struct db_rows *rows = NULL;

	if (db_check_place(store->db, err) < 0)
		return -1;
	if (db_query_one(store->db, SQL_ISSUER_PULSE, DB_BIND(db_text(issuer)), &rows, err) < 0)
		return tx_no_issuer(issuer, err);
	*ret = (struct store_pulse){ .revision = db_get_int(rows, 0),
		.clock_at = db_get_time(rows, 1),
		.uptime_s = db_is_null(rows, 2) ? -1 : db_get_int(rows, 2) };
	return 0;
}

int store_clock_note(struct store *store, const char *issuer, struct clock_reading clock,
	struct err *err)
{
	auto_tx struct tx tx = TX_INIT;

	if (tx_begin(&tx, store, issuer, err) < 0 ||
		db_exec(tx.db, SQL_ISSUER_NOTE_CLOCK,
			DB_BIND(db_text(issuer), db_time(clock.now),
				db_int_or_null(clock.uptime_s)),
			err) < 0)
		return -1;
	return tx_commit(&tx, err);
}

int store_clock_accept(struct store *store, const char *issuer, struct clock_reading clock,
	const char *actor, struct err *err)
{
	auto_tx struct tx tx = TX_INIT;
	auto_free char *detail = text_format("the clock says %s", text_time(clock.now).s);

	if (tx_begin(&tx, store, issuer, err) < 0 ||
		db_exec(tx.db, SQL_ISSUER_SET_CLOCK,
			DB_BIND(db_text(issuer), db_time(clock.now),
				db_int_or_null(clock.uptime_s)),
			err) < 0 ||
		tx_audit(&tx,
			&(struct store_audit){ .at = clock.now,
				.event = "clock.accepted",
				.actor = actor,
				.outcome = "ok",
				.detail = detail },
			err) < 0)
		return -1;
	return tx_commit(&tx, err);
}

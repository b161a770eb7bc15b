/* store_prune.c - old records leave the audit, and the chain goes on from the last of them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/auto.h"
#include "store/tx.h"

#define CHUNK_ROWS 1000 /* taken out in one transaction: some milliseconds */

int store_audit_boundary(struct store *store, const char *issuer, unix_time before,
	unix_time now, struct store_audit_mark *ret, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&store->lock);
	auto_rows struct db_rows *rows = NULL;

	*ret = (struct store_audit_mark){ .seq = 0 };
	if (db_query_one(store->db, SQL_AUDIT_BOUNDARY,
		    DB_BIND(db_text(issuer), db_int(before), db_int(now)), &rows, err) < 0)
		return err->code == ERR_NOT_FOUND ? 0 : -1;
	ret->seq = db_get_int(rows, 0);
	return db_read_blob(rows, 1, ret->hash, sizeof(ret->hash), err);
}

/* A chain that begins later already, by another run, does not begin earlier again: what is left
 * up to `base` is no part of it. */
static int set_base(struct store *store, const char *issuer,
	const struct store_audit_mark *base, const struct store_audit *row, struct err *err)
{
	auto_tx struct tx tx = TX_INIT;

	if (tx_begin(&tx, store, issuer, err) < 0 ||
		db_exec(tx.db, SQL_ISSUER_SET_BASE,
			DB_BIND(db_text(issuer), db_int(base->seq),
				db_blob(base->hash, sizeof(base->hash))),
			err) < 0)
		return -1;
	if (db_changed(tx.db) == 0)
		return 0;
	if (tx_audit(&tx, row, err) < 0)
		return -1;
	return tx_commit(&tx, err);
}

static int take_out(struct store *store, const char *issuer, int64_t up_to, int64_t *ret_count,
	struct err *err)
{
	auto_tx struct tx tx = TX_INIT;

	if (tx_begin(&tx, store, issuer, err) < 0 ||
		db_exec(tx.db, SQL_AUDIT_PRUNE,
			DB_BIND(db_text(issuer), db_int(up_to), db_int(CHUNK_ROWS)), err) < 0)
		return -1;
	*ret_count = db_changed(tx.db);
	return tx_commit(&tx, err);
}

int store_audit_prune(struct store *store, const char *issuer,
	const struct store_audit_mark *base, const struct store_audit *row, int64_t *ret_pruned,
	struct err *err)
{
	int64_t count = CHUNK_ROWS;

	*ret_pruned = 0;
	if (set_base(store, issuer, base, row, err) < 0)
		return -1;
	while (count == CHUNK_ROWS) {
		if (take_out(store, issuer, base->seq, &count, err) < 0)
			return -1;
		*ret_pruned += count;
	}
	return 0;
}

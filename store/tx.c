/* tx.c - see tx.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "store/chain.h"
#include "store/tx.h"

int tx_reword(struct err *err, enum err_code code, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	if (err->code != code)
		return -1;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* a cut text is still a text */
	va_end(ap);
	return err_set(err, code, "%s", text);
}

int tx_no_issuer(const char *issuer, struct err *err)
{
	return tx_reword(err, ERR_NOT_FOUND, "no issuer '%s' in the store", issuer);
}

int tx_check_issuer(struct db *db, const char *issuer, struct err *err)
{
	auto_rows struct db_rows *rows = NULL;

	if (db_query_one(db, SQL_ISSUER_PULSE, DB_BIND(db_text(issuer)), &rows, err) < 0)
		return tx_no_issuer(issuer, err);
	return 0;
}

/* Read inside the write transaction: no other process can append meanwhile, so chains never
 * fork. */
static int read_head(struct tx *tx, struct err *err)
{
	auto_rows struct db_rows *rows = NULL;

	if (db_query_one(tx->db, SQL_ISSUER_HEAD, DB_BIND(db_text(tx->issuer)), &rows, err) < 0)
		return tx_no_issuer(tx->issuer, err);
	tx->audit_seq = db_get_int(rows, 0);
	tx->revision = db_get_int(rows, 2);
	return db_read_blob(rows, 1, tx->audit_hash, sizeof(tx->audit_hash), err);
}

int tx_begin_first(struct tx *tx, struct store *store, const char *issuer, struct err *err)
{
	assert(!tx->store);
	(void)auto_lock(&store->lock);
	tx->store = store;
	if (db_check_place(store->db, err) < 0 || db_begin(store->db, err) < 0)
		return -1;
	tx->db = store->db;
	tx->issuer = issuer;
	return 0;
}

int tx_begin(struct tx *tx, struct store *store, const char *issuer, struct err *err)
{
	if (tx_begin_first(tx, store, issuer, err) < 0)
		return -1;
	return read_head(tx, err);
}

int tx_audit(struct tx *tx, const struct store_audit *row, struct err *err)
{
	unsigned char hash[SECRET_HASH_LEN];

	chain_next(&tx->scratch, tx->audit_hash, tx->issuer, row, hash);
	if (db_insert(tx->db, SQL_AUDIT_INSERT,
		    DB_BIND(db_text(tx->issuer), db_int(row->at), db_text(row->event),
			    db_text(row->actor), db_text(row->auth), db_text(row->peer),
			    db_text(row->agent), db_text(row->subject), db_text(row->audience),
			    db_nonzero(row->asked_s), db_nonzero(row->lifetime_s),
			    db_text(row->bound), db_text(row->rule), db_text(row->jti),
			    db_text(row->kid), db_time(row->exp), db_text(row->outcome),
			    db_text(row->detail), db_blob(hash, sizeof(hash))),
		    &tx->audit_seq, err) < 0)
		return -1;
	memcpy(tx->audit_hash, hash, sizeof(hash));
	tx->is_audited = true;
	return 0;
}

struct store_audit tx_audit_row(const struct db_rows *rows)
{
	return (struct store_audit){
		.at = db_get_int(rows, 1),
		.event = db_get_text(rows, 2),
		.actor = db_get_text(rows, 3),
		.auth = db_get_text(rows, 4),
		.peer = db_get_text(rows, 5),
		.agent = db_get_text(rows, 6),
		.subject = db_get_text(rows, 7),
		.audience = db_get_text(rows, 8),
		.asked_s = db_get_int(rows, 9),
		.lifetime_s = db_get_int(rows, 10),
		.bound = db_get_text(rows, 11),
		.rule = db_get_text(rows, 12),
		.jti = db_get_text(rows, 13),
		.kid = db_get_text(rows, 14),
		.exp = db_get_time(rows, 15),
		.outcome = db_get_text(rows, 16),
		.detail = db_get_text(rows, 17),
	};
}

bool tx_audit_is_cut(const struct db_rows *rows)
{
	static const int texts[] = { 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 16, 17 };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (db_is_cut(rows, texts[i]))
			return true;
	return false;
}

static int write_head(struct tx *tx, struct err *err)
{
	if (!tx->is_audited)
		return 0;
	tx->is_audited = false;
	return db_exec(tx->db, SQL_ISSUER_SET_HEAD,
		DB_BIND(db_text(tx->issuer), db_int(tx->audit_seq),
			db_blob(tx->audit_hash, sizeof(tx->audit_hash))),
		err);
}

int tx_turn_to(struct tx *tx, const char *issuer, struct err *err)
{
	if (write_head(tx, err) < 0)
		return -1;
	tx->issuer = issuer;
	return read_head(tx, err);
}

int tx_commit(struct tx *tx, struct err *err)
{
	return write_head(tx, err) < 0 ? -1 : db_commit(tx->db, err);
}

void tx_end(struct tx *tx)
{
	text_free(&tx->scratch);
	if (!tx->store)
		return;
	if (tx->db)
		db_rollback(tx->db);                  /* nothing, after a commit */
	(void)pthread_mutex_unlock(&tx->store->lock); /* fails only if not held: a bug */
}

void *tx_grow(void *items, size_t count, size_t size)
{
	char *p = items;

	/* Full at every power of two. */
	if ((count & (count - 1)) == 0)
		p = reallocarray(items, count ? count * 2 : 1, size);
	if (!p)
		abort();
	memset(p + count * size, 0, size);
	return p;
}

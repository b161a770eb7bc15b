/* store_proof.c - was anything touched? Every hash of the audit chain is computed again.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "store/chain.h"
#include "store/tx.h"

#define STRIDE_ROWS 4096 /* hashed under the lock at a time */

/* ---- marks ---- */

static int read_mark(struct store *store, enum sql sql, const struct db_value *values,
	struct store_audit_mark *ret, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&store->lock);
	auto_rows struct db_rows *rows = NULL;

	if (db_query_one(store->db, sql, values, &rows, err) < 0)
		return -1;
	ret->seq = db_get_int(rows, 0);
	return db_read_blob(rows, 1, ret->hash, sizeof(ret->hash), err);
}

int store_audit_head(struct store *store, const char *issuer, struct store_audit_mark *ret,
	struct err *err)
{
	return read_mark(store, SQL_ISSUER_HEAD, DB_BIND(db_text(issuer)), ret, err) < 0
		? tx_no_issuer(issuer, err)
		: 0;
}

int store_audit_mark_at(struct store *store, const char *issuer, int64_t seq,
	struct store_audit_mark *ret, struct err *err)
{
	if (read_mark(store, SQL_AUDIT_MARK, DB_BIND(db_text(issuer), db_int(seq)), ret, err) <
		0)
		return tx_reword(err, ERR_NOT_FOUND, "there is no audit record %s",
			text_num(seq).s);
	return 0;
}

/* ---- the walk ---- */

/* A record to be judged once the lock is released: its own copy. */
struct judged {
	int64_t seq;
	char *event, *kid, *detail;
	struct store_audit row; /* borrows from the three */
};

struct walk {
	struct store *store;
	const char *issuer;
	struct store_audit_proof proof;
	struct store_audit_mark at; /* found good so far */
	struct text scratch;
	struct judged *judged; /* of this stride */
	size_t judged_count;
};

static void forget_judged(struct walk *w)
{
	for (size_t i = 0; i < w->judged_count; i++) {
		free(w->judged[i].event);
		free(w->judged[i].kid);
		free(w->judged[i].detail);
	}
	free(w->judged);
	w->judged = NULL;
	w->judged_count = 0;
}

static void walk_free(struct walk *w)
{
	forget_judged(w);
	text_free(&w->scratch);
}
#define auto_walk __attribute__((cleanup(walk_free)))

static bool is_judged(const struct store_audit *row)
{
	return strcmp(row->event, STORE_AUDIT_CHECKPOINT) == 0 ||
		strcmp(row->event, STORE_AUDIT_PRUNED) == 0;
}

static void keep_for_judge(struct walk *w, int64_t seq, const struct store_audit *row)
{
	struct judged *j;

	w->judged = tx_grow(w->judged, w->judged_count, sizeof(*w->judged));
	j = &w->judged[w->judged_count++];
	j->seq = seq;
	j->event = text_copy(row->event);
	j->kid = row->kid ? text_copy(row->kid) : NULL;
	j->detail = row->detail ? text_copy(row->detail) : NULL;
	j->row = (struct store_audit){
		.at = row->at, .event = j->event, .kid = j->kid, .detail = j->detail
	};
}

static int verify_row(struct walk *w, const struct db_rows *rows, struct err *err)
{
	const struct store_audit row = tx_audit_row(rows);
	const int64_t seq = db_get_int(rows, TX_AUDIT_SEQ);
	unsigned char stored[SECRET_HASH_LEN];

	const bool is_hash =
		db_read_blob(rows, TX_AUDIT_HASH, stored, sizeof(stored), err) == 0;

	chain_next(&w->scratch, w->at.hash, w->issuer, &row, w->at.hash);
	if (!is_hash || !secret_equal(w->at.hash, stored, sizeof(stored)) ||
		tx_audit_is_cut(rows))
		return err_set(err, ERR_UNHEALTHY,
			"audit record %s of '%s' does not follow from record %s: it was changed or "
			"moved, or records between the two were removed",
			text_num(seq).s, w->issuer, text_num(w->at.seq).s);
	w->at.seq = seq;
	w->proof.records++;
	if (is_judged(&row))
		keep_for_judge(w, seq, &row);
	return 0;
}

/* The next rows, at most STRIDE_ROWS and none behind the head; how many there were. */
static int verify_stride(struct walk *w, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&w->store->lock);
	auto_rows struct db_rows *rows = NULL;
	int count = 0;
	int more = 1;

	if (db_query(w->store->db, SQL_AUDIT_PAGE,
		    DB_BIND(db_text(w->issuer), db_int(w->at.seq), db_int(STRIDE_ROWS)), &rows,
		    err) < 0)
		return -1;
	while (w->at.seq < w->proof.head.seq && (more = db_next(rows, err)) > 0) {
		if (verify_row(w, rows, err) < 0)
			return -1;
		count++;
	}
	return more < 0 ? -1 : count;
}

/* The head moves with each append, so nothing can lie behind it that was appended. */
static int check_end(const struct walk *w, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&w->store->lock);
	auto_rows struct db_rows *rows = NULL;
	int count;

	if (db_query(w->store->db, SQL_AUDIT_BEHIND, DB_BIND(db_text(w->issuer)), &rows, err) <
		0)
		return -1;
	count = db_next(rows, err);
	if (count > 0)
		return err_set(err, ERR_UNHEALTHY,
			"audit record %s of '%s' does not follow from its last one: it was put "
			"there",
			text_num(db_get_int(rows, 0)).s, w->issuer);
	return count;
}

static int tell(struct walk *w, const struct store_audit_watch *watch, struct err *err)
{
	const int64_t base = w->proof.base.seq;

	for (size_t i = 0; watch->judge && i < w->judged_count; i++)
		if (watch->judge(w->judged[i].seq, &w->judged[i].row, &w->proof, watch->ctx,
			    err) < 0)
			return -1;
	forget_judged(w);
	if (watch->progress)
		watch->progress(w->at.seq - base, w->proof.head.seq - base, watch->ctx);
	return 0;
}

static int read_base(struct store *store, const char *issuer, struct store_audit_mark *ret,
	struct err *err)
{
	return read_mark(store, SQL_ISSUER_BASE, DB_BIND(db_text(issuer)), ret, err);
}

/* Records that were pruned since the walk began are missed by it, and by nobody else. */
static int blame(const struct walk *w, struct err *err)
{
	struct store_audit_mark base;
	struct err ignored = ERR_INIT;

	if (read_base(w->store, w->issuer, &base, &ignored) == 0 &&
		base.seq != w->proof.base.seq)
		return err_set(err, ERR_CONFLICT,
			"the audit of '%s' was pruned meanwhile; try again", w->issuer);
	return -1;
}

static int walk(struct walk *w, const struct store_audit_watch *watch, struct err *err)
{
	int count = 1;

	while (w->at.seq < w->proof.head.seq && count > 0) {
		count = verify_stride(w, err);
		if (count < 0 || tell(w, watch, err) < 0)
			return -1;
	}
	if (w->at.seq != w->proof.head.seq)
		return err_set(err, ERR_UNHEALTHY,
			"the audit of '%s' ends with record %s, but its last was %s: records were "
			"removed",
			w->issuer, text_num(w->at.seq).s, text_num(w->proof.head.seq).s);
	if (!secret_equal(w->at.hash, w->proof.head.hash, sizeof(w->at.hash)))
		return err_set(err, ERR_UNHEALTHY,
			"the last audit record of '%s', %s, is not the one that was written",
			w->issuer, text_num(w->at.seq).s);
	return check_end(w, err);
}

int store_audit_verify(struct store *store, const char *issuer,
	const struct store_audit_watch *watch, struct store_audit_proof *ret, struct err *err)
{
	auto_walk struct walk w = { .store = store, .issuer = issuer };

	/* Records appended from now on are left for the next time. The base comes first: the
	 * record that vouches for it is before the head. */
	if (read_base(store, issuer, &w.proof.base, err) < 0)
		return tx_no_issuer(issuer, err);
	if (store_audit_head(store, issuer, &w.proof.head, err) < 0)
		return -1;
	w.at = w.proof.base;
	if (walk(&w, watch, err) < 0)
		return blame(&w, err);
	*ret = w.proof;
	return 0;
}

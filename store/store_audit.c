/* store_audit.c - the audit: appending, walking, and proving that nothing was touched.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "store/chain.h"
#include "store/tx.h"

#define PAGE_ROWS 256 /* read under the lock at a time */

int store_audit_append(struct store *store, const char *issuer, int64_t revision,
	const struct store_audit *rows, size_t count, struct err *err)
{
	auto_tx struct tx tx = TX_INIT;

	if (tx_begin(&tx, store, issuer, err) < 0)
		return -1;
	if (revision != STORE_ANY_REVISION && tx.revision != revision)
		return err_set(err, ERR_CONFLICT,
			"the keys of '%s' were changed by somebody else meanwhile; try again",
			issuer);
	for (size_t i = 0; i < count; i++)
		if (tx_audit(&tx, &rows[i], err) < 0)
			return -1;
	return tx_commit(&tx, err);
}

/* ---- pages: rows copied out, so that nobody is called with the lock held ---- */

enum { EVENT, ACTOR, PEER, SUBJECT, AUDIENCE, JTI, KID, OUTCOME, DETAIL, STRING_COUNT };

static const int string_column[STRING_COUNT] = { 2, 3, 4, 5, 6, 7, 8, 10, 11 };

struct record {
	int64_t seq;
	struct store_audit row; /* borrows from string */
	char *string[STRING_COUNT];
	unsigned char hash[SECRET_HASH_LEN];
};

struct page {
	struct record *record;
	size_t count;
};

static void page_free(struct page *page)
{
	for (size_t i = 0; i < page->count; i++)
		for (size_t s = 0; s < STRING_COUNT; s++)
			free(page->record[i].string[s]);
	free(page->record);
	*page = (struct page){ .count = 0 };
}
#define auto_page __attribute__((cleanup(page_free)))

static int read_record(const struct db_rows *rows, struct record *r, struct err *err)
{
	for (size_t s = 0; s < STRING_COUNT; s++)
		r->string[s] = db_copy_text(rows, string_column[s]);
	r->seq = db_get_int(rows, 0);
	r->row = (struct store_audit){
		.at = db_get_int(rows, 1),
		.event = r->string[EVENT],
		.actor = r->string[ACTOR],
		.peer = r->string[PEER],
		.subject = r->string[SUBJECT],
		.audience = r->string[AUDIENCE],
		.jti = r->string[JTI],
		.kid = r->string[KID],
		.exp = db_get_time(rows, 9),
		.outcome = r->string[OUTCOME],
		.detail = r->string[DETAIL],
	};
	return db_read_blob(rows, 12, r->hash, sizeof(r->hash), err);
}

/* Up to `limit` records after `after`, into an empty page; to be freed even on failure. */
static int read_page(struct store *store, const char *issuer, int64_t after, int64_t limit,
	struct page *page, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&store->lock);
	auto_rows struct db_rows *rows = NULL;
	int more;

	if (db_query(store->db, SQL_AUDIT_PAGE,
		    DB_BIND(db_text(issuer), db_int(after), db_int(limit)), &rows, err) < 0)
		return -1;
	while ((more = db_next(rows, err)) > 0) {
		page->record = tx_grow(page->record, page->count, sizeof(*page->record));
		page->count++;
		if (read_record(rows, &page->record[page->count - 1], err) < 0)
			return -1;
	}
	return more;
}

int store_audit_walk(struct store *store, const char *issuer, int64_t after, int64_t limit,
	store_audit_fn *each, void *ctx, struct err *err)
{
	while (limit > 0) {
		const int64_t wanted = limit < PAGE_ROWS ? limit : PAGE_ROWS;
		auto_page struct page page = { .count = 0 };

		if (read_page(store, issuer, after, wanted, &page, err) < 0)
			return -1;
		for (size_t i = 0; i < page.count; i++) {
			const int rc = each(page.record[i].seq, &page.record[i].row, ctx);

			if (rc != 0)
				return rc;
			after = page.record[i].seq;
		}
		if ((int64_t)page.count < wanted)
			return 0;
		limit -= wanted;
	}
	return 0;
}

/* ---- proof ---- */

struct walked {
	int64_t seq;
	unsigned char hash[SECRET_HASH_LEN];
	int64_t count;
};

static int read_head(struct store *store, const char *issuer, struct walked *ret,
	struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&store->lock);
	auto_rows struct db_rows *rows = NULL;

	if (db_query_one(store->db, SQL_ISSUER_HEAD, DB_BIND(db_text(issuer)), &rows, err) < 0)
		return tx_no_issuer(issuer, err);
	ret->seq = db_get_int(rows, 0);
	return db_read_blob(rows, 1, ret->hash, sizeof(ret->hash), err);
}

static int verify_page(const struct page *page, const char *issuer, struct walked *at,
	struct err *err)
{
	for (size_t i = 0; i < page->count; i++) {
		const struct record *r = &page->record[i];

		chain_next(at->hash, issuer, &r->row, at->hash);
		if (!secret_equal(at->hash, r->hash, sizeof(at->hash)))
			return err_set(err, ERR_UNHEALTHY,
				"audit record %s of '%s' does not follow from the one before "
				"it: it was "
				"changed, or records before it were removed",
				text_num(r->seq).s, issuer);
		at->seq = r->seq;
		at->count++;
	}
	return 0;
}

int store_audit_verify(struct store *store, const char *issuer, int64_t *ret_count,
	struct err *err)
{
	struct walked head = { .seq = 0 };
	struct walked at = { .seq = 0 };

	/* Records appended from now on are left for the next time. */
	if (read_head(store, issuer, &head, err) < 0)
		return -1;
	while (at.seq < head.seq) {
		auto_page struct page page = { .count = 0 };

		if (read_page(store, issuer, at.seq, PAGE_ROWS, &page, err) < 0)
			return -1;
		if (page.count == 0)
			break;
		if (verify_page(&page, issuer, &at, err) < 0)
			return -1;
	}
	if (at.seq < head.seq)
		return err_set(err, ERR_UNHEALTHY,
			"the audit of '%s' ends with record %s, but its last was %s: records "
			"were "
			"removed",
			issuer, text_num(at.seq).s, text_num(head.seq).s);
	*ret_count = at.count;
	return 0;
}

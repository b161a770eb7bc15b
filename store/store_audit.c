/* store_audit.c - the audit: appending to it and reading it.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
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

/* The strings of a record, in no order that matters. */
static const size_t strings[] = {
	offsetof(struct store_audit, event),
	offsetof(struct store_audit, actor),
	offsetof(struct store_audit, auth),
	offsetof(struct store_audit, peer),
	offsetof(struct store_audit, agent),
	offsetof(struct store_audit, subject),
	offsetof(struct store_audit, audience),
	offsetof(struct store_audit, bound),
	offsetof(struct store_audit, rule),
	offsetof(struct store_audit, jti),
	offsetof(struct store_audit, kid),
	offsetof(struct store_audit, outcome),
	offsetof(struct store_audit, detail),
};

#define STRING_COUNT (sizeof(strings) / sizeof(strings[0]))

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
	r->seq = db_get_int(rows, TX_AUDIT_SEQ);
	r->row = tx_audit_row(rows);
	for (size_t s = 0; s < STRING_COUNT; s++) {
		const char **member = (const char **)((char *)&r->row + strings[s]);

		if (*member)
			*member = r->string[s] = text_copy(*member);
	}
	return db_read_blob(rows, TX_AUDIT_HASH, r->hash, sizeof(r->hash), err);
}

/* The rows of a query, into an empty page; to be freed even on failure. */
static int query_page(struct db *db, enum sql sql, const struct db_value *values,
	struct page *page, struct err *err)
{
	auto_rows struct db_rows *rows = NULL;
	int more;

	if (db_query(db, sql, values, &rows, err) < 0)
		return -1;
	while ((more = db_next(rows, err)) > 0) {
		page->record = tx_grow(page->record, page->count, sizeof(*page->record));
		page->count++;
		if (read_record(rows, &page->record[page->count - 1], err) < 0)
			return -1;
	}
	return more;
}

/* Up to `limit` records after `after`. */
static int read_page(struct store *store, const char *issuer, int64_t after, int64_t limit,
	struct page *page, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&store->lock);

	return query_page(store->db, SQL_AUDIT_PAGE,
		DB_BIND(db_text(issuer), db_int(after), db_int(limit)), page, err);
}

/* ---- searching ---- */

/* The newest that match, newest first, into an empty page. */
static int find(struct store *store, const char *issuer, const struct store_audit_filter *f,
	int64_t limit, struct page *page, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&store->lock);
	const unix_time until = f->until == TIME_UNSET ? INT64_MAX : f->until;

	return query_page(store->db, f->subject ? SQL_AUDIT_LIST_SUBJECT : SQL_AUDIT_LIST,
		DB_BIND(db_text(issuer), db_int(f->since), db_int(until), db_text(f->actor),
			db_text(f->event), db_text(f->jti), db_text(f->kid), db_int(limit),
			f->subject ? db_text(f->subject) : (struct db_value){ .kind = DB_END }),
		page, err);
}

int store_audit_find(struct store *store, const char *issuer,
	const struct store_audit_filter *filter, int64_t limit, store_audit_fn *each, void *ctx,
	struct err *err)
{
	auto_page struct page page = { .count = 0 };

	if (find(store, issuer, filter, limit, &page, err) < 0)
		return -1;
	for (size_t i = page.count; i > 0; i--) {
		const struct record *r = &page.record[i - 1];
		const int rc = each(r->seq, &r->row, ctx);

		if (rc != 0)
			return rc;
	}
	return 0;
}

/* ---- walking ---- */

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

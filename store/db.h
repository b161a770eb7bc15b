/* db.h - the door to the SQL engine: a connection, its write transaction, prepared statements
 * and the values that go in and out. Nothing of the engine shows here; the dialect is in sql.h
 * and migrations.h. A connection is used by one thread at a time: the store holds its lock.
 * Constraints map to codes: exists already is ERR_CONFLICT, a reference to nothing (or a row
 * that is still referred to) is ERR_NOT_FOUND, any other is ERR_BAD_INPUT.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_H
#define DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "store/sql.h"

struct db;
struct db_rows;

/* Makes an empty store of the current version and opens it. The name appears only once all is
 * in place and on disk; ERR_CONFLICT if it is taken. */
int db_create(const char *path, struct db **ret, struct err *err);

/* ERR_NOT_FOUND if there is none. A file of another program, a damaged one, one of a newer
 * version or one that others may write to is refused. An older one is migrated unless read
 * only. */
int db_open(const char *path, bool is_read_only, struct db **ret, struct err *err);
void db_close(struct db *db);
static inline void auto_db_(struct db **db)
{
	db_close(*db);
}
#define auto_db __attribute__((cleanup(auto_db_)))

/* How long a call waits for another process's lock before it is ERR_BUSY. */
void db_set_busy_timeout(struct db *db, int timeout_ms);

/* The path, for texts. */
const char *db_name(const struct db *db);

/* Looks at every page and reference; ERR_UNHEALTHY names the first thing wrong. */
int db_check(struct db *db, struct err *err);

/* ERR_UNHEALTHY if the file that was opened has no longer its name. */
int db_check_place(const struct db *db, struct err *err);

/* ---- transactions ---- */

/* Starts a write: no other process writes until it is committed or rolled back, and what is
 * read meanwhile is the latest. */
int db_begin(struct db *db, struct err *err);
/* Durable once it returns 0; rolled back otherwise. */
int db_commit(struct db *db, struct err *err);
/* Harmless without a transaction. */
void db_rollback(struct db *db);

/* Removes what was overwritten or deleted from the engine's log as well: now, or with the first
 * commit that finds no other reader in the way. */
void db_scrub(struct db *db);

/* Until the end of the scope all that is read is of one moment, and each statement is spared
 * taking and giving back the engine's locks on the file:
 *   auto_snapshot struct db *db = db_snapshot(store->db, err);   NULL on failure */
struct db *db_snapshot(struct db *db, struct err *err);
void db_snapshot_end(struct db *db);
static inline void auto_snapshot_(struct db **db)
{
	db_snapshot_end(*db);
}
#define auto_snapshot __attribute__((cleanup(auto_snapshot_)))

/* ---- statements ---- */

struct db_value {
	enum { DB_END, DB_NULL, DB_INT, DB_TEXT, DB_BLOB } kind;
	int64_t n;
	const void *p; /* borrowed until the statement is done */
	size_t len;
};

/* The parameters of a statement, in order: DB_BIND(db_text(issuer), db_time(now)). */
#define DB_BIND(...) ((const struct db_value[]){ __VA_ARGS__, { .kind = DB_END } })

static inline struct db_value db_int(int64_t n)
{
	return (struct db_value){ .kind = DB_INT, .n = n };
}

/* TIME_UNSET becomes NULL. */
static inline struct db_value db_time(unix_time t)
{
	return (struct db_value){ .kind = t == TIME_UNSET ? DB_NULL : DB_INT, .n = t };
}

/* Negative becomes NULL: not known. */
static inline struct db_value db_int_or_null(int64_t n)
{
	return (struct db_value){ .kind = n < 0 ? DB_NULL : DB_INT, .n = n };
}

/* 0 becomes NULL: none. */
static inline struct db_value db_nonzero(int64_t n)
{
	return (struct db_value){ .kind = n == 0 ? DB_NULL : DB_INT, .n = n };
}

/* NULL stays NULL. */
static inline struct db_value db_text(const char *s)
{
	if (!s)
		return (struct db_value){ .kind = DB_NULL };
	return (struct db_value){ .kind = DB_TEXT, .p = s, .len = strlen(s) };
}

/* "" becomes NULL as well. */
static inline struct db_value db_text_or_null(const char *s)
{
	return db_text(s && s[0] != '\0' ? s : NULL);
}

/* NULL stays NULL. */
static inline struct db_value db_blob(const void *p, size_t len)
{
	return (struct db_value){ .kind = p ? DB_BLOB : DB_NULL, .p = p, .len = len };
}

/* Runs a statement that returns no rows. */
int db_exec(struct db *db, enum sql sql, const struct db_value *values, struct err *err);
/* Rows that the latest db_exec inserted, updated or deleted. */
int64_t db_changed(const struct db *db);

/* Runs a statement that inserts one row and returns the number it was given. */
int db_insert(struct db *db, enum sql sql, const struct db_value *values, int64_t *ret_id,
	struct err *err);

/* Starts a statement that returns rows. It ends with db_rows_close; until then the same
 * statement cannot be started again. */
int db_query(struct db *db, enum sql sql, const struct db_value *values, struct db_rows **ret,
	struct err *err);
/* 1 with the next row, 0 after the last, -1 on error. */
int db_next(struct db_rows *rows, struct err *err);
/* Both, for the one row there can be; ERR_NOT_FOUND, for the caller to reword, without it. */
int db_query_one(struct db *db, enum sql sql, const struct db_value *values,
	struct db_rows **ret, struct err *err);
void db_rows_close(struct db_rows *rows);
static inline void auto_rows_(struct db_rows **rows)
{
	db_rows_close(*rows);
}
#define auto_rows __attribute__((cleanup(auto_rows_)))

/* ---- columns of the current row, counted from 0 ---- */

bool db_is_null(const struct db_rows *rows, int column);
int64_t db_get_int(const struct db_rows *rows, int column);
unix_time db_get_time(const struct db_rows *rows, int column); /* NULL is TIME_UNSET */
/* Borrowed until db_next; NULL if the column is NULL. */
const char *db_get_text(const struct db_rows *rows, int column);
/* Has a text a zero byte inside, behind which db_get_text does not look? */
bool db_is_cut(const struct db_rows *rows, int column);
/* The caller's to free(); NULL if the column is NULL. */
char *db_copy_text(const struct db_rows *rows, int column);
unsigned char *db_copy_blob(const struct db_rows *rows, int column, size_t *ret_len);
/* Into `dst[size]`, NULL as ""; what does not fit was not written by us: ERR_FAILED. */
int db_read_text(const struct db_rows *rows, int column, char *dst, size_t size,
	struct err *err);
/* Exactly `len` bytes, or ERR_FAILED. */
int db_read_blob(const struct db_rows *rows, int column, void *dst, size_t len,
	struct err *err);

/* ---- copying ---- */

/* Is told how many of `total` pages are copied. */
typedef void db_progress_fn(int64_t done, int64_t total, void *ctx);

/* Copies all of `from`, as it is at one moment, over what `to` holds. Others may read and write
 * `from` meanwhile; with `from` in the hands of one thread the copy is of one snapshot. */
int db_copy(struct db *from, struct db *to, db_progress_fn *progress, void *ctx,
	struct err *err);
/* Makes `db` one file that needs no log beside it, so that it can be moved and copied. */
int db_fold(struct db *db, struct err *err);

/* ---- for db_open.c: texts of our own that cannot be prepared ---- */

/* Connects to `path` as it is; texts show `name`. */
int db_connect(const char *path, const char *name, bool is_read_only, struct db **ret,
	struct err *err);
int db_run(struct db *db, const char *sql, struct err *err);
/* The first column of the first row, "" if there is none; the caller frees. */
int db_ask(struct db *db, const char *sql, char **ret, struct err *err);

#endif

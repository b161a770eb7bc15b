/* db.c - db.h on SQLite 3.40 or newer; the only file that includes <sqlite3.h>. The file is in
 * WAL mode, so readers never wait for the writer, and every commit is synced. Which files are
 * ours and how they come to be is in db_open.c.
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/text.h"
#include "store/db.h"

#define BUSY_TIMEOUT_MS 5000
#define COPY_PAGES      1024 /* 4 MiB between two words of progress */

/* One statement; its rows while it runs. */
struct db_rows {
	struct db *db;
	sqlite3_stmt *stmt; /* NULL until first used */
};

struct db {
	sqlite3 *conn;
	char *name; /* the path as texts show it */
	bool is_read_only;
	bool is_scrub_due;
	int busy_timeout_ms;
	struct db_rows statement[SQL_COUNT];
};

#define SQL_TEXT(name, text) text,
static const char *const sql_text[SQL_COUNT] = { SQL_STATEMENTS(SQL_TEXT) };
#undef SQL_TEXT

/* ---- errors ---- */

static int fail_constraint(const struct db *db, int extended, struct err *err)
{
	switch (extended) {
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_ROWID:
		return err_set(err, ERR_CONFLICT, "it exists already in '%s'", db->name);
	case SQLITE_CONSTRAINT_FOREIGNKEY:
		return err_set(err, ERR_NOT_FOUND,
			"'%s' misses what it refers to, or still refers to it", db->name);
	default:
		return err_set(err, ERR_BAD_INPUT, "'%s' does not accept this: %s", db->name,
			sqlite3_errmsg(db->conn));
	}
}

static int fail_busy(const struct db *db, struct err *err)
{
	const int ms = db->busy_timeout_ms;
	auto_free char *wait =
		ms % 1000 ? text_format("%dms", ms) : text_copy(text_span(ms / 1000).s);

	return err_set(err, ERR_BUSY,
		"'%s' is locked by another process for more than %s; try again, or find it with: "
		"fuser '%s'",
		db->name, wait, db->name);
}

static int fail_io(const struct db *db, struct err *err)
{
	errno = sqlite3_system_errno(db->conn);
	if (errno == ENOSPC || errno == EDQUOT)
		return err_set(err, ERR_BUSY,
			"could not write '%s': disk full; free some space and try again",
			db->name);
	if (errno == 0)
		errno = EIO;
	return err_errno(err, ERR_BUSY, "could not read or write '%s'", db->name);
}

static bool has_failed(sqlite3_file *file)
{
	int last = 0;

	return file && file->pMethods &&
		file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &last) ==
		SQLITE_OK &&
		last == EIO;
}

/* A read that the disk refuses comes as damage; database and WAL know better. */
static bool is_disk_failing(const struct db *db)
{
	sqlite3_file *file = NULL;
	sqlite3_file *wal = NULL;

	return (sqlite3_file_control(db->conn, NULL, SQLITE_FCNTL_FILE_POINTER, &file) ==
			       SQLITE_OK &&
		       has_failed(file)) ||
		(sqlite3_file_control(db->conn, NULL, SQLITE_FCNTL_JOURNAL_POINTER, &wal) ==
				SQLITE_OK &&
			has_failed(wal));
}

/* Turns the connection's latest error into ours: the one place that knows SQLite's codes. */
static int fail(const struct db *db, struct err *err)
{
	const int extended = sqlite3_extended_errcode(db->conn);

	switch (extended & 0xff) {
	case SQLITE_CONSTRAINT:
		return fail_constraint(db, extended, err);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return fail_busy(db, err);
	case SQLITE_FULL:
		return err_set(err, ERR_BUSY,
			"could not write '%s': disk full; free some space and try again",
			db->name);
	case SQLITE_IOERR:
		return fail_io(db, err);
	case SQLITE_CORRUPT:
		if (is_disk_failing(db))
			return fail_io(db, err);
		return err_set(err, ERR_FAILED,
			"'%s' is damaged; stop issuerd and restore it from a backup", db->name);
	case SQLITE_NOTADB:
		return err_set(err, ERR_FAILED, "'%s' is not a store of issuerd", db->name);
	case SQLITE_READONLY:
		return err_set(err, ERR_FAILED,
			"could not write '%s' or beside it, which even reading a store in use takes; "
			"run this as root or as the store's owner",
			db->name);
	case SQLITE_CANTOPEN:
		errno = sqlite3_system_errno(db->conn);
		if (errno == 0)
			return err_set(err, ERR_FAILED,
				"could not open '%s'; check its directory's owner and mode",
				db->name);
		return file_fail_open(ERR_FAILED, db->name, err);
	default:
		return err_set(err, ERR_FAILED, "could not use '%s': %s", db->name,
			sqlite3_errmsg(db->conn));
	}
}

int db_check_place(const struct db *db, struct err *err)
{
	int has_moved = 0;

	if (sqlite3_file_control(db->conn, NULL, SQLITE_FCNTL_HAS_MOVED, &has_moved) ==
			SQLITE_OK &&
		has_moved)
		return err_set(err, ERR_UNHEALTHY,
			"'%s' was replaced or removed while it was in use; start again",
			db->name);
	return 0;
}

/* ---- opening ---- */

int db_run(struct db *db, const char *sql, struct err *err)
{
	return sqlite3_exec(db->conn, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail(db, err);
}

int db_ask(struct db *db, const char *sql, char **ret, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	const char *answer = NULL;
	int rc = sqlite3_prepare_v2(db->conn, sql, -1, &stmt, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		answer = (const char *)sqlite3_column_text(stmt, 0);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		(void)fail(db, err);
	else
		*ret = text_copy(answer ? answer : "");
	(void)sqlite3_finalize(stmt); /* repeats the error that step had */
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : -1;
}

/* What each connection has to ask for anew. secure_delete overwrites erased keys; temporary
 * data stays in memory; mapped files would turn an I/O error into a signal. We have no triggers
 * and no views: one that is there was put there, and would act in our name. */
static int configure(struct db *db, struct err *err)
{
	(void)sqlite3_db_config(db->conn, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(db->conn, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	(void)sqlite3_db_config(db->conn, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	(void)sqlite3_db_config(db->conn, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	(void)sqlite3_db_config(db->conn, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	return db_run(db,
		"PRAGMA trusted_schema = OFF;"
		"PRAGMA cell_size_check = ON;"
		"PRAGMA foreign_keys = ON;"
		"PRAGMA synchronous = FULL;"
		"PRAGMA secure_delete = ON;"
		"PRAGMA temp_store = MEMORY;"
		"PRAGMA mmap_size = 0;",
		err);
}

int db_connect(const char *path, const char *name, bool is_read_only, struct db **ret,
	struct err *err)
{
	/* A leading "./" keeps SQLite from reading "file:x" as a URI or ":memory:" as no file.
	 */
	auto_free char *file = text_format("%s%s", path[0] == '/' ? "" : "./", path);
	const int flags = (is_read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
		SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	auto_db struct db *db = text_alloc(1, sizeof(*db));

	db->name = text_copy(name);
	db->is_read_only = is_read_only;
	if (sqlite3_open_v2(file, &db->conn, flags, NULL) != SQLITE_OK) {
		if (!db->conn)
			abort(); /* out of memory */
		return fail(db, err);
	}
	db_set_busy_timeout(db, BUSY_TIMEOUT_MS);
	if (!is_read_only && sqlite3_db_readonly(db->conn, "main") == 1)
		return err_set(err, ERR_FAILED,
			"could not open '%s' for writing: permission denied", name);
	if (configure(db, err) < 0)
		return -1;
	*ret = take(db);
	return 0;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	for (size_t i = 0; i < SQL_COUNT; i++)
		(void)sqlite3_finalize(db->statement[i].stmt); /* repeats an error long told */
	if (sqlite3_close(db->conn) != SQLITE_OK)
		abort(); /* a statement that is not in our table */
	free(db->name);
	free(db);
}

const char *db_name(const struct db *db)
{
	return db->name;
}

void db_set_busy_timeout(struct db *db, int timeout_ms)
{
	db->busy_timeout_ms = timeout_ms;
	(void)sqlite3_busy_timeout(db->conn,
		timeout_ms); /* cannot fail on an open connection */
}

/* ---- transactions ---- */

int db_begin(struct db *db, struct err *err)
{
	if (db->is_read_only)
		return err_set(err, ERR_FAILED, "'%s' is open for reading only", db->name);
	return db_run(db, "BEGIN IMMEDIATE", err);
}

int db_commit(struct db *db, struct err *err)
{
	if (db_run(db, "COMMIT", err) < 0) {
		db_rollback(db);
		return -1;
	}
	if (db->is_scrub_due)
		db_scrub(db);
	return 0;
}

void db_rollback(struct db *db)
{
	/* SQLite rolls back by itself after some errors; a rollback that fails does so, too. */
	if (sqlite3_get_autocommit(db->conn) == 0)
		(void)sqlite3_exec(db->conn, "ROLLBACK", NULL, NULL, NULL);
}

void db_scrub(struct db *db)
{
	int rc;

	/* Readers are not waited for: what is due stays due. */
	(void)sqlite3_busy_timeout(db->conn, 0);
	rc = sqlite3_wal_checkpoint_v2(db->conn, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL,
		NULL);
	(void)sqlite3_busy_timeout(db->conn, db->busy_timeout_ms);
	db->is_scrub_due = rc != SQLITE_OK;
}

/* ---- copying ---- */

/* In pieces, so that progress can be told; the read transaction around them keeps them of one
 * snapshot, and a writer never makes SQLite start anew. */
static int copy_pages(sqlite3_backup *backup, db_progress_fn *progress, void *ctx)
{
	int rc;

	do {
		rc = sqlite3_backup_step(backup, COPY_PAGES);
		if (progress && (rc == SQLITE_OK || rc == SQLITE_DONE)) {
			const int total = sqlite3_backup_pagecount(backup);

			progress(total - sqlite3_backup_remaining(backup), total, ctx);
		}
	} while (rc == SQLITE_OK);
	return rc;
}

int db_copy(struct db *from, struct db *to, db_progress_fn *progress, void *ctx,
	struct err *err)
{
	auto_free char *tables = NULL;
	sqlite3_backup *backup;
	int rc;

	if (db_run(from, "BEGIN", err) < 0)
		return -1;
	if (db_ask(from, "SELECT count(*) FROM sqlite_schema", &tables, err) < 0) {
		db_rollback(from);
		return -1;
	}
	backup = sqlite3_backup_init(to->conn, "main", from->conn, "main");
	rc = backup ? copy_pages(backup, progress, ctx) : SQLITE_ERROR;
	(void)sqlite3_backup_finish(backup); /* repeats the error that step had */
	db_rollback(from);
	/* The copy's connection has the error, whichever side it came from. */
	return rc == SQLITE_DONE ? 0 : fail(to, err);
}

int db_fold(struct db *db, struct err *err)
{
	auto_free char *mode = NULL;

	return db_ask(db, "PRAGMA journal_mode = DELETE", &mode, err);
}

/* ---- statements ---- */

/* The values outlive the statement (db.h), so SQLite need not copy them. */
static int bind_one(sqlite3_stmt *stmt, int at, const struct db_value *v)
{
	switch (v->kind) {
	case DB_INT:
		return sqlite3_bind_int64(stmt, at, v->n);
	case DB_TEXT:
		return sqlite3_bind_text64(stmt, at, v->p, v->len, SQLITE_STATIC, SQLITE_UTF8);
	case DB_BLOB:
		return sqlite3_bind_blob64(stmt, at, v->p, v->len, SQLITE_STATIC);
	case DB_NULL:
	case DB_END:
		break;
	}
	return sqlite3_bind_null(stmt, at);
}

int db_query(struct db *db, enum sql sql, const struct db_value *values, struct db_rows **ret,
	struct err *err)
{
	struct db_rows *rows = &db->statement[sql];
	int at = 0;

	if (!rows->stmt &&
		sqlite3_prepare_v3(db->conn, sql_text[sql], -1, SQLITE_PREPARE_PERSISTENT,
			&rows->stmt, NULL) != SQLITE_OK)
		return fail(db, err);
	assert(rows && !sqlite3_stmt_busy(rows->stmt));
	rows->db = db;
	for (; values[at].kind != DB_END; at++)
		if (bind_one(rows->stmt, at + 1, &values[at]) != SQLITE_OK)
			return fail(db, err);
	assert(at == sqlite3_bind_parameter_count(rows->stmt));
	*ret = rows;
	return 0;
}

int db_next(struct db_rows *rows, struct err *err)
{
	assert(rows);
	switch (sqlite3_step(rows->stmt)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return fail(rows->db, err);
	}
}

int db_query_one(struct db *db, enum sql sql, const struct db_value *values,
	struct db_rows **ret, struct err *err)
{
	auto_rows struct db_rows *rows = NULL;
	int more;

	if (db_query(db, sql, values, &rows, err) < 0)
		return -1;
	more = db_next(rows, err);
	if (more == 0)
		return err_set(err, ERR_NOT_FOUND, "it is not in '%s'", db->name);
	if (more < 0)
		return -1;
	*ret = take(rows);
	return 0;
}

void db_rows_close(struct db_rows *rows)
{
	if (!rows)
		return;
	(void)sqlite3_reset(rows->stmt); /* repeats the error that step had */
	(void)sqlite3_clear_bindings(rows->stmt);
}

int db_exec(struct db *db, enum sql sql, const struct db_value *values, struct err *err)
{
	auto_rows struct db_rows *rows = NULL;

	if (db_query(db, sql, values, &rows, err) < 0)
		return -1;
	return db_next(rows, err) < 0 ? -1 : 0;
}

int64_t db_changed(const struct db *db)
{
	return sqlite3_changes64(db->conn);
}

int db_insert(struct db *db, enum sql sql, const struct db_value *values, int64_t *ret_id,
	struct err *err)
{
	auto_rows struct db_rows *rows = NULL;
	int64_t id;

	if (db_query(db, sql, values, &rows, err) < 0 || db_next(rows, err) < 0)
		return -1;
	id = db_get_int(rows, 0);
	/* References are checked only when the statement is run to its end. */
	if (db_next(rows, err) < 0)
		return -1;
	*ret_id = id;
	return 0;
}

/* ---- snapshots ---- */

static const struct db_value no_values = { .kind = DB_END };

struct db *db_snapshot(struct db *db, struct err *err)
{
	return db_exec(db, SQL_SNAPSHOT_BEGIN, &no_values, err) < 0 ? NULL : db;
}

void db_snapshot_end(struct db *db)
{
	struct err ignored = ERR_INIT;

	if (db && db_exec(db, SQL_SNAPSHOT_END, &no_values, &ignored) < 0)
		db_rollback(db); /* nothing was written: there is nothing to lose */
}

/* ---- columns ---- */

static int fail_damaged(const struct db_rows *rows, struct err *err)
{
	return err_set(err, ERR_FAILED,
		"'%s' is damaged: a column holds what issuerd never wrote", rows->db->name);
}

bool db_is_null(const struct db_rows *rows, int column)
{
	return sqlite3_column_type(rows->stmt, column) == SQLITE_NULL;
}

int64_t db_get_int(const struct db_rows *rows, int column)
{
	return sqlite3_column_int64(rows->stmt, column);
}

unix_time db_get_time(const struct db_rows *rows, int column)
{
	return db_is_null(rows, column) ? TIME_UNSET : db_get_int(rows, column);
}

const char *db_get_text(const struct db_rows *rows, int column)
{
	const char *s = (const char *)sqlite3_column_text(rows->stmt, column);

	if (!s && !db_is_null(rows, column))
		abort(); /* out of memory */
	return s;
}

bool db_is_cut(const struct db_rows *rows, int column)
{
	const char *s = (const char *)sqlite3_column_text(rows->stmt, column);

	return s && strlen(s) != (size_t)sqlite3_column_bytes(rows->stmt, column);
}

char *db_copy_text(const struct db_rows *rows, int column)
{
	const char *s = db_get_text(rows, column);

	return s ? text_copy(s) : NULL;
}

unsigned char *db_copy_blob(const struct db_rows *rows, int column, size_t *ret_len)
{
	const void *p = sqlite3_column_blob(rows->stmt, column);
	const size_t len = (size_t)sqlite3_column_bytes(rows->stmt, column);
	unsigned char *copy;

	*ret_len = len;
	if (db_is_null(rows, column))
		return NULL;
	copy = text_alloc(len, 1);
	if (len > 0)
		memcpy(copy, p, len);
	return copy;
}

int db_read_text(const struct db_rows *rows, int column, char *dst, size_t size,
	struct err *err)
{
	const char *s = db_get_text(rows, column);

	return text_fit(dst, size, s ? s : "") ? 0 : fail_damaged(rows, err);
}

int db_read_blob(const struct db_rows *rows, int column, void *dst, size_t len, struct err *err)
{
	const void *p = sqlite3_column_blob(rows->stmt, column);

	if (!p || (size_t)sqlite3_column_bytes(rows->stmt, column) != len)
		return fail_damaged(rows, err);
	memcpy(dst, p, len);
	return 0;
}

/* db_open.c - opening, making, migrating and checking a store file, in SQLite's words but
 * without its header.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "store/db.h"
#include "store/db_file.h"
#include "store/migrations.h"

static const char *const migrations[] = MIGRATIONS_LIST;

#define STORE_VERSION ((int64_t)(sizeof(migrations) / sizeof(migrations[0])))

static int ask_int(struct db *db, const char *sql, int64_t *ret, struct err *err)
{
	auto_free char *answer = NULL;

	if (db_ask(db, sql, &answer, err) < 0)
		return -1;
	return text_int(answer, INT64_MIN, INT64_MAX, ret, err);
}

static int set_wal(struct db *db, struct err *err)
{
	auto_free char *mode = NULL;

	if (db_ask(db, "PRAGMA journal_mode = WAL", &mode, err) < 0)
		return -1;
	if (strcmp(mode, "wal") != 0)
		return err_set(err, ERR_FAILED,
			"could not switch '%s' to a write-ahead log (it uses '%s'); is it on a "
			"network "
			"file system?",
			db_name(db), mode);
	return 0;
}

/* Inside a transaction, so that of two processes one migrates and the other finds it done. */
static int migrate_within(struct db *db, struct err *err)
{
	auto_free char *stamp =
		text_format("PRAGMA application_id = %d; PRAGMA user_version = %d",
			MIGRATIONS_APPLICATION_ID, (int)STORE_VERSION);
	int64_t version;

	if (ask_int(db, "PRAGMA user_version", &version, err) < 0)
		return -1;
	for (int64_t i = version; i < STORE_VERSION; i++)
		if (db_run(db, migrations[i], err) < 0)
			return err_add(err, "migrating to version %d", (int)i + 1);
	return db_run(db, stamp, err);
}

static int migrate(struct db *db, struct err *err)
{
	if (db_begin(db, err) < 0)
		return -1;
	if (migrate_within(db, err) < 0) {
		db_rollback(db);
		return -1;
	}
	return db_commit(db, err);
}

/* Ours, and of a version we know. */
static int identify(struct db *db, int64_t *ret_version, struct err *err)
{
	int64_t application_id;
	int64_t version;

	if (ask_int(db, "PRAGMA application_id", &application_id, err) < 0)
		return -1;
	if (application_id != MIGRATIONS_APPLICATION_ID)
		return err_set(err, ERR_FAILED, "'%s' is not a store of issuerd", db_name(db));
	if (ask_int(db, "PRAGMA user_version", &version, err) < 0)
		return -1;
	if (version > STORE_VERSION)
		return err_set(err, ERR_FAILED,
			"'%s' has version %d, and this program knows version %d at most; "
			"upgrade issuerd",
			db_name(db), (int)version, (int)STORE_VERSION);
	*ret_version = version;
	return 0;
}

int db_open(const char *path, bool is_read_only, struct db **ret, struct err *err)
{
	auto_db struct db *db = NULL;
	int64_t version;

	if (db_file_check(path, err) < 0 || db_connect(path, path, is_read_only, &db, err) < 0)
		return -1;
	if (identify(db, &version, err) < 0)
		return -1;
	if (is_read_only && version < STORE_VERSION)
		return err_set(err, ERR_FAILED,
			"'%s' has the older version %d; issuerctl init brings it up to date",
			path, (int)version);
	if (!is_read_only && set_wal(db, err) < 0)
		return -1;
	if (version < STORE_VERSION && migrate(db, err) < 0)
		return -1;
	*ret = take(db);
	return 0;
}

/* WAL mode comes last: until then a commit lands in the file itself. */
static int fill_draft(const char *draft, const char *path, struct err *err)
{
	auto_db struct db *db = NULL;

	if (db_connect(draft, path, false, &db, err) < 0 || migrate(db, err) < 0)
		return -1;
	return set_wal(db, err);
}

int db_create(const char *path, struct db **ret, struct err *err)
{
	auto_draft char *draft = NULL;

	if (db_file_draft(path, DB_FILE_OF_DIRECTORY, &draft, err) < 0 ||
		fill_draft(draft, path, err) < 0)
		return -1;
	if (db_file_publish(draft, path, err) < 0)
		return -1;
	if (db_open(path, false, ret, err) < 0) {
		db_file_remove(path); /* nobody was told of it yet, and it holds nothing */
		return -1;
	}
	return 0;
}

int db_check(struct db *db, struct err *err)
{
	auto_free char *pages = NULL;
	auto_free char *references = NULL;

	if (db_ask(db, "PRAGMA integrity_check(1)", &pages, err) < 0)
		return -1;
	if (strcmp(pages, "ok") != 0)
		return err_set(err, ERR_UNHEALTHY,
			"'%s' is damaged: %s; restore it from a backup", db_name(db), pages);
	if (db_ask(db, "PRAGMA foreign_key_check", &references, err) < 0)
		return -1;
	if (references[0] != '\0')
		return err_set(err, ERR_UNHEALTHY,
			"'%s' is damaged: table %s refers to what is not there; restore it "
			"from a backup",
			db_name(db), references);
	return 0;
}

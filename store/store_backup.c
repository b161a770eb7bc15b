/* store_backup.c - a copy of the store while it is in use. The copy is marked as one: whoever
 * restores it is told, and goes on beyond what was made since. See store.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/auto.h"
#include "store/db_file.h"
#include "store/tx.h"

/* The machine's uptime goes: on another machine it would vouch for a wrong clock. */
static int mark(struct db *copy, unix_time now, struct err *err)
{
	if (db_begin(copy, err) < 0)
		return -1;
	if (db_exec(copy, SQL_ISSUER_MARK_BACKUP, DB_BIND(db_time(now)), err) < 0) {
		db_rollback(copy);
		return -1;
	}
	return db_commit(copy, err);
}

static int fill(struct db *from, const char *draft, const char *path, unix_time now,
	store_progress_fn *progress, void *ctx, struct err *err)
{
	auto_db struct db *copy = NULL;

	if (db_connect(draft, path, false, &copy, err) < 0 ||
		db_copy(from, copy, progress, ctx, err) < 0 || db_fold(copy, err) < 0 ||
		mark(copy, now, err) < 0)
		return -1;
	return db_check(copy, err);
}

int store_backup(struct store *store, const char *path, unix_time now,
	store_progress_fn *progress, void *ctx, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&store->lock);
	auto_draft char *draft = NULL;

	if (db_file_draft(path, DB_FILE_OURS, &draft, err) < 0 ||
		fill(store->db, draft, path, now, progress, ctx, err) < 0)
		return -1;
	return db_file_publish(draft, path, err);
}

/* test_store_sqlite.c - the store on SQLite: the contract suite, and what only a file can do:
 * belong to somebody else, be damaged, be locked, and run out of disk.
 * SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/text.h"
#include "t/lib/vfs_faulty.h"
#include "t/unit/store_suite.h"

#define FILE_MAX ((size_t)1 << 24)

static char dir[] = "/tmp/test_store_sqlite.XXXXXX";
static char path[sizeof(dir) + 16];

/* ---- the engine ---- */

static int open_store(enum store_mode mode, struct store **ret, struct err *err)
{
	return store_open(path, mode, ret, err);
}

static void wipe(void)
{
	DIR *d = opendir(dir);

	assert_non_null(d);
	for (const struct dirent *e = readdir(d); e; e = readdir(d)) {
		auto_free char *file = text_format("%s/%s", dir, e->d_name);

		if (e->d_name[0] != '.')
			assert_int_equal(unlink(file), 0);
	}
	assert_int_equal(closedir(d), 0);
}

static sqlite3 *raw_open(void)
{
	sqlite3 *raw = NULL;

	assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
	return raw;
}

static void raw_run(sqlite3 *raw, const char *statement)
{
	if (sqlite3_exec(raw, statement, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", statement, sqlite3_errmsg(raw));
}

static void run_sql(const char *statement)
{
	sqlite3 *raw = raw_open();

	raw_run(raw, statement);
	assert_int_equal(sqlite3_close(raw), SQLITE_OK);
}

static const struct store_suite_engine engine = { open_store, wipe, run_sql };

/* ---- files ---- */

/* Not while a handle is open: closing a descriptor drops the locks of this process. */
static char *read_store(size_t *ret_len)
{
	char *bytes = NULL;
	struct err err;

	assert_succeeds(file_read(path, FILE_MAX, &bytes, ret_len, &err));
	return bytes;
}

static void write_store(const char *bytes, size_t len)
{
	struct err err;

	wipe();
	assert_succeeds(file_create_secret(path, bytes, len, &err));
}

static size_t files_in_dir(void)
{
	DIR *d = opendir(dir);
	size_t count = 0;

	assert_non_null(d);
	for (const struct dirent *e = readdir(d); e; e = readdir(d))
		count += e->d_name[0] != '.';
	assert_int_equal(closedir(d), 0);
	return count;
}

static void assert_private(const char *suffix)
{
	auto_free char *file = text_format("%s%s", path, suffix);
	struct stat st;

	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void its_files_are_ours_alone_whatever_the_umask(void **state)
{
	static const mode_t mask[] = { 0, 022, 077 };

	(void)state;
	for (size_t i = 0; i < sizeof(mask) / sizeof(mask[0]); i++) {
		const mode_t before = umask(mask[i]);
		struct store *store = suite_create();

		assert_private("");
		assert_private("-wal");
		assert_private("-shm");
		assert_int_equal(files_in_dir(), 3);
		store_close(store);
		assert_int_equal(files_in_dir(), 1);
		(void)umask(before);
		wipe();
	}
}

static void a_file_that_others_may_change_is_refused(void **state)
{
	struct store *store = suite_create();
	struct err err;

	(void)state;
	store_close(take(store));
	assert_int_equal(chmod(path, 0620), 0);
	assert_fails(ERR_REFUSED, store_open(path, STORE_WRITE, &store, &err));
	assert_mentions(err.text, "chmod 600");
	assert_int_equal(chmod(path, 0640), 0);
	store = suite_open(STORE_READ);
	store_close(store);
}

static void refuses_file(const char *mention)
{
	static const enum store_mode mode[] = { STORE_WRITE, STORE_READ };
	struct store *store = NULL;
	struct err err;

	for (size_t i = 0; i < 2; i++) {
		assert_fails(ERR_FAILED, store_open(path, mode[i], &store, &err));
		assert_mentions(err.text, mention);
		assert_mentions(err.text, path);
	}
}

static void a_file_of_another_kind_is_refused(void **state)
{
	auto_free char *garbage = text_alloc(8192, 1);

	(void)state;
	memset(garbage, 'x', 8192);
	write_store(garbage, 8192);
	refuses_file("not a store of issuerd");
	write_store("hello\n", 6);
	refuses_file("not a store of issuerd");
	write_store("", 0);
	refuses_file("not a store of issuerd");
	wipe();
	run_sql("CREATE TABLE bookmark (url TEXT)");
	assert_int_equal(chmod(path, 0600), 0);
	refuses_file("not a store of issuerd");
	wipe();
	assert_int_equal(mkdir(path, 0700), 0);
	refuses_file("not a regular file");
	assert_int_equal(rmdir(path), 0);
}

static void a_newer_store_is_refused_with_both_versions(void **state)
{
	(void)state;
	store_close(suite_create());
	run_sql("PRAGMA user_version = 77");
	refuses_file("77");
	refuses_file("version 2 at most");
	refuses_file("upgrade issuerd");
}

static void an_older_store_is_migrated_by_a_writer_only(void **state)
{
	struct store *store = NULL;
	struct err err;

	(void)state;
	run_sql("PRAGMA application_id = 0x69737364"); /* version 0: ours, and empty */
	assert_int_equal(chmod(path, 0600), 0);
	assert_fails(ERR_FAILED, store_open(path, STORE_READ, &store, &err));
	assert_mentions(err.text, "older version 0");
	store = suite_open(STORE_WRITE);
	assert_succeeds(store_issuer_create(store, SUITE_ISSUER, "https://a.test", "test", 1,
		&err));
	store_close(store);
	store_close(suite_open(STORE_READ));
}

/* What is written into a file without a name is lost, and what is read of it is old. */
static void a_store_whose_file_was_replaced_is_used_no_more(void **state)
{
	static const char *const moved = "moved.db";
	const struct store_audit row = { .at = SUITE_NOW, .event = "x" };
	auto_free char *elsewhere = text_format("%s/%s", dir, moved);
	struct store *store = suite_create();
	struct store *other;
	struct store_pulse pulse;
	struct err err;

	(void)state;
	suite_fill(store);
	assert_succeeds(store_pulse(store, SUITE_ISSUER, &pulse, &err));
	assert_int_equal(rename(path, elsewhere), 0);
	for (int i = 0; i < 2; i++) { /* without a successor, and with one */
		assert_fails(ERR_UNHEALTHY, store_pulse(store, SUITE_ISSUER, &pulse, &err));
		assert_mentions(err.text, path);
		assert_fails(ERR_UNHEALTHY,
			store_audit_append(store, SUITE_ISSUER, STORE_ANY_REVISION, &row, 1,
				&err));
		assert_fails(ERR_UNHEALTHY,
			store_clock_note(store, SUITE_ISSUER,
				(struct clock_reading){ SUITE_NOW, 1 }, &err));
		if (i == 0) {
			assert_succeeds(store_open(path, STORE_CREATE, &other, &err));
			store_close(other);
		}
	}
	store_close(store);
	wipe();
}

/* Rows of a store from before the clock was remembered tell what time it was. */
static void the_first_clock_is_that_of_the_newest_key(void **state)
{
	struct store *store = suite_create();
	struct store_pulse pulse;
	struct err err;

	(void)state;
	suite_fill(store);
	store_close(store);
	run_sql("DROP INDEX audit_alive; PRAGMA user_version = 1;"
		"ALTER TABLE issuer DROP COLUMN clock_at;"
		"ALTER TABLE issuer DROP COLUMN clock_uptime;"
		"ALTER TABLE issuer DROP COLUMN lead;"
		"ALTER TABLE issuer DROP COLUMN lead_until;"
		"ALTER TABLE issuer DROP COLUMN generation_min;"
		"ALTER TABLE issuer DROP COLUMN backup_at;"
		"ALTER TABLE issuer DROP COLUMN base_seq;"
		"ALTER TABLE issuer DROP COLUMN base_hash;"
		"ALTER TABLE signing_key DROP COLUMN lead;"
		"ALTER TABLE signing_key DROP COLUMN imported;"
		"UPDATE signing_key SET created_at = 1800000000 + generation;");
	store = suite_open(STORE_WRITE);
	assert_succeeds(store_pulse(store, SUITE_ISSUER, &pulse, &err));
	assert_true(pulse.clock_at > 1800000000);
	assert_int_equal(pulse.uptime_s, -1);
	store_close(store);
}

static void a_truncated_store_is_called_damaged(void **state)
{
	struct store *store = suite_create();
	auto_free char *bytes = NULL;
	size_t len;

	(void)state;
	suite_fill(store);
	store_close(take(store));
	bytes = read_store(&len);
	write_store(bytes, len / 2);
	refuses_file("is damaged");
	write_store(bytes, 512);
	refuses_file("is damaged");
	write_store(bytes, 50);
	refuses_file("is damaged");
}

static void a_check_finds_damage_and_dangling_rows(void **state)
{
	struct store *store = suite_create();
	auto_free char *bytes = NULL;
	size_t len;
	struct err err;

	(void)state;
	suite_fill(store);
	assert_succeeds(store_check(store, &err));
	store_close(take(store));
	run_sql("PRAGMA foreign_keys = OFF; DELETE FROM client");
	store = suite_open(STORE_READ);
	assert_fails(ERR_UNHEALTHY, store_check(store, &err));
	assert_mentions(err.text, "refers to what is not there");
	store_close(take(store));
	bytes = read_store(&len);
	memset(bytes + len - 4096, 0x55, 4096);
	write_store(bytes, len);
	store = suite_open(STORE_READ);
	assert_int_equal(store_check(store, &err), -1);
	assert_mentions(err.text, "is damaged");
	store_close(store);
}

static void a_path_is_a_path_and_nothing_else(void **state)
{
	static const char *const name[] = { ":memory:", "file:x?mode=memory" };
	char *home = getcwd(NULL, 0);
	struct err err;

	(void)state;
	assert_int_equal(chdir(dir), 0);
	for (size_t i = 0; i < 2; i++) {
		struct store *store = NULL;

		assert_succeeds(store_open(name[i], STORE_CREATE, &store, &err));
		store_close(store);
		assert_int_equal(access(name[i], F_OK), 0);
	}
	assert_int_equal(chdir(home), 0);
	free(home);
}

static void a_store_in_no_directory_cannot_be_made(void **state)
{
	struct store *store = NULL;
	struct err err;

	(void)state;
	assert_fails(ERR_FAILED, store_open("/nonexistent/x.db", STORE_CREATE, &store, &err));
	assert_mentions(err.text, "/nonexistent/x.db");
	assert_fails(ERR_NOT_FOUND, store_open("/nonexistent/x.db", STORE_WRITE, &store, &err));
	assert_mentions(err.text, "issuerctl init");
}

/* ---- secrets ---- */

static bool file_holds(const char *suffix, const void *p, size_t len)
{
	auto_free char *file = text_format("%s%s", path, suffix);
	auto_free char *bytes = NULL;
	size_t bytes_len = 0;
	struct err err = ERR_INIT;

	if (file_read(file, FILE_MAX, &bytes, &bytes_len, &err) < 0 &&
		err.code != ERR_NOT_FOUND)
		fail_msg("%s", err.text);
	return bytes_len > 0 && memmem(bytes, bytes_len, p, len) != NULL;
}

static void an_erased_private_half_is_gone_from_the_disk(void **state)
{
	struct store *store = suite_create();
	struct store_key key = suite_key(1);
	const unsigned char *sealed = key.sealed;
	const size_t len = key.sealed_len;
	struct err err;

	(void)state;
	assert_succeeds(suite_apply(store, &key, &err));
	assert_true(file_holds("-wal", sealed, len));
	key.sealed = NULL;
	assert_succeeds(suite_apply(store, &key, &err));
	assert_false(file_holds("-wal", sealed, len));
	store_close(store);
	assert_false(file_holds("", sealed, len));
}

static void what_a_reader_keeps_from_being_erased_goes_later(void **state)
{
	struct store *store = suite_create();
	struct store_key key = suite_key(1);
	const unsigned char *sealed = key.sealed;
	const size_t len = key.sealed_len;
	const struct store_account account = suite_account("app");
	sqlite3 *reader = raw_open();
	struct err err;

	(void)state;
	assert_succeeds(suite_apply(store, &key, &err));
	raw_run(reader, "BEGIN; SELECT count(*) FROM issuer");
	key.sealed = NULL;
	assert_succeeds(suite_apply(store, &key, &err));
	assert_true(file_holds("-wal", sealed, len));
	assert_int_equal(sqlite3_close(reader), SQLITE_OK);
	assert_succeeds(store_account_create(store, SUITE_ISSUER, &account, SUITE_ACTOR, &err));
	assert_false(file_holds("-wal", sealed, len));
	store_close(store);
}

/* ---- locks ---- */

static void a_locked_store_is_busy_for_writers_and_open_to_readers(void **state)
{
	struct store *store = suite_create();
	const struct store_account account = suite_account("app");
	sqlite3 *raw = raw_open();
	struct store_pulse pulse;
	struct err err;

	(void)state;
	raw_run(raw, "BEGIN EXCLUSIVE");
	store_set_busy_timeout(store, 20);
	assert_fails(ERR_BUSY,
		store_account_create(store, SUITE_ISSUER, &account, SUITE_ACTOR, &err));
	assert_mentions(err.text, "is locked by another process");
	assert_mentions(err.text, path);
	assert_succeeds(store_pulse(store, SUITE_ISSUER, &pulse, &err));
	raw_run(raw, "ROLLBACK");
	assert_succeeds(store_account_create(store, SUITE_ISSUER, &account, SUITE_ACTOR, &err));
	assert_int_equal(sqlite3_close(raw), SQLITE_OK);
	store_close(store);
}

static void the_lock_text_says_how_long_it_waited(void **state)
{
	struct store *store = suite_create();
	sqlite3 *raw = raw_open();
	struct err err;

	(void)state;
	raw_run(raw, "BEGIN IMMEDIATE");
	store_set_busy_timeout(store, 1000);
	assert_fails(ERR_BUSY,
		store_issuer_create(store, "b", "https://b.test", "test", 1, &err));
	assert_mentions(err.text, "for more than 1s");
	assert_int_equal(sqlite3_close(raw), SQLITE_OK);
	store_close(store);
}

static void every_commit_is_synced(void **state)
{
	struct store *store = suite_create();
	struct err err;

	(void)state;
	for (int i = 0; i < 5; i++) {
		const int before = vfs_faulty_syncs();

		assert_succeeds(store_audit_append(store, SUITE_ISSUER, STORE_ANY_REVISION,
			&suite_record, 1, &err));
		assert_true(vfs_faulty_syncs() > before);
	}
	store_close(store);
}

/* ---- faults: every write, sync and open fails in turn ---- */

static int fault_account_create(struct store *store, struct err *err)
{
	struct store_account account = suite_account("new");

	(void)text_fit(account.uid, sizeof(account.uid), "the-same-in-every-run");
	return store_account_create(store, SUITE_ISSUER, &account, SUITE_ACTOR, err);
}

static int fault_account_annotate(struct store *store, struct err *err)
{
	return store_account_annotate(store, SUITE_ISSUER, "ci", "app", "{\"a\":2}",
		SUITE_ACTOR, SUITE_NOW, err);
}

static int fault_account_delete(struct store *store, struct err *err)
{
	return store_account_delete(store, SUITE_ISSUER, "ci", "idle", SUITE_ACTOR, SUITE_NOW,
		err);
}

static int fault_node_create(struct store *store, struct err *err)
{
	struct store_node node = suite_node("new");

	(void)text_fit(node.uid, sizeof(node.uid), "the-same-in-every-run");
	return store_node_create(store, SUITE_ISSUER, &node, SUITE_ACTOR, err);
}

static int fault_node_delete(struct store *store, struct err *err)
{
	return store_node_delete(store, SUITE_ISSUER, "n1", SUITE_ACTOR, SUITE_NOW, err);
}

static int fault_pod_create(struct store *store, struct err *err)
{
	char *audiences[] = { (char[]){ "a" }, (char[]){ "b" } };
	struct store_pod pod = suite_pod("new", "n1", audiences, 2);

	(void)text_fit(pod.uid, sizeof(pod.uid), "the-same-in-every-run");
	return store_pod_create(store, SUITE_ISSUER, &pod, SUITE_ACTOR, err);
}

static int fault_pod_delete(struct store *store, struct err *err)
{
	return store_pod_delete(store, SUITE_ISSUER, "ci", "pod", SUITE_ACTOR, SUITE_NOW, err);
}

static int fault_client_create(struct store *store, struct err *err)
{
	char *groups[] = { (char[]){ "a" }, (char[]){ "b" } };
	const struct store_client client = suite_client("new", groups, 2);

	return store_client_create(store, SUITE_ISSUER, &client, SUITE_ACTOR, err);
}

static int fault_client_revoke(struct store *store, struct err *err)
{
	return store_client_revoke(store, SUITE_ISSUER, "runner", SUITE_ACTOR, SUITE_NOW, err);
}

static int fault_grant_add(struct store *store, struct err *err)
{
	char *audiences[] = { (char[]){ "a" }, (char[]){ "b" } };
	const struct store_grant grant = suite_grant("runner", "", audiences, 2);
	int64_t id;

	return store_grant_add(store, SUITE_ISSUER, &grant, SUITE_ACTOR, &id, err);
}

static int fault_grant_remove(struct store *store, struct err *err)
{
	return store_grant_remove(store, SUITE_ISSUER, 1, SUITE_ACTOR, SUITE_NOW, err);
}

static int fault_key_add(struct store *store, struct err *err)
{
	const struct store_key key = suite_key(2);

	return suite_apply(store, &key, err);
}

static int fault_key_erase(struct store *store, struct err *err)
{
	struct store_key key = suite_key(1);

	key.sealed = NULL;
	return suite_apply(store, &key, err);
}

static int fault_audit_append(struct store *store, struct err *err)
{
	struct store_audit rows[50];

	for (size_t i = 0; i < 50; i++)
		rows[i] = suite_record;
	return store_audit_append(store, SUITE_ISSUER, STORE_ANY_REVISION, rows, 50, err);
}

/* The same bytes, turned around: as good as sealed anew. */
static int turn(const char *issuer, const struct store_key *row, void *ctx, unsigned char **ret,
	size_t *ret_len, struct err *err)
{
	(void)issuer;
	(void)ctx;
	(void)err;
	*ret_len = row->sealed_len;
	*ret = text_alloc(row->sealed_len, 1);
	for (size_t i = 0; i < row->sealed_len; i++)
		(*ret)[i] = (unsigned char)~row->sealed[i];
	return 0;
}

static int fault_keys_reseal(struct store *store, struct err *err)
{
	size_t changed;

	return store_keys_reseal(store, turn, NULL, SUITE_ACTOR, SUITE_NOW, &changed, err);
}

static int fault_clock_accept(struct store *store, struct err *err)
{
	return store_clock_accept(store, SUITE_ISSUER, (struct clock_reading){ SUITE_NOW, 7 },
		SUITE_ACTOR, err);
}

typedef int deed_fn(struct store *store, struct err *err);

static deed_fn *const deed[] = { fault_account_create, fault_account_annotate,
	fault_account_delete, fault_node_create, fault_node_delete, fault_pod_create,
	fault_pod_delete, fault_client_create, fault_client_revoke, fault_grant_add,
	fault_grant_remove, fault_key_add, fault_key_erase, fault_keys_reseal,
	fault_clock_accept, fault_audit_append };

/* The bytes of a filled store, and what it tells before and after the deed. */
struct expectation {
	char *bytes;
	size_t len;
	char *before;
	char *after;
};

static void expect(struct expectation *e, deed_fn *act)
{
	struct store *store;
	struct err err;

	wipe();
	store = suite_create();
	suite_fill(store);
	e->before = suite_dump(store);
	store_close(store);
	e->bytes = read_store(&e->len);
	store = suite_open(STORE_WRITE);
	assert_succeeds(act(store, &err));
	e->after = suite_dump(store);
	store_close(store);
}

static void expectation_free(struct expectation *e)
{
	free(e->bytes);
	free(e->before);
	free(e->after);
}
#define auto_expectation __attribute__((cleanup(expectation_free)))

static void assert_clean_failure(const struct err *err, enum vfs_faulty_kind kind)
{
	assert_true(err->code == ERR_BUSY ||
		(err->code == ERR_FAILED && kind != VFS_FAULTY_FULL));
	assert_mentions(err->text, path);
	if (kind == VFS_FAULTY_FULL)
		assert_mentions(err->text, ": disk full; free some space and try again");
}

static void assert_tells(struct store *store, const char *expected)
{
	auto_free char *told = suite_dump(store);
	struct err err;

	assert_string_equal(told, expected);
	assert_succeeds(store_check(store, &err));
}

/* One deed with one fault; false once there was nothing left to fail. */
static bool fail_nth(const struct expectation *e, deed_fn *act, int nth,
	enum vfs_faulty_kind kind)
{
	struct store *store = NULL;
	struct err err = ERR_INIT;
	const char *expected;
	bool has_fired;
	int rc;

	write_store(e->bytes, e->len);
	vfs_faulty_arm(nth, kind);
	rc = store_open(path, STORE_WRITE, &store, &err);
	if (rc == 0)
		rc = act(store, &err);
	has_fired = vfs_faulty_disarm();
	expected = rc == 0 ? e->after : e->before;
	if (rc < 0)
		assert_clean_failure(&err, kind);
	if (store)
		assert_tells(store, expected);
	store_close(store);
	store = suite_open(STORE_WRITE);
	assert_tells(store, expected);
	if (rc < 0) {
		assert_succeeds(act(store, &err));
		assert_tells(store, e->after);
	}
	store_close(store);
	return has_fired;
}

static void a_fault_anywhere_is_a_clean_error_and_changes_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(deed) / sizeof(deed[0]); i++) {
		auto_expectation struct expectation e = { .bytes = NULL };

		expect(&e, deed[i]);
		for (enum vfs_faulty_kind kind = 0; kind < VFS_FAULTY_KINDS; kind++) {
			int nth = 1;

			while (fail_nth(&e, deed[i], nth, kind))
				nth++;
			assert_true(nth > 3); /* the faults did reach it */
		}
	}
}

static bool fail_nth_of_create(int nth, enum vfs_faulty_kind kind)
{
	struct store *store = NULL;
	struct err err = ERR_INIT;
	bool has_fired;
	int rc;

	wipe();
	vfs_faulty_arm(nth, kind);
	rc = store_open(path, STORE_CREATE, &store, &err);
	has_fired = vfs_faulty_disarm();
	if (rc < 0) {
		assert_clean_failure(&err, kind);
		assert_int_equal(files_in_dir(), 0);
		store = suite_create();
	}
	store_close(store);
	assert_int_equal(files_in_dir(), 1);
	return has_fired;
}

static void a_store_is_made_whole_or_not_at_all(void **state)
{
	(void)state;
	for (enum vfs_faulty_kind kind = 0; kind < VFS_FAULTY_KINDS; kind++) {
		int nth = 1;

		while (fail_nth_of_create(nth, kind))
			nth++;
		assert_true(nth > 5);
	}
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest own[] = {
		cmocka_unit_test(its_files_are_ours_alone_whatever_the_umask),
		cmocka_unit_test(a_file_that_others_may_change_is_refused),
		cmocka_unit_test(a_file_of_another_kind_is_refused),
		cmocka_unit_test(a_newer_store_is_refused_with_both_versions),
		cmocka_unit_test(an_older_store_is_migrated_by_a_writer_only),
		cmocka_unit_test(a_store_whose_file_was_replaced_is_used_no_more),
		cmocka_unit_test(the_first_clock_is_that_of_the_newest_key),
		cmocka_unit_test(a_truncated_store_is_called_damaged),
		cmocka_unit_test(a_check_finds_damage_and_dangling_rows),
		cmocka_unit_test(a_path_is_a_path_and_nothing_else),
		cmocka_unit_test(a_store_in_no_directory_cannot_be_made),
		cmocka_unit_test(an_erased_private_half_is_gone_from_the_disk),
		cmocka_unit_test(what_a_reader_keeps_from_being_erased_goes_later),
		cmocka_unit_test(a_locked_store_is_busy_for_writers_and_open_to_readers),
		cmocka_unit_test(the_lock_text_says_how_long_it_waited),
		cmocka_unit_test(every_commit_is_synced),
		cmocka_unit_test(a_fault_anywhere_is_a_clean_error_and_changes_nothing),
		cmocka_unit_test(a_store_is_made_whole_or_not_at_all),
	};
	int failures;

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	if (!mkdtemp(dir))
		return 99;
	(void)snprintf(path, sizeof(path), "%s/issuer.db", dir);
	vfs_faulty_install(); /* harmless until armed */
	failures = store_suite_run(&engine, own, sizeof(own) / sizeof(own[0]));
	vfs_faulty_remove();
	(void)rmdir(dir); /* every case leaves it empty */
	return failures;
}

/* test_store_backup.c - store/store_backup.c: a copy of one moment, whole or not there at all,
 * while others write and disks fail.
 * SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>

#include "t/lib/vfs_faulty.h"
#include "t/unit/count_records.h"
#include "t/unit/keys_fixture.h"

#define MANY 30 /* accounts of 200 KiB: more than one piece of a copy */

static struct fixture f;
static char copy[sizeof(f.dir) + 16];

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	(void)snprintf(copy, sizeof(copy), "%s/copy.db", f.dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

static void add_account(struct store *store, int n)
{
	auto_free char *blanks = text_alloc(200 * 1024, 1);
	auto_free char *annotations = NULL;
	struct store_account account = { .namespace = "ci", .created_at = WORLD_NOW };
	struct err err;

	memset(blanks, 'x', 200 * 1024 - 1);
	annotations = text_format("{\"a\":\"%s\"}", blanks);
	account.annotations = annotations;
	(void)snprintf(account.name, sizeof(account.name), "app-%d", n);
	assert_succeeds(secret_uuid(account.uid, &err));
	assert_succeeds(store_account_create(store, FIXTURE_ISSUER, &account, "test", &err));
}

static size_t count_files(void)
{
	DIR *d = opendir(f.dir);
	size_t count = 0;

	assert_non_null(d);
	for (const struct dirent *e = readdir(d); e; e = readdir(d))
		count += e->d_name[0] != '.';
	(void)closedir(d);
	return count;
}

/* The rows of the copy; it must be sound. */
static void load_copy(struct store_keys *keys, size_t *ret_accounts)
{
	auto_store struct store *store = NULL;
	auto_store_accounts struct store_accounts accounts = { .count = 0 };
	int64_t records;
	struct err err;

	assert_succeeds(store_open(copy, STORE_READ, &store, &err));
	assert_succeeds(store_check(store, &err));
	assert_succeeds(count_records(store, FIXTURE_ISSUER, &records, &err));
	assert_succeeds(store_keys_load(store, FIXTURE_ISSUER, keys, &err));
	assert_succeeds(store_account_list(store, FIXTURE_ISSUER, NULL, &accounts, &err));
	*ret_accounts = accounts.count;
}

static void a_copy_has_all_and_knows_what_it_is(void **state)
{
	const struct rotate rotate = fixture_rotate(&f);
	auto_store_keys struct store_keys keys = { .count = 0 };
	auto_store_keys struct store_keys copied = { .count = 0 };
	struct stat st;
	struct err err;
	size_t accounts;

	(void)state;
	(void)fixture_run(&rotate, PLAN_TICK, WORLD_NOW);
	add_account(f.store, 1);
	assert_succeeds(store_backup(f.store, copy, WORLD_NOW + 7, NULL, NULL, &err));
	assert_int_equal(stat(copy, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	load_copy(&copied, &accounts);
	assert_int_equal(accounts, 1);
	assert_succeeds(store_keys_load(f.store, FIXTURE_ISSUER, &keys, &err));
	assert_int_equal(copied.count, keys.count);
	assert_int_equal(copied.revision, keys.revision);
	assert_memory_equal(copied.key[0].sealed, keys.key[0].sealed, keys.key[0].sealed_len);
	assert_int_equal(copied.memory.backup_at, WORLD_NOW + 7);
	assert_int_equal(copied.memory.uptime_s, -1);
	assert_int_equal(copied.memory.clock_at, keys.memory.clock_at);
	assert_int_equal(keys.memory.backup_at, TIME_UNSET);
}

/* What is lost reaches back to the first one, if nothing was planned in between. */
static void a_copy_of_a_copy_knows_of_the_first(void **state)
{
	const struct rotate rotate = fixture_rotate(&f);
	auto_free char *second = text_format("%s/second.db", f.dir);
	auto_store struct store *restored = NULL;
	auto_store_keys struct store_keys keys = { .count = 0 };
	struct err err;

	(void)state;
	(void)fixture_run(&rotate, PLAN_TICK, WORLD_NOW);
	assert_succeeds(store_backup(f.store, copy, WORLD_NOW + 7, NULL, NULL, &err));
	assert_succeeds(store_open(copy, STORE_WRITE, &restored, &err));
	assert_succeeds(store_backup(restored, second, WORLD_NOW + DAY, NULL, NULL, &err));
	store_close(take(restored));
	assert_succeeds(store_open(second, STORE_READ, &restored, &err));
	assert_succeeds(store_keys_load(restored, FIXTURE_ISSUER, &keys, &err));
	assert_int_equal(keys.memory.backup_at, WORLD_NOW + 7);
}

struct writer {
	struct store *store;
	int calls;
	int64_t done, total;
};

/* Another process writes between any two pieces. */
static void write_meanwhile(int64_t done, int64_t total, void *ctx)
{
	struct writer *w = ctx;

	assert_true(done >= w->done && done <= total);
	w->done = done;
	w->total = total;
	add_account(w->store, 1000 + w->calls++);
}

static void a_copy_is_of_one_moment_whoever_writes_meanwhile(void **state)
{
	auto_store struct store *other = NULL;
	auto_store_keys struct store_keys copied = { .count = 0 };
	struct writer writer = { .calls = 0 };
	struct err err;
	size_t accounts;

	(void)state;
	for (int i = 0; i < MANY; i++)
		add_account(f.store, i);
	assert_succeeds(store_open(f.store_path, STORE_WRITE, &other, &err));
	writer.store = other;
	assert_succeeds(store_backup(f.store, copy, WORLD_NOW, write_meanwhile, &writer, &err));
	assert_true(writer.calls > 1);
	assert_int_equal(writer.done, writer.total);
	load_copy(&copied, &accounts);
	assert_int_equal(accounts, MANY);
}

static void nothing_that_is_there_is_replaced(void **state)
{
	auto_free char *nowhere = text_format("%s/no/copy.db", f.dir);
	struct err err;

	(void)state;
	assert_succeeds(store_backup(f.store, copy, WORLD_NOW, NULL, NULL, &err));
	assert_fails(ERR_CONFLICT,
		store_backup(f.store, copy, WORLD_NOW + 1, NULL, NULL, &err));
	assert_fails(ERR_CONFLICT,
		store_backup(f.store, f.store_path, WORLD_NOW, NULL, NULL, &err));
	assert_fails(ERR_FAILED, store_backup(f.store, nowhere, WORLD_NOW, NULL, NULL, &err));
	assert_mentions(err.text, nowhere);
}

static bool fail_nth(int nth, enum vfs_faulty_kind kind)
{
	struct err err = ERR_INIT;
	const size_t files = count_files();
	bool has_fired;
	int rc;

	vfs_faulty_arm(nth, kind);
	rc = store_backup(f.store, copy, WORLD_NOW, NULL, NULL, &err);
	has_fired = vfs_faulty_disarm();
	if (rc < 0) {
		assert_true(err.code == ERR_BUSY || err.code == ERR_FAILED);
		assert_int_equal(count_files(), files);
	} else {
		auto_store_keys struct store_keys copied = { .count = 0 };
		size_t accounts;

		load_copy(&copied, &accounts);
		assert_int_equal(accounts, 1);
		assert_int_equal(unlink(copy), 0);
	}
	assert_succeeds(store_check(f.store, &err));
	return has_fired;
}

static void a_fault_leaves_no_half_a_copy(void **state)
{
	(void)state;
	store_close(take(f.store));
	vfs_faulty_install();
	{
		struct err err;

		assert_succeeds(store_open(f.store_path, STORE_WRITE, &f.store, &err));
	}
	add_account(f.store, 1);
	for (enum vfs_faulty_kind kind = 0; kind < VFS_FAULTY_KINDS; kind++) {
		int nth = 1;

		while (fail_nth(nth, kind))
			nth++;
		assert_true(nth > 5);
	}
	store_close(take(f.store));
	vfs_faulty_remove();
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

UNIT_MAIN(CASE(a_copy_has_all_and_knows_what_it_is), CASE(a_copy_of_a_copy_knows_of_the_first),
	CASE(a_copy_is_of_one_moment_whoever_writes_meanwhile),
	CASE(nothing_that_is_there_is_replaced), CASE(a_fault_leaves_no_half_a_copy));

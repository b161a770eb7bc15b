/* test_sealing.c - keys/sealing.c and keys/rewrap.c: the key that opens the rows is found
 * wherever it lies, and is changed without a moment in which nobody finds it.
 * SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>

#include "base/file.h"
#include "keys/rewrap.h"
#include "t/unit/keys_fixture.h"

static struct fixture f;

static int setup(void **state)
{
	struct rotate rotate;

	(void)state;
	fixture_open(&f);
	rotate = fixture_rotate(&f);
	(void)fixture_run(&rotate, PLAN_TICK, WORLD_NOW);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

static char *in_dir(const char *name)
{
	return text_format("%s/%s", f.dir, name);
}

static int find(struct sealing *sealing, struct err *err)
{
	auto_store_keys struct store_keys keys = { .count = 0 };
	struct key_sealing *found = NULL;
	int rc;

	if (store_keys_load(f.store, FIXTURE_ISSUER, &keys, err) < 0)
		return -1;
	rc = sealing_find(sealing, FIXTURE_ISSUER, &keys, &found, err);
	key_sealing_free(found);
	return rc;
}

/* Of the files in this order. */
static int find_in(const char *a, const char *b, struct err *err)
{
	const char *const paths[] = { a, b };
	auto_sealing struct sealing *sealing = sealing_new(paths, 2);

	return find(sealing, err);
}

static void the_first_file_that_opens_all_is_taken(void **state)
{
	auto_free char *wrong = in_dir("wrong.key");
	auto_free char *missing = in_dir("missing.key");
	struct err err;

	(void)state;
	assert_succeeds(key_sealing_create(wrong, &err));
	assert_succeeds(find_in(f.sealing_path, wrong, &err));
	assert_succeeds(find_in(wrong, f.sealing_path, &err));
	assert_succeeds(find_in(missing, f.sealing_path, &err));
	assert_fails(ERR_NOT_FOUND, find_in(missing, missing, &err));
	assert_fails(ERR_REFUSED, find_in(wrong, missing, &err));
	assert_mentions(err.text, "does not open with this sealing key");
	assert_fails(ERR_REFUSED, find_in(missing, wrong, &err));
	assert_int_equal(chmod(wrong, 0644), 0);
	assert_fails(ERR_REFUSED, find_in(wrong, missing, &err));
	assert_mentions(err.text, "chmod 600");
}

/* What was read once is kept: a file that is taken away after the start is not missed. */
static void what_opened_before_needs_no_file(void **state)
{
	auto_free char *away = in_dir("away.key");
	struct err err;

	(void)state;
	assert_succeeds(find(f.sealing, &err));
	assert_int_equal(rename(f.sealing_path, away), 0);
	assert_succeeds(find(f.sealing, &err));
}

static struct rewrap rewrapping(const char *given)
{
	return (struct rewrap){
		.store = f.store, .path = f.sealing_path, .given = given, .actor = "test"
	};
}

static struct rewrap_result rewrapped(const char *given)
{
	const struct rewrap rewrap = rewrapping(given);
	struct rewrap_result result;
	struct err err;

	assert_succeeds(rewrap_run(&rewrap, WORLD_NOW, &result, &err));
	return result;
}

static void a_new_key_opens_all_and_the_old_one_is_kept(void **state)
{
	auto_free char *new_path = in_dir("sealing.key.new");
	auto_free char *old_path = in_dir("sealing.key.old");
	struct rewrap_result result;
	struct err err;

	(void)state;
	assert_succeeds(find(f.sealing, &err));
	result = rewrapped(NULL);
	assert_int_equal(result.keys, 2);
	assert_false(result.is_resumed);
	assert_string_equal(result.old_path, old_path);
	free(result.old_path);
	assert_int_equal(access(new_path, F_OK), -1);
	/* Who had the old one in memory finds the new one; the old file opens nothing now. */
	assert_succeeds(find(f.sealing, &err));
	assert_succeeds(find_in(f.sealing_path, f.sealing_path, &err));
	assert_fails(ERR_REFUSED, find_in(old_path, old_path, &err));
	result = rewrapped(NULL);
	assert_mentions(result.old_path, "sealing.key.old.1");
	free(result.old_path);
	assert_succeeds(find(f.sealing, &err));
}

static void a_given_key_is_taken_as_it_is(void **state)
{
	auto_free char *given = in_dir("given.key");
	auto_free char *short_path = in_dir("short.key");
	struct rewrap rewrap = rewrapping(short_path);
	struct rewrap_result result;
	struct err err;

	(void)state;
	assert_succeeds(file_create_secret(short_path, "short", 5, &err));
	assert_fails(ERR_BAD_INPUT, rewrap_run(&rewrap, WORLD_NOW, &result, &err));
	assert_succeeds(key_sealing_create(given, &err));
	result = rewrapped(given);
	free(result.old_path);
	assert_succeeds(find_in(given, given, &err));
	/* Then it is the one in use, and no change at all. */
	rewrap = rewrapping(given);
	assert_fails(ERR_BAD_INPUT, rewrap_run(&rewrap, WORLD_NOW, &result, &err));
	assert_mentions(err.text, "in use already");
}

static void a_link_stays_and_the_files_beside_its_target_change(void **state)
{
	auto_free char *sub = in_dir("elsewhere");
	auto_free char *target = in_dir("elsewhere/real.key");
	auto_free char *old_path = in_dir("elsewhere/real.key.old");
	struct rewrap_result result;
	struct stat st;
	struct err err;

	(void)state;
	assert_int_equal(mkdir(sub, 0700), 0);
	assert_int_equal(rename(f.sealing_path, target), 0);
	assert_int_equal(symlink(target, f.sealing_path), 0);
	result = rewrapped(NULL);
	assert_string_equal(result.old_path, old_path);
	free(result.old_path);
	assert_int_equal(lstat(f.sealing_path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(lstat(old_path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_succeeds(find_in(target, target, &err));
	assert_int_equal(unlink(target) | unlink(old_path) | rmdir(sub), 0);
}

/* A rewrap that stopped after each of its steps. */
static void an_interrupted_one_is_finished(void **state)
{
	auto_free char *new_path = in_dir("sealing.key.new");
	auto_free char *old_path = in_dir("sealing.key.old");
	auto_free char *given = in_dir("given.key");
	struct rewrap rewrap = rewrapping(given);
	struct rewrap_result result;
	struct err err;

	(void)state;
	assert_succeeds(key_sealing_create(given, &err));
	/* The new key is there, and nothing else was done. */
	assert_succeeds(key_sealing_create(new_path, &err));
	assert_succeeds(find_in(f.sealing_path, new_path, &err));
	assert_fails(ERR_CONFLICT, rewrap_run(&rewrap, WORLD_NOW, &result, &err));
	assert_mentions(err.text, "without --new-key");
	result = rewrapped(NULL);
	assert_true(result.is_resumed);
	assert_int_equal(result.keys, 2);
	free(result.old_path);
	/* All is sealed with the new key, and the old one has its second name already. */
	assert_int_equal(rename(f.sealing_path, new_path), 0);
	assert_int_equal(link(old_path, f.sealing_path), 0);
	assert_succeeds(find_in(f.sealing_path, new_path, &err));
	result = rewrapped(NULL);
	assert_true(result.is_resumed);
	assert_int_equal(result.keys, 0);
	assert_string_equal(result.old_path, old_path);
	free(result.old_path);
	assert_succeeds(find_in(f.sealing_path, f.sealing_path, &err));
}

static void neither_key_is_refused_and_changes_nothing(void **state)
{
	auto_free char *away = in_dir("away.key");
	const struct rewrap rewrap = rewrapping(NULL);
	struct rewrap_result result;
	struct err err;

	(void)state;
	assert_int_equal(rename(f.sealing_path, away), 0);
	assert_fails(ERR_NOT_FOUND, rewrap_run(&rewrap, WORLD_NOW, &result, &err));
	assert_succeeds(key_sealing_create(f.sealing_path, &err));
	assert_fails(ERR_REFUSED, rewrap_run(&rewrap, WORLD_NOW, &result, &err));
	assert_succeeds(find_in(away, away, &err));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

UNIT_MAIN(CASE(the_first_file_that_opens_all_is_taken), CASE(what_opened_before_needs_no_file),
	CASE(a_new_key_opens_all_and_the_old_one_is_kept), CASE(a_given_key_is_taken_as_it_is),
	CASE(an_interrupted_one_is_finished),
	CASE(a_link_stays_and_the_files_beside_its_target_change),
	CASE(neither_key_is_refused_and_changes_nothing));

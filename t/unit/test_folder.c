/* test_folder.c - the atomic directory: what readers see, what is left behind, what is refused.
 * Killed writers are in t/6004-agent-crash.t. SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/folder.h"
#include "base/auto.h"
#include "base/file.h"
#include "base/text.h"
#include "t/unit/unit.h"

#define NOW 1795860000 /* 2026-11-28T10:00:00Z */

static char *base; /* of this program; each test has a directory in it */

static char *path_in(const char *dir, const char *name)
{
	return text_format("%s/%s", dir, name);
}

static struct token_file file(const char *name, const char *bytes)
{
	return (struct token_file){ name, bytes, strlen(bytes), geteuid(), getegid(), 0640 };
}

static void assert_holds(const char *dir, const char *name, const char *bytes)
{
	auto_free char *path = path_in(dir, name);
	auto_free char *got = NULL;
	struct err err = ERR_INIT;
	struct stat st;
	size_t len;

	assert_succeeds(file_read(path, 1000, &got, &len, &err));
	assert_string_equal(got, bytes);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

static int count_names(const char *dir)
{
	DIR *d = opendir(dir);
	int n = -2; /* . and .. */

	assert_non_null(d);
	while (readdir(d))
		n++;
	(void)closedir(d);
	return n;
}

static int write_at(const char *dir, const char *bytes, unix_time now, struct err *err)
{
	const struct token_file f = file("token", bytes);

	return folder_write(dir, &f, 1, now, NULL, err);
}

static int write_one(const char *dir, const char *bytes, bool *ret_changed, struct err *err)
{
	const struct token_file f = file("token", bytes);

	return folder_write(dir, &f, 1, NOW, ret_changed, err);
}

static void a_directory_is_made_and_filled(void **state)
{
	const char *dir = *state;
	auto_free char *link = path_in(dir, "token");
	auto_free char *data = path_in(dir, "..data");
	char target[100] = "";
	struct err err = ERR_INIT;
	bool is_changed = false;

	assert_succeeds(write_one(dir, "one", &is_changed, &err));
	assert_true(is_changed);
	assert_holds(dir, "token", "one");
	assert_int_equal(readlink(link, target, sizeof(target) - 1), 12);
	assert_string_equal(target, "..data/token");
	memset(target, 0, sizeof(target));
	assert_true(readlink(data, target, sizeof(target) - 1) > 0);
	assert_memory_equal(target, "..2026_11_28_10_00_00.", 22);
	assert_int_equal(count_names(dir), 3);
}

static void equal_bytes_change_nothing(void **state)
{
	const char *dir = *state;
	auto_free char *data = path_in(dir, "..data");
	struct stat before, after;
	struct err err = ERR_INIT;
	bool is_changed = true;

	assert_succeeds(write_one(dir, "one", NULL, &err));
	assert_int_equal(lstat(data, &before), 0);
	assert_succeeds(write_one(dir, "one", &is_changed, &err));
	assert_false(is_changed);
	assert_int_equal(lstat(data, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

static void another_mode_is_a_change(void **state)
{
	const char *dir = *state;
	struct token_file f = file("token", "one");
	auto_free char *path = path_in(dir, "token");
	struct err err = ERR_INIT;
	struct stat st;

	assert_succeeds(folder_write(dir, &f, 1, NOW, NULL, &err));
	f.mode = 0400;
	assert_succeeds(folder_write(dir, &f, 1, NOW, NULL, &err));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
}

/* Whoever is on the way to it still finds it. */
static void the_version_before_stays_until_the_next(void **state)
{
	const char *dir = *state;
	auto_free char *data = path_in(dir, "..data");
	auto_free char *old = NULL;
	char target[100] = "";
	struct err err = ERR_INIT;

	assert_succeeds(write_one(dir, "one", NULL, &err));
	assert_true(readlink(data, target, sizeof(target) - 1) > 0);
	old = path_in(dir, target);
	assert_succeeds(write_at(dir, "two", NOW + 3600, &err));
	assert_int_equal(access(old, F_OK), 0);
	assert_succeeds(write_at(dir, "two", NOW + 3600, &err));
	assert_int_equal(access(old, F_OK), -1);
	assert_int_equal(count_names(dir), 3);
}

/* However fast the next ones come. */
static void a_version_stays_for_two_seconds(void **state)
{
	const char *dir = *state;
	struct err err = ERR_INIT;

	assert_succeeds(write_at(dir, "1", NOW, &err));
	assert_succeeds(write_at(dir, "2", NOW, &err));
	assert_succeeds(write_at(dir, "3", NOW + 1, &err));
	assert_succeeds(write_at(dir, "4", NOW + 1, &err));
	assert_int_equal(count_names(dir), 2 + 4);
	assert_succeeds(write_at(dir, "5", NOW + 2, &err));
	assert_int_equal(count_names(dir), 2 + 3);
	/* A clock that was in the future for a while leaves nothing for long. */
	assert_succeeds(write_at(dir, "6", NOW - 100, &err));
	assert_int_equal(count_names(dir), 2 + 2);
}

static void files_come_and_go_together(void **state)
{
	const char *dir = *state;
	const struct token_file both[] = { file("a", "1"), file("b", "2") };
	auto_free char *gone = path_in(dir, "a");
	struct err err = ERR_INIT;
	struct stat st;

	assert_succeeds(folder_write(dir, both, 2, NOW, NULL, &err));
	assert_holds(dir, "a", "1");
	assert_holds(dir, "b", "2");
	assert_succeeds(folder_write(dir, both + 1, 1, NOW, NULL, &err));
	assert_holds(dir, "b", "2");
	assert_int_equal(lstat(gone, &st), -1);
	assert_succeeds(folder_clear(dir, &err));
	assert_int_equal(count_names(dir), 0);
}

static void leftovers_are_removed_and_links_put_right(void **state)
{
	const char *dir = *state;
	auto_free char *stray = path_in(dir, "..2026_01_01_00_00_00.0000000001");
	auto_free char *within = path_in(stray, "token");
	auto_free char *half = path_in(dir, "..data_tmp");
	auto_free char *link = path_in(dir, "token");
	auto_free char *foreign = path_in(dir, "README");
	struct err err = ERR_INIT;

	assert_succeeds(write_one(dir, "one", NULL, &err));
	assert_int_equal(mkdir(stray, 0755), 0);
	assert_int_equal(symlink("nowhere", within), 0);
	assert_int_equal(symlink("nowhere", half), 0);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink("..data/elsewhere", link), 0);
	assert_int_equal(symlink("mine", foreign), 0);
	assert_succeeds(write_one(dir, "one", NULL, &err));
	assert_holds(dir, "token", "one");
	assert_int_equal(count_names(dir), 4); /* what is not ours stays */
}

static void what_is_in_the_way_is_refused(void **state)
{
	const char *dir = *state;
	auto_free char *in_the_way = path_in(dir, "token");
	auto_free char *data = path_in(dir, "..data");
	struct err err = ERR_INIT;
	FILE *f;

	assert_int_equal(mkdir(dir, 0755), 0);
	f = fopen(in_the_way, "w");
	assert_non_null(f);
	(void)fclose(f);
	assert_fails(ERR_REFUSED, write_one(dir, "one", NULL, &err));
	assert_mentions(err.text, "/token' is there and is not ours");
	assert_int_equal(unlink(in_the_way), 0);
	assert_int_equal(unlink(data), 0);
	assert_int_equal(mkdir(data, 0755), 0);
	assert_fails(ERR_REFUSED, write_one(dir, "one", NULL, &err));
	assert_mentions(err.text, "..data' is there and is no link");
}

static void an_unfit_directory_is_refused(void **state)
{
	const char *dir = *state;
	auto_free char *link = text_format("%s.link", dir);
	struct err err = ERR_INIT;

	assert_int_equal(mkdir(dir, 0755), 0);
	assert_int_equal(chmod(dir, 0775), 0);
	assert_fails(ERR_REFUSED, write_one(dir, "one", NULL, &err));
	assert_mentions(err.text, "chmod go-w");
	assert_int_equal(chmod(dir, 01777), 0);
	assert_fails(ERR_REFUSED, write_one(dir, "one", NULL, &err));
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(symlink(dir, link), 0);
	assert_fails(ERR_REFUSED, write_one(link, "one", NULL, &err));
	assert_mentions(err.text, "is a link");
	assert_int_equal(unlink(link), 0);
	assert_int_equal(count_names(dir), 0);
	assert_fails(ERR_FAILED, write_one("/nowhere/at/all", "one", NULL, &err));
}

static void a_plain_file_is_replaced_whole(void **state)
{
	const char *dir = *state;
	struct token_file f = file("token", "one");
	auto_free char *path = path_in(dir, "token");
	bool is_changed = false;
	struct err err = ERR_INIT;

	assert_succeeds(token_file_replace(dir, &f, &is_changed, &err));
	assert_true(is_changed);
	assert_holds(dir, "token", "one");
	assert_succeeds(token_file_replace(dir, &f, &is_changed, &err));
	assert_false(is_changed);
	f = file("token", "two");
	assert_succeeds(token_file_replace(dir, &f, NULL, &err));
	assert_holds(dir, "token", "two");
	assert_int_equal(count_names(dir), 1);
	assert_succeeds(token_file_remove(dir, "token", &err));
	assert_succeeds(token_file_remove(dir, "token", &err));
	assert_int_equal(count_names(dir), 0);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_fails(ERR_REFUSED, token_file_replace(dir, &f, NULL, &err));
	assert_mentions(err.text, "is no regular file");
}

/* A directory may say that what is made in it is of its own group. It takes root, or another
 * group than our first, to try. */
static void the_group_is_the_configured_one(void **state)
{
	const char *dir = *state;
	const struct token_file f = file("token", "one");
	auto_free char *path = path_in(dir, "token");
	struct err err = ERR_INIT;
	struct stat st;

	assert_int_equal(mkdir(dir, 0755), 0);
	if (chown(dir, (uid_t)-1, getegid() + 1) < 0)
		return;
	assert_int_equal(chmod(dir, 02755), 0);
	assert_succeeds(token_file_replace(dir, &f, NULL, &err));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_gid, getegid());
	assert_succeeds(token_file_remove(dir, "token", &err));
	assert_succeeds(folder_write(dir, &f, 1, NOW, NULL, &err));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_gid, getegid());
}

static void memory_is_told_from_disks(void **state)
{
	(void)state;
	assert_true(folder_is_in_memory("/dev/shm/not/there"));
	assert_false(folder_is_in_memory("/proc"));
}

static int enter(void **state)
{
	static int n;

	*state = text_format("%s/%d", base, n++);
	return 0;
}

static int leave(void **state)
{
	auto_free char *command = text_format("rm -rf '%s'", (char *)*state);
	const int rc = system(command); /* NOLINT(cert-env33-c): our own path */

	free(*state);
	return rc;
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, enter, leave)

static int make_base(void **state)
{
	(void)state;
	base = text_copy("/tmp/test_folder.XXXXXX");
	return mkdtemp(base) ? 0 : -1;
}

static int remove_base(void **state)
{
	(void)state;
	if (rmdir(base) < 0)
		return -1;
	free(base);
	return 0;
}

UNIT_MAIN_WITH(make_base, remove_base, IN_DIRECTORY(a_directory_is_made_and_filled),
	IN_DIRECTORY(equal_bytes_change_nothing), IN_DIRECTORY(another_mode_is_a_change),
	IN_DIRECTORY(the_version_before_stays_until_the_next),
	IN_DIRECTORY(a_version_stays_for_two_seconds), IN_DIRECTORY(files_come_and_go_together),
	IN_DIRECTORY(leftovers_are_removed_and_links_put_right),
	IN_DIRECTORY(what_is_in_the_way_is_refused),
	IN_DIRECTORY(an_unfit_directory_is_refused),
	IN_DIRECTORY(a_plain_file_is_replaced_whole),
	IN_DIRECTORY(the_group_is_the_configured_one),
	cmocka_unit_test(memory_is_told_from_disks));

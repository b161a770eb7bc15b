/* test_file.c - base/file.c: whole files within limits; secrets only where nobody else can
 * read. Works in a directory of its own below the current one.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/secret.h"
#include "t/unit/unit.h"

#define NOBODY 65534

static char directory[] = "test_file.XXXXXX";

static int enter(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	return mkdtemp(directory) && chdir(directory) == 0 ? secret_init(&err) : -1;
}

static int leave(void **state)
{
	(void)state;
	return chdir("..") == 0 ? rmdir(directory) : -1;
}

static void write_file(const char *path, const char *bytes, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fputs(bytes, f) < 0, 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void assert_holds(const char *path, const char *bytes)
{
	auto_free char *got = NULL;
	struct err err;
	size_t len;

	assert_succeeds(file_read(path, 1000, &got, &len, &err));
	assert_int_equal(len, strlen(bytes));
	assert_string_equal(got, bytes);
}

static void assert_secret_refused(const char *path, const char *because)
{
	unsigned char *p = NULL;
	size_t len = 99;
	struct err err;

	assert_fails(ERR_REFUSED, file_read_secret(path, 100, &p, &len, &err));
	assert_mentions(err.text, because);
	assert_null(p);
	assert_int_equal(len, 99);
}

static void a_file_is_read_whole(void **state)
{
	(void)state;
	write_file("f", "line\nline\n", 0644);
	assert_holds("f", "line\nline\n");
	write_file("f", "", 0644);
	assert_holds("f", "");
	assert_int_equal(unlink("f"), 0);
}

static void a_file_of_exactly_the_limit_is_read_and_one_longer_refused(void **state)
{
	auto_free char *got = NULL;
	char *none = NULL;
	struct err err;
	size_t len;

	(void)state;
	write_file("f", "12345", 0644);
	assert_succeeds(file_read("f", 5, &got, &len, &err));
	assert_string_equal(got, "12345");
	assert_fails(ERR_BAD_INPUT, file_read("f", 4, &none, &len, &err));
	assert_fails(ERR_BAD_INPUT, file_read("/dev/zero", 4096, &none, &len, &err));
	assert_null(none);
	assert_int_equal(unlink("f"), 0);
}

static void a_file_that_is_not_there_is_not_found(void **state)
{
	char *got = NULL;
	unsigned char *secret = NULL;
	struct err err;
	size_t len;

	(void)state;
	write_file("f", "", 0600);
	assert_fails(ERR_NOT_FOUND, file_read("none", 5, &got, &len, &err));
	assert_fails(ERR_NOT_FOUND, file_read("f/none", 5, &got, &len, &err));
	assert_fails(ERR_NOT_FOUND, file_read_secret("none", 5, &secret, &len, &err));
	assert_mentions(err.text, "'none'");
	assert_int_equal(unlink("f"), 0);
}

static void a_directory_is_no_file(void **state)
{
	char *got = NULL;
	struct err err;
	size_t len;

	(void)state;
	assert_fails(ERR_FAILED, file_read(".", 5, &got, &len, &err));
	assert_null(got);
}

static void a_dash_is_standard_input(void **state)
{
	const int saved = dup(STDIN_FILENO);
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "piped", 5), 5);
	assert_int_equal(close(ends[1]), 0);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(close(ends[0]), 0);
	assert_holds("-", "piped");
	if (saved >= 0) {
		assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
		assert_int_equal(close(saved), 0);
	}
}

static void a_private_file_is_read_onto_the_secure_heap(void **state)
{
	unsigned char *p = NULL;
	struct err err;
	size_t len;

	(void)state;
	write_file("key", "hush", 0600);
	assert_succeeds(file_read_secret("key", 4, &p, &len, &err));
	assert_int_equal(len, 4);
	assert_memory_equal(p, "hush", 5);
	secret_free(p, len);
	assert_int_equal(chmod("key", 0400), 0);
	assert_succeeds(file_read_secret("key", 100, &p, &len, &err));
	assert_memory_equal(p, "hush", 5);
	secret_free(p, len);
	assert_int_equal(unlink("key"), 0);
}

static void a_secret_longer_than_the_limit_is_refused(void **state)
{
	unsigned char *p = NULL;
	struct err err;
	size_t len;

	(void)state;
	write_file("key", "hush", 0600);
	assert_fails(ERR_BAD_INPUT, file_read_secret("key", 3, &p, &len, &err));
	assert_null(p);
	assert_int_equal(unlink("key"), 0);
}

static void a_secret_in_a_file_that_others_may_touch_is_refused(void **state)
{
	(void)state;
	write_file("key", "hush", 0600);
	for (mode_t bit = 1; bit < 040; bit = (mode_t)(bit << 1)) {
		assert_int_equal(chmod("key", 0600 | bit), 0);
		assert_secret_refused("key", "run: chmod 600 'key'");
	}
	/* Group readable is for root's own files alone, so it takes root to try both. */
	assert_int_equal(chmod("key", 0640), 0);
	if (geteuid() != 0 || chown("key", 0, 1) == 0)
		assert_secret_refused("key", "run: chmod 600 'key'");
	assert_int_equal(unlink("key"), 0);
}

/* As systemd gives out credentials, and as Kubernetes mounts secrets. */
static void a_secret_of_root_and_one_behind_a_link_are_read(void **state)
{
	unsigned char *p = NULL;
	struct err err;
	size_t len;

	(void)state;
	write_file("key", "hush", geteuid() == 0 ? 0440 : 0400);
	assert_int_equal(symlink("key", "link"), 0);
	assert_int_equal(file_read_secret("link", 100, &p, &len, &err), 0);
	assert_int_equal(len, 4);
	assert_memory_equal(p, "hush", 5);
	secret_free(p, len);
	assert_int_equal(unlink("link") | unlink("key"), 0);
}

static void a_secret_in_a_pipe_or_a_device_is_refused(void **state)
{
	(void)state;
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_secret_refused("pipe", "not a regular file");
	assert_secret_refused(".", "not a regular file");
	assert_secret_refused("/dev/null", "not a regular file");
	assert_int_equal(unlink("pipe"), 0);
}

/* Only root can give files away; for others there is nothing to try. Root itself helps a daemon
 * that runs as somebody else. */
static void a_secret_that_belongs_to_somebody_else_is_refused(void **state)
{
	unsigned char *p = NULL;
	struct err err;
	size_t len;

	(void)state;
	if (geteuid() != 0)
		return;
	write_file("key", "hush", 0644);
	assert_int_equal(chmod(".", 0755) | chown("key", NOBODY - 1, (gid_t)-1), 0);
	assert_int_equal(seteuid(NOBODY), 0);
	assert_secret_refused("key", "belongs to uid 65533");
	assert_int_equal(seteuid(0), 0);
	assert_secret_refused("key", "chmod 600");
	assert_int_equal(chmod("key", 0600), 0);
	assert_succeeds(file_read_secret("key", 100, &p, &len, &err));
	secret_free(p, len);
	assert_int_equal(seteuid(NOBODY), 0);
	assert_fails(ERR_FAILED, file_read_secret("key", 100, &p, &len, &err));
	assert_mentions(err.text, "belongs to uid 65533; run as root: chown 65534 'key'");
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(unlink("key"), 0);
}

/* ---- replacing ---- */

static void a_file_is_replaced_whole_and_anybody_may_read_it(void **state)
{
	static const mode_t masks[] = { 022, 077 };

	(void)state;
	write_file("picture", "old", 0600);
	for (size_t i = 0; i < COUNT(masks); i++) {
		const mode_t before = umask(masks[i]);
		struct stat st;
		struct err err;

		assert_succeeds(file_replace("picture", "new", 3, &err));
		(void)umask(before);
		assert_int_equal(stat("picture", &st), 0);
		assert_int_equal(st.st_mode, S_IFREG | (0666 & ~masks[i]));
		assert_holds("picture", "new");
	}
	assert_int_equal(unlink("picture"), 0);
}

/* As root one would replace a machine's /dev/null. */
static void what_is_no_file_is_not_replaced(void **state)
{
	static const char *const names[] = { "pipe", "link", "directory" };
	struct stat st;
	struct err err;

	(void)state;
	write_file("target", "old", 0600);
	assert_int_equal(mkfifo("pipe", 0600) | symlink("target", "link") |
			mkdir("directory", 0700),
		0);
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_fails(ERR_REFUSED, file_replace(names[i], "new", 3, &err));
		assert_mentions(err.text, names[i]);
	}
	assert_int_equal(lstat("pipe", &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_holds("target", "old");
	assert_fails(ERR_NOT_FOUND, file_replace("none/picture", "new", 3, &err));
	assert_int_equal(unlink("pipe") | unlink("link") | rmdir("directory") |
			unlink("target"),
		0);
}

static void a_new_secret_has_mode_0600_whatever_the_umask(void **state)
{
	static const mode_t masks[] = { 0, 022, 077 };

	(void)state;
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		const mode_t before = umask(masks[i]);
		struct stat st;
		struct err err;

		assert_succeeds(file_create_secret("key", "hush", 4, &err));
		(void)umask(before);
		assert_int_equal(stat("key", &st), 0);
		assert_int_equal(st.st_mode, S_IFREG | 0600);
		assert_holds("key", "hush");
		assert_int_equal(unlink("key"), 0);
	}
}

static void a_secret_that_exists_is_a_conflict_and_stays(void **state)
{
	struct err err;

	(void)state;
	write_file("key", "old", 0600);
	assert_fails(ERR_CONFLICT, file_create_secret("key", "new", 3, &err));
	assert_holds("key", "old");
	assert_int_equal(symlink("nowhere", "link"), 0);
	assert_fails(ERR_CONFLICT, file_create_secret("link", "new", 3, &err));
	assert_int_equal(access("nowhere", F_OK), -1);
	assert_int_equal(unlink("key") | unlink("link"), 0);
}

static void a_secret_in_no_directory_is_not_found(void **state)
{
	struct err err;

	(void)state;
	assert_fails(ERR_NOT_FOUND, file_create_secret("none/key", "x", 1, &err));
}

/* A limit on file sizes does what a full disk would. */
static void a_secret_that_could_not_be_written_leaves_no_file(void **state)
{
	static const char bytes[1000];
	struct rlimit before;
	struct rlimit small;
	struct err err;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 100;
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_fails(ERR_FAILED, file_create_secret("key", bytes, sizeof(bytes), &err));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(access("key", F_OK), -1);
}

/* A directory that may be written but not read cannot be synced. Root may read it anyway, so
 * root becomes somebody else for a moment. */
static void a_secret_whose_directory_cannot_be_synced_leaves_no_file(void **state)
{
	const uid_t me = geteuid();
	struct err err;

	(void)state;
	assert_int_equal(mkdir("d", 0300), 0);
	assert_int_equal(chmod(".", 0755), 0);
	if (me == 0) {
		assert_int_equal(chown("d", NOBODY, (gid_t)-1), 0);
		assert_int_equal(seteuid(NOBODY), 0);
	}
	assert_fails(ERR_FAILED, file_create_secret("d/key", "x", 1, &err));
	if (me == 0)
		assert_int_equal(seteuid(me), 0);
	assert_int_equal(chmod("d", 0700), 0);
	assert_int_equal(access("d/key", F_OK), -1);
	assert_int_equal(rmdir("d"), 0);
}

UNIT_MAIN_WITH(enter, leave, cmocka_unit_test(a_file_is_read_whole),
	cmocka_unit_test(a_file_of_exactly_the_limit_is_read_and_one_longer_refused),
	cmocka_unit_test(a_file_that_is_not_there_is_not_found),
	cmocka_unit_test(a_directory_is_no_file), cmocka_unit_test(a_dash_is_standard_input),
	cmocka_unit_test(a_private_file_is_read_onto_the_secure_heap),
	cmocka_unit_test(a_secret_longer_than_the_limit_is_refused),
	cmocka_unit_test(a_secret_in_a_file_that_others_may_touch_is_refused),
	cmocka_unit_test(a_secret_of_root_and_one_behind_a_link_are_read),
	cmocka_unit_test(a_secret_in_a_pipe_or_a_device_is_refused),
	cmocka_unit_test(a_secret_that_belongs_to_somebody_else_is_refused),
	cmocka_unit_test(a_file_is_replaced_whole_and_anybody_may_read_it),
	cmocka_unit_test(what_is_no_file_is_not_replaced),
	cmocka_unit_test(a_new_secret_has_mode_0600_whatever_the_umask),
	cmocka_unit_test(a_secret_that_exists_is_a_conflict_and_stays),
	cmocka_unit_test(a_secret_in_no_directory_is_not_found),
	cmocka_unit_test(a_secret_that_could_not_be_written_leaves_no_file),
	cmocka_unit_test(a_secret_whose_directory_cannot_be_synced_leaves_no_file));

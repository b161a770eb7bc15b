/* rewrap.c - see rewrap.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "keys/rewrap.h"
#include "keys/sealing.h"

#define REWRAP_OLD       ".old"
#define REWRAP_OLD_COUNT 1000

/* Both keys, for the rows. */
struct keys_of {
	struct key_sealing *old;
	struct key_sealing *new;
};

static int reseal(const char *issuer, const struct store_key *row, void *ctx,
	unsigned char **ret, size_t *ret_len, struct err *err)
{
	const struct keys_of *k = ctx;
	auto_key EVP_PKEY *key = NULL;
	struct err why = ERR_INIT;

	if (key_unseal(row->sealed, row->sealed_len, k->new, issuer, row->kid, row->generation,
		    &key, &why) == 0) { /* an earlier run came so far */
		*ret = text_alloc(row->sealed_len, 1);
		memcpy(*ret, row->sealed, row->sealed_len);
		*ret_len = row->sealed_len;
		return 0;
	}
	if (key_unseal(row->sealed, row->sealed_len, k->old, issuer, row->kid, row->generation,
		    &key, err) < 0)
		return -1;
	return key_seal(key, k->new, issuer, row->kid, row->generation, ret, ret_len, err);
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

int rewrap_read_given(const struct rewrap *rewrap, struct key_sealing **ret, struct err *err)
{
	auto_key_sealing struct key_sealing *old = NULL;
	auto_key_sealing struct key_sealing *given = NULL;

	if (key_sealing_read(rewrap->path, &old, err) < 0 ||
		key_sealing_read(rewrap->given, &given, err) < 0)
		return -1;
	if (key_sealing_is(old, given))
		return err_set(err, ERR_BAD_INPUT,
			"'%s' holds the sealing key that is in use already", rewrap->given);
	*ret = take(given);
	return 0;
}

/* The new key's file, made if it is not there, of the old one's owner, and ours alone until we
 * are done. */
static int hold_new(const struct rewrap *rewrap, const char *old_path, const char *path,
	bool *ret_resumed, int *ret_fd, struct err *err)
{
	auto_key_sealing struct key_sealing *given = NULL;
	struct stat old, held, named;
	struct err why = ERR_INIT;
	auto_close int fd = -1;
	int rc;

	if (rewrap->given && rewrap_read_given(rewrap, &given, err) < 0)
		return -1;
	rc = given ? key_sealing_write(given, path, &why) : key_sealing_create(path, &why);
	if (rc < 0 && why.code != ERR_CONFLICT) {
		*err = why;
		return -1;
	}
	*ret_resumed = rc < 0;
	if (rc < 0 && given)
		return err_set(err, ERR_CONFLICT,
			"'%s' is there already: an earlier rewrap was interrupted; run it again "
			"without --new-key to finish it",
			path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &held) < 0 ||
		stat(path, &named) < 0 || !is_same_file(&held, &named))
		return err_set(err, ERR_CONFLICT,
			"another rewrap is under way, or has just ended; see: ls -l '%s'*",
			old_path);
	if (stat(old_path, &old) < 0 ||
		(old.st_uid != held.st_uid && fchown(fd, old.st_uid, old.st_gid) < 0))
		return err_errno(err, ERR_FAILED, "could not give '%s' the owner of '%s'", path,
			old_path);
	*ret_fd = fd;
	fd = -1;
	return 0;
}

/* A second name for the old key, found again if an earlier run gave it. */
static int keep_old(const char *path, char **ret, struct err *err)
{
	struct stat current, old;

	if (stat(path, &current) < 0)
		return err_errno(err, ERR_FAILED, "could not examine '%s'", path);
	for (int n = 0; n < REWRAP_OLD_COUNT; n++) {
		auto_free char *name = n == 0 ? text_format("%s" REWRAP_OLD, path)
					      : text_format("%s" REWRAP_OLD ".%d", path, n);

		if (link(path, name) == 0 ||
			(errno == EEXIST && stat(name, &old) == 0 &&
				is_same_file(&current, &old))) {
			*ret = take(name);
			return file_sync_directory_of(path, err);
		}
		if (errno != EEXIST)
			return err_errno(err, ERR_FAILED,
				"could not keep the old sealing key as '%s'", name);
	}
	return err_set(err, ERR_FAILED, "'%s" REWRAP_OLD ".*' are too many; delete some", path);
}

static int put_in_place(const char *new_path, const char *path, struct err *err)
{
	if (rename(new_path, path) < 0)
		return err_errno(err, ERR_FAILED, "could not rename '%s' to '%s'", new_path,
			path);
	return file_sync_directory_of(path, err);
}

/* Where a link points to: beside that lie the others. */
static int resolve(const char *path, char **ret, struct err *err)
{
	*ret = realpath(path, NULL);
	return *ret ? 0
		    : err_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_FAILED,
			      "sealing key: could not open '%s'", path);
}

int rewrap_run(const struct rewrap *rewrap, unix_time now, struct rewrap_result *ret,
	struct err *err)
{
	auto_free char *path = NULL;
	auto_free char *new_path = NULL;
	auto_key_sealing struct key_sealing *old = NULL;
	auto_key_sealing struct key_sealing *new = NULL;
	struct rewrap_result result = { .keys = 0 };
	auto_free char *old_path = NULL;
	auto_close int held = -1;

	if (resolve(rewrap->path, &path, err) < 0)
		return -1;
	new_path = text_format("%s" SEALING_NEW, path);
	if (key_sealing_read(path, &old, err) < 0 ||
		hold_new(rewrap, path, new_path, &result.is_resumed, &held, err) < 0 ||
		key_sealing_read(new_path, &new, err) < 0)
		return -1;
	if (store_keys_reseal(rewrap->store, reseal, &(struct keys_of){ old, new },
		    rewrap->actor, now, &result.keys, err) < 0)
		return -1;
	if (keep_old(path, &old_path, err) < 0 || put_in_place(new_path, path, err) < 0)
		return -1;
	result.old_path = take(old_path);
	*ret = result;
	return 0;
}

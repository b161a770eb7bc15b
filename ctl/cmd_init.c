/* cmd_init.c - issuerctl init: store, sealing key, first active and standby key. Running it
 * again finishes what an interrupted run left, and changes nothing else.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "ctl/cmd.h"
#include "ctl/keys.h"
#include "ctl/output.h"
#include "setup/settings.h"

static int make_parent(const char *path, struct err *err)
{
	auto_free char *copy = text_copy(path);
	const char *parent = dirname(copy);

	if (mkdir(parent, 0700) < 0 && errno != EEXIST)
		return err_errno(err, ERR_FAILED, "could not make the directory '%s'", parent);
	return 0;
}

/* Does the store hold keys that some sealing key has sealed? */
static int has_keys(struct cmd_run *run, bool *ret, struct err *err)
{
	struct store_keys keys;

	if (store_keys_load(run->store, cmd_issuer(run), &keys, err) < 0)
		return -1;
	*ret = keys.count > 0;
	store_keys_free(&keys);
	return 0;
}

/* Where the sealing key is; where it would be made if there is none. The caller frees. */
static char *sealing_path_of(const struct cmd_run *run)
{
	auto_settings_paths struct settings_paths paths = settings_sealing_paths(run->conf);

	for (size_t i = 0; i < paths.count; i++)
		if (access(paths.path[i], F_OK) == 0)
			return text_copy(paths.path[i]);
	return text_copy(run->conf->sealing_key);
}

/* An existing sealing key is used; it may have been put there by a secret manager. Where keys
 * are sealed already only theirs will do, so none is made. */
static int ensure_sealing_key(struct cmd_run *run, const char *path, struct err *err)
{
	bool is_in_use;

	if (access(path, F_OK) == 0)
		return 0;
	if (has_keys(run, &is_in_use, err) < 0)
		return -1;
	if (is_in_use)
		return err_set(err, ERR_NOT_FOUND,
			"the store holds keys, but their sealing key '%s' is missing; restore it",
			path);
	if (make_parent(path, err) < 0)
		return -1;
	return key_sealing_create(path, err) < 0 && err->code != ERR_CONFLICT ? -1 : 0;
}

static int ensure_store(struct cmd_run *run, struct err *err)
{
	const char *path = run->conf->store;

	if (make_parent(path, err) < 0)
		return -1;
	if (store_open(path, STORE_WRITE, &run->store, err) == 0)
		return 0;
	if (err->code != ERR_NOT_FOUND)
		return -1;
	if (store_open(path, STORE_CREATE, &run->store, err) == 0)
		return 0;
	/* Another init was quicker; what it has made is as good. */
	return err->code == ERR_CONFLICT ? store_open(path, STORE_WRITE, &run->store, err) : -1;
}

/* Makes the issuer's row, or checks that the one there has the configured URL. */
static int ensure_issuer(struct cmd_run *run, struct err *err)
{
	const struct conf_issuer *issuer = &run->conf->issuers[0];

	if (settings_check_issuer(run->conf, run->store, err) == 0)
		return 0;
	if (err->code != ERR_NOT_FOUND)
		return -1;
	return store_issuer_create(run->store, issuer->name, issuer->url, run->actor, run->now,
		err);
}

/* The first keys, or what is due. A clock that is not to be planned by is a warning where there
 * are keys already: they are left as they are. */
static int ensure_keys(struct cmd_run *run, struct rotate_result *ret, struct err *err)
{
	*ret = (struct rotate_result){ .changed = 0 };
	if (keys_rotate(run, &(struct plan_ask){ .verb = PLAN_TICK }, NULL, false, ret, err) ==
		0)
		return 0;
	if (err->code != ERR_EARLY || keys_load(run, &ret->keys, err) < 0)
		return -1;
	*err = (struct err)ERR_INIT;
	keys_warn(run, &ret->keys);
	return 0;
}

static int dry_run(const struct cmd_run *run, const char *sealing_path)
{
	const struct conf_issuer *issuer = &run->conf->issuers[0];
	struct stat st;
	const bool is_there = stat(run->conf->store, &st) == 0;

	if (is_there)
		cmd_would(run, "leave the store '%s' as it is, and add what it lacks",
			run->conf->store);
	else
		cmd_would(run, "make the store '%s' for issuer '%s' at %s", run->conf->store,
			issuer->name, issuer->url);
	if (stat(sealing_path, &st) < 0)
		cmd_would(run, "make the sealing key '%s'", sealing_path);
	if (!is_there)
		cmd_would(run, "make an active and a standby key (%s)",
			run->conf->keys.algorithm);
	return 0;
}

static int init(struct cmd_run *run, struct err *err)
{
	auto_free char *sealing_path = NULL;
	struct rotate_result result;
	int rc;

	if (cmd_load_conf(run, err) < 0)
		return -1;
	sealing_path = sealing_path_of(run);
	if (run->is_dry_run)
		return dry_run(run, sealing_path);
	if (ensure_store(run, err) < 0 || ensure_issuer(run, err) < 0 ||
		ensure_sealing_key(run, sealing_path, err) < 0 ||
		ensure_keys(run, &result, err) < 0)
		return -1;
	rc = output_object(run,
		json_pack("{s:s, s:s, s:s, s:s, s:b, s:I}", "issuer", cmd_issuer(run), "url",
			run->conf->issuers[0].url, "store", run->conf->store, "sealing_key",
			sealing_path, "changed", result.changed > 0, "keys",
			(json_int_t)result.keys.count),
		"issuer", err);
	store_keys_free(&result.keys);
	if (rc == 0 && run->output == CMD_TABLE)
		(void)printf(
			"\nKeep a copy of the sealing key where no copy of the store is kept.\n");
	return rc;
}

const struct cmd cmd_init[] = {
	{ "init", NULL, "", 0, 0, "Make the store, the sealing key and the first two keys",
		CMD_CHANGES, NULL, init },
	{ .noun = NULL },
};

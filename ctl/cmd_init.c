/* cmd_init.c - issuerctl init: store, sealing key, first active and standby key. Running it again
 * finishes what an interrupted run left, and changes nothing else.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "ctl/cmd.h"
#include "ctl/keys.h"
#include "ctl/output.h"

static int make_parent(const char *path, struct err *err)
{
	auto_free char *copy = text_copy(path);
	const char *parent = dirname(copy);

	if (mkdir(parent, 0700) < 0 && errno != EEXIST)
		return err_errno(err, ERR_FAILED, "could not make the directory '%s'", parent);
	return 0;
}

/* An existing sealing key is used; it may have been put there by a secret manager. */
static int ensure_sealing_key(const char *path, struct err *err)
{
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
	return store_open(path, STORE_CREATE, &run->store, err);
}

/* Makes the issuer's row, or checks that the one there has the configured URL. */
static int ensure_issuer(struct cmd_run *run, struct err *err)
{
	const struct conf_issuer *issuer = &run->conf->issuers[0];
	struct store_issuer stored;
	int rc = 0;

	if (store_issuer_get(run->store, issuer->name, &stored, err) < 0)
		return err->code == ERR_NOT_FOUND ?
			store_issuer_create(run->store, issuer->name, issuer->url, run->actor, run->now,
				err) :
			-1;
	if (strcmp(stored.url, issuer->url) != 0)
		rc = err_set(err, ERR_CONFLICT,
			"issuer '%s' exists with the URL '%s'; give '%s' a name of its own", stored.name,
			stored.url, issuer->url);
	store_issuer_free(&stored);
	return rc;
}

static int dry_run(struct cmd_run *run, struct err *err)
{
	const struct conf_issuer *issuer = &run->conf->issuers[0];
	struct stat st;
	const bool is_there = stat(run->conf->store, &st) == 0;

	(void)err;
	if (is_there)
		cmd_would("leave the store '%s' as it is, and add what it lacks", run->conf->store);
	else
		cmd_would("make the store '%s' for issuer '%s' at %s", run->conf->store, issuer->name,
			issuer->url);
	if (stat(run->conf->sealing_key, &st) < 0)
		cmd_would("make the sealing key '%s'", run->conf->sealing_key);
	if (!is_there)
		cmd_would("make an active and a standby key (%s)", run->conf->keys.algorithm);
	return 0;
}

static int init(struct cmd_run *run, struct err *err)
{
	struct store_keys keys;
	size_t made;
	int rc;

	if (cmd_load_conf(run, err) < 0)
		return -1;
	if (run->is_dry_run)
		return dry_run(run, err);
	if (ensure_sealing_key(run->conf->sealing_key, err) < 0 || ensure_store(run, err) < 0 ||
		ensure_issuer(run, err) < 0 ||
		keys_rotate(run, PLAN_TICK, &keys, &made, err) < 0)
		return -1;
	rc = output_object(run,
		json_pack("{s:s, s:s, s:s, s:s, s:b, s:I}", "issuer", cmd_issuer(run), "url",
			run->conf->issuers[0].url, "store", run->conf->store, "sealing_key",
			run->conf->sealing_key, "changed", made > 0, "keys", (json_int_t)keys.count),
		"issuer", err);
	store_keys_free(&keys);
	if (rc == 0 && run->output == CMD_TABLE)
		(void)printf("\nKeep a copy of the sealing key where no copy of the store is kept.\n");
	return rc;
}

const struct cmd cmd_init[] = {
	{ "init", NULL, "", 0, 0, "Make the store, the sealing key and the first two keys", true, NULL,
		init },
	{ .noun = NULL },
};

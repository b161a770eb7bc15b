/* cmd_db.c - issuerctl db ...: the store as a whole.
 * SPDX-License-Identifier: Apache-2.0 */
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "ctl/cmd.h"
#include "ctl/keys.h"
#include "ctl/output.h"
#include "ctl/progress.h"
#include "keys/audit_proof.h"
#include "keys/rewrap.h"
#include "setup/settings.h"

/* ---- check ---- */

/* Each part says what is wrong by itself; the first that is ends it. */
static int db_check(struct cmd_run *run, struct err *err)
{
	auto_key_sealing struct key_sealing *opener = NULL;
	auto_store_keys struct store_keys keys = { .count = 0 };
	auto_sealing struct sealing *sealing = NULL;
	struct audit_proof proof;

	if (cmd_open(run, STORE_READ, err) < 0 || store_check(run->store, err) < 0 ||
		audit_proof_verify(run->store, cmd_issuer(run), NULL, &proof, err) < 0 ||
		keys_load(run, &keys, err) < 0)
		return -1;
	sealing = settings_sealing(run->conf);
	if (sealing_find(sealing, cmd_issuer(run), &keys, &opener, err) < 0)
		return -1;
	if (output_object(run,
		    json_pack("{s:s, s:I, s:I, s:s?}", "store", run->conf->store,
			    "audit_records", (json_int_t)proof.chain.records, "keys",
			    (json_int_t)keys.count, "restored_from",
			    keys.memory.backup_at == TIME_UNSET
				    ? NULL
				    : text_time(keys.memory.backup_at).s),
		    "store", err) < 0)
		return -1;
	if (run->output == CMD_TABLE)
		(void)printf(
			"\nGood: the file is whole, the audit is unbroken, and the sealing key "
			"opens the keys.\n");
	keys_warn(run, &keys);
	return 0;
}

/* ---- backup ---- */

static int record_backup(struct cmd_run *run, const char *path, struct err *err)
{
	auto_free char *clean = text_copy(path);
	auto_free char *detail = NULL;
	struct store_audit row = {
		.at = run->now, .event = "store.backup", .actor = run->actor, .outcome = "ok"
	};

	text_clean(clean);
	detail = text_format("to '%.200s'", clean);
	row.detail = detail;
	return store_audit_append(run->store, cmd_issuer(run), STORE_ANY_REVISION, &row, 1,
		err);
}

static int report_backup(struct cmd_run *run, const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_errno(err, ERR_FAILED, "could not examine '%s'", path);
	if (output_object(run,
		    json_pack("{s:s, s:I, s:s}", "backup", path, "bytes",
			    (json_int_t)st.st_size, "made_at", text_time(run->now).s),
		    "backup", err) < 0)
		return -1;
	if (run->output == CMD_TABLE)
		(void)printf(
			"\nIt opens with the sealing key of today; keep that elsewhere. How to restore it:\n"
			"doc/key-rotation.md.\n");
	return 0;
}

/* SQLite's own files beside a store: it would take a backup there for one of them. */
static bool is_beside_store(const char *path, const char *store)
{
	static const char *const suffix[] = { "-journal", "-wal", "-shm" };
	auto_free char *path_copy = text_copy(path);
	auto_free char *store_copy = text_copy(store);
	const char *name = basename(path_copy);
	const char *own = basename(store_copy);
	const size_t len = strlen(own);

	for (size_t i = 0; i < sizeof(suffix) / sizeof(suffix[0]); i++)
		if (strncmp(name, own, len) == 0 && strcmp(name + len, suffix[i]) == 0)
			return true;
	return false;
}

static int check_target(const struct cmd_run *run, const char *path, struct err *err)
{
	auto_free char *copy = text_copy(path);
	struct stat st;

	if (!text_is_clean(path) || is_beside_store(path, run->conf->store))
		return err_set(err, ERR_BAD_INPUT, "'%s' is no name for a backup; give another",
			path);
	if (lstat(path, &st) == 0)
		return err_set(err, ERR_CONFLICT, "'%s' exists already; give another name",
			path);
	if (access(dirname(copy), W_OK) < 0)
		return err_errno(err, ERR_FAILED, "could not create '%s'", path);
	return 0;
}

static int db_backup(struct cmd_run *run, struct err *err)
{
	static struct progress_words words = { "copied", "pages" };
	const char *path = run->args[0];
	int rc;

	if (cmd_open(run, STORE_WRITE, err) < 0 || check_target(run, path, err) < 0)
		return -1;
	if (run->is_dry_run) {
		cmd_would(run, "copy the store '%s' to '%s'", run->conf->store, path);
		return 0;
	}
	rc = store_backup(run->store, path, run->now, progress_count, &words, err);
	progress_end();
	if (rc < 0 || record_backup(run, path, err) < 0)
		return -1;
	return report_backup(run, path, err);
}

/* ---- rewrap ---- */

static int report_rewrap(struct cmd_run *run, const struct rewrap_result *result,
	struct err *err)
{
	if (output_object(run,
		    json_pack("{s:s, s:s, s:I, s:b}", "sealing_key", run->conf->sealing_key,
			    "old_sealing_key", result->old_path, "keys",
			    (json_int_t)result->keys, "resumed", result->is_resumed),
		    "sealing_key", err) < 0)
		return -1;
	if (run->output == CMD_TABLE)
		(void)printf(
			"\nBackups made until now open with the old sealing key only: keep it as long as them,\n"
			"in another place, and make a new backup. A running issuerd finds the new one by\n"
			"itself; if systemd hands it the key (LoadCredential=), restart the unit once.\n");
	return 0;
}

static int db_rewrap(struct cmd_run *run, struct err *err)
{
	struct rewrap rewrap = { .given = cmd_value(run, "new-key"), .actor = run->actor };
	auto_key_sealing struct key_sealing *given = NULL;
	struct rewrap_result result;
	int rc;

	if (cmd_open(run, STORE_WRITE, err) < 0)
		return -1;
	rewrap.store = run->store;
	rewrap.path = run->conf->sealing_key;
	if (run->is_dry_run && rewrap.given && rewrap_read_given(&rewrap, &given, err) < 0)
		return -1;
	if (run->is_dry_run) {
		cmd_would(run,
			"seal the private keys in '%s' anew, put the new sealing key to '%s', and "
			"keep the old one beside it",
			run->conf->store, run->conf->sealing_key);
		return 0;
	}
	if (rewrap_run(&rewrap, run->now, &result, err) < 0)
		return -1;
	rc = report_rewrap(run, &result, err);
	free(result.old_path);
	return rc;
}

/* ---- accept-clock ---- */

/* What the clock is judged by, and what comes of it. */
static int report_clock(struct cmd_run *run, const struct store_memory *before, struct err *err)
{
	struct err ignored = ERR_INIT;
	const bool is_good = plan_clock_check(before, settings_plan(run->conf).clock_skew_s,
				     run->clock, &ignored) == 0;
	const char *was = is_good                   ? "good"
		: run->clock.now < before->clock_at ? "back"
						    : "ahead";

	if (output_object(run,
		    json_pack("{s:b, s:s, s:o, s:s, s:o}", "dry_run", run->is_dry_run, "clock",
			    text_time(run->clock.now).s, "last_committed",
			    output_time(before->clock_at), "clock_was", was, "restored_from",
			    output_time(before->backup_at)),
		    "clock", err) < 0)
		return -1;
	if (run->output == CMD_TABLE)
		(void)printf("\n%s\n",
			run->is_dry_run
				? "Dry run: nothing was done."
				: "From now on this is the last committed time; rotation goes on.");
	return 0;
}

static int db_accept_clock(struct cmd_run *run, struct err *err)
{
	auto_store_keys struct store_keys keys = { .count = 0 };

	if (cmd_open(run, STORE_WRITE, err) < 0 ||
		store_keys_load(run->store, cmd_issuer(run), &keys, err) < 0)
		return -1;
	if (!run->is_dry_run &&
		store_clock_accept(run->store, cmd_issuer(run), run->clock, run->actor, err) <
			0)
		return -1;
	return report_clock(run, &keys.memory, err);
}

static const struct cmd_option rewrap_options[] = {
	{ "new-key", "FILE", "32 bytes to seal with from now on (default: random ones)", 0 },
	{ .name = NULL },
};

const struct cmd cmd_db[] = {
	{ "db", "check", "", 0, 0, "Check file, audit and sealing key", CMD_LOOKS, NULL,
		db_check },
	{ "db", "backup", "FILE", 1, 1, "Copy the store to a new file, while it is in use",
		CMD_CHANGES, NULL, db_backup },
	{ "db", "rewrap", "", 0, 0, "Change the sealing key, while it is in use", CMD_CHANGES,
		rewrap_options, db_rewrap },
	{ "db", "accept-clock", "", 0, 0, "Say that the clock is right, after it jumped",
		CMD_CHANGES, NULL, db_accept_clock },
	{ .noun = NULL },
};

/* cmd_db.c - issuerctl db ...: the store as a whole.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "ctl/cmd.h"
#include "ctl/keys.h"
#include "ctl/output.h"
#include "ctl/progress.h"
#include "keys/rewrap.h"
#include "setup/settings.h"

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

static int db_backup(struct cmd_run *run, struct err *err)
{
	static struct progress_words words = { "copied", "pages" };
	const char *path = run->args[0];
	struct stat st;
	int rc;

	if (cmd_open(run, STORE_WRITE, err) < 0)
		return -1;
	if (stat(path, &st) == 0)
		return err_set(err, ERR_CONFLICT, "'%s' exists already; give another name",
			path);
	if (run->is_dry_run) {
		cmd_would("copy the store '%s' to '%s'", run->conf->store, path);
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
			"\nBackups made until now open with the old sealing key only: keep it with them, away\n"
			"from here, and make a new backup. A running issuerd finds the new one by itself; if\n"
			"systemd hands it the key (LoadCredential=), restart the unit once.\n");
	return 0;
}

static int db_rewrap(struct cmd_run *run, struct err *err)
{
	struct rewrap rewrap = { .given = cmd_value(run, "new-key"), .actor = run->actor };
	struct rewrap_result result;
	int rc;

	if (cmd_open(run, STORE_WRITE, err) < 0)
		return -1;
	if (run->is_dry_run) {
		cmd_would(
			"seal the private keys in '%s' anew, put the new sealing key to '%s', and "
			"keep the old one beside it",
			run->conf->store, run->conf->sealing_key);
		return 0;
	}
	rewrap.store = run->store;
	rewrap.path = run->conf->sealing_key;
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
	const char *direction = before->clock_at == TIME_UNSET ? "unset"
		: run->now < before->clock_at                  ? "back"
							       : "ahead";

	if (output_object(run,
		    json_pack("{s:b, s:s, s:o, s:s, s:o}", "dry_run", run->is_dry_run, "clock",
			    text_time(run->now).s, "last_committed",
			    output_time(before->clock_at), "clock_is", direction,
			    "restored_from", output_time(before->backup_at)),
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
	{ "db", "backup", "FILE", 1, 1, "Copy the store to a new file, while it is in use",
		CMD_CHANGES, NULL, db_backup },
	{ "db", "rewrap", "", 0, 0, "Change the sealing key, while it is in use", CMD_CHANGES,
		rewrap_options, db_rewrap },
	{ "db", "accept-clock", "", 0, 0, "Say that the clock is right, after it jumped",
		CMD_CHANGES, NULL, db_accept_clock },
	{ .noun = NULL },
};

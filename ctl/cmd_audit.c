/* cmd_audit.c - issuerctl audit ...: what happened, to whom, and that nobody has touched the
 * record of it.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "ctl/audit_record.h"
#include "ctl/cmd.h"
#include "ctl/keys.h"
#include "ctl/output.h"
#include "ctl/progress.h"
#include "keys/audit_proof.h"

#define LIST_LIMIT     1000
#define LIST_LIMIT_MAX 1000000
#define FOLLOW_LAST    10
#define FOLLOW_MS      250

/* ---- list ---- */

static int read_filter(const struct cmd_run *run, struct store_audit_filter *ret,
	struct err *err)
{
	*ret = (struct store_audit_filter){
		.subject = cmd_value(run, "subject"),
		.actor = cmd_value(run, "client"),
		.event = cmd_value(run, "event"),
		.jti = cmd_value(run, "jti"),
		.kid = cmd_value(run, "kid"),
	};
	if (cmd_moment(run, "since", true, &ret->since, err) < 0 ||
		cmd_moment(run, "until", true, &ret->until, err) < 0)
		return -1;
	if (ret->until != TIME_UNSET && ret->since >= ret->until)
		return err_set(err, ERR_USAGE, "--since must be before --until");
	return 0;
}

static int collect(int64_t seq, const struct store_audit *row, void *ctx)
{
	(void)json_array_append_new(ctx, audit_record_json(seq, row));
	return 0;
}

static int audit_list(struct cmd_run *run, struct err *err)
{
	json_auto_t *list = json_array();
	struct store_audit_filter filter;
	int64_t limit = LIST_LIMIT;

	if (cmd_value(run, "limit") &&
		text_int(cmd_value(run, "limit"), 1, LIST_LIMIT_MAX, &limit, err) < 0)
		return cmd_bad_option("limit", err);
	if (read_filter(run, &filter, err) < 0 || cmd_open(run, STORE_READ, err) < 0 ||
		store_audit_find(run->store, cmd_issuer(run), &filter, limit, collect, list,
			err) < 0)
		return -1;
	if ((int64_t)json_array_size(list) == limit && !cmd_value(run, "limit"))
		cmd_note("the newest %d records that match; --limit N shows more", LIST_LIMIT);
	return audit_record_print(run, json_incref(list), err);
}

/* ---- follow ---- */

/* Prints each record that matches, and remembers the last that it saw. */
struct following {
	struct cmd_run *run;
	const struct store_audit_filter *filter;
	int64_t seq;
	int64_t last; /* what comes behind it is for later */
	struct err *err;
};

static int follow_one(int64_t seq, const struct store_audit *row, void *ctx)
{
	struct following *f = ctx;

	if (seq > f->last)
		return 0;
	f->seq = seq;
	return audit_record_matches(row, f->filter)
		? audit_record_print_line(f->run, seq, row, f->err)
		: 0;
}

static volatile sig_atomic_t is_over;

static void end(int signal)
{
	(void)signal;
	is_over = 1;
}

static void until_told(void)
{
	const struct sigaction action = { .sa_handler = end };

	(void)sigaction(SIGINT, &action, NULL); /* cannot fail with valid numbers */
	(void)sigaction(SIGTERM, &action, NULL);
}

static int audit_follow(struct cmd_run *run, struct err *err)
{
	const struct timespec pause = { .tv_nsec = FOLLOW_MS * 1000000L };
	struct store_audit_filter filter;
	struct store_audit_mark head;
	struct following f = { .run = run, .filter = &filter, .err = err };

	if (read_filter(run, &filter, err) < 0 || cmd_open(run, STORE_READ, err) < 0 ||
		store_audit_head(run->store, cmd_issuer(run), &head, err) < 0)
		return -1;
	until_told();
	f.last = head.seq;
	if (store_audit_find(run->store, cmd_issuer(run), &filter, FOLLOW_LAST, follow_one, &f,
		    err) != 0)
		return -1;
	f.seq = head.seq;
	f.last = INT64_MAX;
	while (!is_over) {
		if (store_audit_walk(run->store, cmd_issuer(run), f.seq, INT64_MAX, follow_one,
			    &f, err) != 0)
			return -1;
		(void)nanosleep(&pause, NULL); /* a signal ends it early, and us */
	}
	return 0;
}

/* ---- verify ---- */

static void show_progress(int64_t done, int64_t total, void *ctx)
{
	(void)ctx;
	progress_say("%3d %% of %s records", (int)(total > 0 ? done * 100 / total : 100),
		text_num(total).s);
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	return (double)(now.tv_sec - start->tv_sec) +
		(double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static int audit_verify(struct cmd_run *run, struct err *err)
{
	struct audit_proof proof;
	struct timespec start;
	double seconds;
	int rc;

	(void)clock_gettime(CLOCK_MONOTONIC, &start); /* cannot fail */
	if (cmd_open(run, STORE_READ, err) < 0)
		return -1;
	rc = audit_proof_verify(run->store, cmd_issuer(run), show_progress, &proof, err);
	progress_end();
	if (rc < 0)
		return -1;
	seconds = seconds_since(&start);
	if (output_object(run,
		    json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:f}", "issuer",
			    cmd_issuer(run), "records", (json_int_t)proof.chain.records,
			    "pruned_up_to", (json_int_t)proof.chain.base.seq, "last",
			    (json_int_t)proof.chain.head.seq, "checkpoints",
			    (json_int_t)proof.checkpoints, "checkpoints_by_revoked_keys",
			    (json_int_t)proof.checkpoints_revoked, "signed_up_to",
			    (json_int_t)proof.checkpoint_seq, "seconds", seconds),
		    "last", err) < 0)
		return -1;
	if (run->output == CMD_TABLE)
		(void)printf("\nGood: every record follows from the one before it, and no "
			     "statement is forged.\n");
	return 0;
}

/* ---- prune ---- */

static int sign_prune(struct cmd_run *run, const struct store_audit_mark *base,
	int64_t *ret_pruned, struct err *err)
{
	auto_keyring struct keyring *ring = NULL;
	auto_free char *jws = NULL;
	struct store_audit row;

	if (keys_ring(run, &ring, err) < 0 ||
		audit_proof_record(ring, cmd_issuer(run), STORE_AUDIT_PRUNED, base, run->actor,
			run->now, &jws, &row, err) < 0)
		return -1;
	return store_audit_prune(run->store, cmd_issuer(run), base, &row, ret_pruned, err);
}

static int audit_prune(struct cmd_run *run, struct err *err)
{
	struct store_audit_mark base;
	unix_time before;
	int64_t pruned = 0;

	if (cmd_moment(run, "before", true, &before, err) < 0)
		return -1;
	if (before == TIME_UNSET)
		return err_set(err, ERR_USAGE,
			"--before must be given: a time, or a duration back "
			"from now");
	if (cmd_open(run, run->is_dry_run ? STORE_READ : STORE_WRITE, err) < 0 ||
		store_audit_boundary(run->store, cmd_issuer(run), before, run->now, &base,
			err) < 0)
		return -1;
	if (base.seq == 0)
		return output_object(run,
			json_pack("{s:I, s:n}", "pruned", (json_int_t)0, "up_to"), "up_to",
			err);
	if (run->is_dry_run) {
		cmd_would(run, "take the audit records up to %" PRId64 " out", base.seq);
		return 0;
	}
	if (sign_prune(run, &base, &pruned, err) < 0)
		return -1;
	return output_object(run,
		json_pack("{s:I, s:I}", "pruned", (json_int_t)pruned, "up_to",
			(json_int_t)base.seq),
		"up_to", err);
}

/* ---- the commands ---- */

#define FILTER_OPTIONS                                                                         \
	{ "since", "TIME", "from then on; a duration back from now will do", 0 },              \
		{ "until", "TIME", "before that", 0 },                                         \
		{ "subject", "SUBJECT",                                                        \
			"system:serviceaccount:NAMESPACE:NAME, or what was changed", 0 },      \
		{ "client", "NAME", "the caller, or the admin (uid:N (NAME))", 0 },            \
		{ "jti", "JTI", "of a token", 0 }, { "kid", "KID", "of a key", 0 },            \
	{                                                                                      \
		"event", "EVENT", "token.issued, key.revoked ...; see issuerd(8)", 0           \
	}

static const struct cmd_option list_options[] = {
	FILTER_OPTIONS,
	{ "limit", "N", "the newest N of them (default 1000)", 0 },
	{ .name = NULL },
};

static const struct cmd_option follow_options[] = { FILTER_OPTIONS, { .name = NULL } };

static const struct cmd_option export_options[] = {
	{ "cursor", "FILE", "go on where the last export with this file ended", 0 },
	{ .name = NULL },
};

static const struct cmd_option prune_options[] = {
	{ "before", "TIME", "records older than that; a duration back from now will do", 0 },
	{ .name = NULL },
};

const struct cmd cmd_audit[] = {
	{ "audit", "list", "", 0, 0, "List what happened, the newest last", CMD_STREAMS,
		list_options, audit_list },
	{ "audit", "follow", "", 0, 0, "Show what happens, until Ctrl-C", CMD_STREAMS,
		follow_options, audit_follow },
	{ "audit", "verify", "", 0, 0, "Prove that no record was touched", CMD_LOOKS, NULL,
		audit_verify },
	{ "audit", "export", "", 0, 0, "Print all records as JSON lines", CMD_STREAMS,
		export_options, audit_export },
	{ "audit", "prune", "", 0, 0, "Take old records out; the rest stays provable",
		CMD_CHANGES, prune_options, audit_prune },
	{ .noun = NULL },
};

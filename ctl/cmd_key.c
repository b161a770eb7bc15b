/* cmd_key.c - issuerctl key ...: looking at keys, and the table of all its verbs. What changes
 * something is in key_rotate.c, key_revoke.c and key_import.c, the pictures in timeline.c.
 * SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ctl/ask.h"
#include "ctl/cmd.h"
#include "ctl/key_change.h"
#include "ctl/keys.h"
#include "ctl/output.h"
#include "ctl/progress.h"
#include "ctl/timeline.h"
#include "keys/jwk.h"
#include "keys/key_pem.h"
#include "keys/plan.h"

#define WAIT_LOOK_MS       250
#define WAIT_TIMEOUT_S     3600
#define WAIT_TIMEOUT_MAX_S (INT64_C(10) * 365 * 86400)

static const struct output_column columns[] = {
	{ "KID", "kid", OUTPUT_START },
	{ "GEN", "generation", OUTPUT_WHOLE },
	{ "ALG", "alg", OUTPUT_WHOLE },
	{ "STATE", "state", OUTPUT_WHOLE },
	{ "SINCE", "since", OUTPUT_DISTANCE },
	{ "NEXT", "next_state", OUTPUT_WHOLE },
	{ "CHANGES", "next_change", OUTPUT_DISTANCE },
	{ "LEAVES JWKS", "leaves_at", OUTPUT_DISTANCE },
	{ "TOKENS ALIVE", "tokens_alive", OUTPUT_WHOLE },
	{ .title = NULL },
};

static int load(struct cmd_run *run, struct store_keys *ret, struct err *err)
{
	if (cmd_open(run, STORE_READ, err) < 0)
		return -1;
	return keys_load(run, ret, err);
}

static int key_list(struct cmd_run *run, struct err *err)
{
	auto_store_keys struct store_keys keys = { .count = 0 };
	json_t *list;

	if (load(run, &keys, err) < 0 || keys_list_json(run, &keys, &list, err) < 0 ||
		output_list(run, list, columns, "kid", err) < 0)
		return -1;
	keys_warn(run, &keys);
	return 0;
}

/* ---- show and export ---- */

static int add_pem(struct text *out, const struct store_key *row, struct err *err)
{
	return key_pem_write_public(row->public_der, row->public_len, out, err) < 0
		? err_add(err, "key %s", row->kid)
		: 0;
}

static int print_pem(const struct store_key *row, struct err *err)
{
	auto_text struct text pem = TEXT_INIT;

	if (add_pem(&pem, row, err) < 0)
		return -1;
	(void)fputs(pem.s, stdout);
	return output_flush(err);
}

static int print_jwk(const struct store_key *row, struct err *err)
{
	auto_key EVP_PKEY *key = NULL;
	json_auto_t *jwk = NULL;

	if (key_from_public_der(row->public_der, row->public_len, &key, err) < 0 ||
		jwk_write(key, row->kid, row->alg, &jwk, err) < 0)
		return err_add(err, "key %s", row->kid);
	return output_json(jwk, err);
}

static int key_show(struct cmd_run *run, struct err *err)
{
	auto_store_keys struct store_keys keys = { .count = 0 };
	json_t *json;
	size_t i = 0;

	if (load(run, &keys, err) < 0 || keys_find(&keys, run->args[0], &i, err) < 0)
		return -1;
	if (run->output == CMD_PEM)
		return print_pem(&keys.key[i], err);
	if (run->output == CMD_JWK)
		return print_jwk(&keys.key[i], err);
	if (keys_json(run, &keys, i, &json, err) < 0)
		return -1;
	return output_object(run, json, "kid", err);
}

/* One key, or all that are published, the oldest first. */
static int key_export(struct cmd_run *run, struct err *err)
{
	auto_store_keys struct store_keys keys = { .count = 0 };
	auto_text struct text pem = TEXT_INIT;
	size_t i = 0;

	if (!cmd_value(run, "public"))
		return err_set(err, ERR_REFUSED,
			"private halves never leave the store; add --public for the public ones");
	if (load(run, &keys, err) < 0)
		return -1;
	if (run->arg_count > 0)
		return keys_find(&keys, run->args[0], &i, err) < 0
			? -1
			: print_pem(&keys.key[i], err);
	for (i = 0; i < keys.count; i++)
		if (plan_is_published(plan_state(&keys, i, run->now)) &&
			add_pem(&pem, &keys.key[i], err) < 0)
			return -1;
	(void)fputs(pem.s ? pem.s : "", stdout);
	return output_flush(err);
}

/* ---- timeline ---- */

static int key_timeline(struct cmd_run *run, struct err *err)
{
	auto_store_keys struct store_keys keys = { .count = 0 };
	const char *svg = cmd_value(run, "svg");
	json_t *list;

	if (load(run, &keys, err) < 0)
		return -1;
	if (svg)
		return timeline_draw_svg(&keys, cmd_issuer(run), run->now, svg, err);
	if (run->output != CMD_TABLE) {
		if (keys_list_json(run, &keys, &list, err) < 0)
			return -1;
		return output_list(run, list, columns, "kid", err);
	}
	timeline_print(&keys, cmd_issuer(run), run->now);
	(void)putchar('\n');
	keys_print_moments(&keys, run->now);
	keys_warn(run, &keys);
	return output_flush(err);
}

/* ---- wait ---- */

enum goal { GOAL_PUBLISHED, GOAL_ACTIVE, GOAL_REMOVED, GOAL_COUNT };

static const char *const goal_names[GOAL_COUNT] = { "published", "active", "removed" };

static int take_goal(const struct cmd_run *run, enum goal *ret, struct err *err)
{
	const char *given = cmd_value(run, "for");

	for (size_t i = 0; given && i < GOAL_COUNT; i++)
		if (strcmp(goal_names[i], given) == 0) {
			*ret = (enum goal)i;
			return 0;
		}
	return err_set(err, ERR_USAGE,
		"say what to wait for: --for published, active or removed");
}

/* 1 if the goal is reached, 0 if it may yet be, -1 if it never will. */
static int look_at_goal(const struct store_keys *keys, size_t i, enum goal goal, unix_time now,
	struct err *err)
{
	const enum plan_state state = plan_state(keys, i, now);
	const bool is_gone = state == PLAN_REMOVED || state == PLAN_REVOKED;

	if (goal == GOAL_REMOVED)
		return is_gone;
	if (goal == GOAL_PUBLISHED && plan_is_published(state))
		return 1;
	if (goal == GOAL_ACTIVE && state == PLAN_ACTIVE)
		return 1;
	if (is_gone || (goal == GOAL_ACTIVE && state == PLAN_RETIRING))
		return err_set(err, ERR_UNHEALTHY, "key %s is %s, and will not be %s",
			keys->key[i].kid, plan_state_name(state), goal_names[goal]);
	return 0;
}

static int look(struct cmd_run *run, const char *prefix, enum goal goal, struct err *err)
{
	auto_store_keys struct store_keys keys = { .count = 0 };
	unix_time now, change;
	size_t i;
	int rc;

	run->clock = clock_read();
	if (keys_load(run, &keys, err) < 0 || keys_find(&keys, prefix, &i, err) < 0)
		return -1;
	now = run->now;
	rc = look_at_goal(&keys, i, goal, now, err);
	change = plan_key_change(&keys, i, now);
	if (rc == 0)
		progress_say("key %.12s is %s; it changes %s", keys.key[i].kid,
			plan_state_name(plan_state(&keys, i, now)),
			change == PLAN_NEVER ? "at no set time" : text_relative(change, now).s);
	else
		progress_end();
	if (rc > 0 && run->output != CMD_JSON)
		(void)printf("key %s is %s\n", keys.key[i].kid,
			plan_state_name(plan_state(&keys, i, now)));
	return rc;
}

static int report_wait(struct cmd_run *run, struct err *err)
{
	auto_store_keys struct store_keys keys = { .count = 0 };
	json_t *json;
	size_t i;

	if (run->output != CMD_JSON)
		return output_flush(err);
	if (keys_load(run, &keys, err) < 0 || keys_find(&keys, run->args[0], &i, err) < 0 ||
		keys_json(run, &keys, i, &json, err) < 0)
		return -1;
	return output_object(run, json, "kid", err);
}

/* The state is computed from time, so nobody can tell us when it changes: we look. */
static int key_wait(struct cmd_run *run, struct err *err)
{
	const int64_t start_ms = clock_monotonic_ms();
	int64_t timeout_s;
	enum goal goal;
	int rc;

	if (take_goal(run, &goal, err) < 0 ||
		cmd_duration(run, "timeout", 0, WAIT_TIMEOUT_MAX_S, WAIT_TIMEOUT_S, &timeout_s,
			err) < 0 ||
		cmd_open(run, STORE_READ, err) < 0)
		return -1;
	while ((rc = look(run, run->args[0], goal, err)) == 0) {
		if (clock_monotonic_ms() - start_ms >= timeout_s * 1000) {
			progress_end();
			return err_set(err, ERR_TIMEOUT, "key %.64s was not %s within %s",
				run->args[0], goal_names[goal], text_span(timeout_s).s);
		}
		(void)poll(NULL, 0, WAIT_LOOK_MS); /* a signal ends the program anyway */
	}
	return rc < 0 ? -1 : report_wait(run, err);
}

/* ---- the table ---- */

static const struct cmd_option timeline_options[] = {
	{ "svg", "FILE", "draw a picture into this file instead (- for standard output)", 0 },
	{ .name = NULL },
};

static const struct cmd_option rotate_options[] = {
	{ "now", NULL, "at once or not at all", 0 },
	{ "accept-verifier-outage", NULL, "with --now: also if verifiers lack the key yet", 0 },
	{ .name = NULL },
};

static const struct cmd_option revoke_options[] = {
	{ "reason", "TEXT", "why; has to be said, and the audit keeps it", 0 },
	{ "accept-verifier-outage", NULL, "also if no other key is known to verifiers yet", 0 },
	ASK_OPTION,
	{ .name = NULL },
};

static const struct cmd_option import_options[] = {
	{ "until", "TIME", "its tokens from elsewhere live until then; a duration will do", 0 },
	{ "published-since", "TIME", "verifiers have found it at this issuer's URL since then",
		0 },
	{ "verify-only", NULL, "leave the private half out", 0 },
	{ .name = NULL },
};

static const struct cmd_option export_options[] = {
	{ "public", NULL, "public keys (PEM); nothing else is ever exported", 0 },
	{ .name = NULL },
};

static const struct cmd_option wait_options[] = {
	{ "for", "STATE", "published, active or removed", 0 },
	{ "timeout", "DURATION", "how long to wait (default 1h)", 0 },
	{ .name = NULL },
};

const struct cmd cmd_key[] = {
	{ "key", "list", "", 0, 0, "List the signing keys and their states", CMD_LOOKS, NULL,
		key_list },
	{ "key", "show", "KID", 1, 1,
		"Show one key; the start of its kid is enough (-o pem, jwk)", CMD_SHOWS_KEY,
		NULL, key_show },
	{ "key", "timeline", "", 0, 0, "Draw what was and what is planned", CMD_LOOKS,
		timeline_options, key_timeline },
	{ "key", "rotate", "", 0, 0, "Let the standby key sign at the earliest safe moment",
		CMD_CHANGES, rotate_options, key_rotate },
	{ "key", "revoke", "KID", 1, 1, "Revoke a key; if it signs, another does at once",
		CMD_CHANGES, revoke_options, key_revoke },
	{ "key", "import", "FILE", 1, 1, "Take in a key that was made elsewhere (PEM)",
		CMD_CHANGES, import_options, key_import },
	{ "key", "export", "[KID]", 0, 1, "Print public keys: one, or all that are published",
		CMD_LOOKS, export_options, key_export },
	{ "key", "wait", "KID", 1, 1, "Wait until a key has come to a state", CMD_LOOKS,
		wait_options, key_wait },
	{ .noun = NULL },
};

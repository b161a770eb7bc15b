/* key_revoke.c - issuerctl key revoke: what it would hit, a question, and the deed.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ctl/ask.h"
#include "ctl/key_change.h"
#include "ctl/keys.h"
#include "ctl/output.h"
#include "ctl/verifiers.h"
#include "setup/settings.h"

#define REASON_MAX 256

/* All there is to say about one revocation. */
struct revocation {
	struct store_key key; /* as it was; kid and times only */
	enum plan_state was;
	struct store_alive_list alive;
	json_t *behind;  /* verifiers that may refuse what signs instead */
	json_t *to_tell; /* what verifiers need to forget the key */
	const char *reason;
	bool is_asked; /* and so all that it hits was shown before */
};

static void release(struct revocation *r)
{
	store_alive_list_free(&r->alive);
	json_decref(r->behind);
	json_decref(r->to_tell);
}
#define auto_revocation __attribute__((cleanup(release)))

static int take_reason(const struct cmd_run *run, const char **ret, struct err *err)
{
	const char *reason = cmd_value(run, "reason");

	if (!reason || reason[0] == '\0')
		return err_set(err, ERR_USAGE,
			"say why with --reason TEXT: the audit keeps it");
	if (strlen(reason) > REASON_MAX)
		return err_set(err, ERR_USAGE, "--reason takes %d bytes at most", REASON_MAX);
	if (!text_is_clean(reason))
		return err_set(err, ERR_USAGE,
			"--reason takes UTF-8 without line breaks or control characters");
	*ret = reason;
	return 0;
}

static int look(struct cmd_run *run, struct revocation *r, struct err *err)
{
	auto_store_keys struct store_keys keys = { .count = 0 };
	size_t i;

	if (keys_load(run, &keys, err) < 0 || keys_find(&keys, run->args[0], &i, err) < 0)
		return -1;
	r->key = keys.key[i];
	r->key.public_der = r->key.sealed = NULL; /* they go with the list */
	r->key.reason = NULL;
	r->was = plan_state(&keys, i, run->now);
	return store_alive_list(run->store, cmd_issuer(run), r->key.kid, run->now, &r->alive,
		err);
}

/* The key that signs afterwards, of the rows as they are or would be then. */
static const struct store_key *signer_of(const struct rotate_result *result)
{
	const ptrdiff_t active = plan_active(&result->keys, result->now);

	return active < 0 ? NULL : &result->keys.key[active];
}

/* ---- for people ---- */

static int64_t alive_in_all(const struct revocation *r)
{
	int64_t sum = 0;

	for (size_t i = 0; i < r->alive.count; i++)
		sum += r->alive.alive[i].count;
	return sum;
}

static void print_blast_radius(const struct revocation *r)
{
	(void)printf("Key %s (generation %s, %s): tokens it signed that have not expired: %s\n",
		r->key.kid, text_num(r->key.generation).s, plan_state_name(r->was),
		text_num(alive_in_all(r)).s);
	for (size_t i = 0; i < r->alive.count; i++) {
		const struct store_alive *a = &r->alive.alive[i];

		if (i == 0)
			(void)printf("  %7s  %-20s  %s\n", "TOKENS", "LAST EXPIRES",
				"SUBJECT, AUDIENCE");
		(void)printf("  %7s  %-20s  %s %s\n", text_num(a->count).s,
			text_time(a->last_exp).s, a->subject, a->audience);
	}
	if (r->key.is_imported)
		(void)printf(
			"It was imported: tokens that it signed elsewhere are not counted.\n");
	(void)putchar('\n');
}

static void print_succession(const struct cmd_run *run, const struct revocation *r,
	const struct rotate_result *result)
{
	const struct store_key *signer = signer_of(result);
	const char *would = run->is_dry_run ? "would sign" : "signs";

	if (!signer)
		return;
	if (r->was == PLAN_ACTIVE)
		(void)printf("Key %s %s in its place; clients ask as before.\n",
			keys_kid(signer), would);
	else
		(void)printf("It does not sign: minting goes on with key %s.\n",
			keys_kid(signer));
	(void)putchar('\n');
	verifiers_print("These verifiers may refuse the tokens of that key:", r->behind,
		"until");
}

/* ---- for scripts ---- */

static json_t *alive_json(const struct revocation *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->alive.count; i++) {
		const struct store_alive *a = &r->alive.alive[i];
		json_t *audiences = json_loads(a->audience ? a->audience : "[]", 0, NULL);

		(void)json_array_append_new(list,
			json_pack("{s:s?, s:o?, s:I, s:s}", "subject", a->subject, "audiences",
				audiences, "tokens", (json_int_t)a->count, "last_expires_at",
				text_time(a->last_exp).s));
	}
	return list;
}

static int report_json(struct cmd_run *run, const struct revocation *r,
	const struct rotate_result *result, struct err *err)
{
	const struct store_key *signer = signer_of(result);
	json_t *keys;

	if (keys_list_json(run, &result->keys, &keys, err) < 0)
		return -1;
	return output_object(run,
		json_pack("{s:b, s:s, s:s, s:s, s:b, s:s?, s:I, s:o, s:O, s:O, s:o}", "dry_run",
			run->is_dry_run, "kid", r->key.kid, "was", plan_state_name(r->was),
			"reason", r->reason, "changed", result->changed > 0, "signer",
			signer ? keys_kid(signer) : NULL, "tokens_alive",
			(json_int_t)alive_in_all(r), "alive", alive_json(r), "verifiers_behind",
			r->behind, "verifiers", r->to_tell, "keys", keys),
		"kid", err);
}

/* ---- the command ---- */

static int plan(struct cmd_run *run, struct revocation *r, bool is_dry_run,
	struct rotate_result *ret, struct err *err)
{
	const struct plan_policy policy = settings_plan(run->conf);
	const struct plan_ask ask = {
		.verb = PLAN_REVOKE,
		.generation = r->key.generation,
		.reason = r->reason,
		.accepts_outage = cmd_value(run, "accept-verifier-outage"),
	};
	const struct store_key *signer;

	if (keys_rotate(run, &ask, NULL, is_dry_run, ret, err) < 0)
		return -1;
	signer = r->was == PLAN_ACTIVE ? signer_of(ret) : NULL;
	/* Whoever had the key that is revoked has one that was published no later. */
	json_decref(r->behind);
	r->behind = signer && signer->publish_at > r->key.publish_at
		? verifiers_behind(&policy, signer, run->now)
		: json_array();
	json_decref(r->to_tell);
	r->to_tell = verifiers_to_tell(&policy, run->now);
	return 0;
}

/* People see what would happen, and are asked. With --yes the deed comes before the words:
 * whoever reads them may not read to the end. */
static int confirm(struct cmd_run *run, struct revocation *r, struct err *err)
{
	auto_free char *question = text_format("Revoke key %s for good?", r->key.kid);
	struct rotate_result preview;

	if (ask_needed(run, question, &r->is_asked, err) < 0)
		return -1;
	if (!r->is_asked)
		return 0;
	if (plan(run, r, true, &preview, err) < 0)
		return -1;
	if (run->output == CMD_TABLE) {
		print_blast_radius(r);
		print_succession(run, r, &preview);
	}
	store_keys_free(&preview.keys);
	if (ask_yes(run, question, err) < 0)
		return -1;
	run->clock = clock_read(); /* an answer may take its time */
	return 0;
}

static int report(struct cmd_run *run, const struct revocation *r,
	const struct rotate_result *result, struct err *err)
{
	if (run->output != CMD_TABLE)
		return report_json(run, r, result, err);
	if (!r->is_asked) {
		print_blast_radius(r);
		print_succession(run, r, result);
	}
	if (run->is_dry_run)
		(void)printf("Dry run: nothing was done.\n\n");
	else
		(void)printf("Done: key %s is revoked, and out of the JWKS.\n\n", r->key.kid);
	verifiers_print("What verifiers need to stop accepting it:", r->to_tell, "needs");
	keys_print_moments(&result->keys, run->now);
	keys_warn(run, &result->keys);
	return 0;
}

int key_revoke(struct cmd_run *run, struct err *err)
{
	auto_revocation struct revocation r = { .was = PLAN_REVOKED };
	struct rotate_result result;
	int rc;

	if (take_reason(run, &r.reason, err) < 0 || cmd_open(run, STORE_WRITE, err) < 0 ||
		look(run, &r, err) < 0)
		return -1;
	if (r.was == PLAN_REVOKED)
		return err_set(err, ERR_CONFLICT, "key %s was revoked already, at %s",
			r.key.kid, text_time(r.key.revoked_at).s);
	if (!run->is_dry_run && confirm(run, &r, err) < 0)
		return -1;
	if (plan(run, &r, run->is_dry_run, &result, err) < 0)
		return -1;
	rc = report(run, &r, &result, err);
	store_keys_free(&result.keys);
	return rc;
}

/* key_rotate.c - issuerctl key rotate: another key signs, at the earliest safe moment or at
 * once.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "ctl/key_change.h"
#include "ctl/keys.h"
#include "ctl/output.h"
#include "ctl/verifiers.h"
#include "setup/settings.h"

/* What came of a rotation. */
struct rotation {
	const struct store_keys *keys;
	const struct store_key *signer; /* that signs now, or will */
	json_t *behind;                 /* verifiers that may refuse its tokens */
	bool is_immediate;
	bool is_changed;
};

/* Why the standby cannot sign at once, in numbers. */
static void explain_lead(const struct cmd_run *run, const struct store_key *standby)
{
	const struct plan_policy policy = settings_plan(run->conf);
	const char *why = "a longer lead that was in force before";

	if (standby->lead_s == policy.verifier_cache_s)
		why = "keys.verifier_cache";
	else if (standby->lead_s == plan_lead(&policy))
		why = "keys.max_age + publication_lag + clock_skew";
	(void)printf(
		"Why not sooner: verifiers may go without the key for %s after it was published at\n"
		"%s (%s), and would refuse what it signs.\n",
		text_span(standby->lead_s).s, text_time(standby->publish_at).s, why);
	if (standby->lead_s == policy.verifier_cache_s)
		(void)printf(
			"If no verifier caches that long, lower keys.verifier_cache (now %s).\n",
			run->conf->keys.verifier_cache.text);
}

static int judge(struct cmd_run *run, const struct store_keys *keys, int64_t old_signer,
	struct rotation *ret, struct err *err)
{
	const struct plan_policy policy = settings_plan(run->conf);
	const ptrdiff_t next = plan_successor(keys, run->now);
	const ptrdiff_t active = plan_active(keys, run->now);

	ret->keys = keys;
	ret->is_immediate = active >= 0 && keys->key[active].generation != old_signer;
	if (!ret->is_immediate && next < 0)
		return err_set(err, ERR_UNHEALTHY, "there is no standby");
	ret->signer = &keys->key[ret->is_immediate ? active : next];
	ret->behind = ret->is_immediate ? verifiers_behind(&policy, ret->signer, run->now)
					: json_array();
	return 0;
}

static int rotation_json(struct cmd_run *run, const struct rotation *rotation, json_t **ret,
	struct err *err)
{
	const struct store_key *signer = rotation->signer;
	json_t *keys;

	if (keys_list_json(run, rotation->keys, &keys, err) < 0)
		return -1;
	*ret = json_pack("{s:b, s:b, s:o, s:s, s:b, s:O, s:o}", "dry_run", run->is_dry_run,
		"immediate", rotation->is_immediate, "takes_effect_at",
		output_time(rotation->is_immediate ? run->now : signer->activate_at), "signer",
		keys_kid(signer), "changed", rotation->is_changed, "verifiers_behind",
		rotation->behind, "keys", keys);
	return 0;
}

static void print(const struct cmd_run *run, const struct rotation *rotation)
{
	const struct store_key *signer = rotation->signer;

	if (rotation->is_immediate) {
		(void)printf(
			"%s: key %s %s now. Tokens of the old key stay valid, but for verifiers that try only\n"
			"the first key of the JWKS (builds of Ceph RGW before August 2026).\n",
			run->is_dry_run ? "Dry run" : "Done", keys_kid(signer),
			run->is_dry_run ? "would sign from" : "signs from");
	} else {
		(void)printf("%s: key %s %s at %s (%s).\n",
			run->is_dry_run                ? "Dry run"
				: rotation->is_changed ? "Planned"
						       : "Planned already",
			keys_kid(signer), run->is_dry_run ? "would sign" : "will sign",
			text_time(signer->activate_at).s,
			text_relative(signer->activate_at, run->now).s);
		explain_lead(run, signer);
	}
	(void)putchar('\n');
	verifiers_print("These verifiers may refuse its tokens:", rotation->behind, "until");
	keys_print_moments(rotation->keys, run->now);
}

static int report(struct cmd_run *run, const struct rotation *rotation, struct err *err)
{
	json_t *json;

	if (run->output == CMD_TABLE) {
		print(run, rotation);
		keys_warn(run, rotation->keys);
		return 0;
	}
	if (rotation_json(run, rotation, &json, err) < 0)
		return -1;
	return output_object(run, json, "signer", err);
}

/* The generation of the key that is active before, or 0. */
static int look(struct cmd_run *run, int64_t *ret, struct err *err)
{
	auto_store_keys struct store_keys keys = { .count = 0 };
	ptrdiff_t active;

	if (keys_load(run, &keys, err) < 0)
		return -1;
	active = plan_active(&keys, run->now);
	*ret = active < 0 ? 0 : keys.key[active].generation;
	return 0;
}

int key_rotate(struct cmd_run *run, struct err *err)
{
	const struct plan_ask ask = {
		.verb = PLAN_ROTATE,
		.is_now = cmd_value(run, "now"),
		.accepts_outage = cmd_value(run, "accept-verifier-outage"),
	};
	struct rotate_result result;
	struct rotation rotation;
	int64_t before;
	int rc;

	if (ask.accepts_outage && !ask.is_now)
		return err_set(err, ERR_USAGE,
			"--accept-verifier-outage goes with --now; without it nothing is risked");
	if (cmd_open(run, STORE_WRITE, err) < 0 || look(run, &before, err) < 0 ||
		keys_rotate(run, &ask, NULL, run->is_dry_run, &result, err) < 0)
		return -1;
	rc = judge(run, &result.keys, before, &rotation, err);
	if (rc == 0) {
		rotation.is_changed = result.changed > 0;
		rc = report(run, &rotation, err);
		json_decref(rotation.behind);
	}
	store_keys_free(&result.keys);
	return rc;
}

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

	if (active < 0 || (next < 0 && keys->key[active].generation == old_signer))
		return err_set(err, ERR_UNHEALTHY,
			"no active key, or no standby; is the clock right?");
	ret->keys = keys;
	ret->is_immediate = keys->key[active].generation != old_signer;
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
		(void)printf("%s: key %s %s now; tokens of the old key stay valid.\n",
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

/* What is there before. */
struct before {
	int64_t signer;              /* generation, or 0 */
	char kid[STORE_KID_LEN + 1]; /* of the standby that would sign at once, or "" */
	unix_time trusted_at;        /* its */
	unix_time publish_at;
};

static int look(struct cmd_run *run, struct before *ret, struct err *err)
{
	auto_store_keys struct store_keys keys = { .count = 0 };
	ptrdiff_t active, next;

	if (store_keys_load(run->store, cmd_issuer(run), &keys, err) < 0)
		return -1;
	active = plan_active(&keys, run->now);
	next = plan_ripest(&keys, run->now);
	*ret = (struct before){ .signer = active < 0 ? 0 : keys.key[active].generation };
	if (next >= 0) {
		(void)text_fit(ret->kid, sizeof(ret->kid), keys.key[next].kid); /* same size */
		ret->trusted_at = plan_trusted_at(&keys.key[next]);
		ret->publish_at = keys.key[next].publish_at;
	}
	return 0;
}

/* --now means at once, or not at all; and an outage has to be meant. */
static int check_now(const struct cmd_run *run, const struct before *before, struct err *err)
{
	if (!cmd_value(run, "now") || cmd_value(run, "accept-verifier-outage") ||
		before->trusted_at <= run->now)
		return 0;
	return err_set(err, ERR_EARLY,
		"key %s has been published for %s only: verifiers may lack it until %s (in %s), and "
		"would refuse its tokens; without --now it signs as soon as that is over, with "
		"--accept-verifier-outage it signs now",
		before->kid, text_span(run->now - before->publish_at).s,
		text_time(before->trusted_at).s, text_span(before->trusted_at - run->now).s);
}

int key_rotate(struct cmd_run *run, struct err *err)
{
	const struct plan_ask ask = {
		.verb = PLAN_ROTATE,
		.accepts_outage =
			cmd_value(run, "now") && cmd_value(run, "accept-verifier-outage"),
	};
	struct rotate_result result;
	struct rotation rotation;
	struct before before;
	int rc;

	if (cmd_value(run, "accept-verifier-outage") && !cmd_value(run, "now"))
		return err_set(err, ERR_BAD_INPUT,
			"--accept-verifier-outage goes with --now; without it nothing is risked");
	if (cmd_open(run, STORE_WRITE, err) < 0 || look(run, &before, err) < 0 ||
		check_now(run, &before, err) < 0 ||
		keys_rotate(run, &ask, NULL, &result, err) < 0)
		return -1;
	rc = judge(run, &result.keys, before.signer, &rotation, err);
	if (rc == 0) {
		rotation.is_changed = result.changed > 0;
		rc = report(run, &rotation, err);
		json_decref(rotation.behind);
	}
	store_keys_free(&result.keys);
	return rc;
}

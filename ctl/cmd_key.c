/* cmd_key.c - issuerctl key ...
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "ctl/cmd.h"
#include "ctl/keys.h"
#include "ctl/output.h"
#include "keys/plan.h"
#include "setup/settings.h"

static const struct output_column columns[] = {
	{ "KID", "kid" },
	{ "GEN", "generation" },
	{ "ALG", "alg" },
	{ "STATE", "state" },
	{ "PUBLISHED", "publish_at" },
	{ "ACTIVE FROM", "activate_at" },
	{ "REMOVED FROM JWKS", "remove_at" },
	{ "NEXT CHANGE", "next_change" },
	{ NULL, NULL },
};

static json_t *all_json(const struct store_keys *keys, unix_time now)
{
	json_t *list = json_array();

	for (size_t i = 0; i < keys->count; i++)
		(void)json_array_append_new(list, keys_json(keys, i, now));
	return list;
}

static int key_list(struct cmd_run *run, struct err *err)
{
	struct store_keys keys;
	int64_t revision;
	int rc;

	if (cmd_open(run, STORE_READ, err) < 0 ||
		store_keys_load(run->store, cmd_issuer(run), &keys, &revision, err) < 0)
		return -1;
	rc = output_list(run, all_json(&keys, run->now), columns, "kid", err);
	store_keys_free(&keys);
	return rc;
}

/* The one key whose kid starts with `prefix`. */
static int find_key(const struct store_keys *keys, const char *prefix, size_t *ret,
	struct err *err)
{
	size_t found = 0;

	for (size_t i = 0; i < keys->count; i++)
		if (strncmp(keys->key[i].kid, prefix, strlen(prefix)) == 0) {
			found++;
			*ret = i;
		}
	if (found == 0)
		return err_set(err, ERR_NOT_FOUND,
			"no key '%.64s'; issuerctl key list shows them", prefix);
	if (found > 1)
		return err_set(err, ERR_BAD_INPUT,
			"%zu keys begin with '%.64s'; give more of the kid", found, prefix);
	return 0;
}

static int key_show(struct cmd_run *run, struct err *err)
{
	struct store_keys keys;
	int64_t revision;
	size_t i = 0;
	int rc;

	if (cmd_open(run, STORE_READ, err) < 0 ||
		store_keys_load(run->store, cmd_issuer(run), &keys, &revision, err) < 0)
		return -1;
	rc = find_key(&keys, run->args[0], &i, err);
	if (rc == 0)
		rc = output_object(run, keys_json(&keys, i, run->now), "kid", err);
	store_keys_free(&keys);
	return rc;
}

static void print_moment(const char *kid, const char *what, unix_time at, unix_time now)
{
	if (at != TIME_UNSET)
		(void)printf("  %-20s %-11s %-43s %s\n", text_time(at).s,
			text_relative(at, now).s, *kid ? kid : "(a new key)", what);
}

static void print_timeline(const struct store_keys *keys, unix_time now)
{
	for (size_t i = 0; i < keys->count; i++) {
		const struct store_key *key = &keys->key[i];
		const enum plan_state state = plan_state(keys, i, now);

		if (state == PLAN_REMOVED || state == PLAN_REVOKED)
			continue;
		print_moment(key->kid, "published", key->publish_at, now);
		print_moment(key->kid,
			state == PLAN_STANDBY || state == PLAN_STAGED ? "signs"
								      : "began to sign",
			key->activate_at, now);
		print_moment(key->kid, "leaves the JWKS", key->remove_at, now);
	}
}

/* Why the standby cannot sign at once, in numbers. */
static void explain_lead(const struct cmd_run *run, const struct store_key *standby)
{
	const struct plan_policy policy = settings_plan(run->conf);
	const struct conf_keys *conf = &run->conf->keys;
	const bool is_cache = plan_lead(&policy) == policy.verifier_cache_s;

	(void)printf(
		"Why not sooner: verifiers may go without the key for %s after it was published at\n"
		"%s (%s), and would refuse what it signs.\n",
		text_span(plan_lead(&policy)).s, text_time(standby->publish_at).s,
		is_cache ? "keys.verifier_cache"
			 : "keys.max_age + publication_lag + clock_skew");
	if (is_cache)
		(void)printf(
			"If no verifier caches that long, lower keys.verifier_cache (now %s).\n",
			conf->verifier_cache.text);
}

/* What came of a rotation. */
struct rotation {
	const struct store_keys *keys;
	const struct store_key *signer; /* that signs now, or will */
	bool is_immediate;
	bool is_changed;
};

static int judge_rotation(const struct store_keys *keys, int64_t old_signer, unix_time now,
	struct rotation *ret, struct err *err)
{
	const ptrdiff_t next = plan_successor(keys, now);
	const ptrdiff_t active = plan_active(keys, now);

	if (active < 0 || next < 0)
		return err_set(err, ERR_UNHEALTHY,
			"no active key, or no standby; is the clock right?");
	ret->keys = keys;
	ret->is_immediate = keys->key[active].generation != old_signer;
	ret->signer = &keys->key[ret->is_immediate ? active : next];
	return 0;
}

static json_t *rotation_json(const struct cmd_run *run, const struct rotation *rotation)
{
	const struct store_key *signer = rotation->signer;

	return json_pack("{s:b, s:b, s:o, s:s, s:b, s:o}", "dry_run", run->is_dry_run,
		"immediate", rotation->is_immediate, "takes_effect_at",
		output_time(rotation->is_immediate ? run->now : signer->activate_at), "signer",
		signer->kid, "changed", rotation->is_changed, "keys",
		all_json(rotation->keys, run->now));
}

static void print_rotation(const struct cmd_run *run, const struct rotation *rotation)
{
	const struct store_key *signer = rotation->signer;

	if (rotation->is_immediate) {
		(void)printf("%s: key %s %s now; tokens of the old key stay valid.\n",
			run->is_dry_run ? "Dry run" : "Done", signer->kid,
			run->is_dry_run ? "would sign from" : "signs from");
	} else {
		(void)printf("%s: key %s %s at %s (%s).\n",
			run->is_dry_run                ? "Dry run"
				: rotation->is_changed ? "Planned"
						       : "Planned already",
			signer->kid, run->is_dry_run ? "would sign" : "will sign",
			text_time(signer->activate_at).s,
			text_relative(signer->activate_at, run->now).s);
		explain_lead(run, signer);
	}
	(void)putchar('\n');
	print_timeline(rotation->keys, run->now);
}

/* The generation that signs now, or 0. */
static int signer_generation(struct cmd_run *run, int64_t *ret, struct err *err)
{
	struct store_keys keys;
	int64_t revision;
	ptrdiff_t active;

	if (store_keys_load(run->store, cmd_issuer(run), &keys, &revision, err) < 0)
		return -1;
	active = plan_active(&keys, run->now);
	*ret = active < 0 ? 0 : keys.key[active].generation;
	store_keys_free(&keys);
	return 0;
}

static int key_rotate(struct cmd_run *run, struct err *err)
{
	struct rotation rotation;
	struct store_keys keys;
	int64_t old_signer;
	size_t changed;
	int rc;

	if (cmd_open(run, STORE_WRITE, err) < 0 ||
		signer_generation(run, &old_signer, err) < 0 ||
		keys_rotate(run, PLAN_ROTATE, &keys, &changed, err) < 0)
		return -1;
	rc = judge_rotation(&keys, old_signer, run->now, &rotation, err);
	rotation.is_changed = changed > 0;
	if (rc == 0 && run->output == CMD_TABLE)
		print_rotation(run, &rotation);
	else if (rc == 0)
		rc = output_object(run, rotation_json(run, &rotation), "signer", err);
	store_keys_free(&keys);
	return rc;
}

const struct cmd cmd_key[] = {
	{ "key", "list", "", 0, 0, "List the signing keys and their states", false, NULL,
		key_list },
	{ "key", "show", "KID", 1, 1, "Show one key; the start of its kid is enough", false,
		NULL, key_show },
	{ "key", "rotate", "", 0, 0, "Let the standby key sign at the earliest safe moment",
		true, NULL, key_rotate },
	{ .noun = NULL },
};

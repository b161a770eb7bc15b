/* keys.c - see keys.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "ctl/keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ctl/output.h"
#include "setup/settings.h"

int keys_load(struct cmd_run *run, struct store_keys *ret, struct err *err)
{
	if (store_keys_load(run->store, cmd_issuer(run), ret, err) < 0)
		return -1;
	run->now = plan_time(&ret->memory, settings_plan(run->conf).clock_skew_s, run->clock);
	return 0;
}

int keys_rotate(struct cmd_run *run, const struct plan_ask *ask, const EVP_PKEY *private,
	bool is_dry_run, struct rotate_result *ret, struct err *err)
{
	auto_sealing struct sealing *sealing = settings_sealing(run->conf);
	const struct rotate rotate = {
		.store = run->store,
		.issuer = cmd_issuer(run),
		.sealing = sealing,
		.policy = settings_plan(run->conf),
		.rsa_bits = run->conf->keys.rsa_bits,
		.actor = run->actor,
		.private = private,
	};

	if (rotate_run(&rotate, ask, is_dry_run, run->clock, ret, err) < 0)
		return -1;
	run->now = ret->now;
	return 0;
}

int keys_ring(struct cmd_run *run, struct keyring **ret, struct err *err)
{
	auto_sealing struct sealing *sealing = settings_sealing(run->conf);
	const struct plan_policy policy = settings_plan(run->conf);
	struct keyring_slot *slot;
	int rc;

	if (keyring_slot_open(run->store, cmd_issuer(run), sealing, &policy, run->clock, &slot,
		    err) < 0)
		return -1;
	rc = keyring_slot_sign(slot, run->clock, ret, err);
	keyring_slot_close(slot);
	return rc;
}

int keys_find(const struct store_keys *keys, const char *prefix, size_t *ret, struct err *err)
{
	size_t found = 0;

	if (prefix[0] == '\0')
		return err_set(err, ERR_USAGE,
			"the KID is empty; issuerctl key list shows the keys");
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

const char *keys_kid(const struct store_key *key)
{
	return key->kid[0] ? key->kid : "(new)";
}

static json_t *next_state(const struct store_keys *keys, size_t i, unix_time change)
{
	return change == PLAN_NEVER ? json_null()
				    : json_string(plan_state_name(plan_state(keys, i, change)));
}

int keys_json(struct cmd_run *run, const struct store_keys *keys, size_t i, json_t **ret,
	struct err *err)
{
	const struct store_key *key = &keys->key[i];
	const enum plan_state state = plan_state(keys, i, run->now);
	const unix_time change = plan_key_change(keys, i, run->now);
	const bool has_signed = key->activate_at != TIME_UNSET && key->activate_at <= run->now;
	int64_t alive = 0;

	if (has_signed &&
		store_alive_count(run->store, cmd_issuer(run), key->kid, run->now, &alive,
			err) < 0)
		return -1;
	*ret = json_pack(
		"{s:s, s:I, s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, "
		"s:s, s:b, s:s*}",
		"kid", keys_kid(key), "generation", (json_int_t)key->generation, "alg",
		key->alg, "state", plan_state_name(state), "in_jwks", plan_is_published(state),
		"since", output_time(plan_since(keys, i, run->now)), "next_state",
		next_state(keys, i, change), "next_change",
		output_time(change == PLAN_NEVER ? TIME_UNSET : change), "leaves_at",
		output_time(plan_leaves_at(key)), "tokens_alive", (json_int_t)alive,
		"created_at", output_time(key->created_at), "publish_at",
		output_time(key->publish_at), "trusted_at",
		output_time(plan_verifies_only(key) ? TIME_UNSET : plan_trusted_at(key)),
		"activate_at", output_time(key->activate_at), "remove_at",
		output_time(key->remove_at), "revoked_at", output_time(key->revoked_at),
		"max_ttl", text_span(key->ttl_ratchet_s).s, "imported", key->is_imported,
		"reason", key->reason);
	return *ret ? 0 : err_set(err, ERR_FAILED, "could not describe key %s", key->kid);
}

int keys_list_json(struct cmd_run *run, const struct store_keys *keys, json_t **ret,
	struct err *err)
{
	json_auto_t *list = json_array();

	for (size_t i = 0; i < keys->count; i++) {
		json_t *one;

		if (keys_json(run, keys, i, &one, err) < 0)
			return -1;
		(void)json_array_append_new(list, one); /* fails only for want of memory */
	}
	*ret = json_incref(list);
	return 0;
}

/* ---- moments ---- */

struct moment {
	unix_time at;
	const struct store_key *key;
	const char *what;
};

static int compare(const void *a, const void *b)
{
	const struct moment *x = a;
	const struct moment *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->key < y->key ? -1 : x->key > y->key;
}

static void add(struct moment *moments, size_t *count, const struct store_key *key,
	unix_time at, const char *what)
{
	if (at != TIME_UNSET)
		moments[(*count)++] = (struct moment){ at, key, what };
}

void keys_print_moments(const struct store_keys *keys, unix_time now)
{
	struct moment *moments = text_alloc(keys->count * 3, sizeof(*moments));
	size_t count = 0;

	for (size_t i = 0; i < keys->count; i++) {
		const struct store_key *key = &keys->key[i];
		const enum plan_state state = plan_state(keys, i, now);

		if (state == PLAN_REMOVED)
			continue;
		add(moments, &count, key, key->revoked_at, "revoked");
		if (state == PLAN_REVOKED)
			continue;
		add(moments, &count, key, key->publish_at, "published");
		add(moments, &count, key, key->activate_at,
			key->activate_at > now ? "signs" : "began to sign");
		add(moments, &count, key, key->remove_at, "leaves the JWKS");
	}
	qsort(moments, count, sizeof(*moments), compare);
	for (size_t i = 0; i < count; i++)
		(void)printf("  %-20s  %-14s %-12.12s  %s\n", text_time(moments[i].at).s,
			text_relative(moments[i].at, now).s, keys_kid(moments[i].key),
			moments[i].what);
	free(moments);
}

/* ---- warnings ---- */

static void warn(const char *text)
{
	(void)fflush(stdout); /* in order, where both go to one place */
	(void)fprintf(stderr, "issuerctl: warning: %s\n", text);
}

void keys_warn(const struct cmd_run *run, const struct store_keys *keys)
{
	const struct plan_policy policy = settings_plan(run->conf);
	const struct store_memory *memory = &keys->memory;
	const size_t published = plan_published(keys, run->now);
	struct err err = ERR_INIT;

	if (published > PLAN_PUBLISHED_WARN) {
		auto_free char *text = text_format(
			"%zu keys are published, and some verifiers read no more than %d, so no more are "
			"added then: rotate less often, import fewer, or lower tokens.max_lifetime",
			published, PLAN_PUBLISHED_MAX);

		warn(text);
	}
	if (memory->backup_at != TIME_UNSET) {
		auto_free char *text = text_format(
			"this store is a copy of %s that was put back: what was changed since then "
			"is lost, revocations of keys and clients too",
			text_time(memory->backup_at).s);

		warn(text);
	}
	if (plan_successor(keys, run->now) < 0)
		warn("there is no standby; issuerd makes one as soon as it can, and its log says why "
		     "it cannot (keys.rotation_failed)");
	if (plan_clock_check(memory, policy.clock_skew_s, run->clock, &err) < 0)
		warn(err.text);
	/* Of what would be there are no private halves. */
	if (!run->is_dry_run && keys->count > 0 && plan_signer(keys, run->now) < 0)
		warn("no key can sign now; the one that will is listed, or make it sign at once, "
		     "also if verifiers lack it: issuerctl key rotate --now "
		     "--accept-verifier-outage");
}

/* keys.c - see keys.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "ctl/keys.h"
#include "base/text.h"
#include "ctl/output.h"
#include "setup/settings.h"

int keys_rotate(struct cmd_run *run, enum plan_ask ask, struct store_keys *ret_keys,
	size_t *ret_changed, struct err *err)
{
	auto_key_sealing struct key_sealing *sealing = NULL;
	auto_free char *path = settings_sealing_path(run->conf);
	struct rotate rotate = {
		.store = run->store,
		.issuer = cmd_issuer(run),
		.policy = settings_plan(run->conf),
		.rsa_bits = run->conf->keys.rsa_bits,
		.actor = run->actor,
	};

	if (key_sealing_read(path, &sealing, err) < 0)
		return -1;
	rotate.sealing = sealing;
	return rotate_run(&rotate, ask, run->is_dry_run, run->now, ret_keys, ret_changed, err);
}

json_t *keys_json(const struct store_keys *keys, size_t i, unix_time now)
{
	const struct store_key *key = &keys->key[i];
	const unix_time change = plan_key_change(keys, i, now);

	return json_pack("{s:s, s:I, s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s*}",
		"kid", key->kid[0] ? key->kid : "(new)", "generation",
		(json_int_t)key->generation, "alg", key->alg, "state",
		plan_state_name(plan_state(keys, i, now)), "in_jwks",
		plan_is_published(plan_state(keys, i, now)), "created_at",
		output_time(key->created_at), "publish_at", output_time(key->publish_at),
		"activate_at", output_time(key->activate_at), "remove_at",
		output_time(key->remove_at), "revoked_at", output_time(key->revoked_at),
		"next_change", output_time(change == PLAN_NEVER ? TIME_UNSET : change),
		"max_ttl", text_span(key->ttl_ratchet_s).s, "reason", key->reason);
}

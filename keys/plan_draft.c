/* plan_draft.c - see plan_draft.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "keys/plan_draft.h"
#include "base/num.h"
#include "base/text.h"

enum plan_state draft_state(const struct draft *draft, size_t i)
{
	return plan_state(&draft->keys, i, draft->now);
}

void draft_set(struct draft *draft, size_t i, unix_time *member, unix_time value)
{
	if (*member == value)
		return;
	*member = value;
	draft->is_changed[i] = true;
}

/* The private half is borrowed: the row it came from still owns it. */
void draft_forget_half(struct draft *draft, size_t i)
{
	struct store_key *key = &draft->keys.key[i];

	if (!key->sealed)
		return;
	key->sealed = NULL;
	key->sealed_len = 0;
	draft->is_changed[i] = true;
}

int64_t draft_next_generation(const struct store_keys *keys)
{
	int64_t last = keys->memory.generation_min;

	for (size_t i = 0; i < keys->count; i++)
		last = num_max(last, keys->key[i].generation);
	return last + 1;
}

int64_t draft_lead(const struct draft *draft, unix_time publish_at)
{
	return num_max(plan_lead(draft->policy), draft->keys.memory.lead_until - publish_at);
}

struct store_key *draft_add(struct draft *draft)
{
	struct store_key *key = &draft->keys.key[draft->keys.count];

	*key = (struct store_key){
		.generation = draft_next_generation(&draft->keys),
		.created_at = draft->now,
		.publish_at = draft->now,
		.ttl_ratchet_s = draft->policy->max_lifetime_s,
		.lead_s = draft_lead(draft, draft->now),
	};
	(void)text_fit(key->alg, sizeof(key->alg), draft->policy->alg); /* checked by conf */
	draft->is_changed[draft->keys.count++] = true;
	return key;
}

void draft_choose(struct draft *draft, size_t i, unix_time at)
{
	for (size_t j = 0; j < draft->keys.count; j++)
		if (j != i && draft->keys.key[j].activate_at > draft->now)
			draft_set(draft, j, &draft->keys.key[j].activate_at, TIME_UNSET);
	draft_set(draft, i, &draft->keys.key[i].activate_at, at);
}

unix_time draft_earliest(const struct draft *draft, size_t i)
{
	return num_max(draft->now, plan_trusted_at(&draft->keys.key[i]));
}

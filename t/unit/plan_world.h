/* plan_world.h - rows of keys as a store would hold them, in memory, for tests of keys/plan.h:
 * what rotate and the store do with a planned change, without keys and without files.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef PLAN_WORLD_H
#define PLAN_WORLD_H

#include <stdio.h>

#include "keys/plan.h"
#include "t/unit/unit.h"

#ifndef WORLD_KEYS_MAX
#define WORLD_KEYS_MAX 40 /* on the stack of many tests */
#endif
#define WORLD_NOW ((unix_time)1900000000)
#define MINUTE    60
#define HOUR      3600
#define DAY       86400

struct world {
	struct store_key rows[WORLD_KEYS_MAX];
	struct store_keys keys;
};

/* The defaults of conf/issuerd.yaml. */
static inline struct plan_policy world_policy(void)
{
	return (struct plan_policy){
		.max_age_s = 300,
		.publication_lag_s = 0,
		.clock_skew_s = 60,
		.verifier_cache_s = DAY,
		.verifier_leeway_s = 300,
		.max_lifetime_s = DAY,
		.rotation_period_s = 30 * DAY,
		.alg = "RS256",
	};
}

static inline void world_init(struct world *world)
{
	*world = (struct world){ .keys = { .count = 0 } };
	world->keys.key = world->rows;
}

/* The clock at `now` on a machine that has been running all along. */
static inline struct clock_reading world_clock(unix_time now)
{
	return (struct clock_reading){ .now = now, .uptime_s = now };
}

/* Replaces rows by generation; a new one gets a kid and a private half, as rotate would. */
static inline void world_apply(struct world *world, const struct store_keys *change)
{
	static unsigned char bytes[] = "sealed";

	for (size_t c = 0; c < change->count; c++) {
		struct store_key row = change->key[c];
		size_t i = 0;

		while (i < world->keys.count && world->rows[i].generation != row.generation)
			i++;
		assert_true(i < WORLD_KEYS_MAX);
		if (i == world->keys.count) {
			assert_null(row.sealed);
			if (!row.is_imported) {
				assert_string_equal(row.kid, "");
				assert_null(row.public_der);
				(void)snprintf(row.kid, sizeof(row.kid), "kid-%d",
					(int)row.generation);
			}
			/* Nobody has the private half of a key that only verifies. */
			if (row.remove_at == TIME_UNSET || row.activate_at != TIME_UNSET) {
				row.sealed = bytes;
				row.sealed_len = sizeof(bytes);
			}
			world->keys.count++;
		}
		world->rows[i] = row;
	}
	world->keys.memory = change->memory;
}

/* Plans and applies; the number of rows that changed. */
static inline size_t world_ask(struct world *world, const struct plan_policy *policy,
	unix_time now, const struct plan_ask *ask)
{
	struct store_keys change;
	struct err err;
	size_t count;

	assert_succeeds(plan_next(&world->keys, policy, world_clock(now), ask, &change, &err));
	world_apply(world, &change);
	count = change.count;
	plan_free(&change);
	return count;
}

static inline size_t world_step(struct world *world, const struct plan_policy *policy,
	unix_time now, enum plan_verb verb)
{
	return world_ask(world, policy, now, &(struct plan_ask){ .verb = verb });
}

#endif

/* keys.h - what commands about keys share.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CTL_KEYS_H
#define CTL_KEYS_H

#include <jansson.h>

#include "ctl/cmd.h"
#include "keys/keyring.h"
#include "keys/rotate.h"

/* The keys there are. From here on run->now is the time by which their states are computed
 * (plan_time). */
int keys_load(struct cmd_run *run, struct store_keys *ret, struct err *err);

/* rotate_run with the settings of this command line. `private` is the half of a key that is
 * imported, or NULL. */
int keys_rotate(struct cmd_run *run, const struct plan_ask *ask, const EVP_PKEY *private,
	bool is_dry_run, struct rotate_result *ret, struct err *err);

/* The keys as they are now, the private half of the one that signs included. */
int keys_ring(struct cmd_run *run, struct keyring **ret, struct err *err);

/* The one key whose kid starts with `prefix`. */
int keys_find(const struct store_keys *keys, const char *prefix, size_t *ret, struct err *err);

/* One key as JSON: kid, generation, alg, state, times, and how many of its tokens are alive. */
int keys_json(struct cmd_run *run, const struct store_keys *keys, size_t i, json_t **ret,
	struct err *err);
/* All of them. */
int keys_list_json(struct cmd_run *run, const struct store_keys *keys, json_t **ret,
	struct err *err);

/* What is ahead, and what was, as lines: time, distance, key, event. */
void keys_print_moments(const struct store_keys *keys, unix_time now);

/* On standard error: what an operator should know of these keys. */
void keys_warn(const struct cmd_run *run, const struct store_keys *keys);

/* The kid, or what stands for it while the key is not made yet. */
const char *keys_kid(const struct store_key *key);

#endif

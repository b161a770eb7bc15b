/* keys.h - what commands about keys share.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CTL_KEYS_H
#define CTL_KEYS_H

#include <jansson.h>

#include "ctl/cmd.h"
#include "keys/rotate.h"

/* rotate_run with the settings of this command line (dry run included). */
int keys_rotate(struct cmd_run *run, enum plan_ask ask, struct store_keys *ret_keys,
	size_t *ret_changed, struct err *err);

/* One key as JSON: kid, generation, alg, state, times. */
json_t *keys_json(const struct store_keys *keys, size_t i, unix_time now);

#endif

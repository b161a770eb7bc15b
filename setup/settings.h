/* settings.h - from the configuration to what the rooms want: they take values, not the
 * configuration. Shared by every program that works on a store.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "conf/conf.h"
#include "keys/mint.h"
#include "keys/plan.h"
#include "store/store.h"

struct plan_policy settings_plan(const struct conf *conf);
struct mint_policy settings_mint(const struct conf *conf);

/* Where the sealing key is: "sealing.key" in $CREDENTIALS_DIRECTORY (systemd.exec(5)) if there
 * is one, else the configured file. The caller frees. */
char *settings_sealing_path(const struct conf *conf);

/* Is the issuer in the store the configured one? A changed URL would change the `iss` of every
 * token under the feet of all verifiers (ERR_REFUSED). ERR_NOT_FOUND if the store has none. */
int settings_check_issuer(const struct conf *conf, struct store *store, struct err *err);

/* Opens the store of the configuration, and checks that its issuer is the configured one: a
 * changed URL would change the `iss` of every token under the feet of all verifiers
 * (ERR_REFUSED). ERR_NOT_FOUND says how to make the store. */
int settings_open_store(const struct conf *conf, enum store_mode mode, struct store **ret,
	struct err *err);

#endif

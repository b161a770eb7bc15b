/* settings.h - from the configuration to what the rooms want: they take values, not the
 * configuration. Shared by every program that works on a store.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <jansson.h>

#include "conf/conf.h"
#include "keys/mint.h"
#include "keys/plan.h"
#include "keys/sealing.h"
#include "store/store.h"

struct plan_policy settings_plan(const struct conf *conf);
struct mint_policy settings_mint(const struct conf *conf);
/* The audiences of the API, which are those of a token that names none: the configured ones, or
 * the issuer's URL. A new reference. */
json_t *settings_audiences(const struct conf *conf);

/* Where the sealing key may be, in the order in which it is looked for: "sealing.key" in
 * $CREDENTIALS_DIRECTORY (systemd.exec(5)) if that is set, the configured file, and the one
 * that is to take its place (keys/rewrap.h). */
struct settings_paths {
	char *path[SEALING_PATHS_MAX];
	size_t count;
};

struct settings_paths settings_sealing_paths(const struct conf *conf);
void settings_paths_free(struct settings_paths *paths);
#define auto_settings_paths __attribute__((cleanup(settings_paths_free)))

/* The same, ready to ask; sealing_free. */
struct sealing *settings_sealing(const struct conf *conf);

/* Is the issuer in the store the configured one? A changed URL would change the `iss` of every
 * token under the feet of all verifiers (ERR_REFUSED). ERR_NOT_FOUND if the store has none. */
int settings_check_issuer(const struct conf *conf, struct store *store, struct err *err);

/* Opens the store of the configuration, and checks that its issuer is the configured one: a
 * changed URL would change the `iss` of every token under the feet of all verifiers
 * (ERR_REFUSED). ERR_NOT_FOUND says how to make the store. */
int settings_open_store(const struct conf *conf, enum store_mode mode, struct store **ret,
	struct err *err);

#endif

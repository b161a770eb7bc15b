/* settings.c - see settings.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "setup/settings.h"

struct plan_policy settings_plan(const struct conf *conf)
{
	return (struct plan_policy){
		.max_age_s = conf->keys.max_age.s,
		.publication_lag_s = conf->keys.publication_lag.s,
		.clock_skew_s = conf->keys.clock_skew.s,
		.verifier_cache_s = conf->keys.verifier_cache.s,
		.verifier_leeway_s = conf->keys.verifier_leeway.s,
		.max_lifetime_s = conf->tokens.max_lifetime.s,
		.rotation_period_s = conf->keys.rotation_period.s,
		.alg = conf->keys.algorithm,
	};
}

struct mint_policy settings_mint(const struct conf *conf)
{
	return (struct mint_policy){
		.max_lifetime_s = conf->tokens.max_lifetime.s,
		.backdate_s = conf->tokens.backdate.s,
	};
}

json_t *settings_audiences(const struct conf *conf)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < conf->tokens.audience_count; i++)
		(void)json_array_append_new(list, json_string(conf->tokens.audiences[i]));
	if (conf->tokens.audience_count == 0)
		(void)json_array_append_new(list, json_string(conf->issuers[0].url));
	return list;
}

struct settings_paths settings_sealing_paths(const struct conf *conf)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	auto_free char *resolved = realpath(conf->sealing_key, NULL);
	struct settings_paths paths = { .count = 0 };

	if (directory)
		paths.path[paths.count++] = text_format("%s/sealing.key", directory);
	paths.path[paths.count++] = text_copy(conf->sealing_key);
	/* Its successor is beside the file, not beside a link to it (rewrap.h). */
	paths.path[paths.count++] =
		text_format("%s" SEALING_NEW, resolved ? resolved : conf->sealing_key);
	return paths;
}

void settings_paths_free(struct settings_paths *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		free(paths->path[i]);
	*paths = (struct settings_paths){ .count = 0 };
}

struct sealing *settings_sealing(const struct conf *conf)
{
	auto_settings_paths struct settings_paths paths = settings_sealing_paths(conf);

	return sealing_new((const char *const *)paths.path, paths.count);
}

int settings_check_issuer(const struct conf *conf, struct store *store, struct err *err)
{
	const struct conf_issuer *wanted = &conf->issuers[0];
	struct store_issuer stored;
	int rc = 0;

	if (store_issuer_get(store, wanted->name, &stored, err) < 0)
		return err->code != ERR_NOT_FOUND
			? -1
			: err_set(err, ERR_NOT_FOUND,
				  "store '%s' has no issuer '%s'; run: issuerctl -c %s init",
				  conf->store, wanted->name, conf->path);
	if (strcmp(stored.url, wanted->url) != 0)
		rc = err_set(err, ERR_REFUSED,
			"issuer '%s' has the URL '%s' in the store, but '%s' in '%s'; set it back, or give the "
			"new URL a new name and run: issuerctl -c %s init",
			stored.name, stored.url, wanted->url, conf->path, conf->path);
	store_issuer_free(&stored);
	return rc;
}

int settings_open_store(const struct conf *conf, enum store_mode mode, struct store **ret,
	struct err *err)
{
	auto_store struct store *store = NULL;

	if (store_open(conf->store, mode, &store, err) < 0) {
		if (err->code == ERR_NOT_FOUND)
			(void)err_set(err, ERR_NOT_FOUND,
				"there is no store at '%s'; run: issuerctl -c %s init",
				conf->store, conf->path);
		return -1;
	}
	if (settings_check_issuer(conf, store, err) < 0)
		return -1;
	*ret = take(store);
	return 0;
}

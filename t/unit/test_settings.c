/* test_settings.c - setup/settings.c: every setting reaches its room, and a store is opened
 * only if it is the configured issuer's.
 * SPDX-License-Identifier: Apache-2.0 */
#include "setup/settings.h"
#include "t/unit/keys_fixture.h"

static struct fixture f;

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

static struct conf *parsed(const char *url, const char *store, const char *more)
{
	auto_free char *yaml =
		text_format("issuers:\n  - name: " FIXTURE_ISSUER "\n    url: %s\n"
			    "store: %s\nsealing_key: %s/sealing.key\n"
			    "listeners:\n  - address: 127.0.0.1:8443\n"
			    "    serves: [public, api]\n%s",
			url, store, f.dir, more);
	auto_free char *name = text_format("%s/issuerd.yaml", f.dir);
	struct conf *conf = NULL;
	struct err err;

	assert_succeeds(conf_parse(name, yaml, strlen(yaml), &conf, &err));
	return conf;
}

static void every_duration_reaches_the_plan(void **state)
{
	auto_conf struct conf *conf = parsed(FIXTURE_URL, "issuer.db",
		"keys:\n  algorithm: ES256\n  rotation_period: 11d\n  max_age: 2m\n"
		"  publication_lag: 3m\n  clock_skew: 4s\n  verifier_cache: 5h\n"
		"  verifier_leeway: 6s\ntokens:\n  max_lifetime: 7h\n  backdate: 8s\n");
	const struct plan_policy plan = settings_plan(conf);
	const struct mint_policy mint = settings_mint(conf);

	(void)state;
	assert_string_equal(plan.alg, "ES256");
	assert_int_equal(plan.rotation_period_s, 11 * DAY);
	assert_int_equal(plan.max_age_s, 2 * MINUTE);
	assert_int_equal(plan.publication_lag_s, 3 * MINUTE);
	assert_int_equal(plan.clock_skew_s, 4);
	assert_int_equal(plan.verifier_cache_s, 5 * HOUR);
	assert_int_equal(plan.verifier_leeway_s, 6);
	assert_int_equal(plan.max_lifetime_s, 7 * HOUR);
	assert_int_equal(mint.max_lifetime_s, 7 * HOUR);
	assert_int_equal(mint.backdate_s, 8);
}

static void the_store_of_the_configured_issuer_opens(void **state)
{
	auto_conf struct conf *conf = parsed(FIXTURE_URL, "issuer.db", "");
	auto_store struct store *store = NULL;
	struct err err;

	(void)state;
	assert_succeeds(settings_open_store(conf, STORE_READ, &store, &err));
	assert_non_null(store);
}

static void another_url_is_refused(void **state)
{
	auto_conf struct conf *conf = parsed("https://other.example", "issuer.db", "");
	struct store *store = NULL;
	struct err err;

	(void)state;
	assert_fails(ERR_REFUSED, settings_open_store(conf, STORE_WRITE, &store, &err));
	assert_mentions(err.text, FIXTURE_URL);
	assert_mentions(err.text, "https://other.example");
	assert_null(store);
}

static void a_missing_store_or_issuer_says_how_to_make_it(void **state)
{
	auto_conf struct conf *nowhere = parsed(FIXTURE_URL, "nowhere.db", "");
	auto_conf struct conf *conf = parsed(FIXTURE_URL, "empty.db", "");
	auto_free char *path = text_format("%s/empty.db", f.dir);
	struct store *store = NULL;
	struct err err;

	(void)state;
	assert_fails(ERR_NOT_FOUND, settings_open_store(nowhere, STORE_WRITE, &store, &err));
	assert_mentions(err.text, "issuerctl -c");
	assert_mentions(err.text, "nowhere.db");
	assert_succeeds(store_open(path, STORE_CREATE, &store, &err));
	store_close(store);
	store = NULL;
	assert_fails(ERR_NOT_FOUND, settings_open_store(conf, STORE_WRITE, &store, &err));
	assert_mentions(err.text, "no issuer '" FIXTURE_ISSUER "'");
	assert_mentions(err.text, "init");
	assert_null(store);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

UNIT_MAIN(CASE(every_duration_reaches_the_plan), CASE(the_store_of_the_configured_issuer_opens),
	CASE(another_url_is_refused), CASE(a_missing_store_or_issuer_says_how_to_make_it));

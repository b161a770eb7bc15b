/* store_suite_objects.c - store_suite.h, part one: issuers, service accounts, clients and
 * grants come back as they were stored, and what may not be stored is refused.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "t/unit/store_suite.h"
#include "t/unit/store_suite_cases.h"

/* ---- issuers ---- */

static void an_issuer_is_found_as_it_was_made(void **state)
{
	auto_store struct store *store = suite_create();
	auto_store_issuer struct store_issuer issuer = { .name = NULL };
	struct store_pulse pulse;
	struct err err;

	(void)state;
	assert_succeeds(store_issuer_get(store, SUITE_ISSUER, &issuer, &err));
	assert_string_equal(issuer.name, SUITE_ISSUER);
	assert_string_equal(issuer.url, "https://issuer.test");
	assert_int_equal(issuer.created_at, SUITE_NOW);
	assert_succeeds(store_pulse(store, SUITE_ISSUER, &pulse, &err));
	assert_int_equal(pulse.revision, issuer.revision);
	assert_int_equal(pulse.clock_at, TIME_UNSET);
}

static void an_issuer_is_made_once(void **state)
{
	auto_store struct store *store = suite_create();
	struct err err;

	(void)state;
	assert_fails(ERR_CONFLICT,
		store_issuer_create(store, SUITE_ISSUER, "https://b.test", "test", SUITE_NOW,
			&err));
	assert_mentions(err.text, "issuer 'prod' exists already");
	assert_fails(ERR_BAD_INPUT,
		store_issuer_create(store, "No", "https://b.test", "test", 1, &err));
	assert_fails(ERR_BAD_INPUT, store_issuer_create(store, "no-url", "", "test", 1, &err));
}

static void an_unknown_issuer_is_named_by_every_call(void **state)
{
	auto_store struct store *store = suite_create();
	const struct store_account account = suite_account("app");
	const struct store_client client = suite_client("runner", NULL, 0);
	const struct store_audit row = { .at = SUITE_NOW, .event = "x" };
	struct store_issuer issuer;
	struct store_keys keys = { .count = 0 };
	struct store_accounts accounts;
	struct store_clients clients;
	struct store_grants grants;
	struct store_pulse pulse;
	int64_t n;
	struct err err;

	(void)state;
	assert_fails(ERR_NOT_FOUND, store_issuer_get(store, "nope", &issuer, &err));
	assert_fails(ERR_NOT_FOUND, store_pulse(store, "nope", &pulse, &err));
	assert_fails(ERR_NOT_FOUND, store_keys_load(store, "nope", &keys, &err));
	assert_fails(ERR_NOT_FOUND, store_keys_apply(store, "nope", &keys, "a", 1, &err));
	assert_fails(ERR_NOT_FOUND, store_account_create(store, "nope", &account, "a", &err));
	assert_fails(ERR_NOT_FOUND, store_account_list(store, "nope", NULL, &accounts, &err));
	assert_fails(ERR_NOT_FOUND, store_client_create(store, "nope", &client, "a", &err));
	assert_fails(ERR_NOT_FOUND, store_client_list(store, "nope", &clients, &err));
	assert_fails(ERR_NOT_FOUND, store_grant_list(store, "nope", &grants, &err));
	assert_fails(ERR_NOT_FOUND,
		store_audit_append(store, "nope", STORE_ANY_REVISION, &row, 1, &err));
	assert_fails(ERR_NOT_FOUND, count_records(store, "nope", &n, &err));
	assert_mentions(err.text, "'nope'");
}

static void issuers_do_not_see_each_other(void **state)
{
	auto_store struct store *store = suite_create();
	auto_store_keys struct store_keys keys = { .count = 0 };
	auto_store_accounts struct store_accounts accounts = { .count = 0 };
	auto_store_clients struct store_clients clients = { .count = 0 };
	auto_store_grants struct store_grants grants = { .count = 0 };
	struct store_client client;
	struct err err;

	(void)state;
	suite_fill(store);
	assert_succeeds(store_issuer_create(store, "other", "https://o.test", "test", SUITE_NOW,
		&err));
	assert_succeeds(store_keys_load(store, "other", &keys, &err));
	assert_succeeds(store_account_list(store, "other", NULL, &accounts, &err));
	assert_succeeds(store_client_list(store, "other", &clients, &err));
	assert_succeeds(store_grant_list(store, "other", &grants, &err));
	assert_int_equal(keys.count + accounts.count + clients.count + grants.count, 0);
	assert_fails(ERR_NOT_FOUND, store_client_get(store, "other", "runner", &client, &err));
	assert_fails(ERR_NOT_FOUND,
		store_grant_remove(store, "other", 1, SUITE_ACTOR, SUITE_NOW, &err));
}

/* ---- service accounts ---- */

static void an_account_is_found_as_it_was_made(void **state)
{
	auto_store struct store *store = suite_create();
	auto_store_account struct store_account found = { .annotations = NULL };
	struct store_account account = suite_account("it.is-1");
	char annotations[] =
		"{\"it's\":\"\\\"quoted\\\"; DROP TABLE audit; -- gr\xc3\xbc\xc3\x9f"
		"e \xf0\x9f\x94\x91\"}";
	struct err err;

	(void)state;
	account.annotations = annotations;
	assert_succeeds(store_account_create(store, SUITE_ISSUER, &account, SUITE_ACTOR, &err));
	assert_succeeds(store_account_get(store, SUITE_ISSUER, "ci", "it.is-1", &found, &err));
	assert_string_equal(found.namespace, "ci");
	assert_string_equal(found.name, "it.is-1");
	assert_string_equal(found.uid, account.uid);
	assert_string_equal(found.annotations, annotations);
	assert_int_equal(found.created_at, SUITE_NOW);
}

static void an_account_is_made_once_and_gone_when_deleted(void **state)
{
	auto_store struct store *store = suite_create();
	struct store_account account = suite_account("app");
	struct store_account found;
	struct err err;

	(void)state;
	assert_succeeds(store_account_create(store, SUITE_ISSUER, &account, SUITE_ACTOR, &err));
	assert_fails(ERR_CONFLICT,
		store_account_create(store, SUITE_ISSUER, &account, SUITE_ACTOR, &err));
	assert_string_equal(err.text, "service account 'ci/app' exists already");
	assert_succeeds(store_account_delete(store, SUITE_ISSUER, "ci", "app", SUITE_ACTOR,
		SUITE_NOW, &err));
	assert_fails(ERR_NOT_FOUND,
		store_account_get(store, SUITE_ISSUER, "ci", "app", &found, &err));
	assert_string_equal(err.text, "no service account 'ci/app'");
	assert_fails(ERR_NOT_FOUND,
		store_account_delete(store, SUITE_ISSUER, "ci", "app", SUITE_ACTOR, SUITE_NOW,
			&err));
}

static void an_account_with_pods_is_not_deleted(void **state)
{
	auto_store struct store *store = suite_create();
	auto_store_account struct store_account found = { .annotations = NULL };
	struct err err;

	(void)state;
	suite_fill(store);
	assert_fails(ERR_CONFLICT,
		store_account_delete(store, SUITE_ISSUER, "ci", "app", SUITE_ACTOR, SUITE_NOW,
			&err));
	assert_mentions(err.text, "'ci/app' still has pods");
	assert_succeeds(store_account_get(store, SUITE_ISSUER, "ci", "app", &found, &err));
}

static void accounts_are_listed_in_order_and_by_namespace(void **state)
{
	static const char *const name[] = { "z/a", "a/z", "a/b", "m/m" };
	auto_store struct store *store = suite_create();
	auto_store_accounts struct store_accounts all = { .count = 0 };
	auto_store_accounts struct store_accounts some = { .count = 0 };
	struct err err;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct store_account account = suite_account("x");

		assert_succeeds(name_split(name[i], false, account.namespace, account.name,
			&err));
		assert_succeeds(store_account_create(store, SUITE_ISSUER, &account, SUITE_ACTOR,
			&err));
	}
	assert_succeeds(store_account_list(store, SUITE_ISSUER, NULL, &all, &err));
	assert_int_equal(all.count, 4);
	assert_string_equal(all.account[0].name, "b");
	assert_string_equal(all.account[1].name, "z");
	assert_string_equal(all.account[2].namespace, "m");
	assert_string_equal(all.account[3].namespace, "z");
	assert_succeeds(store_account_list(store, SUITE_ISSUER, "a", &some, &err));
	assert_int_equal(some.count, 2);
}

static void annotations_are_replaced_whole_and_must_be_an_object(void **state)
{
	static const char *const bad[] = { "", "[]", "3", "{", "{} {}", "null" };
	auto_store struct store *store = suite_create();
	auto_store_account struct store_account found = { .annotations = NULL };
	auto_free char *large = text_alloc(STORE_ANNOTATIONS_MAX + 2, 1);
	struct err err;

	(void)state;
	suite_fill(store);
	assert_succeeds(store_account_annotate(store, SUITE_ISSUER, "ci", "app", "{\"a\":1}",
		SUITE_ACTOR, SUITE_NOW, &err));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_fails(ERR_BAD_INPUT,
			store_account_annotate(store, SUITE_ISSUER, "ci", "app", bad[i],
				SUITE_ACTOR, SUITE_NOW, &err));
	assert_mentions(err.text, "JSON object");
	memset(large, ' ', STORE_ANNOTATIONS_MAX + 1);
	large[0] = '{';
	large[1] = '}';
	assert_fails(ERR_BAD_INPUT,
		store_account_annotate(store, SUITE_ISSUER, "ci", "app", large, SUITE_ACTOR,
			SUITE_NOW, &err));
	assert_fails(ERR_NOT_FOUND,
		store_account_annotate(store, SUITE_ISSUER, "ci", "nope", "{}", SUITE_ACTOR,
			SUITE_NOW, &err));
	assert_succeeds(store_account_get(store, SUITE_ISSUER, "ci", "app", &found, &err));
	assert_string_equal(found.annotations, "{\"a\":1}");
}

static void names_are_checked_at_the_door(void **state)
{
	auto_store struct store *store = suite_create();
	struct store_account account = suite_account("app");
	char *groups[] = { (char[]){ "not a group" } };
	struct store_client client = suite_client("runner", groups, 1);
	struct err err;

	(void)state;
	(void)text_fit(account.name, sizeof(account.name), "App");
	assert_fails(ERR_BAD_INPUT,
		store_account_create(store, SUITE_ISSUER, &account, SUITE_ACTOR, &err));
	account = suite_account("app");
	(void)text_fit(account.namespace, sizeof(account.namespace), "c.i");
	assert_fails(ERR_BAD_INPUT,
		store_account_create(store, SUITE_ISSUER, &account, SUITE_ACTOR, &err));
	account = suite_account("app");
	account.uid[0] = '\0';
	assert_fails(ERR_BAD_INPUT,
		store_account_create(store, SUITE_ISSUER, &account, SUITE_ACTOR, &err));
	assert_fails(ERR_BAD_INPUT,
		store_client_create(store, SUITE_ISSUER, &client, SUITE_ACTOR, &err));
	client = suite_client("a b", NULL, 0);
	assert_fails(ERR_BAD_INPUT,
		store_client_create(store, SUITE_ISSUER, &client, SUITE_ACTOR, &err));
}

/* ---- clients ---- */

static void a_client_is_found_by_name_and_by_secret(void **state)
{
	auto_store struct store *store = suite_create();
	auto_store_client struct store_client by_name = { .group_count = 0 };
	auto_store_client struct store_client by_secret = { .group_count = 0 };
	char *groups[] = { (char[]){ "z'z" }, (char[]){ "a\"a" }, (char[]){ "z'z" } };
	struct store_client client = suite_client("it's:me", groups, 3);
	struct err err;

	(void)state;
	client.expires_at = SUITE_NOW + 9;
	assert_succeeds(store_client_create(store, SUITE_ISSUER, &client, SUITE_ACTOR, &err));
	assert_succeeds(store_client_get(store, SUITE_ISSUER, "it's:me", &by_name, &err));
	assert_succeeds(store_client_by_secret(store, SUITE_ISSUER, client.secret_hash,
		&by_secret, &err));
	assert_string_equal(by_secret.name, "it's:me");
	assert_string_equal(by_name.kind, "bearer");
	assert_string_equal(by_name.secret_hash, client.secret_hash);
	assert_int_equal(by_name.group_count, 2);
	assert_string_equal(by_name.groups[0], "a\"a");
	assert_string_equal(by_name.groups[1], "z'z");
	assert_int_equal(by_name.created_at, SUITE_NOW);
	assert_int_equal(by_name.expires_at, SUITE_NOW + 9);
	assert_int_equal(by_name.revoked_at, TIME_UNSET);
}

static void unknown_clients_and_secrets_are_not_found(void **state)
{
	auto_store struct store *store = suite_create();
	struct store_client found;
	struct err err;

	(void)state;
	suite_fill(store);
	assert_fails(ERR_NOT_FOUND, store_client_get(store, SUITE_ISSUER, "x", &found, &err));
	assert_string_equal(err.text, "no client 'x'");
	assert_fails(ERR_NOT_FOUND,
		store_client_by_secret(store, SUITE_ISSUER, "", &found, &err));
	assert_fails(ERR_NOT_FOUND,
		store_client_revoke(store, SUITE_ISSUER, "x", SUITE_ACTOR, SUITE_NOW, &err));
}

static void a_revoked_client_stays_with_its_first_time(void **state)
{
	auto_store struct store *store = suite_create();
	auto_store_client struct store_client found = { .group_count = 0 };
	const struct store_client again = suite_client("runner", NULL, 0);
	struct err err;

	(void)state;
	suite_fill(store);
	assert_succeeds(store_client_revoke(store, SUITE_ISSUER, "runner", SUITE_ACTOR,
		SUITE_NOW + 5, &err));
	assert_succeeds(store_client_revoke(store, SUITE_ISSUER, "runner", SUITE_ACTOR,
		SUITE_NOW + 6, &err));
	assert_succeeds(store_client_by_secret(store, SUITE_ISSUER, again.secret_hash, &found,
		&err));
	assert_int_equal(found.revoked_at, SUITE_NOW + 5);
	assert_fails(ERR_CONFLICT,
		store_client_create(store, SUITE_ISSUER, &again, SUITE_ACTOR, &err));
	assert_string_equal(err.text, "client 'runner' exists already");
}

static void a_bearer_needs_a_hash_and_a_kind_must_be_known(void **state)
{
	auto_store struct store *store = suite_create();
	struct store_client client = suite_client("runner", NULL, 0);
	struct err err;

	(void)state;
	client.secret_hash[SECRET_HEX_LEN - 1] = '\0';
	assert_fails(ERR_BAD_INPUT,
		store_client_create(store, SUITE_ISSUER, &client, SUITE_ACTOR, &err));
	client = suite_client("runner", NULL, 0);
	(void)text_fit(client.kind, sizeof(client.kind), "psychic");
	assert_fails(ERR_BAD_INPUT,
		store_client_create(store, SUITE_ISSUER, &client, SUITE_ACTOR, &err));
}

/* Makes `count` names like "g07" in `text`. */
static void many(char text[][8], char **names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(text[i], sizeof(text[i]), "g%02u", (unsigned)i);
		names[i] = text[i];
	}
}

static void a_client_has_32_groups_at_most(void **state)
{
	auto_store struct store *store = suite_create();
	auto_store_clients struct store_clients list = { .count = 0 };
	char text[STORE_GROUPS_MAX + 1][8];
	char *groups[STORE_GROUPS_MAX + 1];
	struct store_client client;
	struct err err;

	(void)state;
	many(text, groups, STORE_GROUPS_MAX + 1);
	for (size_t count = STORE_GROUPS_MAX - 1; count <= STORE_GROUPS_MAX; count++) {
		client = suite_client(count == STORE_GROUPS_MAX ? "full" : "below", groups,
			count);
		assert_succeeds(store_client_create(store, SUITE_ISSUER, &client, SUITE_ACTOR,
			&err));
	}
	client = suite_client("over", groups, STORE_GROUPS_MAX + 1);
	assert_fails(ERR_BAD_INPUT,
		store_client_create(store, SUITE_ISSUER, &client, SUITE_ACTOR, &err));
	assert_mentions(err.text, "32");
	assert_succeeds(store_client_list(store, SUITE_ISSUER, &list, &err));
	assert_int_equal(list.count, 2);
	assert_int_equal(list.client[0].group_count, STORE_GROUPS_MAX - 1);
	assert_int_equal(list.client[1].group_count, STORE_GROUPS_MAX);
}

/* ---- grants ---- */

static void a_grant_is_found_as_it_was_made(void **state)
{
	auto_store struct store *store = suite_create();
	auto_store_grants struct store_grants list = { .count = 0 };
	struct err err;

	(void)state;
	suite_fill(store);
	assert_succeeds(store_grant_list(store, SUITE_ISSUER, &list, &err));
	assert_int_equal(list.count, 1);
	assert_true(list.grant[0].id > 0);
	assert_string_equal(list.grant[0].client, "runner");
	assert_string_equal(list.grant[0].group, "");
	assert_string_equal(list.grant[0].namespace, "ci");
	assert_string_equal(list.grant[0].name, "*");
	assert_int_equal(list.grant[0].max_ttl_s, 3600);
	assert_int_equal(list.grant[0].created_at, SUITE_NOW);
	assert_int_equal(list.grant[0].audience_count, 2);
	assert_string_equal(list.grant[0].audiences[0], "sts.amazonaws.com");
	assert_string_equal(list.grant[0].audiences[1], "vault");
}

static int64_t add_grant(struct store *store, const char *client, const char *group)
{
	char *audiences[] = { (char[]){ "*" } };
	const struct store_grant grant = suite_grant(client, group, audiences, 1);
	int64_t id = 0;
	struct err err;

	assert_succeeds(store_grant_add(store, SUITE_ISSUER, &grant, SUITE_ACTOR, &id, &err));
	return id;
}

static void grants_are_found_for_a_client_and_its_groups(void **state)
{
	auto_store struct store *store = suite_create();
	auto_store_grants struct store_grants list = { .count = 0 };
	auto_store_grants struct store_grants none = { .count = 0 };
	const struct store_client other = suite_client("other", NULL, 0);
	char *groups[] = { (char[]){ "b" }, (char[]){ "a" }, (char[]){ "b" } };
	int64_t id[4];
	struct err err;

	(void)state;
	suite_fill(store); /* with one grant for runner */
	assert_succeeds(store_client_create(store, SUITE_ISSUER, &other, SUITE_ACTOR, &err));
	id[0] = add_grant(store, "", "a");
	id[1] = add_grant(store, "other", "");
	id[2] = add_grant(store, "", "b");
	id[3] = add_grant(store, "", "c");
	assert_succeeds(store_grant_for(store, SUITE_ISSUER, "runner", groups, 3, &list, &err));
	assert_int_equal(list.count, 3);
	assert_string_equal(list.grant[0].client, "runner");
	assert_int_equal(list.grant[1].id, id[0]);
	assert_int_equal(list.grant[2].id, id[2]);
	assert_true(id[1] < id[2] && id[2] < id[3]);
	assert_succeeds(store_grant_for(store, SUITE_ISSUER, "a", NULL, 0, &none, &err));
	assert_int_equal(none.count, 0);
}

static void a_grant_must_make_sense(void **state)
{
	auto_store struct store *store = suite_create();
	char text[STORE_AUDIENCES_MAX + 1][8];
	char *audiences[STORE_AUDIENCES_MAX + 1];
	char *any[] = { (char[]){ "*" }, (char[]){ "vault" } };
	static struct store_grant bad[7]; /* together too large for a sanitized stack */
	struct store_grant grant;
	int64_t id;
	struct err err;

	(void)state;
	suite_fill(store);
	many(text, audiences, STORE_AUDIENCES_MAX + 1);
	bad[0] = suite_grant("runner", "and-group", audiences, 1);
	bad[1] = suite_grant("", "", audiences, 1);
	bad[2] = suite_grant("runner", "", audiences, 0);
	bad[3] = suite_grant("runner", "", audiences, STORE_AUDIENCES_MAX + 1);
	bad[4] = suite_grant("runner", "", any, 2);
	bad[5] = suite_grant("runner", "", audiences, 1);
	bad[5].max_ttl_s = 0;
	bad[6] = suite_grant("runner", "", audiences, 1);
	(void)text_fit(bad[6].name, sizeof(bad[6].name), "[a-z]");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_fails(ERR_BAD_INPUT,
			store_grant_add(store, SUITE_ISSUER, &bad[i], SUITE_ACTOR, &id, &err));
	grant = suite_grant("ghost", "", audiences, 1);
	assert_fails(ERR_NOT_FOUND,
		store_grant_add(store, SUITE_ISSUER, &grant, SUITE_ACTOR, &id, &err));
	assert_string_equal(err.text, "no client 'ghost'");
	grant = suite_grant("runner", "", audiences, STORE_AUDIENCES_MAX);
	assert_succeeds(store_grant_add(store, SUITE_ISSUER, &grant, SUITE_ACTOR, &id, &err));
}

static void the_id_of_a_removed_grant_never_comes_back(void **state)
{
	auto_store struct store *store = suite_create();
	auto_store_grants struct store_grants list = { .count = 0 };
	int64_t first;
	struct err err;

	(void)state;
	first = add_grant(store, "", "a");
	assert_succeeds(store_grant_remove(store, SUITE_ISSUER, first, SUITE_ACTOR, SUITE_NOW,
		&err));
	assert_fails(ERR_NOT_FOUND,
		store_grant_remove(store, SUITE_ISSUER, first, SUITE_ACTOR, SUITE_NOW, &err));
	assert_succeeds(store_grant_list(store, SUITE_ISSUER, &list, &err));
	assert_int_equal(list.count, 0);
	store_close(take(store));
	store = suite_open(STORE_WRITE);
	assert_true(add_grant(store, "", "a") > first);
}

static const struct CMUnitTest cases[] = {
	cmocka_unit_test(an_issuer_is_found_as_it_was_made),
	cmocka_unit_test(an_issuer_is_made_once),
	cmocka_unit_test(an_unknown_issuer_is_named_by_every_call),
	cmocka_unit_test(issuers_do_not_see_each_other),
	cmocka_unit_test(an_account_is_found_as_it_was_made),
	cmocka_unit_test(an_account_is_made_once_and_gone_when_deleted),
	cmocka_unit_test(an_account_with_pods_is_not_deleted),
	cmocka_unit_test(accounts_are_listed_in_order_and_by_namespace),
	cmocka_unit_test(annotations_are_replaced_whole_and_must_be_an_object),
	cmocka_unit_test(names_are_checked_at_the_door),
	cmocka_unit_test(a_client_is_found_by_name_and_by_secret),
	cmocka_unit_test(unknown_clients_and_secrets_are_not_found),
	cmocka_unit_test(a_revoked_client_stays_with_its_first_time),
	cmocka_unit_test(a_bearer_needs_a_hash_and_a_kind_must_be_known),
	cmocka_unit_test(a_client_has_32_groups_at_most),
	cmocka_unit_test(a_grant_is_found_as_it_was_made),
	cmocka_unit_test(grants_are_found_for_a_client_and_its_groups),
	cmocka_unit_test(a_grant_must_make_sense),
	cmocka_unit_test(the_id_of_a_removed_grant_never_comes_back),
};

const struct CMUnitTest *suite_object_cases(size_t *ret_count)
{
	*ret_count = sizeof(cases) / sizeof(cases[0]);
	return cases;
}

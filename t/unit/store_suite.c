/* store_suite.c - see store_suite.h: the words that its cases share, and running them.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "t/unit/store_suite.h"
#include "t/unit/store_suite_cases.h"

static const struct store_suite_engine *engine;

/* ---- words ---- */

int suite_try_open(enum store_mode mode, struct store **ret, struct err *err)
{
	return engine->open(mode, ret, err);
}

void suite_wipe(void)
{
	engine->wipe();
}

struct store *suite_open(enum store_mode mode)
{
	struct store *store = NULL;
	struct err err;

	assert_succeeds(engine->open(mode, &store, &err));
	return store;
}

struct store *suite_create(void)
{
	struct store *store = suite_open(STORE_CREATE);
	struct err err;

	assert_succeeds(store_issuer_create(store, SUITE_ISSUER, "https://issuer.test", "test",
		SUITE_NOW, &err));
	return store;
}

void suite_sql(const char *statement)
{
	engine->sql(statement);
}

const struct store_audit suite_record = {
	.at = SUITE_NOW,
	.event = "token.issued",
	.actor = "it's",
	.auth = "secret",
	.peer = "[::1]:5",
	.agent = "curl/8",
	.subject = "system:serviceaccount:ci:app",
	.audience = "[\"vault\"]",
	.asked_s = INT64_MIN,
	.lifetime_s = 600,
	.bound = "pod p (uid u)",
	.rule = "grant 1",
	.jti = "j",
	.kid = "k",
	.exp = SUITE_NOW + 600,
	.outcome = "ok",
	.detail = "gr\xc3\xbc\xc3\x9f",
};

struct store_key suite_key(int64_t generation)
{
	static unsigned char public_der[] = { 0x30, 0x00, 0xff };
	static unsigned char sealed[] = "sealed: the quick brown fox jumps over the lazy dog";
	struct store_key key = {
		.generation = generation,
		.alg = "RS256",
		.public_der = public_der,
		.public_len = sizeof(public_der),
		.sealed = sealed,
		.sealed_len = sizeof(sealed),
		.created_at = SUITE_NOW,
		.publish_at = SUITE_NOW + 1,
		.activate_at = SUITE_NOW + 2,
		.ttl_ratchet_s = 86400,
	};

	(void)snprintf(key.kid, sizeof(key.kid), "%d-kid", (int)generation);
	return key;
}

/* Another one each time. */
static void make_uid(char ret[NAME_UID_MAX + 1])
{
	static int made;

	(void)snprintf(ret, NAME_UID_MAX + 1, "00000000-0000-4000-8000-%012d", ++made);
}

struct store_account suite_account(const char *name)
{
	struct store_account account = { .namespace = "ci", .created_at = SUITE_NOW };

	assert_true(text_fit(account.name, sizeof(account.name), name));
	make_uid(account.uid);
	return account;
}

struct store_node suite_node(const char *name)
{
	struct store_node node = { .created_at = SUITE_NOW };

	assert_true(text_fit(node.name, sizeof(node.name), name));
	make_uid(node.uid);
	return node;
}

struct store_pod suite_pod(const char *name, const char *node, char **audiences,
	size_t audience_count)
{
	struct store_pod pod = {
		.namespace = "ci",
		.account = "app",
		.audiences = audiences,
		.audience_count = audience_count,
		.created_at = SUITE_NOW,
	};

	assert_true(text_fit(pod.name, sizeof(pod.name), name));
	assert_true(text_fit(pod.node, sizeof(pod.node), node));
	make_uid(pod.uid);
	return pod;
}

struct store_client suite_client(const char *name, char **groups, size_t group_count)
{
	struct store_client client = {
		.kind = "bearer",
		.unix_uid = -1,
		.groups = groups,
		.group_count = group_count,
		.created_at = SUITE_NOW,
	};

	assert_true(text_fit(client.name, sizeof(client.name), name));
	secret_hash_hex(name, strlen(name), client.secret_hash);
	return client;
}

struct store_grant suite_grant(const char *client, const char *group, char **audiences,
	size_t audience_count)
{
	struct store_grant grant = {
		.namespace = "ci",
		.name = "*",
		.audiences = audiences,
		.audience_count = audience_count,
		.max_ttl_s = 3600,
		.created_at = SUITE_NOW,
	};

	assert_true(text_fit(grant.client, sizeof(grant.client), client));
	assert_true(text_fit(grant.group, sizeof(grant.group), group));
	return grant;
}

int suite_apply(struct store *store, const struct store_key *key, struct err *err)
{
	struct store_key copy = *key;
	auto_store_keys struct store_keys keys = { .count = 0 };
	struct store_keys change;

	if (store_keys_load(store, SUITE_ISSUER, &keys, err) < 0)
		return -1;
	change = keys; /* its revision and memory */
	change.key = &copy;
	change.count = 1;
	return store_keys_apply(store, SUITE_ISSUER, &change, SUITE_ACTOR, SUITE_NOW, err);
}

void suite_fill(struct store *store)
{
	char *groups[] = { (char[]){ "deployers" }, (char[]){ "builders" } };
	char *audiences[] = { (char[]){ "vault" }, (char[]){ "sts.amazonaws.com" } };
	const struct store_key key = suite_key(1);
	const struct store_account account = suite_account("app");
	const struct store_account idle = suite_account("idle");
	const struct store_node node = suite_node("n1");
	const struct store_pod pod = suite_pod("pod", "n1", audiences, 2);
	const struct store_client client = suite_client("runner", groups, 2);
	const struct store_grant grant = suite_grant("runner", "", audiences, 2);
	int64_t id;
	struct err err;

	assert_succeeds(suite_apply(store, &key, &err));
	assert_succeeds(store_account_create(store, SUITE_ISSUER, &account, SUITE_ACTOR, &err));
	assert_succeeds(store_account_create(store, SUITE_ISSUER, &idle, SUITE_ACTOR, &err));
	assert_succeeds(store_node_create(store, SUITE_ISSUER, &node, SUITE_ACTOR, &err));
	assert_succeeds(store_pod_create(store, SUITE_ISSUER, &pod, SUITE_ACTOR, &err));
	assert_succeeds(store_client_create(store, SUITE_ISSUER, &client, SUITE_ACTOR, &err));
	assert_succeeds(store_grant_add(store, SUITE_ISSUER, &grant, SUITE_ACTOR, &id, &err));
}

/* ---- all a store tells ---- */

static void dump_strings(struct text *t, char *const *strings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		text_addf(t, " %s", strings[i]);
}

static void dump_keys(struct text *t, struct store *store)
{
	auto_store_keys struct store_keys keys = { .count = 0 };
	const struct store_memory *m = &keys.memory;
	struct err err;

	assert_succeeds(store_keys_load(store, SUITE_ISSUER, &keys, &err));
	text_addf(t, "revision %s\n", text_num(keys.revision).s);
	text_addf(t, "memory %s %s %s", text_num(m->clock_at).s, text_num(m->uptime_s).s,
		text_num(m->lead_s).s);
	text_addf(t, " %s %s %s\n", text_num(m->lead_until).s, text_num(m->generation_min).s,
		text_num(m->backup_at).s);
	for (size_t i = 0; i < keys.count; i++) {
		const struct store_key *k = &keys.key[i];

		text_addf(t, "key %s %s %s %zu %zu %s", text_num(k->generation).s, k->kid,
			k->alg, k->public_len, k->sealed_len, k->reason ? k->reason : "-");
		text_addf(t, " %s %s", text_num(k->publish_at).s, text_num(k->activate_at).s);
		text_addf(t, " %s %s\n", text_num(k->remove_at).s, text_num(k->revoked_at).s);
	}
}

static void dump_accounts(struct text *t, struct store *store)
{
	auto_store_accounts struct store_accounts list = { .count = 0 };
	struct err err;

	assert_succeeds(store_account_list(store, SUITE_ISSUER, NULL, &list, &err));
	for (size_t i = 0; i < list.count; i++)
		text_addf(t, "account %s/%s %s %s\n", list.account[i].namespace,
			list.account[i].name, list.account[i].uid, list.account[i].annotations);
}

static void dump_nodes(struct text *t, struct store *store)
{
	auto_store_nodes struct store_nodes nodes = { .count = 0 };
	auto_store_pods struct store_pods pods = { .count = 0 };
	struct err err;

	assert_succeeds(store_node_list(store, SUITE_ISSUER, &nodes, &err));
	assert_succeeds(store_pod_list(store, SUITE_ISSUER, NULL, NULL, &pods, &err));
	for (size_t i = 0; i < nodes.count; i++)
		text_addf(t, "node %s %s\n", nodes.node[i].name, nodes.node[i].uid);
	for (size_t i = 0; i < pods.count; i++) {
		text_addf(t, "pod %s/%s %s %s %s", pods.pod[i].namespace, pods.pod[i].name,
			pods.pod[i].uid, pods.pod[i].account, pods.pod[i].node);
		dump_strings(t, pods.pod[i].audiences, pods.pod[i].audience_count);
		text_add(t, "\n");
	}
}

static void dump_clients(struct text *t, struct store *store)
{
	auto_store_clients struct store_clients list = { .count = 0 };
	struct err err;

	assert_succeeds(store_client_list(store, SUITE_ISSUER, &list, &err));
	for (size_t i = 0; i < list.count; i++) {
		text_addf(t, "client %s %s %s %s", list.client[i].name,
			list.client[i].secret_hash, text_num(list.client[i].unix_uid).s,
			text_num(list.client[i].revoked_at).s);
		dump_strings(t, list.client[i].groups, list.client[i].group_count);
		text_add(t, "\n");
	}
}

static void dump_grants(struct text *t, struct store *store)
{
	auto_store_grants struct store_grants list = { .count = 0 };
	struct err err;

	assert_succeeds(store_grant_list(store, SUITE_ISSUER, &list, &err));
	for (size_t i = 0; i < list.count; i++) {
		text_addf(t, "grant %s%s %s%s%s", text_num(list.grant[i].id).s,
			list.grant[i].is_review ? " review" : "", list.grant[i].client,
			list.grant[i].user, list.grant[i].group);
		dump_strings(t, list.grant[i].audiences, list.grant[i].audience_count);
		text_add(t, "\n");
	}
}

static int dump_record(int64_t seq, const struct store_audit *row, void *ctx)
{
	text_addf(ctx, "audit %s %s %s\n", text_num(seq).s, row->event,
		row->detail ? row->detail : "-");
	return 0;
}

char *suite_dump(struct store *store)
{
	struct text t = TEXT_INIT;
	int64_t count;
	struct err err;

	dump_keys(&t, store);
	dump_accounts(&t, store);
	dump_nodes(&t, store);
	dump_clients(&t, store);
	dump_grants(&t, store);
	assert_succeeds(store_audit_walk(store, SUITE_ISSUER, 0, INT64_MAX, dump_record, &t,
		&err));
	assert_succeeds(count_records(store, SUITE_ISSUER, &count, &err));
	return text_take(&t);
}

/* ---- running ---- */

static int wipe(void **state)
{
	(void)state;
	engine->wipe();
	return 0;
}

static size_t add_cases(struct CMUnitTest *all, size_t at, const struct CMUnitTest *cases,
	size_t count)
{
	for (size_t i = 0; i < count; i++) {
		all[at + i] = cases[i];
		all[at + i].setup_func = wipe;
		all[at + i].teardown_func = wipe;
	}
	return at + count;
}

/* The parts of the suite, in their order. */
static const struct CMUnitTest *(*const parts[])(size_t *) = { suite_object_cases,
	suite_node_cases, suite_audit_cases, suite_shared_cases };

int store_suite_run(const struct store_suite_engine *which, const struct CMUnitTest *more,
	size_t more_count)
{
	auto_free struct CMUnitTest *all = NULL;
	size_t total = more_count;
	size_t count = 0;

	engine = which;
	for (size_t i = 0; i < COUNT(parts); i++) {
		size_t part_count;

		(void)parts[i](&part_count);
		total += part_count;
	}
	all = text_alloc(total, sizeof(*all));
	for (size_t i = 0; i < COUNT(parts); i++) {
		size_t part_count;
		const struct CMUnitTest *cases = parts[i](&part_count);

		count = add_cases(all, count, cases, part_count);
	}
	count = add_cases(all, count, more, more_count);
	return _cmocka_run_group_tests("store", all, count, NULL, NULL);
}

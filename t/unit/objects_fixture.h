/* objects_fixture.h - service accounts, nodes, pods, clients and grants in a fixture's store,
 * for tests of who may have what. Uids are names with "-uid" behind them.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef OBJECTS_FIXTURE_H
#define OBJECTS_FIXTURE_H

#include "t/unit/keys_fixture.h"

static inline void objects_add_account(const struct fixture *f, const char *namespace,
	const char *name)
{
	struct store_account account = { .created_at = WORLD_NOW };
	struct err err;

	assert_true(text_fit(account.namespace, sizeof(account.namespace), namespace));
	assert_true(text_fit(account.name, sizeof(account.name), name));
	(void)snprintf(account.uid, sizeof(account.uid), "%.50s-uid", name);
	assert_succeeds(store_account_create(f->store, FIXTURE_ISSUER, &account, "test", &err));
}

static inline void objects_add_node(const struct fixture *f, const char *name)
{
	struct store_node node = { .created_at = WORLD_NOW };
	struct err err;

	assert_true(text_fit(node.name, sizeof(node.name), name));
	(void)snprintf(node.uid, sizeof(node.uid), "%.50s-uid", name);
	assert_succeeds(store_node_create(f->store, FIXTURE_ISSUER, &node, "test", &err));
}

/* In "ci", for one audience; `node` may be "". */
static inline void objects_add_pod(const struct fixture *f, const char *name,
	const char *account, const char *node, const char *audience)
{
	auto_free char *copy = text_copy(audience);
	struct store_pod pod = {
		.namespace = "ci",
		.audiences = &copy,
		.audience_count = 1,
		.created_at = WORLD_NOW,
	};
	struct err err;

	assert_true(text_fit(pod.name, sizeof(pod.name), name));
	assert_true(text_fit(pod.account, sizeof(pod.account), account));
	assert_true(text_fit(pod.node, sizeof(pod.node), node));
	(void)snprintf(pod.uid, sizeof(pod.uid), "%.50s-uid", name);
	assert_succeeds(store_pod_create(f->store, FIXTURE_ISSUER, &pod, "test", &err));
}

/* A client that shows the secret NAME. */
static inline void objects_add_client(const struct fixture *f, const char *name)
{
	struct store_client client = {
		.kind = "bearer", .unix_uid = -1, .created_at = WORLD_NOW
	};
	struct err err;

	assert_true(text_fit(client.name, sizeof(client.name), name));
	secret_hash_hex(name, strlen(name), client.secret_hash);
	assert_succeeds(store_client_create(f->store, FIXTURE_ISSUER, &client, "test", &err));
}

/* Everything in "ci" for any audience up to an hour, or reviews; the id. One of the three names
 * is not "". */
static inline int64_t objects_add_grant(const struct fixture *f, bool is_review,
	const char *client, const char *user, const char *group)
{
	char any[] = "*";
	char *audiences[] = { any };
	struct store_grant grant = {
		.is_review = is_review,
		.namespace = "ci",
		.name = "*",
		.audiences = audiences,
		.audience_count = is_review ? 0 : 1,
		.max_ttl_s = HOUR,
		.created_at = WORLD_NOW,
	};
	int64_t id = 0;
	struct err err;

	assert_true(text_fit(grant.client, sizeof(grant.client), client));
	assert_true(text_fit(grant.user, sizeof(grant.user), user));
	assert_true(text_fit(grant.group, sizeof(grant.group), group));
	assert_succeeds(store_grant_add(f->store, FIXTURE_ISSUER, &grant, "test", &id, &err));
	return id;
}

#endif

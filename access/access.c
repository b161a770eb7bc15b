/* access.c - see access.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "access/access.h"
#include "base/text.h"

#define NODE_RULE "node rule"

static bool is_node(const struct access_user *user)
{
	return node_rule_node(user->name, user->groups, user->group_count) != NULL;
}

const char *access_rule(const struct access_user *user)
{
	return is_node(user) ? NODE_RULE : "grants";
}

static int forbid(const struct access *access, const struct access_wish *wish,
	const char *reason, struct err *err)
{
	return policy_forbid(access->user->name, wish->namespace, wish->name, reason, err);
}

static int load_grants(struct access *access, struct err *err)
{
	const struct access_user *user = access->user;

	return store_grant_for(access->store, access->issuer, user->name, user->groups,
		user->group_count, &access->grants, err);
}

/* As the node authorizer has it. */
static int check_node(const struct access *access, const char *namespace, const char *name,
	struct err *err)
{
	bool runs;

	if (store_pod_runs(access->store, access->issuer, access->node, namespace, name, &runs,
		    err) < 0)
		return -1;
	return runs ? 0
		    : policy_forbid(access->user->name, namespace, name,
			      "no pod of this service account runs on the node", err);
}

int access_open(struct store *store, const char *issuer, const struct access_user *user,
	const char *namespace, const char *name, struct access *ret, struct err *err)
{
	struct access access = { .store = store, .issuer = issuer, .user = user };
	int rc;

	access.node = node_rule_node(user->name, user->groups, user->group_count);
	rc = access.node ? check_node(&access, namespace, name, err)
			 : load_grants(&access, err);
	if (rc == 0 && !access.node)
		rc = policy_allows_subject(&access.grants, user->name, namespace, name, err);
	if (rc < 0) {
		access_free(&access);
		return -1;
	}
	*ret = access;
	return 0;
}

void access_free(struct access *access)
{
	store_grants_free(&access->grants);
	store_pod_free(&access->pod);
}

int access_check_binding(struct access *access, const struct access_wish *wish, struct err *err)
{
	const char *reason = access->node ? node_rule_binding(wish->ref) : NULL;

	if (reason)
		return forbid(access, wish, reason, err);
	if (!access->node)
		return 0;
	store_pod_free(&access->pod);
	if (store_pod_get(access->store, access->issuer, wish->namespace, wish->ref->name,
		    &access->pod, err) < 0)
		return -1;
	reason = node_rule_pod(access->node, wish->ref, &access->pod);
	return reason ? forbid(access, wish, reason, err) : 0;
}

int access_decide(const struct access *access, const struct access_wish *wish,
	int64_t max_lifetime_s, struct access_decision *ret, struct err *err)
{
	const struct policy_wish of_grants = { wish->namespace, wish->name, wish->audiences,
		wish->lifetime_s };
	struct policy_decision decision;
	const char *reason;

	if (!access->node) {
		if (policy_decide(&access->grants, access->user->name, &of_grants,
			    max_lifetime_s, &decision, err) < 0)
			return -1;
		(void)snprintf(ret->rule, sizeof(ret->rule), "grant %s",
			text_num(decision.grant_id).s);
		ret->lifetime_s = decision.lifetime_s;
		return 0;
	}
	reason = node_rule_audiences(&access->pod, wish->audiences, wish->is_default);
	if (reason)
		return forbid(access, wish, reason, err);
	(void)snprintf(ret->rule, sizeof(ret->rule), NODE_RULE);
	ret->lifetime_s = wish->lifetime_s < max_lifetime_s ? wish->lifetime_s : max_lifetime_s;
	return 0;
}

int access_review(struct store *store, const char *issuer, const struct access_user *user,
	struct err *err)
{
	auto_store_grants struct store_grants grants = { .count = 0 };

	if (store_grant_for(store, issuer, user->name, user->groups, user->group_count, &grants,
		    err) < 0)
		return -1;
	if (!is_node(user))
		for (size_t i = 0; i < grants.count; i++)
			if (grants.grant[i].is_review)
				return 0;
	return err_set(err, ERR_REFUSED,
		"tokenreviews.authentication.k8s.io is forbidden: User \"%s\" cannot create "
		"resource \"tokenreviews\" in API group \"authentication.k8s.io\" at the cluster "
		"scope: no grant allows it (issuerctl grant add USER --tokenreviews)",
		user->name);
}

/* access.h - may they? One question in three parts, asked in this order by a request for a
 * token and by issuerctl grant explain. What a caller may have is said by grants (policy.h);
 * what a node may have, by the node rule alone (node_rule.h), whatever grants say.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ACCESS_H
#define ACCESS_H

#include "access/node_rule.h"
#include "access/policy.h"
#include "base/err.h"
#include "store/store.h"

/* Who is asking; borrowed. */
struct access_user {
	const char *name;
	char *const *groups;
	size_t group_count;
};

/* What speaks for them. */
struct access {
	struct store *store;
	const char *issuer;
	const struct access_user *user;
	const char *node; /* that the user is, or NULL */
	struct store_grants grants;
	struct store_pod pod; /* that a node asks for */
};

/* What they wish; borrowed. */
struct access_wish {
	const char *namespace;
	const char *name;
	const struct node_rule_ref *ref; /* bound to; NULL: to nothing */
	const json_t *audiences;         /* after defaulting */
	bool is_default;                 /* none were asked for */
	int64_t lifetime_s;
};

struct access_decision {
	char rule[64];      /* "grant 7", "node rule" */
	int64_t lifetime_s; /* the wish, or what it was shortened to */
};

/* What judges them, for the record: "grants" or "node rule"; a literal. */
const char *access_rule(const struct access_user *user);

/* Each refuses with ERR_REFUSED, in kube-apiserver's words and with what is missing. All
 * members of `access` are borrowed for its life but those that access_free releases. */

/* First, before anything else is said about the request: may they have tokens of this service
 * account at all? Strangers learn nothing else. */
int access_open(struct store *store, const char *issuer, const struct access_user *user,
	const char *namespace, const char *name, struct access *ret, struct err *err);
/* Then, before the service account is looked up: is it bound as it has to be? Only nodes have
 * to. ERR_NOT_FOUND if there is no such pod. */
int access_check_binding(struct access *access, const struct access_wish *wish,
	struct err *err);
/* At last, when the wish is known in full. */
int access_decide(const struct access *access, const struct access_wish *wish,
	int64_t max_lifetime_s, struct access_decision *ret, struct err *err);
void access_free(struct access *access);
#define auto_access __attribute__((cleanup(access_free)))

/* May they have tokens reviewed? ERR_REFUSED. */
int access_review(struct store *store, const char *issuer, const struct access_user *user,
	struct err *err);

#endif

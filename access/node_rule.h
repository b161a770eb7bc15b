/* node_rule.h - what a node may have: tokens bound to pods that run on it, for audiences that
 * the pod declares, and nothing else. Source: kubernetes/kubernetes v1.36,
 * plugin/pkg/admission/noderestriction/admission.go. Pure.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef NODE_RULE_H
#define NODE_RULE_H

#include <stdbool.h>

#include <jansson.h>

#include "base/err.h"
#include "store/store.h"

/* The object that a token is to be bound to; members may be NULL. Borrowed. */
struct node_rule_ref {
	const char *api_version;
	const char *kind;
	const char *name;
	const char *uid;
};

/* The name of the node that a caller is, or NULL if it is none: "system:node:NAME" in the group
 * "system:nodes". Borrowed from `user`. */
const char *node_rule_node(const char *user, char *const *groups, size_t group_count);

/* NULL, or why the reference is not one that a node may ask for. A literal. */
const char *node_rule_binding(const struct node_rule_ref *ref);
/* NULL, or why this pod is not the node's to ask for. A literal. */
const char *node_rule_pod(const char *node, const struct node_rule_ref *ref,
	const struct store_pod *pod);
/* NULL, or why these audiences are not: one that the pod declares; or, if none was asked for
 * (`is_default`), those of the API, and then the pod declares all of them. A literal. */
const char *node_rule_audiences(const struct store_pod *pod, const json_t *audiences,
	bool is_default);

#endif

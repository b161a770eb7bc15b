/* bound_object.h - the pod or node that a token is bound to: spec.boundObjectRef of a
 * TokenRequest, looked up, checked, and put into claims.
 * Source: kubernetes/kubernetes v1.36, pkg/registry/core/serviceaccount/storage/token.go.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef BOUND_OBJECT_H
#define BOUND_OBJECT_H

#include <jansson.h>

#include "access/node_rule.h"
#include "issuer/gateway.h"
#include "issuer/kube.h"
#include "keys/claims.h"

struct bound_object {
	const json_t *json; /* the reference; NULL: none. Borrowed from the body */
	struct node_rule_ref ref;
	struct store_pod pod;
	struct store_node node;
	bool has_pod, has_node;
	char *said; /* for the audit; NULL if there is none */
};

/* `json` may be NULL; its members have their types. */
void bound_object_read(const json_t *json, struct bound_object *ret);
void bound_object_free(struct bound_object *bound);

/* NULL if there is none. Borrowed. */
const struct node_rule_ref *bound_object_ref(const struct bound_object *bound);

/* Finds it for this service account. Refusals: 400 for another kind, a name that cannot be, or
 * a pod of another service account; 404; 409 for another uid. `ret_object` is then what the
 * error is about. */
int bound_object_load(const struct gateway *gw, const char *namespace, const char *account,
	struct bound_object *bound, struct kube_object *ret_object, struct err *err);
/* The 404 of it. */
int bound_object_missing(const struct bound_object *bound, struct kube_object *ret_object,
	struct err *err);

/* Once it is loaded: what the token says of it (borrowed), and what the answer does (a new
 * reference). */
struct claims_bound bound_object_claims(const struct bound_object *bound);
json_t *bound_object_json(const struct bound_object *bound);

#endif

/* claims.h - the `kubernetes.io` claim: what a token says about its service account, and what
 * it is bound to. Source: kubernetes/kubernetes v1.36, pkg/serviceaccount/claims.go. Pure.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CLAIMS_H
#define CLAIMS_H

#include <jansson.h>

/* Borrowed; NULL: not said. A pod has both members; the node of a pod that is not known any
 * more has only its name. */
struct claims_bound {
	const char *pod_name;
	const char *pod_uid;
	const char *node_name;
	const char *node_uid;
};

/* {"namespace", "serviceaccount": {"name", "uid"}} and, if bound, "pod" and "node" alike; a new
 * reference. The strings must be UTF-8. */
json_t *claims_kubernetes(const char *namespace, const char *name, const char *uid,
	const struct claims_bound *bound);

#endif

/* claims.c - see claims.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "keys/claims.h"

static json_t *object(const char *name, const char *uid)
{
	return name ? json_pack("{s:s, s:s*}", "name", name, "uid", uid) : NULL;
}

json_t *claims_kubernetes(const char *namespace, const char *name, const char *uid,
	const struct claims_bound *bound)
{
	json_t *claims =
		json_pack("{s:s, s:o, s:o*, s:o*}", "namespace", namespace, "serviceaccount",
			object(name, uid), "pod", object(bound->pod_name, bound->pod_uid),
			"node", object(bound->node_name, bound->node_uid));

	if (!claims)
		abort(); /* checked names: only memory can be lacking */
	return claims;
}

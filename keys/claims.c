/* claims.c - see claims.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "keys/claims.h"

json_t *claims_kubernetes(const char *namespace, const char *name, const char *uid)
{
	json_t *claims = json_pack("{s:s, s:{s:s, s:s}}", "namespace", namespace,
		"serviceaccount", "name", name, "uid", uid);

	if (!claims)
		abort(); /* three checked names: only memory can be lacking */
	return claims;
}

/* claims.h - the `kubernetes.io` claim: what a token says about its service account.
 * Source: kubernetes/kubernetes v1.36, pkg/serviceaccount/claims.go. Pure.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CLAIMS_H
#define CLAIMS_H

#include <jansson.h>

/* {"namespace": ..., "serviceaccount": {"name": ..., "uid": ...}}; a new reference. */
json_t *claims_kubernetes(const char *namespace, const char *name, const char *uid);

#endif

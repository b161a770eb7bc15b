/* api_index.h - what API is here: the documents that kubectl and client libraries ask for
 * before they do anything else. Source: kubernetes/kubernetes v1.36,
 * staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go and pkg/version/types.go.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef API_INDEX_H
#define API_INDEX_H

#include "issuer/gateway.h"
#include "issuer/user.h"
#include "serve/http.h"

/* GET /version, for anybody. */
void api_index_version(const struct gateway *gw, struct http_call *call,
	struct clock_reading clock);

/* GET, for those who are known; each takes over `caller`. */
typedef void api_index_fn(const struct gateway *gw, struct http_call *call, struct user *caller,
	const char *const *params, struct clock_reading clock);
api_index_fn api_index_api;           /* /api */
api_index_fn api_index_core;          /* /api/v1 */
api_index_fn api_index_apis;          /* /apis */
api_index_fn api_index_group;         /* /apis/authentication.k8s.io */
api_index_fn api_index_group_v1;      /* /apis/authentication.k8s.io/v1 */
api_index_fn api_index_group_v1beta1; /* /apis/authentication.k8s.io/v1beta1 */

#endif

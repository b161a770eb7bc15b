/* tokenrequest_json.h - reads and writes authentication.k8s.io/v1 TokenRequest as JSON.
 * Source: kubernetes/kubernetes v1.36, staging/src/k8s.io/api/authentication/v1/types.go.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TOKENREQUEST_JSON_H
#define TOKENREQUEST_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "base/text.h"

#define TOKENREQUEST_WARNINGS_MAX 16

/* What was asked for. JSON values are borrowed from `root`; NULL where absent or null. */
struct token_request {
	json_t *root;
	const char *metadata_name;
	const char *metadata_namespace;
	const char *metadata_uid;
	json_t *audiences; /* array of strings, NULL if none or empty */
	bool has_expiration;
	int64_t expiration_s;
	json_t *bound_object; /* object */
	char *warnings[TOKENREQUEST_WARNINGS_MAX];
	size_t warning_count;
};

#define TOKEN_REQUEST_INIT                                                                     \
	{                                                                                      \
		.root = NULL                                                                   \
	}

/* Unknown and repeated members become warnings (the last value counts); anything that cannot be
 * a TokenRequest is refused with KUBE_BAD_REQUEST. */
int token_request_read(const char *body, size_t len, struct token_request *ret,
	struct err *err);
void token_request_free(struct token_request *request);
static inline void auto_token_request_(struct token_request *r)
{
	token_request_free(r);
}
#define auto_token_request __attribute__((cleanup(auto_token_request_)))

#endif

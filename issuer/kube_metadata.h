/* kube_metadata.h - what an answer's metadata has of the request's.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef KUBE_METADATA_H
#define KUBE_METADATA_H

#include <jansson.h>

#include "issuer/fields.h"
#include "serve/http.h"

/* A copy of what `fields` has of `metadata` (may be NULL); a new reference. An owner that is
 * told twice is told once in both, with a warning in the answer. */
json_t *kube_metadata_copy(const json_t *metadata, const struct field *fields,
	struct http_call *call);

/* Takes those out of a list of owners (may be NULL); their uids, or "". The caller frees.
 * Declared for tests. */
char *kube_metadata_unite(json_t *owners);

#endif

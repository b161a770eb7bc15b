/* json_members.h - the names of a JSON text's members as they stand there, in their order and
 * repeated ones included, which jansson's tree no longer shows, against the types of an API
 * object: what Kubernetes' strict decoding finds (sigs.k8s.io/json).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef JSON_MEMBERS_H
#define JSON_MEMBERS_H

#include <stddef.h>

#include "issuer/fields.h"

enum json_member { JSON_MEMBER_UNKNOWN, JSON_MEMBER_REPEATED };

/* Called for each member that the type of its object does not know, or that stands in it not
 * for the first time, with its path: "spec.audiences", "metadata.ownerReferences[0].x". */
typedef void json_members_fn(enum json_member what, const char *path, void *ctx);

/* Walks a text that jansson has parsed already: its grammar is taken for granted. What is no
 * object is skipped, and so is all that lies in unknown members and in those of any type. */
void json_members_check(const char *text, size_t len, const struct field *fields,
	json_members_fn *each, void *ctx);

#endif

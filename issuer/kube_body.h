/* kube_body.h - the body of an API request, from its bytes to a checked object: media type,
 * size, options of the query, syntax, kind, the types of all members.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef KUBE_BODY_H
#define KUBE_BODY_H

#include <jansson.h>

#include "issuer/kube_options.h"
#include "issuer/kube_types.h"
#include "serve/http.h"

#define KUBE_WARNINGS_MAX 16

struct kube_body {
	json_t *root; /* every member has its type, or is null */
	char *warnings[KUBE_WARNINGS_MAX];
	size_t warning_count;
};

/* Reads the request's body as `type`, in `version`, which is that of the path. In this order:
 * can the answer be JSON (406), is the body JSON or protobuf (415), is it small enough (413),
 * do the options of the query mean something (422), and is it such an object (400)? Unknown and
 * repeated members become warnings, or are refused with fieldValidation=Strict. */
int kube_body_read(struct http_call *call, const struct kube_type *type, const char *version,
	size_t body_max, struct kube_body *ret, struct err *err);

/* The part of it that needs no connection; declared for tests. */
int kube_body_parse(const char *body, size_t len, bool is_protobuf,
	const struct kube_type *type, const char *version, enum kube_validation validation,
	struct kube_body *ret, struct err *err);

/* The warnings as headers of the answer. */
void kube_body_warn(const struct kube_body *body, struct http_call *call);
void kube_body_free(struct kube_body *body);
#define auto_kube_body __attribute__((cleanup(kube_body_free)))

#endif

/* kube_types.h - the API objects that we take, as their members.
 * Source: kubernetes/kubernetes v1.36, staging/src/k8s.io/api/authentication/v1/types.go and
 * staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef KUBE_TYPES_H
#define KUBE_TYPES_H

#include "issuer/fields.h"

#define KUBE_AUTHENTICATION_GROUP "authentication.k8s.io"

struct kube_type {
	const char *kind;
	const char *versions[3]; /* of authentication.k8s.io, NULL after the last */
	const struct field *members;
};

extern const struct kube_type kube_token_request;
extern const struct kube_type kube_token_review;
extern const struct kube_type kube_self_subject_review;

/* The parts of them that answers echo. */
extern const struct field kube_bound_object_reference[];
extern const struct field kube_token_review_spec[];
/* Of the request's metadata. Not its namespace: that is the path's. */
extern const struct field kube_token_request_metadata[];
extern const struct field kube_token_review_metadata[];

#endif

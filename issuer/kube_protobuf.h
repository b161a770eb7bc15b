/* kube_protobuf.h - Kubernetes' protobuf (application/vnd.kubernetes.protobuf), read into the
 * JSON that means the same. Source: kubernetes/kubernetes v1.36,
 * staging/src/k8s.io/apimachinery/pkg/runtime/serializer/protobuf/protobuf.go.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef KUBE_PROTOBUF_H
#define KUBE_PROTOBUF_H

#include <jansson.h>

#include "issuer/kube_types.h"

#define KUBE_PROTOBUF_MEDIA_TYPE "application/vnd.kubernetes.protobuf"

/* The object in the envelope, with its apiVersion and kind as the envelope has them; a new
 * reference. Members that we do not know are skipped. If the envelope names another kind than
 * `type`, only the two are read. ERR_BAD_INPUT says what is wrong. */
int kube_protobuf_read(const char *body, size_t len, const struct kube_type *type, json_t **ret,
	struct err *err);

#endif

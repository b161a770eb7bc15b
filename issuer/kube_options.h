/* kube_options.h - the options of a request's query, which are an object of their own to
 * Kubernetes: CreateOptions, with errors of its own.
 * Source: kubernetes/kubernetes v1.36,
 * staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/validation.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef KUBE_OPTIONS_H
#define KUBE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "serve/http.h"

enum kube_validation { KUBE_IGNORE, KUBE_WARN, KUBE_STRICT };

/* In err.field: the options are at fault, and kube_options_details says which. */
#define KUBE_OPTIONS_FIELD "CreateOptions"

/* How strictly the body is to be read. 422 if any option means nothing; the text names those
 * that it has room for, 16 at most. What stands behind a NUL in a value is not looked at. */
int kube_options_read(struct http_call *call, enum kube_validation *ret, struct err *err);

/* The details of that refusal; a new reference. */
json_t *kube_options_details(struct http_call *call);

/* Is it printable to Go, as a fieldManager's characters have to be? What Unicode has not
 * assigned passes. Declared for tests. */
bool kube_options_is_printable(uint32_t code_point);

#endif

/* kube.h - how Kubernetes talks: Status errors, and what every API answer carries.
 * Source: kubernetes/kubernetes v1.36, staging/src/k8s.io/apimachinery/pkg/api/errors.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef KUBE_H
#define KUBE_H

#include "base/err.h"
#include "serve/http.h"

#define KUBE_JSON_MEDIA_TYPE "application/json"

/* A refusal meant for the wire; rides in err.detail. */
enum kube_reason {
	KUBE_NONE,
	KUBE_BAD_REQUEST,
	KUBE_UNAUTHORIZED,
	KUBE_FORBIDDEN,
	KUBE_NOT_FOUND,
	KUBE_METHOD_NOT_ALLOWED,
	KUBE_NOT_ACCEPTABLE,
	KUBE_CONFLICT,
	KUBE_TOO_LARGE,
	KUBE_UNSUPPORTED_MEDIA_TYPE,
	KUBE_INVALID,
	KUBE_HEADERS_TOO_LARGE,
	KUBE_INTERNAL,
	KUBE_UNAVAILABLE,
	KUBE_REASONS,
};

/* `return kube_refuse(err, KUBE_FORBIDDEN, "...")`: yields -1, code ERR_REFUSED. */
#define kube_refuse(err, reason, ...)                                                          \
	(err_set_((err), ERR_REFUSED, __VA_ARGS__), (err)->detail = (int)(reason),             \
		err_failed_())

/* The object an error is about; members may be NULL. */
struct kube_object {
	const char *group;
	const char *kind;
	const char *name;
};

const char *kube_reason_name(enum kube_reason reason);
int kube_reason_status(enum kube_reason reason);

/* 400 for what can be the name of no object, as it could not be a part of a path. */
int kube_check_name(const char *name, struct err *err);

/* Fills the reply with a Status that tells of `err`. What is not a refusal is our own failure:
 * the caller hears only that, the log hears the rest. With err->field set, details carries a
 * cause. */
void kube_reply_error(struct http_call *call, const struct err *err,
	const struct kube_object *object);

/* Reads what answers to this call look like: `pretty` in its query, or a program that people
 * read with. */
void kube_take_pretty(struct http_call *call);

/* 406 if the answer must not be JSON: all are. */
int kube_check_accept(struct http_call *call, struct err *err);

/* A JSON body with the headers of an API answer. Takes over `json`. */
struct json_t;
void kube_reply_json(struct http_call *call, int status, struct json_t *json);

#define KUBE_WARNING_OWN 128 /* more than a header of ours takes that quotes nobody */

/* A `Warning: 299` header, RFC 7234 §5.5, of up to 256 bytes of text; dropped if it would not
 * leave `reserve` bytes of a KiB of headers to those that come behind it. */
void kube_reply_warning(struct http_call *call, const char *text, size_t reserve);

#endif

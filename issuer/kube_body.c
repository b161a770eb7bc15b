/* kube_body.c - see kube_body.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "issuer/go_quote.h"
#include "issuer/json_members.h"
#include "issuer/kube.h"
#include "issuer/kube_body.h"
#include "issuer/kube_protobuf.h"
#include "issuer/negotiate.h"

/* ---- what the body says beside what is asked ---- */

static bool is_warned(const struct kube_body *body, const char *warning)
{
	for (size_t i = 0; i < body->warning_count; i++)
		if (strcmp(body->warnings[i], warning) == 0)
			return true;
	return false;
}

static void on_member(enum json_member what, const char *path, void *ctx)
{
	struct kube_body *body = ctx;
	auto_free char *quoted = NULL;
	auto_free char *warning = NULL;

	if (body->warning_count == KUBE_WARNINGS_MAX)
		return;
	quoted = go_quote(path);
	warning = text_format("%s field %s",
		what == JSON_MEMBER_UNKNOWN ? "unknown" : "duplicate", quoted);
	if (!is_warned(body, warning))
		body->warnings[body->warning_count++] = take(warning);
}

/* ---- syntax ---- */

static int unrecognized(const struct kube_type *type, const char *why, struct err *err)
{
	return kube_refuse(err, KUBE_BAD_REQUEST,
		"the object provided is unrecognized (must be of type %s): %s", type->kind,
		why);
}

static int parse_json(const char *text, size_t len, const struct kube_type *type,
	struct kube_body *body, struct err *err)
{
	json_error_t why;

	/* Zero bytes are legal in JSON strings, and in audiences they are let through. */
	body->root = json_loadb(text, len, JSON_ALLOW_NUL | JSON_DECODE_ANY, &why);
	if (!body->root) {
		auto_free char *where = text_format("JSON line %d, column %d: %s", why.line,
			why.column, why.text);

		return unrecognized(type, where, err);
	}
	json_members_check(text, len, type->members, on_member, body);
	if (json_is_null(body->root)) {
		json_decref(body->root);
		body->root = json_object();
	}
	if (!json_is_object(body->root)) {
		auto_free char *what =
			text_format("it is a JSON %s", fields_type_name(body->root));

		return unrecognized(type, what, err);
	}
	return 0;
}

static int parse_protobuf(const char *bytes, size_t len, const struct kube_type *type,
	struct kube_body *body, struct err *err)
{
	struct err why = ERR_INIT;

	if (kube_protobuf_read(bytes, len, type, &body->root, &why) < 0)
		return unrecognized(type, why.text, err);
	return 0;
}

/* ---- what it is ---- */

static int cannot_be(const struct kube_type *type, const char *version, const char *why,
	struct err *err)
{
	return kube_refuse(err, KUBE_BAD_REQUEST,
		"%s in version \"%s\" cannot be handled as a %s: %s", type->kind, version,
		type->kind, why);
}

/* Does its kind have this version at all? */
static bool has_version(const struct kube_type *type, const char *api_version)
{
	for (size_t i = 0; type->versions[i]; i++) {
		auto_free char *known =
			text_format("%s/%s", KUBE_AUTHENTICATION_GROUP, type->versions[i]);

		if (strcmp(known, api_version) == 0)
			return true;
	}
	return false;
}

/* Kind and version; empty is the same as absent: the path has said what it is. */
static int check_kind(const struct kube_body *body, const struct kube_type *type,
	const char *version, struct err *err)
{
	const char *kind = fields_string(body->root, "kind");
	const char *api_version = fields_string(body->root, "apiVersion");
	auto_free char *expected = text_format("%s/%s", KUBE_AUTHENTICATION_GROUP, version);

	if (kind && *kind && strcmp(kind, type->kind) != 0)
		return kube_refuse(err, KUBE_BAD_REQUEST,
			"kind \"%.64s\" cannot be handled as a %s", kind, type->kind);
	if (!api_version || !*api_version || strcmp(api_version, expected) == 0)
		return 0;
	if (has_version(type, api_version))
		return kube_refuse(err, KUBE_BAD_REQUEST,
			"the API version in the data (%s) does not match the expected API version "
			"(%s)",
			api_version, expected);
	return kube_refuse(err, KUBE_BAD_REQUEST,
		"%s in version \"%.64s\" cannot be handled; use %s", type->kind, api_version,
		expected);
}

static int refuse_warnings(const struct kube_body *body, const struct kube_type *type,
	const char *version, struct err *err)
{
	auto_text struct text list = TEXT_INIT;

	text_add(&list, "strict decoding error: ");
	for (size_t i = 0; i < body->warning_count; i++)
		text_addf(&list, "%s%s", i > 0 ? ", " : "", body->warnings[i]);
	return cannot_be(type, version, list.s, err);
}

static int check(struct kube_body *body, const struct kube_type *type, const char *version,
	enum kube_validation validation, struct err *err)
{
	struct err why = ERR_INIT;

	if (fields_check(body->root, type->members, &why) < 0)
		return cannot_be(type, version, why.text, err);
	if (check_kind(body, type, version, err) < 0)
		return -1;
	return validation == KUBE_STRICT && body->warning_count > 0
		? refuse_warnings(body, type, version, err)
		: 0;
}

int kube_body_parse(const char *body, size_t len, bool is_protobuf,
	const struct kube_type *type, const char *version, enum kube_validation validation,
	struct kube_body *ret, struct err *err)
{
	auto_kube_body struct kube_body read = { .root = NULL };
	const int rc = is_protobuf ? parse_protobuf(body, len, type, &read, err)
				   : parse_json(body, len, type, &read, err);

	if (rc < 0 || check(&read, type, version, validation, err) < 0)
		return -1;
	if (validation == KUBE_IGNORE)
		while (read.warning_count > 0)
			free(read.warnings[--read.warning_count]);
	*ret = read;
	read = (struct kube_body){ .root = NULL };
	return 0;
}

void kube_body_free(struct kube_body *body)
{
	for (size_t i = 0; i < body->warning_count; i++)
		free(body->warnings[i]);
	json_decref(body->root);
	*body = (struct kube_body){ .root = NULL };
}

void kube_body_warn(const struct kube_body *body, struct http_call *call)
{
	for (size_t i = 0; i < body->warning_count; i++)
		kube_reply_warning(call, body->warnings[i], KUBE_WARNING_OWN);
}

/* ---- the request around it ---- */

static int check_media_types(struct http_call *call, bool *ret_protobuf, struct err *err)
{
	const char *type = http_header(call, "Content-Type", NULL);

	if (kube_check_accept(call, err) < 0)
		return -1;
	/* None at all means JSON: kubectl create --raw sends none. */
	*ret_protobuf = type && negotiate_is(type, KUBE_PROTOBUF_MEDIA_TYPE);
	if (*ret_protobuf || !type || *type == '\0' || negotiate_is(type, KUBE_JSON_MEDIA_TYPE))
		return 0;
	return kube_refuse(err, KUBE_UNSUPPORTED_MEDIA_TYPE,
		"the body of the request was in an unknown format - accepted media types include: " KUBE_JSON_MEDIA_TYPE
		", " KUBE_PROTOBUF_MEDIA_TYPE);
}

int kube_body_read(struct http_call *call, const struct kube_type *type, const char *version,
	size_t body_max, struct kube_body *ret, struct err *err)
{
	const struct http_request *request = &call->request;
	enum kube_validation validation;
	bool is_protobuf;

	if (check_media_types(call, &is_protobuf, err) < 0)
		return -1;
	if (request->is_body_too_large)
		return kube_refuse(err, KUBE_TOO_LARGE,
			"Request entity too large: limit is %zu", body_max);
	if (kube_options_read(call, &validation, err) < 0)
		return -1;
	return kube_body_parse(request->body, request->body_len, is_protobuf, type, version,
		validation, ret, err);
}

/* tokenrequest_json.c - see tokenrequest_json.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "issuer/json_members.h"
#include "issuer/kube.h"
#include "issuer/tokenrequest_json.h"

#define API_VERSION "authentication.k8s.io/v1"
#define KIND        "TokenRequest"

static void add_warning(struct token_request *request, const char *what, const char *path)
{
	if (request->warning_count < TOKENREQUEST_WARNINGS_MAX)
		request->warnings[request->warning_count++] =
			text_format("%s field \"%s\"", what, path);
}

static void on_repeated(const char *path, void *ctx)
{
	add_warning(ctx, "duplicate", path);
}

static const char *type_name(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "object";
	case JSON_ARRAY:
		return "array";
	case JSON_STRING:
		return "string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "bool";
	case JSON_NULL:
		break;
	}
	return "null";
}

static int wrong_type(const json_t *value, const char *path, const char *wanted,
	struct err *err)
{
	return kube_refuse(err, KUBE_BAD_REQUEST,
		KIND " in version \"v1\" cannot be handled as a " KIND
		     ": cannot use %s for field %s, which has type %s",
		type_name(value), path, wanted);
}

/* Each getter gives NULL for a member that is absent or null. */
static int get_object(const json_t *parent, const char *member, const char *path, json_t **ret,
	struct err *err)
{
	json_t *value = json_object_get(parent, member);

	if (value && !json_is_null(value) && !json_is_object(value))
		return wrong_type(value, path, "object", err);
	*ret = json_is_object(value) ? value : NULL;
	return 0;
}

static int get_string(const json_t *parent, const char *member, const char *path,
	const char **ret, struct err *err)
{
	const json_t *value = json_object_get(parent, member);

	if (value && !json_is_null(value) && !json_is_string(value))
		return wrong_type(value, path, "string", err);
	*ret = json_string_value(value);
	return 0;
}

static int get_audiences(const json_t *spec, json_t **ret, struct err *err)
{
	json_t *value = json_object_get(spec, "audiences");
	const json_t *one;
	size_t i;

	if (value && !json_is_null(value) && !json_is_array(value))
		return wrong_type(value, "spec.audiences", "[]string", err);
	json_array_foreach(value, i, one) if (!json_is_string(one)) return wrong_type(one,
		"spec.audiences", "string", err);
	*ret = json_array_size(value) > 0 ? value : NULL;
	return 0;
}

static int get_expiration(const json_t *spec, struct token_request *ret, struct err *err)
{
	const json_t *value = json_object_get(spec, "expirationSeconds");

	if (!value || json_is_null(value))
		return 0;
	if (!json_is_integer(value))
		return wrong_type(value, "spec.expirationSeconds", "int64", err);
	ret->has_expiration = true;
	ret->expiration_s = json_integer_value(value);
	return 0;
}

/* Warns of members that the API does not have, as fieldValidation=Warn does. */
static void warn_unknown(struct token_request *request, json_t *object, const char *prefix,
	const char *const *known)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		auto_free char *path = text_format("%s%s", prefix, key);
		size_t i = 0;

		while (known[i] && strcmp(known[i], key) != 0)
			i++;
		if (!known[i])
			add_warning(request, "unknown", path);
	}
}

static void warn_all_unknown(struct token_request *request, json_t *metadata, json_t *spec)
{
	static const char *const top[] = { "apiVersion", "kind", "metadata", "spec", "status",
		NULL };
	static const char *const meta[] = { "name", "generateName", "namespace", "selfLink",
		"uid", "resourceVersion", "generation", "creationTimestamp",
		"deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations",
		"ownerReferences", "finalizers", "managedFields", NULL };
	static const char *const spec_members[] = { "audiences", "expirationSeconds",
		"boundObjectRef", NULL };
	static const char *const ref[] = { "kind", "apiVersion", "name", "uid", NULL };
	static const char *const status[] = { "token", "expirationTimestamp", NULL };

	warn_unknown(request, request->root, "", top);
	warn_unknown(request, metadata, "metadata.", meta);
	warn_unknown(request, spec, "spec.", spec_members);
	warn_unknown(request, request->bound_object, "spec.boundObjectRef.", ref);
	warn_unknown(request, json_object_get(request->root, "status"), "status.", status);
}

static int check_type(const json_t *root, struct err *err)
{
	const char *version, *kind;

	if (get_string(root, "apiVersion", "apiVersion", &version, err) < 0 ||
		get_string(root, "kind", "kind", &kind, err) < 0)
		return -1;
	/* Empty is the same as absent: the path has said what it is. */
	if (kind && *kind && strcmp(kind, KIND) != 0)
		return kube_refuse(err, KUBE_BAD_REQUEST,
			"kind \"%.64s\" cannot be handled as a " KIND, kind);
	if (version && *version && strcmp(version, API_VERSION) != 0)
		return kube_refuse(err, KUBE_BAD_REQUEST,
			KIND " in version \"%.64s\" cannot be handled; use " API_VERSION,
			version);
	return 0;
}

static int read_members(struct token_request *request, struct err *err)
{
	json_t *metadata, *spec;
	json_t *status; /* ignored, but not any type */

	if (check_type(request->root, err) < 0 ||
		get_object(request->root, "metadata", "metadata", &metadata, err) < 0 ||
		get_object(request->root, "spec", "spec", &spec, err) < 0 ||
		get_object(request->root, "status", "status", &status, err) < 0 ||
		get_string(metadata, "name", "metadata.name", &request->metadata_name, err) <
			0 ||
		get_string(metadata, "namespace", "metadata.namespace",
			&request->metadata_namespace, err) < 0 ||
		get_string(metadata, "uid", "metadata.uid", &request->metadata_uid, err) < 0 ||
		get_audiences(spec, &request->audiences, err) < 0 ||
		get_expiration(spec, request, err) < 0 ||
		get_object(spec, "boundObjectRef", "spec.boundObjectRef",
			&request->bound_object, err) < 0)
		return -1;
	warn_all_unknown(request, metadata, spec);
	return 0;
}

int token_request_read(const char *body, size_t len, struct token_request *ret, struct err *err)
{
	auto_token_request struct token_request request = TOKEN_REQUEST_INIT;
	json_error_t why;

	/* Zero bytes are legal in JSON strings; nothing that we use may hold one, and audiences
	 * with one match no grant. */
	request.root = json_loadb(body, len, JSON_ALLOW_NUL | JSON_DECODE_ANY, &why);
	if (!request.root)
		return kube_refuse(err, KUBE_BAD_REQUEST,
			"the object provided is unrecognized (must be of type " KIND
			"): JSON line %d, column %d: %s",
			why.line, why.column, why.text);
	if (json_is_null(request.root)) {
		json_decref(request.root);
		request.root = json_object();
	}
	if (!json_is_object(request.root))
		return kube_refuse(err, KUBE_BAD_REQUEST,
			"the object provided is unrecognized (must be of type " KIND
			"): it is a JSON %s",
			type_name(request.root));
	json_members_repeated(body, len, on_repeated, &request);
	if (read_members(&request, err) < 0)
		return -1;
	*ret = request;
	request = (struct token_request)TOKEN_REQUEST_INIT;
	return 0;
}

void token_request_free(struct token_request *request)
{
	for (size_t i = 0; i < request->warning_count; i++)
		free(request->warnings[i]);
	json_decref(request->root);
	*request = (struct token_request)TOKEN_REQUEST_INIT;
}

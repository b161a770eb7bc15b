/* api_index.c - see api_index.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "issuer/api_index.h"
#include "issuer/kube.h"
#include "issuer/kube_types.h"

/* Whose API this is. */
#define MAJOR "1"
#define MINOR "36"

static void reply(struct http_call *call, json_t *json)
{
	static const struct kube_object nothing = { .kind = NULL };
	struct err err = ERR_INIT;

	if (kube_check_accept(call, &err) == 0) {
		kube_reply_json(call, 200, json);
		return;
	}
	json_decref(json);
	kube_reply_error(call, &err, &nothing);
}

void api_index_version(const struct gateway *gw, struct http_call *call,
	struct clock_reading clock)
{
	(void)gw;
	(void)clock;
	call->is_pretty = true; /* always, as there */
	reply(call,
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}",
			"major", MAJOR, "minor", MINOR, "emulationMajor", MAJOR,
			"emulationMinor", MINOR, "minCompatibilityMajor", MAJOR,
			"minCompatibilityMinor", MINOR, "gitVersion",
			"v" MAJOR "." MINOR ".0+issuerd-" PACKAGE_VERSION, "gitCommit", "",
			"gitTreeState", "", "buildDate", "", "goVersion", "", "compiler", "cc",
			"platform", ""));
}

static json_t *api_json(const struct gateway *gw)
{
	/* conf has checked the URL; the path is none of an address. */
	const char *host = strstr(gw->issuer->url, "://") + 3;

	return json_pack("{s:s, s:[s], s:[{s:s, s:s%}]}", "kind", "APIVersions", "versions",
		"v1", "serverAddressByClientCIDRs", "clientCIDR", "0.0.0.0/0", "serverAddress",
		host, strcspn(host, "/"));
}

static json_t *resource(const char *name, const char *singular, bool is_namespaced,
	const char *kind)
{
	return json_pack("{s:s, s:s, s:b, s:s, s:[s]}", "name", name, "singularName", singular,
		"namespaced", is_namespaced, "kind", kind, "verbs", "create");
}

static json_t *core_json(void)
{
	json_t *accounts = json_pack("{s:s, s:s, s:b, s:s, s:[]}", "name", "serviceaccounts",
		"singularName", "serviceaccount", "namespaced", true, "kind", "ServiceAccount",
		"verbs");
	json_t *token = resource("serviceaccounts/token", "", true, kube_token_request.kind);

	(void)json_object_set_new(token, "group", json_string(KUBE_AUTHENTICATION_GROUP));
	(void)json_object_set_new(token, "version", json_string("v1"));
	return json_pack("{s:s, s:s, s:[o, o]}", "kind", "APIResourceList", "groupVersion",
		"v1", "resources", accounts, token);
}

static json_t *version_json(const char *version)
{
	return json_pack("{s:o, s:s}", "groupVersion",
		json_sprintf("%s/%s", KUBE_AUTHENTICATION_GROUP, version), "version", version);
}

/* The group, without what says that it is one. */
static json_t *listed_group_json(void)
{
	return json_pack("{s:s, s:[o, o], s:o}", "name", KUBE_AUTHENTICATION_GROUP, "versions",
		version_json("v1"), version_json("v1beta1"), "preferredVersion",
		version_json("v1"));
}

static json_t *apis_json(void)
{
	return json_pack("{s:s, s:s, s:[o]}", "kind", "APIGroupList", "apiVersion", "v1",
		"groups", listed_group_json());
}

static json_t *group_json(void)
{
	json_t *group = listed_group_json();

	(void)json_object_set_new(group, "kind", json_string("APIGroup"));
	(void)json_object_set_new(group, "apiVersion", json_string("v1"));
	return group;
}

static json_t *group_version_json(const char *version, bool has_self)
{
	json_t *resources = json_array();

	if (has_self)
		(void)json_array_append_new(resources,
			resource("selfsubjectreviews", "selfsubjectreview", false,
				kube_self_subject_review.kind));
	(void)json_array_append_new(resources,
		resource("tokenreviews", "tokenreview", false, kube_token_review.kind));
	return json_pack("{s:s, s:s, s:o, s:o}", "kind", "APIResourceList", "apiVersion", "v1",
		"groupVersion", json_sprintf("%s/%s", KUBE_AUTHENTICATION_GROUP, version),
		"resources", resources);
}

/* The document is the same for everybody who is known. */
#define HANDLER(name, document)                                                                \
	void name(const struct gateway *gw, struct http_call *call, struct user *caller,       \
		const char *const *params, struct clock_reading clock)                         \
	{                                                                                      \
		(void)gw;                                                                      \
		(void)params;                                                                  \
		(void)clock;                                                                   \
		user_free(caller);                                                             \
		reply(call, document);                                                         \
	}

HANDLER(api_index_api, api_json(gw))
HANDLER(api_index_core, core_json())
HANDLER(api_index_apis, apis_json())
HANDLER(api_index_group, group_json())
HANDLER(api_index_group_v1, group_version_json("v1", true))
HANDLER(api_index_group_v1beta1, group_version_json("v1beta1", false))

/* bound_object.c - see bound_object.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/text.h"
#include "issuer/bound_object.h"
#include "issuer/kube_types.h"

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

struct group_version {
	const char *group;
	int group_len;
	const char *version;
};

/* As Kubernetes reads it: "v1" is version v1 of the group without a name, and what has two
 * slashes is of no group and no version. */
static struct group_version read_version(const char *api_version)
{
	const char *s = or_empty(api_version);
	const char *slash = strchr(s, '/');

	if (!slash)
		return (struct group_version){ "", 0, s };
	if (strchr(slash + 1, '/'))
		return (struct group_version){ "", 0, "" };
	return (struct group_version){ s, (int)(slash - s), slash + 1 };
}

/* Of the core group? Which version of it does not matter. */
static bool is_core(const struct node_rule_ref *ref, const char *kind)
{
	return strcmp(or_empty(ref->kind), kind) == 0 &&
		read_version(ref->api_version).group_len == 0;
}

/* For the audit: what is asked for, if it can be at all. */
static char *say(const struct node_rule_ref *ref)
{
	const char *kind = is_core(ref, "Pod") ? "pod" : is_core(ref, "Node") ? "node" : NULL;
	struct err ignored = ERR_INIT;

	if (!kind || name_check_subdomain("name", or_empty(ref->name), &ignored) < 0)
		return text_copy("what is no pod or node");
	if (!ref->uid)
		return text_format("%s %s", kind, ref->name);
	return text_format("%s %s (uid %s)", kind, ref->name,
		name_check_uid("uid", ref->uid, &ignored) < 0 ? "that cannot be" : ref->uid);
}

void bound_object_read(const json_t *json, struct bound_object *ret)
{
	*ret = (struct bound_object){
		.json = json,
		.ref = { fields_string(json, "apiVersion"), fields_string(json, "kind"),
			fields_string(json, "name"), fields_string(json, "uid") },
	};
	ret->said = json ? say(&ret->ref) : NULL;
}

void bound_object_free(struct bound_object *bound)
{
	store_pod_free(&bound->pod);
	free(bound->said);
	*bound = (struct bound_object){ .json = NULL };
}

const struct node_rule_ref *bound_object_ref(const struct bound_object *bound)
{
	return bound->json ? &bound->ref : NULL;
}

int bound_object_missing(const struct bound_object *bound, struct kube_object *ret_object,
	struct err *err)
{
	const char *name = or_empty(bound->ref.name);
	const char *resource = is_core(&bound->ref, "Node") ? "nodes" : "pods";

	*ret_object = (struct kube_object){ .kind = resource, .name = name };
	return kube_refuse(err, KUBE_NOT_FOUND, "%s \"%.253s\" not found", resource, name);
}

static int not_loaded(const struct bound_object *bound, struct kube_object *ret_object,
	struct err *err)
{
	return err->code == ERR_NOT_FOUND ? bound_object_missing(bound, ret_object, err) : -1;
}

static int check_uid(const struct bound_object *bound, const char *uid,
	struct kube_object *ret_object, struct err *err)
{
	const struct node_rule_ref *ref = &bound->ref;

	if (*or_empty(ref->uid) == '\0' || strcmp(ref->uid, uid) == 0)
		return 0;
	*ret_object = (struct kube_object){ .kind = ref->kind, .name = ref->name };
	return kube_refuse(err, KUBE_CONFLICT,
		"Operation cannot be fulfilled on %s \"%s\": the UID in the bound object reference "
		"(%.64s) does not match the UID in record. The object might have been deleted and then "
		"recreated",
		ref->kind, ref->name, ref->uid);
}

static int load_pod(const struct gateway *gw, const char *namespace, const char *account,
	struct bound_object *bound, struct kube_object *ret_object, struct err *err)
{
	struct err no_node = ERR_INIT;

	if (store_pod_get(gw->store, gw->issuer->name, namespace, bound->ref.name, &bound->pod,
		    err) < 0)
		return not_loaded(bound, ret_object, err);
	bound->has_pod = true;
	if (strcmp(bound->pod.account, account) != 0) {
		*ret_object = (struct kube_object){ .kind = NULL };
		return kube_refuse(err, KUBE_BAD_REQUEST,
			"cannot bind token for serviceaccount \"%s\" to pod running with different "
			"serviceaccount name.",
			account);
	}
	/* A node that is not known is said by its name alone. */
	if (bound->pod.node[0] != '\0') {
		bound->has_node = store_node_get(gw->store, gw->issuer->name, bound->pod.node,
					  &bound->node, &no_node) == 0;
		if (!bound->has_node && no_node.code != ERR_NOT_FOUND) {
			*err = no_node;
			return -1;
		}
	}
	if (check_uid(bound, bound->pod.uid, ret_object, err) < 0)
		return -1;
	free(bound->said);
	bound->said = text_format("pod %s (uid %s)", bound->pod.name, bound->pod.uid);
	return 0;
}

static int load_node(const struct gateway *gw, struct bound_object *bound,
	struct kube_object *ret_object, struct err *err)
{
	if (store_node_get(gw->store, gw->issuer->name, bound->ref.name, &bound->node, err) < 0)
		return not_loaded(bound, ret_object, err);
	bound->has_node = true;
	if (check_uid(bound, bound->node.uid, ret_object, err) < 0)
		return -1;
	free(bound->said);
	bound->said = text_format("node %s (uid %s)", bound->node.name, bound->node.uid);
	return 0;
}

/* Can there be such an object? Refusals are about none. */
static int check_ref(const struct node_rule_ref *ref, struct err *err)
{
	const struct group_version gv = read_version(ref->api_version);

	if (is_core(ref, "Pod") || is_core(ref, "Node"))
		return kube_check_name(or_empty(ref->name), err);
	return kube_refuse(err, KUBE_BAD_REQUEST,
		"cannot bind token to object of type %.*s/%.64s, Kind=%.64s",
		gv.group_len < 64 ? gv.group_len : 64, gv.group, gv.version,
		or_empty(ref->kind));
}

int bound_object_load(const struct gateway *gw, const char *namespace, const char *account,
	struct bound_object *bound, struct kube_object *ret_object, struct err *err)
{
	const struct node_rule_ref *ref = &bound->ref;

	if (!bound->json)
		return 0;
	if (check_ref(ref, err) < 0) {
		*ret_object = (struct kube_object){ .kind = NULL };
		return -1;
	}
	return is_core(ref, "Pod") ? load_pod(gw, namespace, account, bound, ret_object, err)
				   : load_node(gw, bound, ret_object, err);
}

struct claims_bound bound_object_claims(const struct bound_object *bound)
{
	struct claims_bound claims = { .pod_name = NULL };

	if (bound->has_pod) {
		claims.pod_name = bound->pod.name;
		claims.pod_uid = bound->pod.uid;
		claims.node_name = bound->pod.node[0] ? bound->pod.node : NULL;
	}
	if (bound->has_node) {
		claims.node_name = bound->node.name;
		claims.node_uid = bound->node.uid;
	}
	return claims;
}

json_t *bound_object_json(const struct bound_object *bound)
{
	return bound->json ? fields_copy(bound->json, kube_bound_object_reference)
			   : json_null();
}

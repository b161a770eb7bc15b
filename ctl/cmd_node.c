/* cmd_node.c - issuerctl node ... and pod ...: what tokens may be bound to, and what a node may
 * ask for.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ctl/cmd.h"
#include "ctl/output.h"

/* ---- nodes ---- */

static const struct output_column node_columns[] = { { "NAME", "name", OUTPUT_WHOLE },
	{ "UID", "uid", OUTPUT_WHOLE }, { "CREATED", "created_at", OUTPUT_WHOLE },
	{ .title = NULL } };

static json_t *node_json(const struct store_node *node)
{
	return json_pack("{s:s, s:s, s:o}", "name", node->name, "uid", node->uid, "created_at",
		output_time(node->created_at));
}

static int node_create(struct cmd_run *run, struct err *err)
{
	struct store_node node = { .created_at = run->now };

	if (name_check_subdomain("node name", run->args[0], err) < 0 ||
		cmd_uid(run, node.uid, err) < 0 || cmd_open(run, STORE_WRITE, err) < 0)
		return -1;
	(void)text_fit(node.name, sizeof(node.name), run->args[0]); /* checked: it fits */
	if (run->is_dry_run) {
		cmd_would(run, "create node '%s'", node.name);
		return 0;
	}
	if (store_node_create(run->store, cmd_issuer(run), &node, run->actor, err) < 0)
		return -1;
	return output_object(run, node_json(&node), "name", err);
}

static int node_list(struct cmd_run *run, struct err *err)
{
	auto_store_nodes struct store_nodes nodes = { .count = 0 };
	json_t *list;

	if (cmd_open(run, STORE_READ, err) < 0 ||
		store_node_list(run->store, cmd_issuer(run), &nodes, err) < 0)
		return -1;
	list = json_array();
	for (size_t i = 0; i < nodes.count; i++)
		(void)json_array_append_new(list, node_json(&nodes.node[i]));
	return output_list(run, list, node_columns, "name", err);
}

static int node_delete(struct cmd_run *run, struct err *err)
{
	struct store_node node;

	if (cmd_open(run, STORE_WRITE, err) < 0 ||
		store_node_get(run->store, cmd_issuer(run), run->args[0], &node, err) < 0)
		return -1;
	if (run->is_dry_run) {
		cmd_would(run, "delete node '%s' (uid %s)", node.name, node.uid);
		return 0;
	}
	if (store_node_delete(run->store, cmd_issuer(run), node.name, run->actor, run->now,
		    err) < 0)
		return -1;
	return output_object(run, node_json(&node), "name", err);
}

/* ---- pods ---- */

static const struct output_column pod_columns[] = { { "NAMESPACE", "namespace", OUTPUT_WHOLE },
	{ "NAME", "name", OUTPUT_WHOLE }, { "UID", "uid", OUTPUT_WHOLE },
	{ "SERVICE ACCOUNT", "service_account", OUTPUT_WHOLE },
	{ "NODE", "node", OUTPUT_WHOLE }, { "AUDIENCES", "audiences", OUTPUT_WHOLE },
	{ "CREATED", "created_at", OUTPUT_WHOLE }, { .title = NULL } };

static json_t *pod_json(const struct store_pod *pod)
{
	json_t *audiences = json_array();

	for (size_t i = 0; i < pod->audience_count; i++)
		(void)json_array_append_new(audiences, json_string(pod->audiences[i]));
	return json_pack("{s:o, s:s, s:s, s:s, s:s, s:s?, s:o, s:o}", "id",
		json_sprintf("%s/%s", pod->namespace, pod->name), "namespace", pod->namespace,
		"name", pod->name, "uid", pod->uid, "service_account", pod->account, "node",
		pod->node[0] ? pod->node : NULL, "audiences", audiences, "created_at",
		output_time(pod->created_at));
}

/* An option with a subdomain's name. */
static int take_name(const struct cmd_run *run, const char *option, const char *otherwise,
	char ret[static NAME_SUBDOMAIN_MAX + 1], struct err *err)
{
	const char *value = cmd_value(run, option);

	if (!value)
		value = otherwise;
	if (*value != '\0' && name_check_subdomain(option, value, err) < 0)
		return cmd_bad_option(option, err);
	(void)text_fit(ret, NAME_SUBDOMAIN_MAX + 1, value); /* checked: it fits */
	return 0;
}

static int take_pod(const struct cmd_run *run, const char **audiences, struct store_pod *pod,
	struct err *err)
{
	if (name_split(run->args[0], false, pod->namespace, pod->name, err) < 0 ||
		take_name(run, "service-account", "default", pod->account, err) < 0 ||
		take_name(run, "node", "", pod->node, err) < 0 ||
		cmd_values(run, "audience", audiences, STORE_AUDIENCES_MAX,
			&pod->audience_count, err) < 0)
		return -1;
	pod->audiences = (char **)(uintptr_t)audiences; /* only read */
	return cmd_uid(run, pod->uid, err);
}

static int pod_create(struct cmd_run *run, struct err *err)
{
	const char *audiences[STORE_AUDIENCES_MAX];
	struct store_pod pod = { .created_at = run->now };

	if (take_pod(run, audiences, &pod, err) < 0 || cmd_open(run, STORE_WRITE, err) < 0)
		return -1;
	if (run->is_dry_run) {
		cmd_would(run, "create pod '%s'", run->args[0]);
		return 0;
	}
	if (store_pod_create(run->store, cmd_issuer(run), &pod, run->actor, err) < 0)
		return -1;
	return output_object(run, pod_json(&pod), "id", err);
}

static int pod_list(struct cmd_run *run, struct err *err)
{
	auto_store_pods struct store_pods pods = { .count = 0 };
	json_t *list;

	if (cmd_open(run, STORE_READ, err) < 0 ||
		store_pod_list(run->store, cmd_issuer(run), cmd_value(run, "namespace"),
			cmd_value(run, "node"), &pods, err) < 0)
		return -1;
	list = json_array();
	for (size_t i = 0; i < pods.count; i++)
		(void)json_array_append_new(list, pod_json(&pods.pod[i]));
	return output_list(run, list, pod_columns, "id", err);
}

static int pod_delete(struct cmd_run *run, struct err *err)
{
	auto_store_pod struct store_pod pod = { .audience_count = 0 };
	char namespace[NAME_LABEL_MAX + 1];
	char name[NAME_SUBDOMAIN_MAX + 1];

	if (name_split(run->args[0], false, namespace, name, err) < 0 ||
		cmd_open(run, STORE_WRITE, err) < 0 ||
		store_pod_get(run->store, cmd_issuer(run), namespace, name, &pod, err) < 0)
		return -1;
	if (run->is_dry_run) {
		cmd_would(run, "delete pod '%s' (uid %s)", run->args[0], pod.uid);
		return 0;
	}
	if (store_pod_delete(run->store, cmd_issuer(run), namespace, name, run->actor, run->now,
		    err) < 0)
		return -1;
	return output_object(run, pod_json(&pod), "id", err);
}

static const struct cmd_option node_options[] = { CMD_UID_OPTION, { .name = NULL } };

static const struct cmd_option pod_options[] = {
	{ "service-account", "NAME", "that it runs as (default 'default')", 0 },
	{ "node", "NAME", "that it runs on, and whose node may ask for its tokens", 0 },
	{ "audience", "AUDIENCE", "that its node may ask for; may be repeated", 0 },
	CMD_UID_OPTION,
	{ .name = NULL },
};

static const struct cmd_option pod_list_options[] = {
	{ "namespace", "NAMESPACE", "only this namespace", 0 },
	{ "node", "NAME", "only this node", 0 },
	{ .name = NULL },
};

const struct cmd cmd_node[] = {
	{ "node", "create", "NAME", 1, 1, "Create a node", CMD_CHANGES, node_options,
		node_create },
	{ "node", "list", "", 0, 0, "List nodes", CMD_LOOKS, NULL, node_list },
	{ "node", "delete", "NAME", 1, 1, "Delete a node; tokens bound to it end", CMD_CHANGES,
		NULL, node_delete },
	{ .noun = NULL },
};

const struct cmd cmd_pod[] = {
	{ "pod", "create", "NAMESPACE/NAME", 1, 1, "Create a pod of a service account",
		CMD_CHANGES, pod_options, pod_create },
	{ "pod", "list", "", 0, 0, "List pods", CMD_LOOKS, pod_list_options, pod_list },
	{ "pod", "delete", "NAMESPACE/NAME", 1, 1, "Delete a pod; tokens bound to it end",
		CMD_CHANGES, NULL, pod_delete },
	{ .noun = NULL },
};

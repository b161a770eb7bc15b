/* node_rule.c - see node_rule.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "access/node_rule.h"

#define NODE_USER_PREFIX "system:node:"
#define NODE_GROUP       "system:nodes"

const char *node_rule_node(const char *user, char *const *groups, size_t group_count)
{
	const size_t len = strlen(NODE_USER_PREFIX);

	if (strncmp(user, NODE_USER_PREFIX, len) != 0)
		return NULL;
	for (size_t i = 0; i < group_count; i++)
		if (strcmp(groups[i], NODE_GROUP) == 0)
			return user + len;
	return NULL;
}

static bool is(const char *s, const char *wanted)
{
	return s && strcmp(s, wanted) == 0;
}

static bool is_given(const char *s)
{
	return s && s[0] != '\0';
}

const char *node_rule_binding(const struct node_rule_ref *ref)
{
	if (!ref)
		return "node requested token not bound to a pod";
	if (!is(ref->api_version, "v1") || !is(ref->kind, "Pod") || !is_given(ref->name))
		return "node requested token not bound to a pod";
	if (!is_given(ref->uid))
		return "node requested token with a pod binding without a uid";
	return NULL;
}

const char *node_rule_pod(const char *node, const struct node_rule_ref *ref,
	const struct store_pod *pod)
{
	if (strcmp(pod->uid, ref->uid) != 0)
		return "the UID in the bound object reference does not match the UID in record";
	if (strcmp(pod->node, node) != 0)
		return "node requested token bound to a pod scheduled on a different node";
	return NULL;
}

static bool is_declared(const struct store_pod *pod, const json_t *audience)
{
	const char *wanted = json_string_value(audience);

	/* A zero byte within would make a longer audience look like a declared one. */
	if (!wanted || strlen(wanted) != json_string_length(audience))
		return false;
	for (size_t i = 0; i < pod->audience_count; i++)
		if (strcmp(pod->audiences[i], wanted) == 0)
			return true;
	return false;
}

const char *node_rule_audiences(const struct store_pod *pod, const json_t *audiences,
	bool is_default)
{
	const json_t *one;
	size_t i;

	if (!is_default && json_array_size(audiences) != 1)
		return "node may request a token for one audience only";
	json_array_foreach(audiences, i, one)
	{
		if (!is_declared(pod, one))
			return "the audience is not declared by the pod";
	}
	return NULL;
}

/* grant_explain.c - see grant_explain.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "access/access.h"
#include "base/text.h"
#include "ctl/grant_explain.h"
#include "ctl/output.h"
#include "setup/settings.h"

#define ACCOUNT_PREFIX "system:serviceaccount:"
#define NODE_PREFIX    "system:node:"
#define GROUPS_MAX     (STORE_GROUPS_MAX + 4) /* and those that come by themselves */
#define AUDIENCES_MAX  STORE_AUDIENCES_MAX

/* Who would ask, for what, and what came of it. */
struct question {
	struct store_client client; /* if there is one of that name */
	const char *groups[GROUPS_MAX];
	size_t group_count;
	char *of_namespace; /* a service account's own group */
	struct access_user user;
	char namespace[NAME_LABEL_MAX + 1];
	char name[NAME_SUBDOMAIN_MAX + 1];
	json_t *audiences;
	int64_t ttl_s;
	struct store_pod pod;
	struct node_rule_ref ref;
	struct access_decision decision;
	struct err refusal;
};

static void question_free(struct question *q)
{
	store_client_free(&q->client);
	store_pod_free(&q->pod);
	json_decref(q->audiences);
	free(q->of_namespace);
}
#define auto_question __attribute__((cleanup(question_free)))

static void add_group(struct question *q, const char *group)
{
	if (q->group_count < GROUPS_MAX)
		q->groups[q->group_count++] = group;
}

/* The groups that come with a name, as authentication adds them. */
static void add_own_groups(struct question *q, const char *name)
{
	const char *namespace = name + strlen(ACCOUNT_PREFIX);

	if (strncmp(name, ACCOUNT_PREFIX, strlen(ACCOUNT_PREFIX)) == 0) {
		q->of_namespace = text_format("system:serviceaccounts:%.*s",
			(int)strcspn(namespace, ":"), namespace);
		add_group(q, "system:serviceaccounts");
		add_group(q, q->of_namespace);
	}
	if (strncmp(name, NODE_PREFIX, strlen(NODE_PREFIX)) == 0)
		add_group(q, "system:nodes");
	add_group(q, "system:authenticated");
}

static int take_user(struct cmd_run *run, struct question *q, struct err *err)
{
	const char *name = run->args[0];
	struct err why = ERR_INIT;

	if (name_check_user("user name", name, err) < 0 ||
		cmd_values(run, "group", q->groups, STORE_GROUPS_MAX, &q->group_count, err) < 0)
		return -1;
	if (store_client_get(run->store, cmd_issuer(run), name, &q->client, &why) == 0)
		for (size_t i = 0; i < q->client.group_count; i++)
			add_group(q, q->client.groups[i]);
	else if (why.code != ERR_NOT_FOUND) {
		*err = why;
		return -1;
	}
	add_own_groups(q, name);
	q->user = (struct access_user){ name, (char *const *)(uintptr_t)q->groups,
		q->group_count };
	return 0;
}

static int take_wish(struct cmd_run *run, struct question *q, struct err *err)
{
	const char *audiences[AUDIENCES_MAX];
	size_t count;

	if (name_split(run->args[1], false, q->namespace, q->name, err) < 0 ||
		cmd_values(run, "audience", audiences, AUDIENCES_MAX, &count, err) < 0 ||
		cmd_duration(run, "ttl", CONF_LIFETIME_MIN_S, CONF_LIFETIME_MAX_S,
			run->conf->tokens.default_lifetime.s, &q->ttl_s, err) < 0)
		return -1;
	q->audiences = count > 0 ? json_array() : settings_audiences(run->conf);
	for (size_t i = 0; i < count; i++)
		if (json_array_append_new(q->audiences, json_string(audiences[i])) < 0)
			return err_set(err, ERR_BAD_INPUT, "--audience is not UTF-8");
	return 0;
}

static int take_pod(struct cmd_run *run, struct question *q, struct err *err)
{
	const char *name = cmd_value(run, "pod");

	if (!name)
		return 0;
	if (store_pod_get(run->store, cmd_issuer(run), q->namespace, name, &q->pod, err) < 0)
		return -1;
	q->ref = (struct node_rule_ref){ "v1", "Pod", q->pod.name, q->pod.uid };
	return 0;
}

static int check_account(struct cmd_run *run, const struct question *q, struct err *err)
{
	auto_store_account struct store_account account = { .annotations = NULL };

	if (store_account_get(run->store, cmd_issuer(run), q->namespace, q->name, &account,
		    err) == 0)
		return 0;
	if (err->code != ERR_NOT_FOUND)
		return -1;
	return err_set(err, ERR_REFUSED, "serviceaccounts \"%s\" not found", q->name);
}

static int check_pod(const struct question *q, struct err *err)
{
	if (!q->ref.name || strcmp(q->pod.account, q->name) == 0)
		return 0;
	return err_set(err, ERR_REFUSED,
		"cannot bind token for serviceaccount \"%s\" to pod running with different "
		"serviceaccount name.",
		q->name);
}

/* What a request is asked, in its order. */
static int ask(struct cmd_run *run, struct question *q, struct err *err)
{
	const struct access_wish wish = {
		.namespace = q->namespace,
		.name = q->name,
		.ref = q->ref.name ? &q->ref : NULL,
		.audiences = q->audiences,
		.is_default = !cmd_value(run, "audience"),
		.lifetime_s = q->ttl_s,
	};
	auto_access struct access access = { .store = NULL };

	if (access_open(run->store, cmd_issuer(run), &q->user, q->namespace, q->name, &access,
		    err) < 0 ||
		access_check_binding(&access, &wish, err) < 0 ||
		check_account(run, q, err) < 0 || check_pod(q, err) < 0)
		return -1;
	return access_decide(&access, &wish, run->conf->tokens.max_lifetime.s, &q->decision,
		err);
}

static const char *why_not_known(const struct question *q, unix_time now)
{
	if (q->client.revoked_at != TIME_UNSET)
		return "the client is revoked: its requests get 401";
	return q->client.expires_at != TIME_UNSET && q->client.expires_at <= now
		? "the client has expired: its requests get 401"
		: NULL;
}

static int report(const struct cmd_run *run, const struct question *q, struct err *err)
{
	const bool is_allowed = q->refusal.code == ERR_NONE;
	json_t *groups = json_array();

	for (size_t i = 0; i < q->group_count; i++)
		(void)json_array_append_new(groups, json_string(q->groups[i]));
	return output_object(run,
		json_pack("{s:b, s:s?, s:s?, s:s, s:o, s:o, s:O, s:s, s:s?}", "allowed",
			is_allowed, "rule", is_allowed ? q->decision.rule : NULL, "missing",
			is_allowed ? NULL : q->refusal.text, "user", q->user.name, "groups",
			groups, "subject", json_sprintf("%s/%s", q->namespace, q->name),
			"audiences", q->audiences, "ttl", text_span(q->ttl_s).s, "ttl_granted",
			is_allowed ? text_span(q->decision.lifetime_s).s : NULL),
		"rule", err);
}

int grant_explain(struct cmd_run *run, struct err *err)
{
	auto_question struct question q = { .ttl_s = 0 };
	const char *why;

	if (cmd_open(run, STORE_READ, err) < 0 || take_user(run, &q, err) < 0 ||
		take_wish(run, &q, err) < 0 || take_pod(run, &q, err) < 0)
		return -1;
	why = why_not_known(&q, run->now);
	if (why)
		(void)err_set(&q.refusal, ERR_REFUSED, "%s", why);
	else
		(void)ask(run, &q, &q.refusal); /* what it finds missing is told below */
	if (q.refusal.code != ERR_NONE && q.refusal.code != ERR_REFUSED) {
		*err = q.refusal;
		return -1;
	}
	if (report(run, &q, err) < 0)
		return -1;
	return q.refusal.code == ERR_NONE ? 0
					  : err_set(err, ERR_UNHEALTHY, "%s", q.refusal.text);
}

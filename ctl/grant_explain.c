/* grant_explain.c - see grant_explain.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "access/access.h"
#include "base/text.h"
#include "ctl/grant_explain.h"
#include "ctl/output.h"
#include "setup/settings.h"

#define GROUPS_MAX    (2 * STORE_GROUPS_MAX + 4) /* a row's, --group's, those of a name */
#define AUDIENCES_MAX STORE_AUDIENCES_MAX

/* Who would ask, for what, and what came of it. */
struct question {
	struct store_client client; /* if there is one of that name */
	bool is_client;
	char *groups[GROUPS_MAX];
	const char *assumed; /* of the groups, or NULL: nothing. A literal */
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
	for (size_t i = 0; i < q->user.group_count; i++)
		free(q->groups[i]);
	store_client_free(&q->client);
	store_pod_free(&q->pod);
	json_decref(q->audiences);
}
#define auto_question __attribute__((cleanup(question_free)))

/* An answer for fewer groups would be one to another question. */
static int add_group(struct question *q, const char *group, struct err *err)
{
	if (q->user.group_count == GROUPS_MAX)
		return err_set(err, ERR_USAGE, "more than %d groups", GROUPS_MAX);
	q->groups[q->user.group_count++] = text_copy(group);
	return 0;
}

static int add_given_groups(const struct cmd_run *run, struct question *q, struct err *err)
{
	const char *given[STORE_GROUPS_MAX];
	size_t count;

	if (cmd_values(run, "group", given, STORE_GROUPS_MAX, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (add_group(q, given[i], err) < 0)
			return -1;
	return 0;
}

static int add_client_groups(struct cmd_run *run, struct question *q, struct err *err)
{
	struct err why = ERR_INIT;

	if (store_client_get(run->store, cmd_issuer(run), q->user.name, &q->client, &why) < 0) {
		if (why.code == ERR_NOT_FOUND)
			return 0;
		*err = why;
		return -1;
	}
	q->is_client = true;
	for (size_t i = 0; i < q->client.group_count; i++)
		if (add_group(q, q->client.groups[i], err) < 0)
			return -1;
	return 0;
}

static bool is_account(const char *user)
{
	return strncmp(user, NAME_SUBJECT_PREFIX, strlen(NAME_SUBJECT_PREFIX)) == 0;
}

/* The groups that come with a name, as authentication adds them: a service account's own, but
 * not a node's, which its certificate or its row must say. */
static int add_own_groups(struct question *q, struct err *err)
{
	const char *namespace = q->user.name + strlen(NAME_SUBJECT_PREFIX);

	if (is_account(q->user.name)) {
		auto_free char *of_namespace = text_format(NAME_GROUP_ACCOUNTS ":%.*s",
			(int)strcspn(namespace, ":"), namespace);

		if (add_group(q, NAME_GROUP_ACCOUNTS, err) < 0 ||
			add_group(q, of_namespace, err) < 0)
			return -1;
	}
	return add_group(q, NAME_GROUP_KNOWN, err);
}

/* What the store cannot know: the Os of a certificate. */
static const char *assumption(const struct question *q, bool is_group_given)
{
	const bool is_known = q->is_client ? strcmp(q->client.kind, "certificate") != 0
					   : is_account(q->user.name);

	if (is_known)
		return is_group_given ? "the groups of --group, beside its own" : NULL;
	if (q->is_client)
		return is_group_given ? "a certificate whose Os are those of --group"
				      : "a certificate without O";
	return is_group_given
		? "no client of this name: a certificate whose Os are those of --group"
		: "no client of this name: a certificate without O";
}

static int take_user(struct cmd_run *run, struct question *q, struct err *err)
{
	const char *name = run->args[0];

	if (strncmp(name, "group:", 6) == 0)
		return err_set(err, ERR_USAGE,
			"a group asks for nothing; name a user, and its groups with --group");
	/* As grant add has it. */
	name += strncmp(name, "user:", 5) == 0 ? 5 : 0;
	q->user = (struct access_user){ name, q->groups, 0 };
	if (name_check_user("user name", q->user.name, err) < 0 ||
		add_given_groups(run, q, err) < 0 || add_client_groups(run, q, err) < 0 ||
		add_own_groups(q, err) < 0)
		return -1;
	q->assumed = assumption(q, cmd_value(run, "group"));
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
			return err_set(err, ERR_USAGE, "--audience is not UTF-8");
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

	for (size_t i = 0; i < q->user.group_count; i++)
		(void)json_array_append_new(groups, json_string(q->groups[i]));
	return output_object(run,
		json_pack("{s:b, s:s?, s:s?, s:s, s:o, s:s?, s:o, s:O, s:s, s:s?}", "allowed",
			is_allowed, "rule", is_allowed ? q->decision.rule : NULL, "missing",
			is_allowed ? NULL : q->refusal.text, "user", q->user.name, "groups",
			groups, "assumed", q->assumed, "subject",
			json_sprintf("%s/%s", q->namespace, q->name), "audiences", q->audiences,
			"ttl", text_span(q->ttl_s).s, "ttl_granted",
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

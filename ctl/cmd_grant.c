/* cmd_grant.c - issuerctl grant ...: who may ask for which tokens. Nothing is allowed without
 * one.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ctl/cmd.h"
#include "ctl/grant_explain.h"
#include "ctl/output.h"
#include "setup/settings.h"

#define GROUP_PREFIX "group:"
#define USER_PREFIX  "user:"
#define TTL_MIN_S    1
#define TTL_MAX_S    (INT64_C(1) << 32)

static const struct output_column columns[] = { { "ID", "id", OUTPUT_WHOLE },
	{ "FOR", "for", OUTPUT_WHOLE }, { "SUBJECT", "subject", OUTPUT_WHOLE },
	{ "AUDIENCES", "audiences", OUTPUT_WHOLE }, { "MAX TTL", "max_ttl", OUTPUT_WHOLE },
	{ "CREATED", "created_at", OUTPUT_WHOLE }, { .title = NULL } };

static json_t *grant_json(const struct store_grant *grant)
{
	auto_free char *who = text_format("%s%s",
		*grant->group          ? GROUP_PREFIX
			: *grant->user ? USER_PREFIX
				       : "",
		*grant->group          ? grant->group
			: *grant->user ? grant->user
				       : grant->client);
	auto_free char *subject = grant->is_review
		? text_copy("tokenreviews")
		: text_format("%s/%s", grant->namespace, grant->name);
	json_t *audiences = json_array();

	for (size_t i = 0; i < grant->audience_count; i++)
		(void)json_array_append_new(audiences, json_string(grant->audiences[i]));
	return json_pack("{s:I, s:s, s:s, s:o, s:s?, s:o}", "id", (json_int_t)grant->id, "for",
		who, "subject", subject, "audiences", audiences, "max_ttl",
		grant->is_review ? NULL : text_span(grant->max_ttl_s).s, "created_at",
		output_time(grant->created_at));
}

/* "NAME" is a client, "user:NAME" whoever is called so, "group:NAME" a group. */
static int take_who(const char *who, struct store_grant *grant, struct err *err)
{
	const struct {
		const char *prefix, *what;
		char *ret;
	} kinds[] = {
		{ GROUP_PREFIX, "group name", grant->group },
		{ USER_PREFIX, "user name", grant->user },
		{ "", "client name", grant->client },
	};
	size_t i = 0;

	while (i < 2 && strncmp(who, kinds[i].prefix, strlen(kinds[i].prefix)) != 0)
		i++;
	who += strlen(kinds[i].prefix);
	if (name_check_user(kinds[i].what, who, err) < 0)
		return -1;
	(void)text_fit(kinds[i].ret, NAME_USER_MAX + 1, who); /* checked: it fits */
	return 0;
}

static int take_audiences(const struct cmd_run *run, const char **audiences,
	struct store_grant *grant, struct err *err)
{
	if (cmd_values(run, "audience", audiences, STORE_AUDIENCES_MAX, &grant->audience_count,
		    err) < 0)
		return -1;
	grant->audiences = (char **)(uintptr_t)audiences; /* only read */
	if (grant->audience_count == 0)
		return err_set(err, ERR_USAGE,
			"a grant needs --audience; sts.amazonaws.com is that of AWS");
	for (size_t i = 0; i < grant->audience_count; i++)
		if (name_check_audience("audience", audiences[i], err) < 0)
			return cmd_bad_option("audience", err);
	return 0;
}

/* What a token grant is about. */
static int take_subject(struct cmd_run *run, const char **audiences, struct store_grant *grant,
	struct err *err)
{
	if (run->arg_count < 2)
		return err_set(err, ERR_USAGE,
			"say for which service accounts: NAMESPACE/NAME, or --tokenreviews");
	if (name_split(run->args[1], true, grant->namespace, grant->name, err) < 0 ||
		take_audiences(run, audiences, grant, err) < 0)
		return -1;
	return cmd_duration(run, "max-ttl", TTL_MIN_S, TTL_MAX_S,
		run->conf->tokens.default_lifetime.s, &grant->max_ttl_s, err);
}

static int take_review(const struct cmd_run *run, struct err *err)
{
	if (run->arg_count > 1 || cmd_value(run, "audience") || cmd_value(run, "max-ttl"))
		return err_set(err, ERR_USAGE,
			"--tokenreviews is about all tokens: it goes without NAMESPACE/NAME, --audience "
			"and --max-ttl");
	return 0;
}

static void would_add(const struct cmd_run *run, const struct store_grant *grant)
{
	if (grant->is_review)
		cmd_would(run, "allow '%s' to have tokens reviewed", run->args[0]);
	else
		cmd_would(run, "allow '%s' tokens of '%s' for up to %s", run->args[0],
			run->args[1], text_span(grant->max_ttl_s).s);
}

static int grant_add(struct cmd_run *run, struct err *err)
{
	const char *audiences[STORE_AUDIENCES_MAX];
	struct store_grant grant = { .created_at = run->now,
		.is_review = cmd_value(run, "tokenreviews") };

	if (take_who(run->args[0], &grant, err) < 0 || cmd_load_conf(run, err) < 0 ||
		(grant.is_review ? take_review(run, err)
				 : take_subject(run, audiences, &grant, err)) < 0 ||
		settings_open_store(run->conf, STORE_WRITE, &run->store, err) < 0)
		return -1;
	if (run->is_dry_run) {
		would_add(run, &grant);
		return 0;
	}
	if (store_grant_add(run->store, cmd_issuer(run), &grant, run->actor, &grant.id, err) <
		0)
		return -1;
	if (grant.max_ttl_s > run->conf->tokens.max_lifetime.s)
		(void)fprintf(stderr,
			"note: tokens.max_lifetime (%s) is shorter and will apply\n",
			run->conf->tokens.max_lifetime.text);
	return output_object(run, grant_json(&grant), "id", err);
}

static int grant_list(struct cmd_run *run, struct err *err)
{
	struct store_grants grants;
	json_t *list;

	if (cmd_open(run, STORE_READ, err) < 0 ||
		store_grant_list(run->store, cmd_issuer(run), &grants, err) < 0)
		return -1;
	list = json_array();
	for (size_t i = 0; i < grants.count; i++)
		(void)json_array_append_new(list, grant_json(&grants.grant[i]));
	store_grants_free(&grants);
	return output_list(run, list, columns, "id", err);
}

static int grant_remove(struct cmd_run *run, struct err *err)
{
	int64_t id;

	if (text_int(run->args[0], 1, INT64_MAX, &id, err) < 0)
		return err_add(err, "grant ID");
	if (cmd_open(run, STORE_WRITE, err) < 0)
		return -1;
	if (run->is_dry_run) {
		cmd_would(run, "remove grant %" PRId64, id);
		return 0;
	}
	if (store_grant_remove(run->store, cmd_issuer(run), id, run->actor, run->now, err) < 0)
		return -1;
	return output_object(run, json_pack("{s:I, s:b}", "id", (json_int_t)id, "removed", 1),
		"id", err);
}

static const struct cmd_option add_options[] = {
	{ "audience", "AUDIENCE", "allow this audience; may be repeated; '*' allows any", 0 },
	{ "max-ttl", "DURATION", "longest lifetime, e.g. 1h (default tokens.default_lifetime)",
		0 },
	{ "tokenreviews", NULL, "allow to have tokens reviewed, instead of tokens", 0 },
	{ .name = NULL },
};

static const struct cmd_option explain_options[] = {
	{ "audience", "AUDIENCE", "of the token; may be repeated (default that of the API)",
		0 },
	{ "ttl", "DURATION", "of the token (default tokens.default_lifetime)", 0 },
	{ "pod", "NAME", "that the token is bound to", 0 },
	{ "group", "GROUP",
		"of the user's beside those that are known, e.g. an O; may be repeated", 0 },
	{ .name = NULL },
};

const struct cmd cmd_grant[] = {
	{ "grant", "add", "WHO [NAMESPACE/NAME]", 1, 2,
		"Allow tokens; WHO is CLIENT, user:USER or group:GROUP", CMD_CHANGES,
		add_options, grant_add },
	{ "grant", "list", "", 0, 0, "List grants", CMD_LOOKS, NULL, grant_list },
	{ "grant", "remove", "ID", 1, 1, "Remove a grant", CMD_CHANGES, NULL, grant_remove },
	{ "grant", "explain", "USER NAMESPACE/NAME", 2, 2,
		"Say which rule allows a token, or what is missing", CMD_LOOKS, explain_options,
		grant_explain },
	{ .noun = NULL },
};

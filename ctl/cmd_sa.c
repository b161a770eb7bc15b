/* cmd_sa.c - issuerctl sa ...: service accounts, the subjects of tokens.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ctl/cmd.h"
#include "ctl/output.h"

#define ANNOTATIONS_MAX 32

static const struct output_column columns[] = { { "NAMESPACE", "namespace", OUTPUT_WHOLE },
	{ "NAME", "name", OUTPUT_WHOLE }, { "UID", "uid", OUTPUT_WHOLE },
	{ "CREATED", "created_at", OUTPUT_WHOLE },
	{ "ANNOTATIONS", "annotations", OUTPUT_WHOLE }, { .title = NULL } };

static json_t *account_json(const struct store_account *account)
{
	json_t *annotations = account->annotations ? json_loads(account->annotations, 0, NULL)
						   : json_object();
	char id[NAME_LABEL_MAX + NAME_SUBDOMAIN_MAX + 2];

	(void)snprintf(id, sizeof(id), "%s/%s", account->namespace, account->name);
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "id", id, "namespace",
		account->namespace, "name", account->name, "uid", account->uid, "created_at",
		output_time(account->created_at), "annotations",
		annotations ? annotations : json_object());
}

/* Puts KEY=VALUE into the object; KEY- takes KEY out. */
static int apply_annotation(json_t *annotations, const char *change, struct err *err)
{
	const char *equals = strchr(change, '=');
	const size_t len = strlen(change);
	auto_free char *key = NULL;

	if (!equals && len > 1 && change[len - 1] == '-') {
		key = strndup(change, len - 1);
		(void)json_object_del(annotations, key); /* gone already is as good */
		return 0;
	}
	if (!equals || equals == change)
		return err_set(err, ERR_BAD_INPUT,
			"annotation '%.80s' is neither KEY=VALUE nor KEY- (to remove it)",
			change);
	key = strndup(change, (size_t)(equals - change));
	if (!key || json_object_set_new(annotations, key, json_string(equals + 1)) < 0)
		return err_set(err, ERR_BAD_INPUT, "annotation '%.80s' is not UTF-8", change);
	return 0;
}

/* The annotations after the changes, as JSON text; the caller frees. */
static int annotate(json_t *annotations, const char *const *changes, size_t count, char **ret,
	struct err *err)
{
	for (size_t i = 0; i < count; i++)
		if (apply_annotation(annotations, changes[i], err) < 0)
			return -1;
	*ret = json_dumps(annotations, JSON_COMPACT | JSON_SORT_KEYS);
	return *ret ? 0 : err_set(err, ERR_FAILED, "could not write the annotations");
}

static int sa_create(struct cmd_run *run, struct err *err)
{
	struct store_account account = { .created_at = run->now };
	const char *changes[ANNOTATIONS_MAX];
	size_t count;
	json_auto_t *annotations = json_object();
	auto_free char *text = NULL;

	if (name_split(run->args[0], false, account.namespace, account.name, err) < 0 ||
		cmd_values(run, "annotation", changes, ANNOTATIONS_MAX, &count, err) < 0 ||
		annotate(annotations, changes, count, &text, err) < 0 ||
		cmd_uid(run, account.uid, err) < 0 || cmd_open(run, STORE_WRITE, err) < 0)
		return -1;
	account.annotations = text;
	if (run->is_dry_run) {
		cmd_would(run, "create service account '%s'", run->args[0]);
		return 0;
	}
	if (store_account_create(run->store, cmd_issuer(run), &account, run->actor, err) < 0)
		return -1;
	return output_object(run, account_json(&account), "id", err);
}

static int load(struct cmd_run *run, enum store_mode mode, struct store_account *ret,
	struct err *err)
{
	char namespace[NAME_LABEL_MAX + 1];
	char name[NAME_SUBDOMAIN_MAX + 1];

	if (name_split(run->args[0], false, namespace, name, err) < 0 ||
		cmd_open(run, mode, err) < 0)
		return -1;
	return store_account_get(run->store, cmd_issuer(run), namespace, name, ret, err);
}

static int sa_show(struct cmd_run *run, struct err *err)
{
	struct store_account account;
	int rc;

	if (load(run, STORE_READ, &account, err) < 0)
		return -1;
	rc = output_object(run, account_json(&account), "id", err);
	store_account_free(&account);
	return rc;
}

static int sa_list(struct cmd_run *run, struct err *err)
{
	struct store_accounts accounts;
	json_t *list = json_array();

	if (cmd_open(run, STORE_READ, err) < 0 ||
		store_account_list(run->store, cmd_issuer(run), cmd_value(run, "namespace"),
			&accounts, err) < 0) {
		json_decref(list);
		return -1;
	}
	for (size_t i = 0; i < accounts.count; i++)
		(void)json_array_append_new(list, account_json(&accounts.account[i]));
	store_accounts_free(&accounts);
	return output_list(run, list, columns, "id", err);
}

static int sa_annotate(struct cmd_run *run, struct err *err)
{
	struct store_account account;
	json_auto_t *annotations = NULL;
	auto_free char *text = NULL;
	const char *const *changes = (const char *const *)run->args + 1;
	int rc;

	if (load(run, STORE_WRITE, &account, err) < 0)
		return -1;
	annotations = account.annotations ? json_loads(account.annotations, 0, NULL) : NULL;
	if (!annotations)
		annotations = json_object();
	rc = annotate(annotations, changes, run->arg_count - 1, &text, err);
	if (rc == 0 && run->is_dry_run)
		cmd_would(run, "set the annotations of '%s' to %s", run->args[0], text);
	else if (rc == 0)
		rc = store_account_annotate(run->store, cmd_issuer(run), account.namespace,
			account.name, text, run->actor, run->now, err);
	if (rc == 0 && !run->is_dry_run) {
		free(account.annotations);
		account.annotations = take(text);
		rc = output_object(run, account_json(&account), "id", err);
	}
	store_account_free(&account);
	return rc;
}

static int sa_delete(struct cmd_run *run, struct err *err)
{
	struct store_account account;
	int rc = 0;

	if (load(run, STORE_WRITE, &account, err) < 0)
		return -1;
	if (run->is_dry_run)
		cmd_would(run, "delete service account '%s' (uid %s)", run->args[0],
			account.uid);
	else
		rc = store_account_delete(run->store, cmd_issuer(run), account.namespace,
			account.name, run->actor, run->now, err);
	if (rc == 0 && !run->is_dry_run)
		rc = output_object(run, account_json(&account), "id", err);
	store_account_free(&account);
	return rc;
}

static const struct cmd_option create_options[] = {
	{ "annotation", "KEY=VALUE", "attach an annotation; may be repeated", 0 },
	CMD_UID_OPTION,
	{ .name = NULL },
};

static const struct cmd_option list_options[] = {
	{ "namespace", "NAMESPACE", "only this namespace", 0 },
	{ .name = NULL },
};

const struct cmd cmd_sa[] = {
	{ "sa", "create", "NAMESPACE/NAME", 1, 1, "Create a service account", CMD_CHANGES,
		create_options, sa_create },
	{ "sa", "list", "", 0, 0, "List service accounts", CMD_LOOKS, list_options, sa_list },
	{ "sa", "show", "NAMESPACE/NAME", 1, 1, "Show one service account", CMD_LOOKS, NULL,
		sa_show },
	{ "sa", "annotate", "NAMESPACE/NAME KEY=VALUE|KEY- ...", 2, 1 + ANNOTATIONS_MAX,
		"Set or remove annotations", CMD_CHANGES, NULL, sa_annotate },
	{ "sa", "delete", "NAMESPACE/NAME", 1, 1, "Delete a service account", CMD_CHANGES, NULL,
		sa_delete },
	{ .noun = NULL },
};

/* cmd_client.c - issuerctl client ...: who may ask for tokens.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"
#include "ctl/cmd.h"
#include "ctl/output.h"

#define CLIENT_SECRET_PREFIX "isc_" /* so that scanners for leaked secrets can know it */
#define CLIENT_SECRET_CHARS  43     /* of 64 kinds: 258 bits */
#define CLIENT_SECRET_LEN    (sizeof(CLIENT_SECRET_PREFIX) - 1 + CLIENT_SECRET_CHARS)
#define CLIENT_EXPIRES_MAX_S (INT64_C(10) * 365 * 86400)

static const struct output_column columns[] = { { "NAME", "name", OUTPUT_WHOLE },
	{ "KIND", "kind", OUTPUT_WHOLE }, { "STATE", "state", OUTPUT_WHOLE },
	{ "GROUPS", "groups", OUTPUT_WHOLE }, { "CREATED", "created_at", OUTPUT_WHOLE },
	{ "EXPIRES", "expires_at", OUTPUT_WHOLE }, { .title = NULL } };

static const char *state_of(const struct store_client *client, unix_time now)
{
	if (client->revoked_at != TIME_UNSET)
		return "revoked";
	return client->expires_at != TIME_UNSET && client->expires_at <= now ? "expired"
									     : "active";
}

static json_t *client_json(const struct store_client *client, unix_time now)
{
	json_t *groups = json_array();

	for (size_t i = 0; i < client->group_count; i++)
		(void)json_array_append_new(groups, json_string(client->groups[i]));
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "name", client->name,
		"kind", client->kind, "state", state_of(client, now), "groups", groups,
		"unix_uid", client->unix_uid < 0 ? json_null() : json_integer(client->unix_uid),
		"created_at", output_time(client->created_at), "expires_at",
		output_time(client->expires_at), "revoked_at", output_time(client->revoked_at));
}

/* Fills `secret`, which is on the secure heap, as a NUL-terminated text; its hash is for the
 * store. */
static int make_secret(char secret[static CLIENT_SECRET_LEN + 1],
	char ret_hash[SECRET_HEX_LEN + 1], struct err *err)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	char *chars = secret + CLIENT_SECRET_LEN - CLIENT_SECRET_CHARS;

	if (secret_random(chars, CLIENT_SECRET_CHARS, err) < 0)
		return -1;
	memcpy(secret, CLIENT_SECRET_PREFIX, strlen(CLIENT_SECRET_PREFIX));
	for (size_t i = 0; i < CLIENT_SECRET_CHARS; i++)
		chars[i] =
			alphabet[(unsigned char)chars[i] % 64]; /* 64 divides 256: all alike */
	secret[CLIENT_SECRET_LEN] = '\0';
	secret_hash_hex(secret, CLIENT_SECRET_LEN, ret_hash);
	return 0;
}

/* The file comes first: a client whose secret was lost could never be used. */
static int keep_client(struct cmd_run *run, const struct store_client *client,
	const char *secret, struct err *err)
{
	const char *file = cmd_value(run, "secret-file");

	if (file && file_create_secret(file, secret, strlen(secret), err) < 0)
		return -1;
	if (store_client_create(run->store, cmd_issuer(run), client, run->actor, err) < 0) {
		if (file)
			(void)unlink(file); /* made a moment ago, and good for nothing */
		return -1;
	}
	return 0;
}

static int report_created(const struct cmd_run *run, const struct store_client *client,
	const char *secret, struct err *err)
{
	const char *file = cmd_value(run, "secret-file");
	json_t *json = client_json(client, run->now);

	(void)json_object_set_new(json, file ? "secret_file" : "secret",
		json_string(file ? file : secret));
	if (output_object(run, json, "name", err) < 0)
		return file
			? -1
			: err_add(err,
				  "client '%s' was created, but its secret not printed; revoke it",
				  client->name);
	if (!file && run->output == CMD_TABLE)
		(void)printf(
			"\nThis is the only time the secret is shown; the store holds its hash.\n");
	return 0;
}

/* The copies in the JSON that is printed live as long as that. */
static int create(struct cmd_run *run, struct store_client *client, struct err *err)
{
	char *secret = secret_alloc(CLIENT_SECRET_LEN + 1);
	int rc = make_secret(secret, client->secret_hash, err);

	if (rc == 0)
		rc = keep_client(run, client, secret, err);
	if (rc == 0)
		rc = report_created(run, client, secret, err);
	secret_free(secret, CLIENT_SECRET_LEN + 1);
	return rc;
}

/* How it shows who it is. */
static int take_kind(const struct cmd_run *run, struct store_client *client, struct err *err)
{
	const char *uid = cmd_value(run, "unix-uid");
	const bool is_certificate = cmd_value(run, "certificate");

	(void)text_fit(client->kind, sizeof(client->kind), /* a literal: it fits */
		uid                      ? "unix"
			: is_certificate ? "certificate"
					 : "bearer");
	if (uid && is_certificate)
		return err_set(err, ERR_USAGE,
			"--unix-uid and --certificate exclude each other");
	if ((uid || is_certificate) && cmd_value(run, "secret-file"))
		return err_set(err, ERR_USAGE, "such a client has no secret to be kept");
	if (uid && text_int(uid, 0, UINT32_MAX - 1, &client->unix_uid, err) < 0)
		return cmd_bad_option("unix-uid", err);
	return 0;
}

/* A client that shows itself otherwise than by a secret. */
static int create_known(struct cmd_run *run, const struct store_client *client, struct err *err)
{
	if (store_client_create(run->store, cmd_issuer(run), client, run->actor, err) < 0)
		return -1;
	return output_object(run, client_json(client, run->now), "name", err);
}

static int client_create(struct cmd_run *run, struct err *err)
{
	const char *groups[STORE_GROUPS_MAX];
	struct store_client client = { .unix_uid = -1, .created_at = run->now };
	int64_t expires_s;

	if (name_check_user("client name", run->args[0], err) < 0 ||
		take_kind(run, &client, err) < 0 ||
		cmd_values(run, "group", groups, STORE_GROUPS_MAX, &client.group_count, err) <
			0 ||
		cmd_duration(run, "expires-in", 60, CLIENT_EXPIRES_MAX_S, 0, &expires_s, err) <
			0 ||
		cmd_open(run, STORE_WRITE, err) < 0)
		return -1;
	client.groups = (char **)(uintptr_t)groups;                     /* only read */
	(void)text_fit(client.name, sizeof(client.name), run->args[0]); /* checked: it fits */
	client.expires_at = expires_s > 0 ? run->now + expires_s : TIME_UNSET;
	if (run->is_dry_run) {
		cmd_would(run, "create client '%s'", client.name);
		return 0;
	}
	return strcmp(client.kind, "bearer") == 0 ? create(run, &client, err)
						  : create_known(run, &client, err);
}

static int client_list(struct cmd_run *run, struct err *err)
{
	struct store_clients clients;
	json_t *list;

	if (cmd_open(run, STORE_READ, err) < 0 ||
		store_client_list(run->store, cmd_issuer(run), &clients, err) < 0)
		return -1;
	list = json_array();
	for (size_t i = 0; i < clients.count; i++)
		(void)json_array_append_new(list, client_json(&clients.client[i], run->now));
	store_clients_free(&clients);
	return output_list(run, list, columns, "name", err);
}

static int client_revoke(struct cmd_run *run, struct err *err)
{
	struct store_client client;
	int rc;

	if (cmd_open(run, STORE_WRITE, err) < 0 ||
		store_client_get(run->store, cmd_issuer(run), run->args[0], &client, err) < 0)
		return -1;
	if (run->is_dry_run) {
		cmd_would(run, "revoke client '%s'; its next request would get 401",
			client.name);
		store_client_free(&client);
		return 0;
	}
	store_client_free(&client);
	if (store_client_revoke(run->store, cmd_issuer(run), run->args[0], run->actor, run->now,
		    err) < 0 ||
		store_client_get(run->store, cmd_issuer(run), run->args[0], &client, err) < 0)
		return -1;
	rc = output_object(run, client_json(&client, run->now), "name", err);
	store_client_free(&client);
	return rc;
}

static const struct cmd_option create_options[] = {
	{ "group", "GROUP", "make it a member of this group; may be repeated", 0 },
	{ "expires-in", "DURATION", "it stops working after this, e.g. 90d", 0 },
	{ "secret-file", "FILE", "write the secret here (mode 0600) instead of printing it",
		0 },
	{ "unix-uid", "UID", "no secret: processes of this uid, on a Unix socket", 0 },
	{ "certificate", NULL, "no secret: certificates with this CN, of tls.client_ca", 0 },
	{ .name = NULL },
};

const struct cmd cmd_client[] = {
	{ "client", "create", "NAME", 1, 1, "Create a client, with a bearer secret",
		CMD_CHANGES, create_options, client_create },
	{ "client", "list", "", 0, 0, "List clients", CMD_LOOKS, NULL, client_list },
	{ "client", "revoke", "NAME", 1, 1, "Revoke a client at once, however it shows itself",
		CMD_CHANGES, NULL, client_revoke },
	{ .noun = NULL },
};

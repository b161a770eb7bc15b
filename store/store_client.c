/* store_client.c - clients and their groups.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "store/tx.h"

void store_client_free(struct store_client *client)
{
	for (size_t i = 0; i < client->group_count; i++)
		free(client->groups[i]);
	free(client->groups);
	client->groups = NULL;
	client->group_count = 0;
}

void store_clients_free(struct store_clients *clients)
{
	for (size_t i = 0; i < clients->count; i++)
		store_client_free(&clients->client[i]);
	free(clients->client);
	*clients = (struct store_clients){ .count = 0 };
}

static int no_client(const char *name, struct err *err)
{
	return tx_reword(err, ERR_NOT_FOUND, "no client '%s'", name);
}

/* ---- writing ---- */

static int check_secret(const struct store_client *client, struct err *err)
{
	const bool is_bearer = strcmp(client->kind, "bearer") == 0;

	if (!is_bearer && strcmp(client->kind, "certificate") != 0 &&
		strcmp(client->kind, "unix") != 0)
		return err_set(err, ERR_BAD_INPUT, "'%s' is not a kind of client",
			client->kind);
	if ((strcmp(client->kind, "unix") == 0) != (client->unix_uid >= 0))
		return err_set(err, ERR_BAD_INPUT, "a unix client, and no other, has a uid");
	if (client->secret_hash[0] == '\0' && !is_bearer)
		return 0;
	if (strspn(client->secret_hash, "0123456789abcdef") != SECRET_HEX_LEN)
		return err_set(err, ERR_BAD_INPUT,
			"the secret of client '%s' must come as a SHA-256 in hexadecimal",
			client->name);
	return 0;
}

static int check_client(const struct store_client *client, struct err *err)
{
	if (name_check_user("client name", client->name, err) < 0 ||
		check_secret(client, err) < 0)
		return -1;
	if (client->group_count > STORE_GROUPS_MAX)
		return err_set(err, ERR_BAD_INPUT,
			"client '%s' has %zu groups; at most %d are allowed", client->name,
			client->group_count, STORE_GROUPS_MAX);
	for (size_t i = 0; i < client->group_count; i++)
		if (name_check_user("group name", client->groups[i], err) < 0)
			return -1;
	return 0;
}

static void describe(struct text *t, const struct store_client *client)
{
	text_add(t, client->kind);
	if (client->unix_uid >= 0)
		text_addf(t, " uid %s", text_num(client->unix_uid).s);
	for (size_t i = 0; i < client->group_count; i++)
		text_addf(t, "%s%s", i ? ", " : "; groups ", client->groups[i]);
	if (client->expires_at != TIME_UNSET)
		text_addf(t, "; expires %s", text_time(client->expires_at).s);
}

static int find_client(struct db *db, enum sql sql, const char *issuer, struct db_value by,
	struct store_client *ret, struct err *err);

/* Its name is taken, or its uid. */
static int tell_conflict(const struct tx *tx, const struct store_client *client,
	struct err *err)
{
	auto_store_client struct store_client other = { .group_count = 0 };
	struct err why = ERR_INIT;

	if (client->unix_uid >= 0 &&
		find_client(tx->db, SQL_CLIENT_BY_UNIX_UID, tx->issuer,
			db_int(client->unix_uid), &other, &why) == 0)
		return err_set(err, ERR_CONFLICT, "uid %s is that of client '%s' already",
			text_num(client->unix_uid).s, other.name);
	return err_set(err, ERR_CONFLICT, "client '%s' exists already", client->name);
}

static int insert(struct tx *tx, const struct store_client *client, struct err *err)
{
	if (db_exec(tx->db, SQL_CLIENT_INSERT,
		    DB_BIND(db_text(tx->issuer), db_text(client->name), db_text(client->kind),
			    db_text_or_null(client->secret_hash),
			    db_int_or_null(client->unix_uid), db_int(client->created_at),
			    db_time(client->expires_at), db_time(client->revoked_at)),
		    err) < 0)
		return err->code == ERR_CONFLICT ? tell_conflict(tx, client, err) : -1;
	for (size_t i = 0; i < client->group_count; i++)
		if (db_exec(tx->db, SQL_CLIENT_GROUP_INSERT,
			    DB_BIND(db_text(tx->issuer), db_text(client->name),
				    db_text(client->groups[i])),
			    err) < 0)
			return -1;
	return 0;
}

int store_client_create(struct store *store, const char *issuer,
	const struct store_client *client, const char *actor, struct err *err)
{
	auto_text struct text detail = TEXT_INIT;
	auto_tx struct tx tx = TX_INIT;

	if (check_client(client, err) < 0)
		return -1;
	describe(&detail, client);
	if (tx_begin(&tx, store, issuer, err) < 0 || insert(&tx, client, err) < 0)
		return -1;
	if (tx_audit(&tx,
		    &(struct store_audit){ .at = client->created_at,
			    .event = "client.created",
			    .actor = actor,
			    .subject = client->name,
			    .outcome = "ok",
			    .detail = detail.s },
		    err) < 0)
		return -1;
	return tx_commit(&tx, err);
}

/* ---- reading ---- */

/* What it fills is the caller's to free even on failure. */
static int read_client(const struct db_rows *rows, struct store_client *client, struct err *err)
{
	if (db_read_text(rows, 0, client->name, sizeof(client->name), err) < 0 ||
		db_read_text(rows, 1, client->kind, sizeof(client->kind), err) < 0 ||
		db_read_text(rows, 2, client->secret_hash, sizeof(client->secret_hash), err) <
			0)
		return -1;
	client->unix_uid = db_is_null(rows, 3) ? -1 : db_get_int(rows, 3);
	client->created_at = db_get_int(rows, 4);
	client->expires_at = db_get_time(rows, 5);
	client->revoked_at = db_get_time(rows, 6);
	return 0;
}

static void read_group(const struct db_rows *rows, struct store_client *client)
{
	if (db_is_null(rows, 7))
		return;
	client->groups = tx_grow(client->groups, client->group_count, sizeof(*client->groups));
	client->groups[client->group_count++] = db_copy_text(rows, 7);
}

/* Folds rows of one group each, ordered by client, into clients. */
static int read_clients(struct db_rows *rows, struct store_clients *ret, struct err *err)
{
	auto_store_clients struct store_clients list = { .count = 0 };
	struct store_client *last = NULL;
	int more;

	while ((more = db_next(rows, err)) > 0) {
		if (!last || strcmp(last->name, db_get_text(rows, 0)) != 0) {
			list.client = tx_grow(list.client, list.count, sizeof(*list.client));
			last = &list.client[list.count++];
			if (read_client(rows, last, err) < 0)
				return -1;
		}
		read_group(rows, last);
	}
	if (more < 0)
		return -1;
	*ret = list;
	list = (struct store_clients){ .count = 0 };
	return 0;
}

static int find_client(struct db *db, enum sql sql, const char *issuer, struct db_value by,
	struct store_client *ret, struct err *err)
{
	auto_store_clients struct store_clients found = { .count = 0 };
	auto_rows struct db_rows *rows = NULL;

	if (db_query(db, sql, DB_BIND(db_text(issuer), by), &rows, err) < 0 ||
		read_clients(rows, &found, err) < 0)
		return -1;
	if (found.count == 0)
		return err_set(err, ERR_NOT_FOUND, "no client shows itself so");
	*ret = found.client[0];
	found.count = 0; /* there is one at most, and it has moved */
	return 0;
}

int store_client_by_secret(struct store *store, const char *issuer, const char *secret_hash,
	struct store_client *ret, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&store->lock);

	return find_client(store->db, SQL_CLIENT_BY_SECRET, issuer, db_text(secret_hash), ret,
		err);
}

int store_client_by_unix_uid(struct store *store, const char *issuer, int64_t unix_uid,
	struct store_client *ret, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&store->lock);

	return find_client(store->db, SQL_CLIENT_BY_UNIX_UID, issuer, db_int(unix_uid), ret,
		err);
}

int store_client_get(struct store *store, const char *issuer, const char *name,
	struct store_client *ret, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&store->lock);

	if (find_client(store->db, SQL_CLIENT_BY_NAME, issuer, db_text(name), ret, err) < 0)
		return no_client(name, err);
	return 0;
}

int store_client_list(struct store *store, const char *issuer, struct store_clients *ret,
	struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&store->lock);
	auto_rows struct db_rows *rows = NULL;

	if (tx_check_issuer(store->db, issuer, err) < 0 ||
		db_query(store->db, SQL_CLIENT_LIST, DB_BIND(db_text(issuer)), &rows, err) < 0)
		return -1;
	return read_clients(rows, ret, err);
}

int store_client_revoke(struct store *store, const char *issuer, const char *name,
	const char *actor, unix_time now, struct err *err)
{
	auto_store_client struct store_client client = { .group_count = 0 };
	auto_tx struct tx tx = TX_INIT;

	if (tx_begin(&tx, store, issuer, err) < 0)
		return -1;
	if (find_client(tx.db, SQL_CLIENT_BY_NAME, issuer, db_text(name), &client, err) < 0)
		return no_client(name, err);
	if (client.revoked_at != TIME_UNSET)
		return 0;
	if (db_exec(tx.db, SQL_CLIENT_REVOKE,
		    DB_BIND(db_text(issuer), db_text(name), db_time(now)), err) < 0)
		return -1;
	if (tx_audit(&tx,
		    &(struct store_audit){ .at = now,
			    .event = "client.revoked",
			    .actor = actor,
			    .subject = name,
			    .outcome = "ok" },
		    err) < 0)
		return -1;
	return tx_commit(&tx, err);
}

/* store_grant.c - grants and their audiences.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "store/tx.h"

static void free_grant(struct store_grant *grant)
{
	for (size_t i = 0; i < grant->audience_count; i++)
		free(grant->audiences[i]);
	free(grant->audiences);
}

void store_grants_free(struct store_grants *grants)
{
	for (size_t i = 0; i < grants->count; i++)
		free_grant(&grants->grant[i]);
	free(grants->grant);
	*grants = (struct store_grants){ .count = 0 };
}

/* ---- checks ---- */

static int check_audiences(const struct store_grant *grant, struct err *err)
{
	if (grant->audience_count == 0)
		return err_set(err, ERR_BAD_INPUT,
			"a grant needs an audience; \"*\" stands for any");
	if (grant->audience_count > STORE_AUDIENCES_MAX)
		return err_set(err, ERR_BAD_INPUT,
			"a grant of %zu audiences; at most %d are allowed",
			grant->audience_count, STORE_AUDIENCES_MAX);
	for (size_t i = 0; i < grant->audience_count; i++) {
		if (name_check_audience("audience", grant->audiences[i], err) < 0)
			return -1;
		if (strcmp(grant->audiences[i], "*") == 0 && grant->audience_count > 1)
			return err_set(err, ERR_BAD_INPUT,
				"the audience \"*\" stands for any; name no other beside it");
	}
	return 0;
}

/* Who it is for, and what that is. */
static const char *holder(const struct store_grant *grant, const char **ret_what)
{
	*ret_what = grant->group[0] ? "group" : grant->user[0] ? "user" : "client";
	return grant->group[0] ? grant->group : grant->user[0] ? grant->user : grant->client;
}

static int check_grant(const struct store_grant *grant, struct err *err)
{
	const char *what;
	const char *name = holder(grant, &what);

	if ((grant->client[0] != '\0') + (grant->user[0] != '\0') + (grant->group[0] != '\0') !=
		1)
		return err_set(err, ERR_BAD_INPUT,
			"a grant is for either a client or a user or a group");
	if (name_check_user(what, name, err) < 0)
		return -1;
	if (grant->is_review)
		return 0;
	if (name_check_pattern("namespace pattern", grant->namespace, err) < 0 ||
		name_check_pattern("name pattern", grant->name, err) < 0)
		return -1;
	if (grant->max_ttl_s <= 0)
		return err_set(err, ERR_BAD_INPUT, "a grant needs a longest lifetime");
	return check_audiences(grant, err);
}

/* ---- reading ---- */

/* What it fills is the caller's to free even on failure. */
static int read_grant(const struct db_rows *rows, struct store_grant *grant, struct err *err)
{
	grant->id = db_get_int(rows, 0);
	grant->is_review = strcmp(db_get_text(rows, 1), "review") == 0;
	grant->max_ttl_s = db_get_int(rows, 7);
	grant->created_at = db_get_int(rows, 8);
	if (db_read_text(rows, 2, grant->client, sizeof(grant->client), err) < 0 ||
		db_read_text(rows, 3, grant->user, sizeof(grant->user), err) < 0 ||
		db_read_text(rows, 4, grant->group, sizeof(grant->group), err) < 0 ||
		db_read_text(rows, 5, grant->namespace, sizeof(grant->namespace), err) < 0)
		return -1;
	return db_read_text(rows, 6, grant->name, sizeof(grant->name), err);
}

/* Folds rows of one audience each, ordered by grant, into grants behind those in `list`. */
static int read_grants(struct db_rows *rows, struct store_grants *list, struct err *err)
{
	struct store_grant *last = NULL;
	int more;

	while ((more = db_next(rows, err)) > 0) {
		if (!last || last->id != db_get_int(rows, 0)) {
			list->grant = tx_grow(list->grant, list->count, sizeof(*list->grant));
			last = &list->grant[list->count++];
			if (read_grant(rows, last, err) < 0)
				return -1;
		}
		if (db_is_null(rows, 9))
			continue;
		last->audiences = tx_grow(last->audiences, last->audience_count,
			sizeof(*last->audiences));
		last->audiences[last->audience_count++] = db_copy_text(rows, 9);
	}
	return more;
}

static int find_grants(struct db *db, enum sql sql, const struct db_value *values,
	struct store_grants *list, struct err *err)
{
	auto_rows struct db_rows *rows = NULL;

	if (db_query(db, sql, values, &rows, err) < 0)
		return -1;
	return read_grants(rows, list, err);
}

int store_grant_list(struct store *store, const char *issuer, struct store_grants *ret,
	struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&store->lock);
	auto_store_grants struct store_grants list = { .count = 0 };

	if (tx_check_issuer(store->db, issuer, err) < 0 ||
		find_grants(store->db, SQL_GRANT_LIST, DB_BIND(db_text(issuer)), &list, err) <
			0)
		return -1;
	*ret = list;
	list = (struct store_grants){ .count = 0 };
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const int64_t x = ((const struct store_grant *)a)->id;
	const int64_t y = ((const struct store_grant *)b)->id;

	return (x > y) - (x < y);
}

static bool is_repeated(char *const *groups, size_t i)
{
	for (size_t before = 0; before < i; before++)
		if (strcmp(groups[before], groups[i]) == 0)
			return true;
	return false;
}

int store_grant_for(struct store *store, const char *issuer, const char *user,
	char *const *groups, size_t group_count, struct store_grants *ret, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&store->lock);
	auto_snapshot struct db *db = db_snapshot(store->db, err);
	auto_store_grants struct store_grants list = { .count = 0 };

	/* A grant is for one user or one group, so none is found twice. */
	if (!db ||
		find_grants(db, SQL_GRANT_BY_USER, DB_BIND(db_text(issuer), db_text(user)),
			&list, err) < 0)
		return -1;
	for (size_t i = 0; i < group_count; i++)
		if (!is_repeated(groups, i) &&
			find_grants(db, SQL_GRANT_BY_GROUP,
				DB_BIND(db_text(issuer), db_text(groups[i])), &list, err) < 0)
			return -1;
	if (list.count > 1)
		qsort(list.grant, list.count, sizeof(*list.grant), by_id);
	*ret = list;
	list = (struct store_grants){ .count = 0 };
	return 0;
}

/* ---- writing ---- */

static char *describe(const struct store_grant *grant, int64_t id)
{
	const char *what;
	const char *name = holder(grant, &what);
	struct text t = TEXT_INIT;

	text_addf(&t, "grant %s: %s '%s' may ", text_num(id).s, what, name);
	if (grant->is_review)
		text_add(&t, "review tokens");
	else
		text_addf(&t, "ask for %s/%s, up to %s, for", grant->namespace, grant->name,
			text_span(grant->max_ttl_s).s);
	for (size_t i = 0; i < grant->audience_count; i++)
		text_addf(&t, " '%s'", grant->audiences[i]);
	return text_take(&t);
}

static int audit(struct tx *tx, const char *event, const struct store_grant *grant, int64_t id,
	const char *actor, unix_time at, struct err *err)
{
	auto_free char *detail = describe(grant, id);

	return tx_audit(tx,
		&(struct store_audit){ .at = at,
			.event = event,
			.actor = actor,
			.outcome = "ok",
			.detail = detail },
		err);
}

static int insert(struct tx *tx, const struct store_grant *grant, int64_t *ret_id,
	struct err *err)
{
	if (db_insert(tx->db, SQL_GRANT_INSERT,
		    DB_BIND(db_text(tx->issuer), db_text(grant->is_review ? "review" : "token"),
			    db_text_or_null(grant->client), db_text_or_null(grant->user),
			    db_text_or_null(grant->group),
			    db_text(grant->is_review ? "*" : grant->namespace),
			    db_text(grant->is_review ? "*" : grant->name),
			    db_int(grant->is_review ? 0 : grant->max_ttl_s),
			    db_int(grant->created_at)),
		    ret_id, err) < 0)
		return tx_reword(err, ERR_NOT_FOUND, "no client '%s'", grant->client);
	for (size_t i = 0; i < grant->audience_count; i++)
		if (db_exec(tx->db, SQL_GRANT_AUDIENCE_INSERT,
			    DB_BIND(db_text(tx->issuer), db_int(*ret_id),
				    db_text(grant->audiences[i])),
			    err) < 0)
			return -1;
	return 0;
}

int store_grant_add(struct store *store, const char *issuer, const struct store_grant *grant,
	const char *actor, int64_t *ret_id, struct err *err)
{
	auto_tx struct tx tx = TX_INIT;
	int64_t id = 0;

	if (check_grant(grant, err) < 0 || tx_begin(&tx, store, issuer, err) < 0)
		return -1;
	if (insert(&tx, grant, &id, err) < 0 ||
		audit(&tx, "grant.added", grant, id, actor, grant->created_at, err) < 0)
		return -1;
	if (tx_commit(&tx, err) < 0)
		return -1;
	*ret_id = id;
	return 0;
}

int store_grant_remove(struct store *store, const char *issuer, int64_t id, const char *actor,
	unix_time now, struct err *err)
{
	auto_store_grants struct store_grants found = { .count = 0 };
	auto_tx struct tx tx = TX_INIT;

	if (tx_begin(&tx, store, issuer, err) < 0 ||
		find_grants(tx.db, SQL_GRANT_BY_ID, DB_BIND(db_text(issuer), db_int(id)),
			&found, err) < 0)
		return -1;
	if (found.count == 0)
		return err_set(err, ERR_NOT_FOUND, "no grant %s", text_num(id).s);
	if (db_exec(tx.db, SQL_GRANT_DELETE, DB_BIND(db_text(issuer), db_int(id)), err) < 0 ||
		audit(&tx, "grant.removed", &found.grant[0], id, actor, now, err) < 0)
		return -1;
	return tx_commit(&tx, err);
}

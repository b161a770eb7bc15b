/* store_account.c - service accounts.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "store/tx.h"

/* Longer annotations are counted in the audit, not copied into it. */
#define AUDITED_ANNOTATIONS_MAX 1024

static int check_names(const char *namespace, const char *name, struct err *err)
{
	if (name_check_label("namespace", namespace, err) < 0)
		return -1;
	return name_check_subdomain("service account name", name, err);
}

/* The engine knows JSON, so this room needs no parser of its own. */
static int check_annotations(struct db *db, const char *annotations, struct err *err)
{
	auto_rows struct db_rows *rows = NULL;
	const size_t len = strlen(annotations);

	if (len > STORE_ANNOTATIONS_MAX)
		return err_set(err, ERR_BAD_INPUT,
			"the annotations are %zu bytes long; at most %d are allowed", len,
			STORE_ANNOTATIONS_MAX);
	if (db_query_one(db, SQL_JSON_IS_OBJECT, DB_BIND(db_text(annotations)), &rows, err) < 0)
		return -1;
	if (db_get_int(rows, 0) == 0)
		return err_set(err, ERR_BAD_INPUT, "the annotations are not a JSON object");
	return 0;
}

static int no_account(const char *namespace, const char *name, struct err *err)
{
	return tx_reword(err, ERR_NOT_FOUND, "no service account '%s/%s'", namespace, name);
}

static int audit(struct tx *tx, const char *event, const char *namespace, const char *name,
	const char *actor, unix_time at, const char *detail, struct err *err)
{
	char subject[NAME_SUBJECT_MAX];

	name_subject(namespace, name, subject);
	return tx_audit(tx,
		&(struct store_audit){ .at = at,
			.event = event,
			.actor = actor,
			.subject = subject,
			.outcome = "ok",
			.detail = detail },
		err);
}

static char *describe_annotations(const char *annotations)
{
	const size_t len = strlen(annotations);

	if (len > AUDITED_ANNOTATIONS_MAX)
		return text_format("%zu bytes of annotations", len);
	return text_format("annotations %s", annotations);
}

int store_account_create(struct store *store, const char *issuer,
	const struct store_account *account, const char *actor, struct err *err)
{
	const char *annotations = account->annotations ? account->annotations : "{}";
	auto_free char *said = describe_annotations(annotations);
	auto_free char *detail = text_format("uid %s, %s", account->uid, said);
	auto_tx struct tx tx = TX_INIT;

	if (check_names(account->namespace, account->name, err) < 0)
		return -1;
	if (account->uid[0] == '\0')
		return err_set(err, ERR_BAD_INPUT, "service account '%s/%s' has no uid",
			account->namespace, account->name);
	if (tx_begin(&tx, store, issuer, err) < 0 ||
		check_annotations(tx.db, annotations, err) < 0)
		return -1;
	if (db_exec(tx.db, SQL_ACCOUNT_INSERT,
		    DB_BIND(db_text(issuer), db_text(account->namespace),
			    db_text(account->name), db_text(account->uid), db_text(annotations),
			    db_int(account->created_at)),
		    err) < 0)
		return tx_reword(err, ERR_CONFLICT, "service account '%s/%s' exists already",
			account->namespace, account->name);
	if (audit(&tx, "account.created", account->namespace, account->name, actor,
		    account->created_at, detail, err) < 0)
		return -1;
	return tx_commit(&tx, err);
}

static int read_account(const struct db_rows *rows, struct store_account *ret, struct err *err)
{
	struct store_account account;

	if (db_read_text(rows, 0, account.namespace, sizeof(account.namespace), err) < 0 ||
		db_read_text(rows, 1, account.name, sizeof(account.name), err) < 0 ||
		db_read_text(rows, 2, account.uid, sizeof(account.uid), err) < 0)
		return -1;
	account.annotations = db_copy_text(rows, 3);
	account.created_at = db_get_int(rows, 4);
	*ret = account;
	return 0;
}

int store_account_get(struct store *store, const char *issuer, const char *namespace,
	const char *name, struct store_account *ret, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&store->lock);
	auto_rows struct db_rows *rows = NULL;

	if (db_query_one(store->db, SQL_ACCOUNT_GET,
		    DB_BIND(db_text(issuer), db_text(namespace), db_text(name)), &rows,
		    err) < 0)
		return no_account(namespace, name, err);
	return read_account(rows, ret, err);
}

int store_account_list(struct store *store, const char *issuer, const char *namespace,
	struct store_accounts *ret, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&store->lock);
	auto_store_accounts struct store_accounts list = { .count = 0 };
	auto_rows struct db_rows *rows = NULL;
	int more;

	if (tx_check_issuer(store->db, issuer, err) < 0)
		return -1;
	if ((namespace ? db_query(store->db, SQL_ACCOUNT_LIST_IN,
				 DB_BIND(db_text(issuer), db_text(namespace)), &rows, err)
		       : db_query(store->db, SQL_ACCOUNT_LIST, DB_BIND(db_text(issuer)), &rows,
				 err)) < 0)
		return -1;
	while ((more = db_next(rows, err)) > 0) {
		list.account = tx_grow(list.account, list.count, sizeof(*list.account));
		if (read_account(rows, &list.account[list.count], err) < 0)
			return -1;
		list.count++;
	}
	if (more < 0)
		return -1;
	*ret = list;
	list = (struct store_accounts){ .count = 0 };
	return 0;
}

int store_account_annotate(struct store *store, const char *issuer, const char *namespace,
	const char *name, const char *annotations, const char *actor, unix_time now,
	struct err *err)
{
	auto_free char *detail = describe_annotations(annotations);
	auto_tx struct tx tx = TX_INIT;

	if (tx_begin(&tx, store, issuer, err) < 0 ||
		check_annotations(tx.db, annotations, err) < 0)
		return -1;
	if (db_exec(tx.db, SQL_ACCOUNT_ANNOTATE,
		    DB_BIND(db_text(issuer), db_text(namespace), db_text(name),
			    db_text(annotations)),
		    err) < 0)
		return -1;
	if (db_changed(tx.db) == 0)
		return err_set(err, ERR_NOT_FOUND, "no service account '%s/%s'", namespace,
			name);
	if (audit(&tx, "account.annotated", namespace, name, actor, now, detail, err) < 0)
		return -1;
	return tx_commit(&tx, err);
}

int store_account_delete(struct store *store, const char *issuer, const char *namespace,
	const char *name, const char *actor, unix_time now, struct err *err)
{
	auto_tx struct tx tx = TX_INIT;

	if (tx_begin(&tx, store, issuer, err) < 0)
		return -1;
	if (db_exec(tx.db, SQL_ACCOUNT_DELETE,
		    DB_BIND(db_text(issuer), db_text(namespace), db_text(name)), err) < 0) {
		if (err->code == ERR_NOT_FOUND)
			return err_set(err, ERR_CONFLICT,
				"service account '%s/%s' still has pods; delete them first",
				namespace, name);
		return -1;
	}
	if (db_changed(tx.db) == 0)
		return err_set(err, ERR_NOT_FOUND, "no service account '%s/%s'", namespace,
			name);
	if (audit(&tx, "account.deleted", namespace, name, actor, now, NULL, err) < 0)
		return -1;
	return tx_commit(&tx, err);
}

void store_account_free(struct store_account *account)
{
	free(account->annotations);
	account->annotations = NULL;
}

void store_accounts_free(struct store_accounts *accounts)
{
	for (size_t i = 0; i < accounts->count; i++)
		store_account_free(&accounts->account[i]);
	free(accounts->account);
	*accounts = (struct store_accounts){ .count = 0 };
}

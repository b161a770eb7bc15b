/* store_node.c - nodes and pods.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "store/tx.h"

/* ---- nodes ---- */

void store_nodes_free(struct store_nodes *nodes)
{
	free(nodes->node);
	*nodes = (struct store_nodes){ .count = 0 };
}

static int audit(struct tx *tx, const char *event, const char *subject, const char *actor,
	unix_time at, const char *detail, struct err *err)
{
	return tx_audit(tx,
		&(struct store_audit){ .at = at,
			.event = event,
			.actor = actor,
			.subject = subject,
			.outcome = "ok",
			.detail = detail },
		err);
}

int store_node_create(struct store *store, const char *issuer, const struct store_node *node,
	const char *actor, struct err *err)
{
	auto_free char *detail = text_format("uid %s", node->uid);
	auto_tx struct tx tx = TX_INIT;

	if (name_check_subdomain("node name", node->name, err) < 0 ||
		name_check_uid("uid", node->uid, err) < 0 ||
		tx_begin(&tx, store, issuer, err) < 0)
		return -1;
	if (db_exec(tx.db, SQL_NODE_INSERT,
		    DB_BIND(db_text(issuer), db_text(node->name), db_text(node->uid),
			    db_int(node->created_at)),
		    err) < 0)
		return tx_reword(err, ERR_CONFLICT, "node '%s' or its uid %s exists already",
			node->name, node->uid);
	if (audit(&tx, "node.created", node->name, actor, node->created_at, detail, err) < 0)
		return -1;
	return tx_commit(&tx, err);
}

static int read_node(const struct db_rows *rows, struct store_node *ret, struct err *err)
{
	ret->created_at = db_get_int(rows, 2);
	if (db_read_text(rows, 0, ret->name, sizeof(ret->name), err) < 0)
		return -1;
	return db_read_text(rows, 1, ret->uid, sizeof(ret->uid), err);
}

int store_node_get(struct store *store, const char *issuer, const char *name,
	struct store_node *ret, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&store->lock);
	auto_rows struct db_rows *rows = NULL;

	if (db_query_one(store->db, SQL_NODE_GET, DB_BIND(db_text(issuer), db_text(name)),
		    &rows, err) < 0)
		return tx_reword(err, ERR_NOT_FOUND, "no node '%s'", name);
	return read_node(rows, ret, err);
}

int store_node_list(struct store *store, const char *issuer, struct store_nodes *ret,
	struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&store->lock);
	auto_store_nodes struct store_nodes list = { .count = 0 };
	auto_rows struct db_rows *rows = NULL;
	int more;

	if (tx_check_issuer(store->db, issuer, err) < 0 ||
		db_query(store->db, SQL_NODE_LIST, DB_BIND(db_text(issuer)), &rows, err) < 0)
		return -1;
	while ((more = db_next(rows, err)) > 0) {
		list.node = tx_grow(list.node, list.count, sizeof(*list.node));
		if (read_node(rows, &list.node[list.count], err) < 0)
			return -1;
		list.count++;
	}
	if (more < 0)
		return -1;
	*ret = list;
	list = (struct store_nodes){ .count = 0 };
	return 0;
}

int store_node_delete(struct store *store, const char *issuer, const char *name,
	const char *actor, unix_time now, struct err *err)
{
	auto_tx struct tx tx = TX_INIT;

	if (tx_begin(&tx, store, issuer, err) < 0 ||
		db_exec(tx.db, SQL_NODE_DELETE, DB_BIND(db_text(issuer), db_text(name)), err) <
			0)
		return -1;
	if (db_changed(tx.db) == 0)
		return err_set(err, ERR_NOT_FOUND, "no node '%s'", name);
	if (audit(&tx, "node.deleted", name, actor, now, NULL, err) < 0)
		return -1;
	return tx_commit(&tx, err);
}

/* ---- pods ---- */

void store_pod_free(struct store_pod *pod)
{
	for (size_t i = 0; i < pod->audience_count; i++)
		free(pod->audiences[i]);
	free(pod->audiences);
	pod->audiences = NULL;
	pod->audience_count = 0;
}

void store_pods_free(struct store_pods *pods)
{
	for (size_t i = 0; i < pods->count; i++)
		store_pod_free(&pods->pod[i]);
	free(pods->pod);
	*pods = (struct store_pods){ .count = 0 };
}

static int check_pod(const struct store_pod *pod, struct err *err)
{
	if (name_check_label("namespace", pod->namespace, err) < 0 ||
		name_check_subdomain("pod name", pod->name, err) < 0 ||
		name_check_uid("uid", pod->uid, err) < 0 ||
		name_check_subdomain("service account name", pod->account, err) < 0 ||
		(pod->node[0] != '\0' && name_check_subdomain("node name", pod->node, err) < 0))
		return -1;
	if (pod->audience_count > STORE_AUDIENCES_MAX)
		return err_set(err, ERR_BAD_INPUT,
			"a pod of %zu audiences; at most %d are allowed", pod->audience_count,
			STORE_AUDIENCES_MAX);
	for (size_t i = 0; i < pod->audience_count; i++)
		if (name_check_audience("audience", pod->audiences[i], err) < 0)
			return -1;
	return 0;
}

static char *describe(const struct store_pod *pod)
{
	struct text t = TEXT_INIT;

	text_addf(&t, "uid %s, service account '%s'", pod->uid, pod->account);
	if (pod->node[0] != '\0')
		text_addf(&t, ", node '%s'", pod->node);
	for (size_t i = 0; i < pod->audience_count; i++)
		text_addf(&t, "%s '%s'", i ? "," : ", audiences", pod->audiences[i]);
	return text_take(&t);
}

static int audit_pod(struct tx *tx, const char *event, const char *namespace, const char *name,
	const char *actor, unix_time at, const char *detail, struct err *err)
{
	auto_free char *subject = text_format("pod %s/%s", namespace, name);

	return audit(tx, event, subject, actor, at, detail, err);
}

static int insert_pod(struct tx *tx, const struct store_pod *pod, struct err *err)
{
	if (db_exec(tx->db, SQL_POD_INSERT,
		    DB_BIND(db_text(tx->issuer), db_text(pod->namespace), db_text(pod->name),
			    db_text(pod->uid), db_text(pod->account),
			    db_text_or_null(pod->node), db_int(pod->created_at)),
		    err) < 0) {
		if (err->code == ERR_NOT_FOUND)
			return tx_reword(err, ERR_NOT_FOUND, "no service account '%s/%s'",
				pod->namespace, pod->account);
		return tx_reword(err, ERR_CONFLICT, "pod '%s/%s' or its uid %s exists already",
			pod->namespace, pod->name, pod->uid);
	}
	for (size_t i = 0; i < pod->audience_count; i++)
		if (db_exec(tx->db, SQL_POD_AUDIENCE_INSERT,
			    DB_BIND(db_text(tx->issuer), db_text(pod->namespace),
				    db_text(pod->name), db_text(pod->audiences[i])),
			    err) < 0)
			return -1;
	return 0;
}

int store_pod_create(struct store *store, const char *issuer, const struct store_pod *pod,
	const char *actor, struct err *err)
{
	auto_free char *detail = describe(pod);
	auto_tx struct tx tx = TX_INIT;

	if (check_pod(pod, err) < 0 || tx_begin(&tx, store, issuer, err) < 0 ||
		insert_pod(&tx, pod, err) < 0 ||
		audit_pod(&tx, "pod.created", pod->namespace, pod->name, actor, pod->created_at,
			detail, err) < 0)
		return -1;
	return tx_commit(&tx, err);
}

/* What it fills is the caller's to free even on failure. */
static int read_pod(const struct db_rows *rows, struct store_pod *pod, struct err *err)
{
	pod->created_at = db_get_int(rows, 5);
	if (db_read_text(rows, 0, pod->namespace, sizeof(pod->namespace), err) < 0 ||
		db_read_text(rows, 1, pod->name, sizeof(pod->name), err) < 0 ||
		db_read_text(rows, 2, pod->uid, sizeof(pod->uid), err) < 0 ||
		db_read_text(rows, 3, pod->account, sizeof(pod->account), err) < 0)
		return -1;
	return db_read_text(rows, 4, pod->node, sizeof(pod->node), err);
}

/* Folds rows of one audience each, ordered by pod, into pods. */
static int read_pods(struct db_rows *rows, struct store_pods *ret, struct err *err)
{
	auto_store_pods struct store_pods list = { .count = 0 };
	struct store_pod *last = NULL;
	int more;

	while ((more = db_next(rows, err)) > 0) {
		if (!last || strcmp(last->name, db_get_text(rows, 1)) != 0 ||
			strcmp(last->namespace, db_get_text(rows, 0)) != 0) {
			list.pod = tx_grow(list.pod, list.count, sizeof(*list.pod));
			last = &list.pod[list.count++];
			if (read_pod(rows, last, err) < 0)
				return -1;
		}
		if (db_is_null(rows, 6))
			continue;
		last->audiences = tx_grow(last->audiences, last->audience_count,
			sizeof(*last->audiences));
		last->audiences[last->audience_count++] = db_copy_text(rows, 6);
	}
	if (more < 0)
		return -1;
	*ret = list;
	list = (struct store_pods){ .count = 0 };
	return 0;
}

int store_pod_get(struct store *store, const char *issuer, const char *namespace,
	const char *name, struct store_pod *ret, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&store->lock);
	auto_store_pods struct store_pods found = { .count = 0 };
	auto_rows struct db_rows *rows = NULL;

	if (db_query(store->db, SQL_POD_GET,
		    DB_BIND(db_text(issuer), db_text(namespace), db_text(name)), &rows,
		    err) < 0 ||
		read_pods(rows, &found, err) < 0)
		return -1;
	if (found.count == 0)
		return err_set(err, ERR_NOT_FOUND, "no pod '%s/%s'", namespace, name);
	*ret = found.pod[0];
	found.count = 0; /* there is one at most, and it has moved */
	return 0;
}

int store_pod_list(struct store *store, const char *issuer, const char *namespace,
	const char *node, struct store_pods *ret, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&store->lock);
	auto_rows struct db_rows *rows = NULL;

	if (tx_check_issuer(store->db, issuer, err) < 0 ||
		db_query(store->db, SQL_POD_LIST,
			DB_BIND(db_text(issuer), db_text(namespace), db_text(node)), &rows,
			err) < 0)
		return -1;
	return read_pods(rows, ret, err);
}

int store_pod_delete(struct store *store, const char *issuer, const char *namespace,
	const char *name, const char *actor, unix_time now, struct err *err)
{
	auto_tx struct tx tx = TX_INIT;

	if (tx_begin(&tx, store, issuer, err) < 0 ||
		db_exec(tx.db, SQL_POD_DELETE,
			DB_BIND(db_text(issuer), db_text(namespace), db_text(name)), err) < 0)
		return -1;
	if (db_changed(tx.db) == 0)
		return err_set(err, ERR_NOT_FOUND, "no pod '%s/%s'", namespace, name);
	if (audit_pod(&tx, "pod.deleted", namespace, name, actor, now, NULL, err) < 0)
		return -1;
	return tx_commit(&tx, err);
}

int store_pod_runs(struct store *store, const char *issuer, const char *node,
	const char *namespace, const char *account, bool *ret, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&store->lock);
	auto_rows struct db_rows *rows = NULL;

	if (db_query_one(store->db, SQL_POD_RUNS,
		    DB_BIND(db_text(issuer), db_text(node), db_text(namespace),
			    db_text(account)),
		    &rows, err) < 0)
		return -1;
	*ret = db_get_int(rows, 0) != 0;
	return 0;
}

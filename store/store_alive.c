/* store_alive.c - which tokens are alive, by the audit: what a revocation would kill.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/auto.h"
#include "store/tx.h"

int store_alive_count(struct store *store, const char *issuer, const char *kid, unix_time now,
	int64_t *ret, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&store->lock);
	auto_rows struct db_rows *rows = NULL;

	if (db_query_one(store->db, SQL_ALIVE_COUNT,
		    DB_BIND(db_text(issuer), db_text(kid), db_int(now)), &rows, err) < 0)
		return -1;
	*ret = db_get_int(rows, 0);
	return 0;
}

int store_alive_list(struct store *store, const char *issuer, const char *kid, unix_time now,
	struct store_alive_list *ret, struct err *err)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&store->lock);
	auto_store_alive_list struct store_alive_list list = { .count = 0 };
	auto_rows struct db_rows *rows = NULL;
	int more;

	if (db_query(store->db, SQL_ALIVE_LIST,
		    DB_BIND(db_text(issuer), db_text(kid), db_int(now)), &rows, err) < 0)
		return -1;
	while ((more = db_next(rows, err)) > 0) {
		list.alive = tx_grow(list.alive, list.count, sizeof(*list.alive));
		list.alive[list.count++] = (struct store_alive){
			.subject = db_copy_text(rows, 0),
			.audience = db_copy_text(rows, 1),
			.count = db_get_int(rows, 2),
			.last_exp = db_get_int(rows, 3),
		};
	}
	if (more < 0)
		return -1;
	*ret = list;
	list = (struct store_alive_list){ .count = 0 };
	return 0;
}

void store_alive_list_free(struct store_alive_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->alive[i].subject);
		free(list->alive[i].audience);
	}
	free(list->alive);
	*list = (struct store_alive_list){ .count = 0 };
}

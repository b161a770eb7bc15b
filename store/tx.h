/* tx.h - what the files of this room share: the insides of a handle, and the one shape that
 * every change has: lock the handle, begin, check that the issuer exists, change, record the
 * change in the audit chain, commit.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TX_H
#define TX_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "store/db.h"
#include "store/store.h"

struct store {
	pthread_mutex_t lock; /* over db */
	struct db *db;
};

/* A change to one issuer's rows; undone and unlocked when its scope ends before tx_commit. */
struct tx {
	struct store *store; /* locked; NULL before tx_begin */
	struct db *db;
	const char *issuer;
	int64_t revision;  /* of its keys, when the transaction turned to it */
	int64_t audit_seq; /* head of the audit chain so far */
	unsigned char audit_hash[SECRET_HASH_LEN];
	struct text scratch; /* of the chain */
	bool is_audited;
};

#define TX_INIT                                                                                \
	{                                                                                      \
		.store = NULL                                                                  \
	}

/* ERR_NOT_FOUND if there is no such issuer. `issuer` is borrowed. */
int tx_begin(struct tx *tx, struct store *store, const char *issuer, struct err *err);
/* The same before the issuer is made: its chain starts here. */
int tx_begin_first(struct tx *tx, struct store *store, const char *issuer, struct err *err);
/* Goes on with the rows of another issuer. */
int tx_turn_to(struct tx *tx, const char *issuer, struct err *err);
/* Appends one record; its `at` and `event` must be set. */
int tx_audit(struct tx *tx, const struct store_audit *row, struct err *err);
/* The record in the current row of a query for a seq and SQL_AUDIT_COLUMNS; its strings are
 * borrowed until the next. */
struct store_audit tx_audit_row(const struct db_rows *rows);
enum { TX_AUDIT_SEQ = 0, TX_AUDIT_HASH = 18 }; /* the columns beside it */
/* Does one of its texts go on behind a zero byte? Its hash covers none of that, and we never
 * wrote it. */
bool tx_audit_is_cut(const struct db_rows *rows);
int tx_commit(struct tx *tx, struct err *err);
void tx_end(struct tx *tx);
#define auto_tx __attribute__((cleanup(tx_end)))

/* For readers, who hold the lock themselves: ERR_NOT_FOUND if there is no such issuer. */
int tx_check_issuer(struct db *db, const char *issuer, struct err *err);

/* Gives an error of this code a text that names the thing; any other stays. Returns -1. */
int tx_reword(struct err *err, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int tx_no_issuer(const char *issuer, struct err *err);

/* Room for one more item, zeroed, behind the `count` there are; the array may move. */
void *tx_grow(void *items, size_t count, size_t size);

#endif

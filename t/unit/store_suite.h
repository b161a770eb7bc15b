/* store_suite.h - what every engine behind store/store.h must do. An engine hands over how to
 * open its store, and passes the suite unchanged.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_SUITE_H
#define STORE_SUITE_H

#include "store/store.h"
#include "t/unit/count_records.h"
#include "t/unit/unit.h"

struct store_suite_engine {
	/* Opens the one store that a case works with. */
	int (*open)(enum store_mode mode, struct store **ret, struct err *err);
	/* Makes it not exist: every case starts so. */
	void (*wipe)(void);
	/* Runs plain SQL behind the store's back. */
	void (*sql)(const char *statement);
};

/* Runs the suite and then `more` cases of the engine's own as one cmocka group, each from a
 * store that does not exist; returns the number of failures. */
int store_suite_run(const struct store_suite_engine *engine, const struct CMUnitTest *more,
	size_t more_count);

/* ---- for the engine's own cases ---- */

#define SUITE_ISSUER "prod"
#define SUITE_ACTOR  "uid:1000"
#define SUITE_NOW    ((unix_time)1900000000)

/* A new store with the issuer SUITE_ISSUER; one with an object of every kind, and a service
 * account "idle" that has no pods. */
struct store *suite_create(void);
void suite_fill(struct store *store);
struct store *suite_open(enum store_mode mode);
int suite_try_open(enum store_mode mode, struct store **ret, struct err *err);
void suite_wipe(void);

/* All that a store tells about SUITE_ISSUER, as text to compare; the caller frees. */
char *suite_dump(struct store *store);

/* Values to store; strings and arrays are borrowed. suite_key's kid starts with the generation.
 */
struct store_key suite_key(int64_t generation);
struct store_account suite_account(const char *name);
struct store_node suite_node(const char *name);
/* Of ci/app, on a node that may be "". */
struct store_pod suite_pod(const char *name, const char *node, char **audiences,
	size_t audience_count);
struct store_client suite_client(const char *name, char **groups, size_t group_count);
struct store_grant suite_grant(const char *client, const char *group, char **audiences,
	size_t audience_count);

/* A record with every member set. */
extern const struct store_audit suite_record;

/* Writes one key at the revision there is. */
int suite_apply(struct store *store, const struct store_key *key, struct err *err);

#endif

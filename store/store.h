/* store.h - what issuerd remembers, in words of the domain; no SQL shows through. A handle may
 * be used by any thread: calls are serialised inside. Errors: ERR_NOT_FOUND, ERR_CONFLICT
 * (exists already, or somebody else was first), ERR_BUSY (another process held the lock too
 * long, the disk is full or fails: worth another try), ERR_BAD_INPUT (a name or a value that
 * may not be stored), ERR_FAILED (damaged, newer version ...: the text says). A failed call
 * changed nothing. What comes back through `ret` is the caller's, released by the function that
 * bears its name. Every tenant's rows carry `issuer`, the issuer's name.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/name.h"
#include "base/secret.h"

#define STORE_KID_LEN         43           /* base64url of a SHA-256 */
#define STORE_ANNOTATIONS_MAX (256 * 1024) /* bytes, as in Kubernetes */

struct store;

enum store_mode {
	STORE_CREATE, /* make the file; ERR_CONFLICT if it exists */
	STORE_WRITE,
	STORE_READ, /* every write is ERR_FAILED */
};

/* ERR_NOT_FOUND if there is no such store and it is not to be created; ERR_REFUSED if its group
 * or others may write to it. A store of an older version is migrated when opened for writing;
 * one of a newer version is refused. */
int store_open(const char *path, enum store_mode mode, struct store **ret, struct err *err);
void store_close(struct store *store);
static inline void auto_store_(struct store **s)
{
	store_close(*s);
}
#define auto_store __attribute__((cleanup(auto_store_)))

/* How long a call waits for another process before it is ERR_BUSY; 5 s unless told. */
void store_set_busy_timeout(struct store *store, int timeout_ms);

/* Reads all there is: ERR_UNHEALTHY names the first damage found. Takes seconds per gigabyte.
 */
int store_check(struct store *store, struct err *err);

/* Is told how many of `total` parts are done. */
typedef void store_progress_fn(int64_t done, int64_t total, void *ctx);

/* Writes a copy of the store as it is at one moment to the new file `path`, which appears whole
 * or not at all; ERR_CONFLICT if it exists. Others read and write meanwhile. The copy knows
 * that it is one (store_memory.backup_at), and a copy of such a copy of how far back it
 * reaches. `progress` may be NULL. */
int store_backup(struct store *store, const char *path, unix_time now,
	store_progress_fn *progress, void *ctx, struct err *err);

/* ---- issuers ---- */

struct store_issuer {
	char *name;
	char *url;
	int64_t revision; /* grows by one with every change to the keys */
	unix_time created_at;
};

int store_issuer_create(struct store *store, const char *name, const char *url,
	const char *actor, unix_time now, struct err *err);
int store_issuer_get(struct store *store, const char *name, struct store_issuer *ret,
	struct err *err);
void store_issuer_free(struct store_issuer *issuer);
#define auto_store_issuer __attribute__((cleanup(store_issuer_free)))

/* What changes of an issuer without being asked for; cheap enough to ask several times a
 * second. */
struct store_pulse {
	int64_t revision;
	unix_time clock_at; /* as in store_memory */
	int64_t uptime_s;   /* as in store_memory */
};

/* ERR_UNHEALTHY if the file that was opened has no longer its name: another was put in its
 * place, or it was removed. Then nothing can be written either; open it anew. */
int store_pulse(struct store *store, const char *issuer, struct store_pulse *ret,
	struct err *err);

/* ---- signing keys ---- */

/* A key's row holds times, never a state: keys/plan.h computes the state. */
struct store_key {
	int64_t generation; /* 1, 2, 3 ... per issuer, never used twice */
	char kid[STORE_KID_LEN + 1];
	char alg[8];               /* RFC 7518 name: "RS256", "ES256" */
	unsigned char *public_der; /* SubjectPublicKeyInfo */
	size_t public_len;
	unsigned char *sealed; /* private half, sealed; NULL once erased, or never held */
	size_t sealed_len;
	unix_time created_at;
	unix_time publish_at;
	unix_time activate_at; /* TIME_UNSET: not decided */
	unix_time remove_at;   /* TIME_UNSET: not decided */
	unix_time revoked_at;  /* TIME_UNSET: not revoked */
	int64_t ttl_ratchet_s; /* the longest lifetime it was ever allowed to sign */
	int64_t lead_s;        /* the longest lead in force since it was published (plan.h) */
	bool is_imported;      /* made elsewhere */
	char *reason;          /* of the revocation; NULL otherwise */
};

/* What an issuer remembers beside its keys, for plans to come. */
struct store_memory {
	unix_time clock_at;     /* the last committed time; TIME_UNSET: none yet */
	int64_t uptime_s;       /* of the machine then; -1: not known */
	int64_t lead_s;         /* the lead in force when last planned */
	unix_time lead_until;   /* until then documents of a longer lead may be held */
	int64_t generation_min; /* every new generation is above this */
	unix_time backup_at;    /* this is a copy made then, and nothing was planned since; or
				   TIME_UNSET */
};

/* A set of keys: as read (in order of generation), or to be written. */
struct store_keys {
	struct store_key *key;
	size_t count;
	int64_t revision; /* they belong to */
	struct store_memory memory;
};

/* All keys with the revision and memory they belong to, from one snapshot. */
int store_keys_load(struct store *store, const char *issuer, struct store_keys *ret,
	struct err *err);
/* Has somebody changed them since? False if that cannot be told. */
bool store_keys_are_stale(struct store *store, const char *issuer,
	const struct store_keys *keys);
void store_keys_free(struct store_keys *keys);
#define auto_store_keys __attribute__((cleanup(store_keys_free)))

/* Writes the change of one plan and its memory, all or nothing, with an audit event per changed
 * key by `actor`, if the revision is still `change->revision`; otherwise ERR_CONFLICT: load and
 * plan again. A key whose generation exists has its times, ratchets, reason and sealed half
 * replaced; any other is inserted. The revision grows by one, and by as much more as
 * generation_min did: a restored store goes beyond what its lost successor may have used. */
int store_keys_apply(struct store *store, const char *issuer, const struct store_keys *change,
	const char *actor, unix_time now, struct err *err);

/* Seals a private half anew: from `row` into bytes that the store frees; what comes back equal
 * is not written. */
typedef int store_reseal_fn(const char *issuer, const struct store_key *row, void *ctx,
	unsigned char **ret, size_t *ret_len, struct err *err);

/* Hands every sealed half in the store, of all issuers, to `each` and writes what it made of
 * them in one transaction. The store is locked meanwhile: `each` must not use it. */
int store_keys_reseal(struct store *store, store_reseal_fn *each, void *ctx, const char *actor,
	unix_time now, size_t *ret_changed, struct err *err);

/* Moves the last committed time forward; an earlier `clock` changes nothing. No revision. */
int store_clock_note(struct store *store, const char *issuer, struct clock_reading clock,
	struct err *err);
/* Sets it as it is, back or forward, at an admin's word; recorded. */
int store_clock_accept(struct store *store, const char *issuer, struct clock_reading clock,
	const char *actor, struct err *err);

/* ---- service accounts ---- */

struct store_account {
	char namespace[NAME_LABEL_MAX + 1];
	char name[NAME_SUBDOMAIN_MAX + 1];
	char uid[NAME_UID_MAX + 1];
	char *annotations; /* a JSON object; NULL is stored as {} */
	unix_time created_at;
};

struct store_accounts {
	struct store_account *account;
	size_t count;
};

int store_account_create(struct store *store, const char *issuer,
	const struct store_account *account, const char *actor, struct err *err);
int store_account_get(struct store *store, const char *issuer, const char *namespace,
	const char *name, struct store_account *ret, struct err *err);
/* namespace NULL: all. Ordered by namespace, name. */
int store_account_list(struct store *store, const char *issuer, const char *namespace,
	struct store_accounts *ret, struct err *err);
int store_account_annotate(struct store *store, const char *issuer, const char *namespace,
	const char *name, const char *annotations, const char *actor, unix_time now,
	struct err *err);
int store_account_delete(struct store *store, const char *issuer, const char *namespace,
	const char *name, const char *actor, unix_time now, struct err *err);
void store_account_free(struct store_account *account);
#define auto_store_account __attribute__((cleanup(store_account_free)))
void store_accounts_free(struct store_accounts *accounts);
#define auto_store_accounts __attribute__((cleanup(store_accounts_free)))

/* ---- nodes and pods: what a token may be bound to ---- */

struct store_node {
	char name[NAME_SUBDOMAIN_MAX + 1];
	char uid[NAME_UID_MAX + 1];
	unix_time created_at;
};

struct store_nodes {
	struct store_node *node;
	size_t count;
};

int store_node_create(struct store *store, const char *issuer, const struct store_node *node,
	const char *actor, struct err *err);
int store_node_get(struct store *store, const char *issuer, const char *name,
	struct store_node *ret, struct err *err);
int store_node_list(struct store *store, const char *issuer, struct store_nodes *ret,
	struct err *err);
/* Its pods stay: they only have no node that could be looked up. */
int store_node_delete(struct store *store, const char *issuer, const char *name,
	const char *actor, unix_time now, struct err *err);
void store_nodes_free(struct store_nodes *nodes);
#define auto_store_nodes __attribute__((cleanup(store_nodes_free)))

struct store_pod {
	char namespace[NAME_LABEL_MAX + 1];
	char name[NAME_SUBDOMAIN_MAX + 1];
	char uid[NAME_UID_MAX + 1];
	char account[NAME_SUBDOMAIN_MAX + 1]; /* its service account, in the same namespace */
	char node[NAME_SUBDOMAIN_MAX + 1];    /* "": on none yet; need not be known */
	char **audiences; /* that its node may ask for; exact strings, sorted */
	size_t audience_count;
	unix_time created_at;
};

struct store_pods {
	struct store_pod *pod;
	size_t count;
};

#define STORE_AUDIENCES_MAX 16 /* of a pod, or of a grant */

/* ERR_NOT_FOUND if there is no such service account. */
int store_pod_create(struct store *store, const char *issuer, const struct store_pod *pod,
	const char *actor, struct err *err);
int store_pod_get(struct store *store, const char *issuer, const char *namespace,
	const char *name, struct store_pod *ret, struct err *err);
/* namespace NULL, node NULL: all. Ordered by namespace, name. */
int store_pod_list(struct store *store, const char *issuer, const char *namespace,
	const char *node, struct store_pods *ret, struct err *err);
int store_pod_delete(struct store *store, const char *issuer, const char *namespace,
	const char *name, const char *actor, unix_time now, struct err *err);
/* Does any pod of this service account run on this node? */
int store_pod_runs(struct store *store, const char *issuer, const char *node,
	const char *namespace, const char *account, bool *ret, struct err *err);
void store_pod_free(struct store_pod *pod);
#define auto_store_pod __attribute__((cleanup(store_pod_free)))
void store_pods_free(struct store_pods *pods);
#define auto_store_pods __attribute__((cleanup(store_pods_free)))

/* ---- clients: who may ask at all ---- */

#define STORE_GROUPS_MAX 32

struct store_client {
	char name[NAME_USER_MAX + 1];
	char kind[16]; /* how it shows who it is: "bearer", "certificate", "unix" */
	char secret_hash[SECRET_HEX_LEN + 1]; /* of a bearer; never the secret itself */
	int64_t unix_uid;                     /* of a unix client; -1 otherwise */
	char **groups;                        /* sorted */
	size_t group_count;
	unix_time created_at;
	unix_time expires_at; /* TIME_UNSET: never */
	unix_time revoked_at; /* TIME_UNSET: not revoked */
};

struct store_clients {
	struct store_client *client;
	size_t count;
};

int store_client_create(struct store *store, const char *issuer,
	const struct store_client *client, const char *actor, struct err *err);
/* Also finds expired and revoked ones: the caller judges. */
int store_client_by_secret(struct store *store, const char *issuer, const char *secret_hash,
	struct store_client *ret, struct err *err);
/* Only one that is not revoked: a uid can be given to another client then. */
int store_client_by_unix_uid(struct store *store, const char *issuer, int64_t unix_uid,
	struct store_client *ret, struct err *err);
int store_client_get(struct store *store, const char *issuer, const char *name,
	struct store_client *ret, struct err *err);
int store_client_list(struct store *store, const char *issuer, struct store_clients *ret,
	struct err *err);
/* Marks it; the row stays for the audit. Revoking twice keeps the first time. */
int store_client_revoke(struct store *store, const char *issuer, const char *name,
	const char *actor, unix_time now, struct err *err);
void store_client_free(struct store_client *client);
#define auto_store_client __attribute__((cleanup(store_client_free)))
void store_clients_free(struct store_clients *clients);
#define auto_store_clients __attribute__((cleanup(store_clients_free)))

/* ---- grants: who may ask for what; nothing is allowed without one ---- */

/* Who it is for is one of three: a client (which exists), a user (somebody who shows a
 * certificate or a service account's token, and need not be known), or a group. */
struct store_grant {
	int64_t id;     /* never used twice */
	bool is_review; /* to review tokens; then the rest means nothing */
	char client[NAME_USER_MAX + 1];
	char user[NAME_USER_MAX + 1];
	char group[NAME_USER_MAX + 1];
	char namespace[NAME_SUBDOMAIN_MAX + 1]; /* patterns, name.h */
	char name[NAME_SUBDOMAIN_MAX + 1];
	char **audiences; /* exact strings, sorted; "*" alone stands for any */
	size_t audience_count;
	int64_t max_ttl_s;
	unix_time created_at;
};

struct store_grants {
	struct store_grant *grant;
	size_t count;
};

/* `grant->id` is ignored; the new one comes back. A grant for a client that does not exist is
 * ERR_NOT_FOUND; groups need not exist. */
int store_grant_add(struct store *store, const char *issuer, const struct store_grant *grant,
	const char *actor, int64_t *ret_id, struct err *err);
/* All, in order of id. */
int store_grant_list(struct store *store, const char *issuer, struct store_grants *ret,
	struct err *err);
/* Those of a caller by name or through one of `groups`, in order of id. */
int store_grant_for(struct store *store, const char *issuer, const char *user,
	char *const *groups, size_t group_count, struct store_grants *ret, struct err *err);
int store_grant_remove(struct store *store, const char *issuer, int64_t id, const char *actor,
	unix_time now, struct err *err);
void store_grants_free(struct store_grants *grants);
#define auto_store_grants __attribute__((cleanup(store_grants_free)))

/* ---- audit ---- */

/* One thing that happened. Strings are borrowed; NULL where there is nothing to say.
 * Never holds a token or a secret. */
struct store_audit {
	unix_time at;
	const char *event; /* "token.issued", "token.refused", "key.changed", "client.created"
			      ... */
	const char *actor; /* the caller's name, or "uid:1000" of an admin */
	const char *auth;  /* how a caller showed who it is: "secret", "certificate" ... */
	const char *peer;  /* address the request came from */
	const char *agent; /* its User-Agent */
	const char *subject;
	const char *audience; /* JSON array of strings */
	int64_t asked_s;      /* lifetime asked for; 0: not said */
	int64_t lifetime_s;   /* and given; 0: none */
	const char *bound;    /* "pod NAME (uid UID)" */
	const char *rule;     /* that allowed it: "grant 7", "node rule" */
	const char *jti;
	const char *kid;
	unix_time exp;       /* TIME_UNSET where there is none */
	const char *outcome; /* "ok", or the refusal's reason */
	const char *detail;
};

/* Appends the rows in order, all or none, each chained to the one before it: hash =
 * SHA-256(previous hash, then every member length-prefixed), see chain.h. Durable once it
 * returns. ERR_CONFLICT if the keys are not at `revision` any more: what was signed with a key
 * that is revoked meanwhile is not recorded, and so never leaves. */
int store_audit_append(struct store *store, const char *issuer, int64_t revision,
	const struct store_audit *rows, size_t count, struct err *err);
#define STORE_ANY_REVISION (-1)

/* Is told of one row; strings live for the call. A non-zero return ends the walk and is what
 * the walk returns. */
typedef int store_audit_fn(int64_t seq, const struct store_audit *row, void *ctx);

/* What a row must have, all of it; NULL: anything. */
struct store_audit_filter {
	unix_time since; /* TIME_UNSET: from the first on */
	unix_time until; /* before it; TIME_UNSET: to the last */
	const char *subject;
	const char *actor;
	const char *event;
	const char *jti;
	const char *kid;
};

/* The newest `limit` rows that match, in the order of their times. By time and by subject it is
 * quick; what else is asked is looked for in all rows of that time. */
int store_audit_find(struct store *store, const char *issuer,
	const struct store_audit_filter *filter, int64_t limit, store_audit_fn *each, void *ctx,
	struct err *err);

/* Calls `each` for the rows with seq > `after`, oldest first, at most `limit` of them. */
int store_audit_walk(struct store *store, const char *issuer, int64_t after, int64_t limit,
	store_audit_fn *each, void *ctx, struct err *err);

/* Tokens that were issued under a key and have not expired at `now`: how many. */
int store_alive_count(struct store *store, const char *issuer, const char *kid, unix_time now,
	int64_t *ret, struct err *err);

/* The same by subject and audience, the most frequent first. */
struct store_alive {
	char *subject;
	char *audience; /* JSON array of strings */
	int64_t count;
	unix_time last_exp; /* when the last of them expires */
};

struct store_alive_list {
	struct store_alive *alive;
	size_t count;
};

int store_alive_list(struct store *store, const char *issuer, const char *kid, unix_time now,
	struct store_alive_list *ret, struct err *err);
void store_alive_list_free(struct store_alive_list *list);
#define auto_store_alive_list __attribute__((cleanup(store_alive_list_free)))

/* ---- the audit's proof ---- */

#define STORE_AUDIT_CHECKPOINT "audit.checkpoint" /* says what the head was, signed */
#define STORE_AUDIT_PRUNED     "audit.pruned"     /* says up to where records were taken out */

/* A place in the chain: the record `seq`, and its hash. */
struct store_audit_mark {
	int64_t seq; /* 0: before the first */
	unsigned char hash[SECRET_HASH_LEN];
};

/* What a walk has found. */
struct store_audit_proof {
	int64_t records;
	struct store_audit_mark base; /* the last that was pruned; seq 0: none was */
	struct store_audit_mark head;
};

/* Judges a record of one of the two events, once its own hash has been found good; -1 ends the
 * walk. The store may be asked meanwhile. */
typedef int store_audit_judge_fn(int64_t seq, const struct store_audit *row,
	const struct store_audit_proof *so_far, void *ctx, struct err *err);

/* Is told how far the walk is. */
typedef void store_audit_progress_fn(int64_t done, int64_t total, void *ctx);

/* Who watches a walk; either may be NULL. */
struct store_audit_watch {
	store_audit_judge_fn *judge;
	store_audit_progress_fn *progress;
	void *ctx;
};

/* Computes every hash again, from the base to the head as it is now. ERR_UNHEALTHY names the
 * first record that does not follow from the one before it, or says that the last ones are
 * missing. ERR_CONFLICT: records on the way were pruned meanwhile; ask again. */
int store_audit_verify(struct store *store, const char *issuer,
	const struct store_audit_watch *watch, struct store_audit_proof *ret, struct err *err);

/* The head of the chain; and the hash of a record: ERR_NOT_FOUND if it is not there. */
int store_audit_head(struct store *store, const char *issuer, struct store_audit_mark *ret,
	struct err *err);
int store_audit_mark_at(struct store *store, const char *issuer, int64_t seq,
	struct store_audit_mark *ret, struct err *err);

/* The last record of those that may be pruned: all up to it were made before `before`, and
 * their tokens have expired at `now`. seq 0 if there is none. */
int store_audit_boundary(struct store *store, const char *issuer, unix_time before,
	unix_time now, struct store_audit_mark *ret, struct err *err);

/* Appends `row`, which says so, and lets the chain begin after `base`; then takes the records
 * up to it out, some at a time, so that others can write meanwhile. What an interrupted run
 * leaves is taken out by the next. */
int store_audit_prune(struct store *store, const char *issuer,
	const struct store_audit_mark *base, const struct store_audit *row, int64_t *ret_pruned,
	struct err *err);

#endif

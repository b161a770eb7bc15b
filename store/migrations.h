/* migrations.h - the tables, as an append-only list of migrations: number N takes a store from
 * version N - 1 to N, and is never edited once released. Times are seconds, NULL where
 * undecided; every row of a tenant carries the issuer's name.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MIGRATIONS_H
#define MIGRATIONS_H

/* "issd": what makes the file ours, for us and for file(1). */
#define MIGRATIONS_APPLICATION_ID 0x69737364

/* Rows that are found by what names them live in their primary key's tree (WITHOUT ROWID); that
 * key's columns come first, or integrity_check of SQLite 3.40 takes another column for NULL.
 * audit_seq and audit_hash are the head of the issuer's audit chain: it lets a writer go on
 * without a search, and shows when the last records were cut off. */
#define MIGRATIONS_1                                                                               \
	"CREATE TABLE issuer ("                                                                    \
	"  name TEXT NOT NULL PRIMARY KEY,"                                                        \
	"  url TEXT NOT NULL,"                                                                     \
	"  revision INTEGER NOT NULL,"                                                             \
	"  audit_seq INTEGER NOT NULL,"                                                            \
	"  audit_hash BLOB NOT NULL,"                                                              \
	"  created_at INTEGER NOT NULL"                                                            \
	") STRICT;"                                                                                \
	"CREATE TABLE signing_key ("                                                               \
	"  issuer TEXT NOT NULL REFERENCES issuer (name),"                                         \
	"  generation INTEGER NOT NULL CHECK (generation > 0),"                                    \
	"  kid TEXT NOT NULL,"                                                                     \
	"  alg TEXT NOT NULL,"                                                                     \
	"  public_der BLOB NOT NULL,"                                                              \
	"  sealed BLOB,"                                                                           \
	"  created_at INTEGER NOT NULL,"                                                           \
	"  publish_at INTEGER,"                                                                    \
	"  activate_at INTEGER,"                                                                   \
	"  remove_at INTEGER,"                                                                     \
	"  revoked_at INTEGER,"                                                                    \
	"  ttl_ratchet INTEGER NOT NULL,"                                                          \
	"  reason TEXT,"                                                                           \
	"  PRIMARY KEY (issuer, generation),"                                                      \
	"  UNIQUE (issuer, kid)"                                                                   \
	") STRICT, WITHOUT ROWID;"                                                                 \
	"CREATE TABLE service_account ("                                                           \
	"  issuer TEXT NOT NULL REFERENCES issuer (name),"                                         \
	"  namespace TEXT NOT NULL,"                                                               \
	"  name TEXT NOT NULL,"                                                                    \
	"  uid TEXT NOT NULL,"                                                                     \
	"  annotations TEXT NOT NULL,"                                                             \
	"  created_at INTEGER NOT NULL,"                                                           \
	"  PRIMARY KEY (issuer, namespace, name),"                                                 \
	"  UNIQUE (issuer, uid)"                                                                   \
	") STRICT, WITHOUT ROWID;"                                                                 \
	"CREATE TABLE node ("                                                                      \
	"  issuer TEXT NOT NULL REFERENCES issuer (name),"                                         \
	"  name TEXT NOT NULL,"                                                                    \
	"  uid TEXT NOT NULL,"                                                                     \
	"  created_at INTEGER NOT NULL,"                                                           \
	"  PRIMARY KEY (issuer, name),"                                                            \
	"  UNIQUE (issuer, uid)"                                                                   \
	") STRICT;"                                                                                \
	"CREATE TABLE pod ("                                                                       \
	"  issuer TEXT NOT NULL REFERENCES issuer (name),"                                         \
	"  namespace TEXT NOT NULL,"                                                               \
	"  name TEXT NOT NULL,"                                                                    \
	"  uid TEXT NOT NULL,"                                                                     \
	"  account TEXT NOT NULL,"                                                                 \
	"  node TEXT,"                                                                             \
	"  created_at INTEGER NOT NULL,"                                                           \
	"  PRIMARY KEY (issuer, namespace, name),"                                                 \
	"  UNIQUE (issuer, uid),"                                                                  \
	"  FOREIGN KEY (issuer, namespace, account)"                                               \
	"    REFERENCES service_account (issuer, namespace, name)"                                 \
	") STRICT, WITHOUT ROWID;"                                                                 \
	"CREATE INDEX pod_by_account ON pod (issuer, namespace, account);"                         \
	"CREATE INDEX pod_by_node ON pod (issuer, node);"                                          \
	"CREATE TABLE pod_audience ("                                                              \
	"  issuer TEXT NOT NULL,"                                                                  \
	"  namespace TEXT NOT NULL,"                                                               \
	"  pod TEXT NOT NULL,"                                                                     \
	"  audience TEXT NOT NULL,"                                                                \
	"  PRIMARY KEY (issuer, namespace, pod, audience),"                                        \
	"  FOREIGN KEY (issuer, namespace, pod)"                                                   \
	"    REFERENCES pod (issuer, namespace, name) ON DELETE CASCADE"                           \
	") STRICT, WITHOUT ROWID;"                                                                 \
	"CREATE TABLE client ("                                                                    \
	"  issuer TEXT NOT NULL REFERENCES issuer (name),"                                         \
	"  name TEXT NOT NULL,"                                                                    \
	"  kind TEXT NOT NULL,"                                                                    \
	"  secret_hash TEXT,"                                                                      \
	"  unix_uid INTEGER,"                                                                      \
	"  created_at INTEGER NOT NULL,"                                                           \
	"  expires_at INTEGER,"                                                                    \
	"  revoked_at INTEGER,"                                                                    \
	"  PRIMARY KEY (issuer, name),"                                                            \
	"  UNIQUE (issuer, secret_hash)"                                                           \
	") STRICT;"                                                                                \
	"CREATE UNIQUE INDEX client_by_unix_uid ON client (issuer, unix_uid)"                      \
	"  WHERE revoked_at IS NULL;"                                                              \
	"CREATE TABLE client_group ("                                                              \
	"  issuer TEXT NOT NULL REFERENCES issuer (name),"                                         \
	"  client TEXT NOT NULL,"                                                                  \
	"  group_name TEXT NOT NULL,"                                                              \
	"  PRIMARY KEY (issuer, client, group_name),"                                              \
	"  FOREIGN KEY (issuer, client) REFERENCES client (issuer, name)"                          \
	") STRICT, WITHOUT ROWID;"                                                                 \
	"CREATE TABLE \"grant\" ("                                                                 \
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"                                                  \
	"  issuer TEXT NOT NULL REFERENCES issuer (name),"                                         \
	"  verb TEXT NOT NULL CHECK (verb IN ('token', 'review')),"                                \
	"  client TEXT,"                                                                           \
	"  user_name TEXT,"                                                                        \
	"  group_name TEXT,"                                                                       \
	"  namespace TEXT NOT NULL,"                                                               \
	"  name TEXT NOT NULL,"                                                                    \
	"  max_ttl INTEGER NOT NULL CHECK (max_ttl > 0 OR verb = 'review'),"                       \
	"  created_at INTEGER NOT NULL,"                                                           \
	"  CHECK ((client IS NOT NULL) + (user_name IS NOT NULL) + (group_name IS NOT NULL) = 1)," \
	"  FOREIGN KEY (issuer, client) REFERENCES client (issuer, name)"                          \
	") STRICT;"                                                                                \
	"CREATE INDEX grant_by_client ON \"grant\" (issuer, client);"                              \
	"CREATE INDEX grant_by_user ON \"grant\" (issuer, user_name);"                             \
	"CREATE INDEX grant_by_group ON \"grant\" (issuer, group_name);"                           \
	"CREATE TABLE grant_audience ("                                                            \
	"  grant_id INTEGER NOT NULL REFERENCES \"grant\" (id) ON DELETE CASCADE,"                 \
	"  audience TEXT NOT NULL,"                                                                \
	"  issuer TEXT NOT NULL REFERENCES issuer (name),"                                         \
	"  PRIMARY KEY (grant_id, audience)"                                                       \
	") STRICT, WITHOUT ROWID;"                                                                 \
	"CREATE TABLE audit ("                                                                     \
	"  seq INTEGER PRIMARY KEY AUTOINCREMENT,"                                                 \
	"  issuer TEXT NOT NULL REFERENCES issuer (name),"                                         \
	"  at INTEGER NOT NULL,"                                                                   \
	"  event TEXT NOT NULL,"                                                                   \
	"  actor TEXT,"                                                                            \
	"  auth TEXT,"                                                                             \
	"  peer TEXT,"                                                                             \
	"  agent TEXT,"                                                                            \
	"  subject TEXT,"                                                                          \
	"  audience TEXT,"                                                                         \
	"  asked INTEGER,"                                                                         \
	"  lifetime INTEGER,"                                                                      \
	"  bound TEXT,"                                                                            \
	"  rule TEXT,"                                                                             \
	"  jti TEXT,"                                                                              \
	"  kid TEXT,"                                                                              \
	"  exp INTEGER,"                                                                           \
	"  outcome TEXT,"                                                                          \
	"  detail TEXT,"                                                                           \
	"  hash BLOB NOT NULL"                                                                     \
	") STRICT;"                                                                                \
	"CREATE INDEX audit_by_time ON audit (issuer, at);"                                        \
	"CREATE INDEX audit_by_subject ON audit (issuer, subject, at);"

/* base_seq and base_hash: the last record that was pruned, which the chain goes on from.
 * What plans remember (store_memory), what a key's lead was, and which tokens a key has alive.
 * The last time that can be told from the rows is the last committed one. */
#define MIGRATIONS_2                                                                           \
	"ALTER TABLE issuer ADD COLUMN clock_at INTEGER;"                                      \
	"ALTER TABLE issuer ADD COLUMN clock_uptime INTEGER;"                                  \
	"ALTER TABLE issuer ADD COLUMN lead INTEGER NOT NULL DEFAULT 0;"                       \
	"ALTER TABLE issuer ADD COLUMN lead_until INTEGER;"                                    \
	"ALTER TABLE issuer ADD COLUMN generation_min INTEGER NOT NULL DEFAULT 0;"             \
	"ALTER TABLE issuer ADD COLUMN backup_at INTEGER;"                                     \
	"ALTER TABLE issuer ADD COLUMN base_seq INTEGER NOT NULL DEFAULT 0;"                   \
	"ALTER TABLE issuer ADD COLUMN base_hash BLOB;"                                        \
	"ALTER TABLE signing_key ADD COLUMN lead INTEGER NOT NULL DEFAULT 0;"                  \
	"ALTER TABLE signing_key ADD COLUMN imported INTEGER NOT NULL DEFAULT 0;"              \
	"CREATE INDEX audit_alive ON audit (kid, exp) WHERE exp IS NOT NULL;"                  \
	"UPDATE issuer SET clock_at ="                                                         \
	"  (SELECT max(created_at) FROM signing_key WHERE issuer = name);"

#define MIGRATIONS_LIST                                                                        \
	{                                                                                      \
		MIGRATIONS_1, MIGRATIONS_2                                                     \
	}

#endif

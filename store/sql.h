/* sql.h - every statement of the store, by name. They are prepared once per connection and
 * bound, never pasted together. Columns are read by position: see the file that uses them.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SQL_H
#define SQL_H

#define SQL_KEY_COLUMNS                                                                        \
	"generation, kid, alg, public_der, sealed, created_at, publish_at, activate_at, "      \
	"remove_at, revoked_at, ttl_ratchet, lead, imported, reason"

#define SQL_ACCOUNT_SELECT                                                                     \
	"SELECT namespace, name, uid, annotations, created_at FROM service_account "

/* One row per group, or one with a NULL group: the reader folds them. */
#define SQL_CLIENT_SELECT                                                                      \
	"SELECT c.name, c.kind, c.secret_hash, c.unix_uid, c.created_at, c.expires_at, "       \
	"c.revoked_at, g.group_name FROM client c LEFT JOIN client_group g "                   \
	"ON g.issuer = c.issuer AND g.client = c.name "

/* One row per audience, of which every token grant has one and a review grant none: the reader
 * folds them. */
#define SQL_GRANT_SELECT                                                                       \
	"SELECT g.id, g.verb, g.client, g.user_name, g.group_name, g.namespace, g.name, "      \
	"g.max_ttl, g.created_at, a.audience FROM \"grant\" g "                                \
	"LEFT JOIN grant_audience a ON a.grant_id = g.id "

#define SQL_NODE_SELECT "SELECT name, uid, created_at FROM node "

/* One row per audience, or one with a NULL audience: the reader folds them. */
#define SQL_POD_SELECT                                                                         \
	"SELECT p.namespace, p.name, p.uid, p.account, p.node, p.created_at, a.audience "      \
	"FROM pod p LEFT JOIN pod_audience a ON a.issuer = p.issuer "                          \
	"AND a.namespace = p.namespace AND a.pod = p.name "

#define SQL_AUDIT_COLUMNS                                                                        \
	"at, event, actor, auth, peer, agent, subject, audience, asked, lifetime, bound, rule, " \
	"jti, kid, exp, outcome, detail, hash"

#define SQL_ALIVE_FROM                                                                         \
	"FROM audit WHERE kid = ?2 AND exp > ?3 AND issuer = ?1 AND event = 'token.issued'"

/* Records up to there were pruned: what is there is not proven, and is not shown. */
#define SQL_AUDIT_BASE "(SELECT base_seq FROM issuer WHERE name = ?1)"

/* The newest that match, newest first. */
#define SQL_AUDIT_NEWEST_OF(condition)                                                         \
	"SELECT seq, " SQL_AUDIT_COLUMNS " FROM audit WHERE issuer = ?1 " condition            \
	"AND at >= ?2 AND at < ?3 AND +seq > " SQL_AUDIT_BASE " "                              \
	"AND (?4 IS NULL OR +actor = ?4) "                                                     \
	"AND (?5 IS NULL OR +event = ?5) AND (?6 IS NULL OR +jti = ?6) "                       \
	"AND (?7 IS NULL OR +kid = ?7) ORDER BY at DESC, seq DESC LIMIT ?8"
#define SQL_AUDIT_NEWEST SQL_AUDIT_NEWEST_OF("")

#define SQL_STATEMENTS(X)                                                                      \
	X(SNAPSHOT_BEGIN, "BEGIN")                                                             \
	X(SNAPSHOT_END, "COMMIT")                                                              \
	X(ISSUER_INSERT,                                                                       \
		"INSERT INTO issuer (name, url, revision, audit_seq, audit_hash, "             \
		"created_at) VALUES (?1, ?2, 1, 0, ?3, ?4)")                                   \
	X(ISSUER_GET, "SELECT name, url, revision, created_at FROM issuer WHERE name = ?1")    \
	X(ISSUER_LIST, "SELECT name FROM issuer ORDER BY name")                                \
	X(ISSUER_PULSE, "SELECT revision, clock_at, clock_uptime FROM issuer WHERE name = ?1") \
	X(ISSUER_BUMP,                                                                         \
		"UPDATE issuer SET revision = revision + 1 + ?7 - generation_min, "            \
		"clock_at = ?3, clock_uptime = ?4, lead = ?5, lead_until = ?6, "               \
		"generation_min = ?7, backup_at = ?8 WHERE name = ?1 AND revision = ?2")       \
	X(ISSUER_TOUCH, "UPDATE issuer SET revision = revision + 1 WHERE name = ?1")           \
	X(ISSUER_NOTE_CLOCK,                                                                   \
		"UPDATE issuer SET clock_at = ?2, clock_uptime = ?3 "                          \
		"WHERE name = ?1 AND coalesce(clock_at, 0) < ?2")                              \
	X(ISSUER_SET_CLOCK,                                                                    \
		"UPDATE issuer SET clock_at = ?2, clock_uptime = ?3 WHERE name = ?1")          \
	X(ISSUER_MARK_BACKUP,                                                                  \
		"UPDATE issuer SET backup_at = coalesce(backup_at, ?1), clock_uptime = NULL")  \
	X(ISSUER_HEAD, "SELECT audit_seq, audit_hash, revision FROM issuer WHERE name = ?1")   \
	X(ISSUER_BASE,                                                                         \
		"SELECT base_seq, coalesce(base_hash, zeroblob(32)) FROM issuer "              \
		"WHERE name = ?1")                                                             \
	X(ISSUER_SET_HEAD,                                                                     \
		"UPDATE issuer SET audit_seq = ?2, audit_hash = ?3 "                           \
		"WHERE name = ?1")                                                             \
                                                                                               \
	X(KEY_LIST,                                                                            \
		"SELECT generation, kid, alg, public_der, sealed, k.created_at, publish_at, "  \
		"activate_at, remove_at, revoked_at, ttl_ratchet, k.lead, imported, reason, "  \
		"revision, clock_at, clock_uptime, i.lead, lead_until, generation_min, "       \
		"backup_at FROM issuer i LEFT JOIN signing_key k ON issuer = name "            \
		"WHERE name = ?1 ORDER BY generation")                                         \
	X(KEY_GET,                                                                             \
		"SELECT " SQL_KEY_COLUMNS " FROM signing_key "                                 \
		"WHERE issuer = ?1 AND generation = ?2")                                       \
	X(KEY_INSERT,                                                                          \
		"INSERT INTO signing_key (issuer, " SQL_KEY_COLUMNS ") "                       \
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)")   \
	X(KEY_UPDATE,                                                                          \
		"UPDATE signing_key SET sealed = ?3, publish_at = ?4, "                        \
		"activate_at = ?5, remove_at = ?6, revoked_at = ?7, ttl_ratchet = ?8, "        \
		"lead = ?9, reason = ?10 WHERE issuer = ?1 AND generation = ?2")               \
                                                                                               \
	X(JSON_IS_OBJECT,                                                                      \
		"SELECT CASE WHEN json_valid(?1) THEN json_type(?1) = 'object' "               \
		"ELSE FALSE END")                                                              \
	X(ACCOUNT_INSERT,                                                                      \
		"INSERT INTO service_account (issuer, namespace, name, uid, "                  \
		"annotations, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")                    \
	X(ACCOUNT_GET,                                                                         \
		SQL_ACCOUNT_SELECT "WHERE issuer = ?1 AND namespace = ?2 "                     \
				   "AND name = ?3")                                            \
	X(ACCOUNT_LIST, SQL_ACCOUNT_SELECT "WHERE issuer = ?1 ORDER BY namespace, name")       \
	X(ACCOUNT_LIST_IN,                                                                     \
		SQL_ACCOUNT_SELECT "WHERE issuer = ?1 AND namespace = ?2 "                     \
				   "ORDER BY name")                                            \
	X(ACCOUNT_ANNOTATE,                                                                    \
		"UPDATE service_account SET annotations = ?4 "                                 \
		"WHERE issuer = ?1 AND namespace = ?2 AND name = ?3")                          \
	X(ACCOUNT_DELETE,                                                                      \
		"DELETE FROM service_account "                                                 \
		"WHERE issuer = ?1 AND namespace = ?2 AND name = ?3")                          \
                                                                                               \
	X(NODE_INSERT,                                                                         \
		"INSERT INTO node (issuer, name, uid, created_at) VALUES (?1, ?2, ?3, ?4)")    \
	X(NODE_GET, SQL_NODE_SELECT "WHERE issuer = ?1 AND name = ?2")                         \
	X(NODE_LIST, SQL_NODE_SELECT "WHERE issuer = ?1 ORDER BY name")                        \
	X(NODE_DELETE, "DELETE FROM node WHERE issuer = ?1 AND name = ?2")                     \
                                                                                               \
	X(POD_INSERT,                                                                          \
		"INSERT INTO pod (issuer, namespace, name, uid, account, node, created_at) "   \
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")                                         \
	X(POD_AUDIENCE_INSERT,                                                                 \
		"INSERT INTO pod_audience (issuer, namespace, pod, audience) "                 \
		"VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")                              \
	X(POD_GET,                                                                             \
		SQL_POD_SELECT "WHERE p.issuer = ?1 AND p.namespace = ?2 AND p.name = ?3 "     \
			       "ORDER BY a.audience")                                          \
	X(POD_LIST,                                                                            \
		SQL_POD_SELECT "WHERE p.issuer = ?1 AND (?2 IS NULL OR p.namespace = ?2) "     \
			       "AND (?3 IS NULL OR p.node = ?3) "                              \
			       "ORDER BY p.namespace, p.name, a.audience")                     \
	X(POD_RUNS,                                                                            \
		"SELECT EXISTS (SELECT 1 FROM pod WHERE issuer = ?1 AND node = ?2 "            \
		"AND namespace = ?3 AND account = ?4)")                                        \
	X(POD_DELETE, "DELETE FROM pod WHERE issuer = ?1 AND namespace = ?2 AND name = ?3")    \
                                                                                               \
	X(CLIENT_INSERT,                                                                       \
		"INSERT INTO client (issuer, name, kind, secret_hash, unix_uid, created_at, "  \
		"expires_at, revoked_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")             \
	X(CLIENT_GROUP_INSERT,                                                                 \
		"INSERT INTO client_group (issuer, client, group_name) "                       \
		"VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")                                  \
	X(CLIENT_BY_NAME,                                                                      \
		SQL_CLIENT_SELECT "WHERE c.issuer = ?1 AND c.name = ?2 "                       \
				  "ORDER BY g.group_name")                                     \
	X(CLIENT_BY_SECRET,                                                                    \
		SQL_CLIENT_SELECT "WHERE c.issuer = ?1 AND c.secret_hash = ?2 "                \
				  "ORDER BY g.group_name")                                     \
	X(CLIENT_BY_UNIX_UID,                                                                  \
		SQL_CLIENT_SELECT "WHERE c.issuer = ?1 AND c.unix_uid = ?2 "                   \
				  "AND c.revoked_at IS NULL ORDER BY g.group_name")            \
	X(CLIENT_LIST, SQL_CLIENT_SELECT "WHERE c.issuer = ?1 ORDER BY c.name, g.group_name")  \
	X(CLIENT_REVOKE,                                                                       \
		"UPDATE client SET revoked_at = ?3 "                                           \
		"WHERE issuer = ?1 AND name = ?2 AND revoked_at IS NULL")                      \
                                                                                               \
	X(GRANT_INSERT,                                                                        \
		"INSERT INTO \"grant\" (issuer, verb, client, user_name, group_name, "         \
		"namespace, name, max_ttl, created_at) "                                       \
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) RETURNING id")                    \
	X(GRANT_AUDIENCE_INSERT,                                                               \
		"INSERT INTO grant_audience (issuer, grant_id, audience) "                     \
		"VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")                                  \
	X(GRANT_BY_ID,                                                                         \
		SQL_GRANT_SELECT "WHERE g.issuer = ?1 AND g.id = ?2 "                          \
				 "ORDER BY g.id, a.audience")                                  \
	X(GRANT_LIST, SQL_GRANT_SELECT "WHERE g.issuer = ?1 ORDER BY g.id, a.audience")        \
	X(GRANT_BY_USER,                                                                       \
		SQL_GRANT_SELECT                                                               \
		"WHERE g.issuer = ?1 AND (g.client = ?2 OR g.user_name = ?2) "                 \
		"ORDER BY g.id, a.audience")                                                   \
	X(GRANT_BY_GROUP,                                                                      \
		SQL_GRANT_SELECT "WHERE g.issuer = ?1 AND g.group_name = ?2 "                  \
				 "ORDER BY g.id, a.audience")                                  \
	X(GRANT_DELETE, "DELETE FROM \"grant\" WHERE issuer = ?1 AND id = ?2")                 \
                                                                                               \
	X(AUDIT_INSERT,                                                                        \
		"INSERT INTO audit (issuer, " SQL_AUDIT_COLUMNS ") "                           \
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, "   \
		"?16, ?17, ?18, ?19) "                                                         \
		"RETURNING seq")                                                               \
	X(AUDIT_PAGE,                                                                          \
		"SELECT seq, " SQL_AUDIT_COLUMNS " FROM audit WHERE "                          \
		"seq > max(?2, " SQL_AUDIT_BASE ") AND +issuer = ?1 ORDER BY seq LIMIT ?3")    \
	X(AUDIT_LIST, SQL_AUDIT_NEWEST)                                                        \
	X(AUDIT_LIST_SUBJECT, SQL_AUDIT_NEWEST_OF("AND subject = ?9 "))                        \
	X(AUDIT_BEHIND,                                                                        \
		"SELECT seq FROM audit WHERE +issuer = ?1 AND "                                \
		"seq > (SELECT audit_seq FROM issuer WHERE name = ?1) ORDER BY seq LIMIT 1")   \
	X(AUDIT_MARK, "SELECT seq, hash FROM audit WHERE issuer = ?1 AND seq = ?2")            \
	X(AUDIT_BOUNDARY,                                                                      \
		"SELECT seq, hash FROM audit WHERE +issuer = ?1 AND "                          \
		"seq > " SQL_AUDIT_BASE " AND seq < coalesce("                                 \
		"(SELECT seq FROM audit WHERE +issuer = ?1 AND seq > " SQL_AUDIT_BASE          \
		" AND (at >= ?2 OR exp > ?3) "                                                 \
		"ORDER BY seq LIMIT 1), 9223372036854775807) ORDER BY seq DESC LIMIT 1")       \
	X(AUDIT_PRUNE,                                                                         \
		"DELETE FROM audit WHERE seq IN (SELECT seq FROM audit "                       \
		"WHERE seq <= ?2 AND +issuer = ?1 ORDER BY seq LIMIT ?3)")                     \
	X(ISSUER_SET_BASE,                                                                     \
		"UPDATE issuer SET base_seq = ?2, base_hash = ?3 "                             \
		"WHERE name = ?1 AND base_seq <= ?2")                                          \
	X(ALIVE_COUNT, "SELECT count(*) " SQL_ALIVE_FROM)                                      \
	X(ALIVE_LIST,                                                                          \
		"SELECT subject, audience, count(*), max(exp) " SQL_ALIVE_FROM                 \
		" GROUP BY subject, audience ORDER BY count(*) DESC, subject, audience")

#define SQL_NAME(name, text) SQL_##name,
enum sql { SQL_STATEMENTS(SQL_NAME) SQL_COUNT };
#undef SQL_NAME

#endif

/* audit_proof.c - see audit_proof.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/evp.h>

#include "base/text.h"
#include "keys/audit_proof.h"

/* ---- saying ---- */

int audit_proof_record(const struct keyring *ring, const char *issuer, const char *event,
	const struct store_audit_mark *mark, const char *actor, unix_time now, char **ret_jws,
	struct store_audit *ret, struct err *err)
{
	const struct jws_key *signer = keyring_signer(ring);
	auto_free char *payload = NULL;
	json_auto_t *said = NULL;
	char hash[SECRET_HEX_LEN + 1];

	secret_hex(mark->hash, hash);
	said = json_pack("{s:{s:s, s:s, s:s, s:I}, s:I}", "audit", "event", event, "hash", hash,
		"issuer", issuer, "seq", (json_int_t)mark->seq, "iat", (json_int_t)now);
	payload = json_dumps(said, JSON_COMPACT | JSON_SORT_KEYS);
	if (!payload)
		return err_set(err, ERR_FAILED, "out of memory");
	if (jws_sign(signer->key, signer->alg, signer->kid, payload, strlen(payload), ret_jws,
		    err) < 0)
		return -1;
	*ret = (struct store_audit){
		.at = now,
		.event = event,
		.actor = actor,
		.kid = signer->kid,
		.exp = TIME_UNSET,
		.outcome = "ok",
		.detail = *ret_jws,
	};
	return 0;
}

static int is_checkpoint(int64_t seq, const struct store_audit *row, void *ctx)
{
	(void)seq;
	*(bool *)ctx = strcmp(row->event, STORE_AUDIT_CHECKPOINT) == 0;
	return 0;
}

int audit_proof_checkpoint(struct store *store, const char *issuer, const struct keyring *ring,
	unix_time now, bool *ret_done, struct err *err)
{
	auto_free char *jws = NULL;
	struct store_audit_mark head;
	struct store_audit row;
	bool is_said = false;

	*ret_done = false;
	if (store_audit_head(store, issuer, &head, err) < 0 ||
		store_audit_walk(store, issuer, head.seq - 1, 1, is_checkpoint, &is_said, err) <
			0)
		return -1;
	if (head.seq == 0 || is_said)
		return 0;
	if (audit_proof_record(ring, issuer, STORE_AUDIT_CHECKPOINT, &head, "issuerd", now,
		    &jws, &row, err) < 0 ||
		store_audit_append(store, issuer, STORE_ANY_REVISION, &row, 1, err) < 0)
		return -1;
	*ret_done = true;
	return 0;
}

/* ---- judging ---- */

struct judge {
	struct store *store;
	const char *issuer;
	struct store_keys keys;
	struct jws_key *jws_keys;
	struct audit_proof proof;
	bool is_base_vouched;
};

static void judge_free(struct judge *j)
{
	for (size_t i = 0; j->jws_keys && i < j->keys.count; i++)
		EVP_PKEY_free(j->jws_keys[i].key);
	free(j->jws_keys);
	store_keys_free(&j->keys);
}
#define auto_judge __attribute__((cleanup(judge_free)))

/* All keys there ever were: a statement outlives its key. */
static int load_keys(struct judge *j, struct err *err)
{
	if (store_keys_load(j->store, j->issuer, &j->keys, err) < 0)
		return -1;
	j->jws_keys = text_alloc(j->keys.count + 1, sizeof(*j->jws_keys));
	for (size_t i = 0; i < j->keys.count; i++) {
		const struct store_key *row = &j->keys.key[i];

		if (key_from_public_der(row->public_der, row->public_len, &j->jws_keys[i].key,
			    err) < 0)
			return -1;
		(void)text_fit(j->jws_keys[i].kid, sizeof(j->jws_keys[i].kid), row->kid);
		j->jws_keys[i].alg = row->alg;
	}
	return 0;
}

static int disbelieve(int64_t seq, const char *why, struct err *err)
{
	return err_set(err, ERR_UNHEALTHY, "audit record %s is no good %s", text_num(seq).s,
		why);
}

/* What it says: the mark, if it is about this issuer and event. */
static int read_statement(const struct judge *j, int64_t seq, const struct store_audit *row,
	struct store_audit_mark *ret, char ret_hash[SECRET_HEX_LEN + 1], struct err *err)
{
	json_auto_t *said = NULL;
	const char *event, *hash, *issuer;
	struct err why = ERR_INIT;
	json_int_t claimed, iat;

	if (!row->detail ||
		jws_verify_signature(row->detail, j->jws_keys, j->keys.count, &said, &why) < 0)
		return disbelieve(seq, "statement: no key of this issuer has signed it", err);
	if (json_unpack(said, "{s:{s:s, s:s, s:s, s:I !}, s:I !}", "audit", "event", &event,
		    "hash", &hash, "issuer", &issuer, "seq", &claimed, "iat", &iat) != 0 ||
		strcmp(event, row->event) != 0 || strcmp(issuer, j->issuer) != 0 ||
		strlen(hash) != SECRET_HEX_LEN || claimed < 0 || claimed >= seq)
		return disbelieve(seq, "statement: it speaks of something else", err);
	ret->seq = claimed;
	(void)text_fit(ret_hash, SECRET_HEX_LEN + 1, hash);
	return 0;
}

static bool is_revoked(const struct judge *j, const char *kid)
{
	for (size_t i = 0; i < j->keys.count; i++)
		if (kid && strcmp(j->keys.key[i].kid, kid) == 0)
			return j->keys.key[i].revoked_at != TIME_UNSET;
	return false;
}

/* The hash that the store has at the place that a statement is about. 1: it was pruned since.
 */
static int find_hash(const struct judge *j, const struct store_audit_proof *so_far, int64_t seq,
	char ret[SECRET_HEX_LEN + 1], struct err *err)
{
	struct store_audit_mark mark = so_far->base;

	if (seq < so_far->base.seq)
		return 1;
	if (seq > so_far->base.seq &&
		store_audit_mark_at(j->store, j->issuer, seq, &mark, err) < 0)
		return err->code != ERR_NOT_FOUND
			? -1
			: err_set(err, ERR_UNHEALTHY,
				  "audit record %s, which was signed, is not there: records were "
				  "removed or got other numbers",
				  text_num(seq).s);
	secret_hex(mark.hash, ret);
	return 0;
}

static int judge(int64_t seq, const struct store_audit *row,
	const struct store_audit_proof *so_far, void *ctx, struct err *err)
{
	struct judge *j = ctx;
	struct store_audit_mark claimed = { .seq = 0 };
	char said[SECRET_HEX_LEN + 1], found[SECRET_HEX_LEN + 1];
	int rc;

	if (read_statement(j, seq, row, &claimed, said, err) < 0)
		return -1;
	rc = find_hash(j, so_far, claimed.seq, found, err);
	if (rc < 0)
		return -1;
	if (rc == 0 && strcmp(said, found) != 0)
		return err_set(err, ERR_UNHEALTHY,
			"audit record %s is not what it was when record %s, which is signed, was "
			"written: the records up to there were written anew",
			text_num(claimed.seq).s, text_num(seq).s);
	if (strcmp(row->event, STORE_AUDIT_PRUNED) == 0) {
		j->is_base_vouched =
			j->is_base_vouched || (rc == 0 && claimed.seq == so_far->base.seq);
		return 0;
	}
	j->proof.checkpoints++;
	j->proof.checkpoints_revoked += is_revoked(j, row->kid);
	j->proof.checkpoint_seq = claimed.seq;
	return 0;
}

int audit_proof_verify(struct store *store, const char *issuer,
	store_audit_progress_fn *progress, struct audit_proof *ret, struct err *err)
{
	auto_judge struct judge j = { .store = store, .issuer = issuer };
	const struct store_audit_watch watch = { judge, progress, &j };

	if (load_keys(&j, err) < 0 ||
		store_audit_verify(store, issuer, &watch, &j.proof.chain, err) < 0)
		return -1;
	if (j.proof.chain.base.seq > 0 && !j.is_base_vouched)
		return err_set(err, ERR_UNHEALTHY,
			"the audit begins after record %s, and no signed prune record says why: the "
			"records before were removed",
			text_num(j.proof.chain.base.seq).s);
	*ret = j.proof;
	return 0;
}

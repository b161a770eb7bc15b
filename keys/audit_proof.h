/* audit_proof.h - what a signing key says of the audit chain: "the record SEQ had this HASH". A
 * checkpoint says it of the head, so that whoever rewrites older records must have a key; a
 * prune record says it of the last record that was taken out, so that the rest still begins
 * somewhere. Each is the detail of a record of its own: a compact JWS (RFC 7515) whose payload
 * is
 * {"audit": {"event", "hash", "issuer", "seq"}, "iat"}. It has no iss, sub, aud or exp, so that
 * nobody can take it for a token.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef AUDIT_PROOF_H
#define AUDIT_PROOF_H

#include "keys/keyring.h"
#include "store/store.h"

/* The record of such a statement by the ring's signer; `event` is one of store.h's two
 * literals. ret_jws, which the record borrows, is the caller's to free. */
int audit_proof_record(const struct keyring *ring, const char *issuer, const char *event,
	const struct store_audit_mark *mark, const char *actor, unix_time now, char **ret_jws,
	struct store_audit *ret, struct err *err);

/* Signs the head, if anything was recorded since the last checkpoint; `ret_done` tells. */
int audit_proof_checkpoint(struct store *store, const char *issuer, const struct keyring *ring,
	unix_time now, bool *ret_done, struct err *err);

struct audit_proof {
	struct store_audit_proof chain;
	int64_t checkpoints;
	int64_t checkpoints_revoked; /* of them by a key that was revoked: worth less */
	int64_t checkpoint_seq;      /* the record that the last one vouches for; 0: none */
};

/* Walks the whole chain and judges every statement in it, by the keys in the store.
 * ERR_UNHEALTHY names the first record that is not what it was. `progress` may be NULL. */
int audit_proof_verify(struct store *store, const char *issuer,
	store_audit_progress_fn *progress, struct audit_proof *ret, struct err *err);

#endif

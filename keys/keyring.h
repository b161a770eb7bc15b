/* keyring.h - the keys as one request sees them: who signs, who is published, and the public
 * documents ready to send. Frozen once built, so any thread may read it without a lock; a
 * change builds another ring. A ring is a function of the rows and of time alone, so two
 * processes that see the same rows serve the same bytes. Discovery: OpenID Connect
 * Discovery 1.0 §3, as kube-apiserver has it. JWKS: RFC 7517 §5; the active key first (some
 * verifiers try only that), then standby, then retiring.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef KEYRING_H
#define KEYRING_H

#include "base/text.h"
#include "keys/halves.h"
#include "keys/jws.h"
#include "keys/key.h"
#include "keys/plan.h"
#include "keys/sealing.h"
#include "store/store.h"

#define KEYRING_DISCOVERY_PATH "/.well-known/openid-configuration"
#define KEYRING_JWKS_PATH      "/openid/v1/jwks"

struct keyring;

/* Bytes to serve; borrowed from the ring. The ETag is quoted, strong, and depends on the bytes
 * alone. */
struct keyring_document {
	const char *body;
	size_t len;
	const char *etag;
};

/* What a ring is made from; borrowed while it is built. */
struct keyring_source {
	const struct store_issuer *issuer;
	const struct store_keys *keys;
	const struct plan_policy *policy;
	const struct halves *halves; /* NULL: the ring only publishes */
};

/* Builds the ring for `now`. With `halves`, that of the key that signs has to be among them, or
 * it is ERR_FAILED. The documents of `before` (may be NULL) are shared if the published keys
 * are the same: they are written only when the set changes. keyring_unref releases it. */
int keyring_build(const struct keyring_source *source, const struct keyring *before,
	unix_time now, struct keyring **ret, struct err *err);
struct keyring *keyring_ref(struct keyring *ring);
void keyring_unref(struct keyring *ring);
static inline void auto_keyring_(struct keyring **r)
{
	keyring_unref(*r);
}
#define auto_keyring __attribute__((cleanup(auto_keyring_)))

struct keyring_document keyring_discovery(const struct keyring *ring);
struct keyring_document keyring_jwks(const struct keyring *ring);
/* How long either may be cached, in seconds. */
int64_t keyring_max_age(const struct keyring *ring);

/* ERR_EARLY if there is no key that signs. */
int keyring_check_signer(const struct keyring *ring, struct err *err);
/* The key that signs, private half included; borrowed. NULL in a ring that only publishes, and
 * if there is none. */
const struct jws_key *keyring_signer(const struct keyring *ring);
/* The longest lifetime that this key may sign; 0 without one. */
int64_t keyring_signer_lifetime(const struct keyring *ring);
/* All published keys, for jws_verify; borrowed. */
const struct jws_key *keyring_published(const struct keyring *ring, size_t *ret_count);

const char *keyring_issuer_url(const struct keyring *ring);
int64_t keyring_revision(const struct keyring *ring);

/* The ring in force, shared by all threads of a process. */
struct keyring_slot;

/* `store`, `sealing` (may be NULL) and what `policy` points to are borrowed for the slot's
 * life. The first ring is built at once. */
int keyring_slot_open(struct store *store, const char *issuer, struct sealing *sealing,
	const struct plan_policy *policy, struct clock_reading clock, struct keyring_slot **ret,
	struct err *err);
void keyring_slot_close(struct keyring_slot *slot);

/* The ring for this time (plan_time): a new reference. When a scheduled change has come since
 * it was built, it is built anew from the same rows; the store is not touched. */
int keyring_slot_get(struct keyring_slot *slot, struct clock_reading clock,
	struct keyring **ret, struct err *err);
/* ERR_EARLY if the clock went back. */
int keyring_slot_check_clock(struct keyring_slot *slot, unix_time now, struct err *err);
/* The ring to sign with: ERR_EARLY if the clock went back, or no key signs. */
int keyring_slot_sign(struct keyring_slot *slot, struct clock_reading clock,
	struct keyring **ret, struct err *err);

enum keyring_change {
	KEYRING_SAME,
	KEYRING_NEWER,
	KEYRING_OLDER, /* the revision went back: an older store was put in place */
};

/* Asks the store for the revision and builds a new ring if it changed; on failure the old ring
 * stays in force. Call it a few times a second: nobody who asks for the ring waits meanwhile,
 * only others who refresh. */
int keyring_slot_refresh(struct keyring_slot *slot, struct clock_reading clock,
	enum keyring_change *ret, struct err *err);

#endif

/* keyring.c - see keyring.h. The slot that holds the ring in force is in keyring_slot.c.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/b64url.h"
#include "base/secret.h"
#include "keys/jwk.h"
#include "keys/keyring.h"

struct document {
	char *body;
	size_t len;
	char etag[B64URL_LEN(SECRET_HASH_LEN) + 3]; /* with its quotes */
};

/* Both documents, shared by rings that publish the same keys. */
struct documents {
	atomic_uint refs;
	struct document discovery;
	struct document jwks;
};

struct keyring {
	atomic_uint refs;
	char *issuer_url;
	int64_t revision;
	int64_t max_age_s;
	bool has_signer;           /* here or, in a ring that only publishes, elsewhere */
	struct jws_key *published; /* in the order of the JWKS; public halves */
	size_t published_count;
	struct jws_key signer; /* signer.key is NULL in a ring that only publishes */
	int64_t signer_lifetime_s;
	struct documents *documents;
};

struct keyring *keyring_ref(struct keyring *ring)
{
	(void)atomic_fetch_add(&ring->refs, 1);
	return ring;
}

static void documents_unref(struct documents *documents)
{
	if (!documents || atomic_fetch_sub(&documents->refs, 1) > 1)
		return;
	free(documents->discovery.body);
	free(documents->jwks.body);
	free(documents);
}

void keyring_unref(struct keyring *ring)
{
	if (!ring || atomic_fetch_sub(&ring->refs, 1) > 1)
		return;
	for (size_t i = 0; i < ring->published_count; i++)
		key_free(ring->published[i].key);
	key_free(ring->signer.key);
	free(ring->published);
	documents_unref(ring->documents);
	free(ring->issuer_url);
	free(ring);
}

static int document_set(struct document *doc, const json_t *json, struct err *err)
{
	unsigned char hash[SECRET_HASH_LEN];
	auto_text struct text etag = TEXT_INIT;

	doc->body = json_dumps(json, JSON_COMPACT);
	if (!doc->body)
		return err_set(err, ERR_FAILED, "could not write a public document");
	doc->len = strlen(doc->body);
	secret_hash(doc->body, doc->len, hash);
	text_add(&etag, "\"");
	b64url_encode(&etag, hash, sizeof(hash));
	text_add(&etag, "\"");
	(void)text_fit(doc->etag, sizeof(doc->etag), etag.s); /* its size is known */
	return 0;
}

static int add_published(struct keyring *ring, const struct store_key *row, struct err *err)
{
	struct jws_key *key = &ring->published[ring->published_count];

	if (key_from_public_der(row->public_der, row->public_len, &key->key, err) < 0)
		return err_add(err, "key %s", row->kid);
	ring->published_count++;
	(void)text_fit(key->kid, sizeof(key->kid), row->kid);
	return key_algorithm(key->key, &key->alg, err);
}

static int add_all_published(struct keyring *ring, const struct store_keys *keys, unix_time now,
	struct err *err)
{
	auto_free size_t *order = text_alloc(keys->count, sizeof(*order));
	const size_t count = plan_jwks(keys, now, order);

	ring->published = text_alloc(keys->count, sizeof(*ring->published));
	for (size_t i = 0; i < count; i++)
		if (add_published(ring, &keys->key[order[i]], err) < 0)
			return -1;
	return 0;
}

static int write_jwks(struct keyring *ring, struct err *err)
{
	json_auto_t *jwks = json_pack("{s:[]}", "keys");
	json_t *list = json_object_get(jwks, "keys");

	for (size_t i = 0; i < ring->published_count; i++) {
		const struct jws_key *key = &ring->published[i];
		json_t *jwk;

		if (jwk_write(key->key, key->kid, key->alg, &jwk, err) < 0)
			return err_add(err, "key %s", key->kid);
		if (json_array_append_new(list, jwk) < 0)
			return err_set(err, ERR_FAILED, "out of memory");
	}
	return document_set(&ring->documents->jwks, jwks, err);
}

/* The algorithms of the published keys, sorted and each once. We have two. */
static json_t *algorithms(const struct keyring *ring)
{
	static const char *const sorted[] = { KEY_ALG_ES256, KEY_ALG_RS256 };
	json_t *list = json_array();

	for (size_t a = 0; a < sizeof(sorted) / sizeof(sorted[0]); a++)
		for (size_t i = 0; i < ring->published_count; i++)
			if (strcmp(ring->published[i].alg, sorted[a]) == 0) {
				(void)json_array_append_new(list, json_string(sorted[a]));
				break;
			}
	return list;
}

static int write_discovery(struct keyring *ring, struct err *err)
{
	auto_free char *jwks_uri = text_format("%s%s", ring->issuer_url, KEYRING_JWKS_PATH);
	json_auto_t *doc = json_pack("{s:s, s:s, s:[s], s:[s], s:o}", "issuer",
		ring->issuer_url, "jwks_uri", jwks_uri, "response_types_supported", "id_token",
		"subject_types_supported", "public", "id_token_signing_alg_values_supported",
		algorithms(ring));

	return document_set(&ring->documents->discovery, doc, err);
}

/* The documents follow from the URL and the published keys in their order. */
static bool publishes_the_same(const struct keyring *a, const struct keyring *b)
{
	if (a->published_count != b->published_count ||
		strcmp(a->issuer_url, b->issuer_url) != 0)
		return false;
	for (size_t i = 0; i < a->published_count; i++)
		if (strcmp(a->published[i].kid, b->published[i].kid) != 0)
			return false;
	return true;
}

static int set_documents(struct keyring *ring, const struct keyring *before, struct err *err)
{
	if (before && publishes_the_same(ring, before)) {
		ring->documents = before->documents;
		(void)atomic_fetch_add(&ring->documents->refs, 1);
		return 0;
	}
	ring->documents = text_alloc(1, sizeof(*ring->documents));
	atomic_init(&ring->documents->refs, 1);
	return write_jwks(ring, err) < 0 ? -1 : write_discovery(ring, err);
}

static int set_signer(struct keyring *ring, const struct keyring_source *source, unix_time now,
	struct err *err)
{
	const ptrdiff_t signer = plan_signer(source->keys, now);
	const struct store_key *row;
	EVP_PKEY *half;

	ring->has_signer = signer >= 0;
	if (signer < 0 || !source->halves)
		return 0;
	row = &source->keys->key[signer];
	half = halves_find(source->halves, row->kid);
	if (!half)
		return err_set(err, ERR_FAILED, "the private half of key %s was not opened",
			row->kid);
	ring->signer.key = key_ref(half);
	ring->signer_lifetime_s = row->ttl_ratchet_s;
	(void)text_fit(ring->signer.kid, sizeof(ring->signer.kid), row->kid);
	return key_algorithm(ring->signer.key, &ring->signer.alg, err);
}

int keyring_build(const struct keyring_source *source, const struct keyring *before,
	unix_time now, struct keyring **ret, struct err *err)
{
	auto_keyring struct keyring *ring = text_alloc(1, sizeof(*ring));

	atomic_init(&ring->refs, 1);
	ring->issuer_url = text_copy(source->issuer->url);
	ring->revision = source->keys->revision;
	ring->max_age_s = plan_max_age(source->keys, source->policy, now);
	if (add_all_published(ring, source->keys, now, err) < 0 ||
		set_documents(ring, before, err) < 0 || set_signer(ring, source, now, err) < 0)
		return -1;
	*ret = take(ring);
	return 0;
}

struct keyring_document keyring_discovery(const struct keyring *ring)
{
	const struct document *doc = &ring->documents->discovery;

	return (struct keyring_document){ doc->body, doc->len, doc->etag };
}

struct keyring_document keyring_jwks(const struct keyring *ring)
{
	const struct document *doc = &ring->documents->jwks;

	return (struct keyring_document){ doc->body, doc->len, doc->etag };
}

int64_t keyring_max_age(const struct keyring *ring)
{
	return ring->max_age_s;
}

int keyring_check_signer(const struct keyring *ring, struct err *err)
{
	if (ring->has_signer)
		return 0;
	return err_set(err, ERR_EARLY,
		"no key can sign yet (issuerctl key list says when); at once, also if verifiers lack "
		"it: issuerctl key rotate --now --accept-verifier-outage");
}

const struct jws_key *keyring_signer(const struct keyring *ring)
{
	return ring->signer.key ? &ring->signer : NULL;
}

int64_t keyring_signer_lifetime(const struct keyring *ring)
{
	return ring->signer_lifetime_s;
}

const struct jws_key *keyring_published(const struct keyring *ring, size_t *ret_count)
{
	*ret_count = ring->published_count;
	return ring->published;
}

const char *keyring_issuer_url(const struct keyring *ring)
{
	return ring->issuer_url;
}

int64_t keyring_revision(const struct keyring *ring)
{
	return ring->revision;
}

/* keys_fixture.h - what tests of keys need around them: a directory of their own, a sealing
 * key, a store with an issuer, and signatures checked by OpenSSL alone.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef KEYS_FIXTURE_H
#define KEYS_FIXTURE_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <jansson.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include "base/b64url.h"
#include "base/text.h"
#include "keys/jws.h"
#include "keys/key.h"
#include "keys/rotate.h"
#include "store/store.h"
#include "t/unit/plan_world.h"

#define FIXTURE_ISSUER "prod"
#define FIXTURE_URL    "https://issuer.example"

struct fixture {
	char dir[32];
	char *sealing_path;
	char *store_path;
	struct key_sealing *opener;
	struct sealing *sealing;
	struct store *store;
};

/* A new directory with a sealing key and an empty store. */
static inline void fixture_open(struct fixture *f)
{
	struct err err;

	*f = (struct fixture){ .dir = "/tmp/issuerd-test.XXXXXX" };
	assert_non_null(mkdtemp(f->dir));
	f->sealing_path = text_format("%s/sealing.key", f->dir);
	f->store_path = text_format("%s/issuer.db", f->dir);
	assert_succeeds(key_sealing_create(f->sealing_path, &err));
	assert_succeeds(key_sealing_read(f->sealing_path, &f->opener, &err));
	f->sealing = sealing_new((const char *const *)&f->sealing_path, 1);
	assert_succeeds(store_open(f->store_path, STORE_CREATE, &f->store, &err));
	assert_succeeds(store_issuer_create(f->store, FIXTURE_ISSUER, FIXTURE_URL, "test",
		WORLD_NOW, &err));
}

static inline void fixture_close(struct fixture *f)
{
	DIR *dir = opendir(f->dir);

	store_close(f->store);
	key_sealing_free(f->opener);
	sealing_free(f->sealing);
	assert_non_null(dir);
	for (const struct dirent *e = readdir(dir); e; e = readdir(dir)) {
		auto_free char *path = text_format("%s/%s", f->dir, e->d_name);

		if (e->d_name[0] != '.')
			assert_int_equal(unlink(path), 0);
	}
	(void)closedir(dir);
	assert_int_equal(rmdir(f->dir), 0);
	free(f->sealing_path);
	free(f->store_path);
}

/* ES256 because its keys are made quickly. */
static inline struct rotate fixture_rotate(const struct fixture *f)
{
	struct rotate rotate = {
		.store = f->store,
		.issuer = FIXTURE_ISSUER,
		.sealing = f->sealing,
		.policy = world_policy(),
		.rsa_bits = 2048,
		.actor = "test",
	};

	rotate.policy.alg = "ES256";
	return rotate;
}

static inline struct rotate_result fixture_ask(const struct rotate *rotate,
	const struct plan_ask *ask, unix_time now)
{
	struct rotate_result result;
	struct err err;

	assert_succeeds(rotate_run(rotate, ask, false, world_clock(now), &result, &err));
	return result;
}

/* What one run changed. */
static inline size_t fixture_run(const struct rotate *rotate, enum plan_verb verb,
	unix_time now)
{
	struct rotate_result result =
		fixture_ask(rotate, &(struct plan_ask){ .verb = verb }, now);

	store_keys_free(&result.keys);
	return result.changed;
}

/* An outside opinion: OpenSSL on the raw bytes of a JOSE signature. */
static inline bool fixture_verifies(EVP_PKEY *key, const char *signed_part, size_t len,
	const char *signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char *sig = NULL;
	unsigned char *der = NULL;
	struct err err;
	size_t sig_len;
	bool is_good;

	assert_succeeds(b64url_decode(signature, strlen(signature), &sig, &sig_len, &err));
	if (EVP_PKEY_is_a(key, "EC")) {
		ECDSA_SIG *es = ECDSA_SIG_new();

		assert_int_equal(sig_len, 64);
		assert_int_equal(ECDSA_SIG_set0(es, BN_bin2bn(sig, 32, NULL),
					 BN_bin2bn(sig + 32, 32, NULL)),
			1);
		sig_len = (size_t)i2d_ECDSA_SIG(es, &der);
		ECDSA_SIG_free(es);
	}
	assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
	is_good = EVP_DigestVerify(ctx, der ? der : sig, sig_len,
			  (const unsigned char *)signed_part, len) == 1;
	EVP_MD_CTX_free(ctx);
	OPENSSL_free(der);
	free(sig);
	return is_good;
}

static inline json_t *fixture_json(const char *text)
{
	json_error_t why;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &why);

	if (!json)
		fail_msg("%s: %s", text, why.text);
	return json;
}

#endif

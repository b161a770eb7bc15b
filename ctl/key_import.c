/* key_import.c - issuerctl key import: a key that was made elsewhere moves in, to sign or only
 * to be verified with.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"
#include "ctl/key_change.h"
#include "ctl/keys.h"
#include "ctl/output.h"
#include "keys/key_pem.h"

/* A private key is read again as a secret: from a file that nobody else can read, into memory
 * that is locked. */
static int read_private(const char *path, EVP_PKEY **ret, struct err *err)
{
	unsigned char *pem;
	size_t len;
	int rc;

	if (file_read_secret(path, KEY_PEM_MAX, &pem, &len, err) < 0)
		return -1;
	rc = key_pem_read((const char *)pem, len, ret, err);
	secret_free(pem, len);
	return rc < 0 ? err_add(err, "'%s'", path) : 0;
}

static int read_key(const char *path, bool *ret_private, EVP_PKEY **ret, struct err *err)
{
	auto_free char *pem = NULL;
	size_t len;
	int rc;

	if (file_read(path, KEY_PEM_MAX, &pem, &len, err) < 0)
		return -1;
	*ret_private = key_pem_is_private(pem, len);
	if (!*ret_private) {
		rc = key_pem_read(pem, len, ret, err);
		return rc < 0 ? err_add(err, "'%s'", path) : 0;
	}
	OPENSSL_cleanse(pem, len);
	return read_private(path, ret, err);
}

static int describe(const EVP_PKEY *key, struct store_key *ret, struct err *err)
{
	const char *alg;

	if (key_algorithm(key, &alg, err) < 0 ||
		key_public_der(key, &ret->public_der, &ret->public_len, err) < 0)
		return -1;
	key_id(ret->public_der, ret->public_len, ret->kid);
	(void)text_fit(ret->alg, sizeof(ret->alg), alg); /* one of ours: it fits */
	return 0;
}

/* What the options mean for this kind of key. */
static int take_options(const struct cmd_run *run, bool is_private, struct plan_ask *ask,
	struct store_key *row, struct err *err)
{
	if (cmd_moment(run, "until", false, &ask->until, err) < 0 ||
		cmd_moment(run, "published-since", true, &row->publish_at, err) < 0)
		return -1;
	ask->verifies_only = !is_private || cmd_value(run, "verify-only");
	if (ask->verifies_only && ask->until == TIME_UNSET)
		return err_set(err, ERR_USAGE,
			"%s: say with --until how long: when the last token it signed has expired, plus "
			"what verifiers add (5m)",
			is_private ? "--verify-only keeps the key published"
				   : "a public key is published to verify tokens with");
	if (row->publish_at > run->now)
		return err_set(err, ERR_USAGE, "--published-since %s is not in the past",
			text_time(row->publish_at).s);
	return 0;
}

static const struct store_key *find_imported(const struct rotate_result *result,
	const char *kid, size_t *ret)
{
	for (size_t i = 0; i < result->keys.count; i++)
		if (strcmp(result->keys.key[i].kid, kid) == 0) {
			*ret = i;
			return &result->keys.key[i];
		}
	return NULL;
}

static void print(const struct cmd_run *run, const struct rotate_result *result,
	const struct store_key *key, bool verifies_only)
{
	(void)printf("%s: key %s (%s) is %s\n", run->is_dry_run ? "Dry run" : "Done", key->kid,
		key->alg, verifies_only ? "published to verify with" : "a standby");
	if (verifies_only)
		(void)printf("until %s (%s); it never signs.\n", text_time(key->remove_at).s,
			text_relative(key->remove_at, run->now).s);
	else
		(void)printf(
			"that verifiers can trust from %s on (%s);\n"
			"issuerctl key rotate lets the standby sign that is trusted first.\n",
			text_time(plan_trusted_at(key)).s,
			text_relative(plan_trusted_at(key), run->now).s);
	(void)putchar('\n');
	keys_print_moments(&result->keys, run->now);
}

static int report(struct cmd_run *run, const struct rotate_result *result,
	const struct store_key *given, bool verifies_only, struct err *err)
{
	size_t i = 0;
	const struct store_key *key = find_imported(result, given->kid, &i);
	json_t *json;

	if (!key)
		return err_set(err, ERR_FAILED, "key %s is not there", given->kid);
	if (run->output == CMD_TABLE) {
		print(run, result, key, verifies_only);
		keys_warn(run, &result->keys);
		return 0;
	}
	if (keys_json(run, &result->keys, i, &json, err) < 0)
		return -1;
	return output_object(run, json, "kid", err);
}

static int import(struct cmd_run *run, const EVP_PKEY *key, bool is_private,
	struct store_key *row, struct err *err)
{
	struct plan_ask ask = { .verb = PLAN_IMPORT, .import = row };
	struct rotate_result result;
	int rc;

	if (take_options(run, is_private, &ask, row, err) < 0 || describe(key, row, err) < 0 ||
		keys_rotate(run, &ask, ask.verifies_only ? NULL : key, run->is_dry_run, &result,
			err) < 0)
		return -1;
	rc = report(run, &result, row, ask.verifies_only, err);
	store_keys_free(&result.keys);
	return rc;
}

int key_import(struct cmd_run *run, struct err *err)
{
	struct store_key row = { .generation = 0 };
	auto_key EVP_PKEY *key = NULL;
	bool is_private;
	int rc;

	if (read_key(run->args[0], &is_private, &key, err) < 0 ||
		cmd_open(run, STORE_WRITE, err) < 0)
		return -1;
	rc = import(run, key, is_private, &row, err);
	free(row.public_der);
	return rc;
}

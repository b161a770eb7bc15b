/* cmd_token.c - issuerctl token ...: an admin mints one (audited like any other), looks into
 * one, or has one judged as a stranger would.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "ctl/cmd.h"
#include "ctl/discover.h"
#include "ctl/keys.h"
#include "ctl/output.h"
#include "keys/jws.h"
#include "keys/mint.h"
#include "setup/settings.h"

#define AUDIENCES_MAX   16
#define VERIFY_LEEWAY_S 60 /* kube-apiserver's own */
#define MINT_TRIES      8  /* each lost race is a change of the keys */

/* ---- create ---- */

/* The audiences of --audience, or none; a new reference. */
static int take_audiences(const struct cmd_run *run, json_t **ret, struct err *err)
{
	const char *given[AUDIENCES_MAX];
	json_auto_t *list = json_array();
	size_t count;

	if (cmd_values(run, "audience", given, AUDIENCES_MAX, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (name_check_audience("audience", given[i], err) < 0)
			return cmd_bad_option("audience", err);
		if (json_array_append_new(list, json_string(given[i])) < 0)
			return err_set(err, ERR_FAILED, "could not list the audiences");
	}
	*ret = take(list);
	return 0;
}

/* The row comes before the token leaves, here as in the daemon. */
static int record(struct cmd_run *run, int64_t revision, const struct mint_token *token,
	const json_t *audiences, int64_t ttl_s, struct err *err)
{
	auto_free char *audience = json_dumps(audiences, JSON_COMPACT);
	struct store_audit row = {
		.at = run->now,
		.actor = run->actor,
		.auth = "unix user",
		.agent = "issuerctl",
		.audience = audience,
		.asked_s = ttl_s,
		.lifetime_s = ttl_s,
		.rule = "admin",
	};

	mint_audit(token, &row);
	return store_audit_append(run->store, cmd_issuer(run), revision, &row, 1, err);
}

static int print_token(const struct cmd_run *run, const struct mint_token *token,
	struct err *err)
{
	int rc;

	if (run->output == CMD_TABLE) {
		(void)puts(token->token);
		rc = output_flush(err);
	} else {
		rc = output_object(run,
			json_pack("{s:s, s:s, s:s, s:s, s:o}", "token", token->token, "jti",
				token->jti, "kid", token->kid, "subject", token->subject,
				"expires_at", output_time(token->exp)),
			"jti", err);
	}
	return rc < 0
		? err_add(err, "token %s was minted and recorded, but not printed", token->jti)
		: 0;
}

static int mint_one(struct cmd_run *run, const struct store_account *account, json_t *audiences,
	int64_t ttl_s, struct err *err)
{
	const struct mint_policy policy = settings_mint(run->conf);
	auto_keyring struct keyring *ring = NULL;
	const struct mint_request request = {
		.namespace = account->namespace,
		.name = account->name,
		.uid = account->uid,
		.audiences = audiences,
		.lifetime_s = ttl_s,
	};
	struct mint_token token;
	int rc;

	if (keys_ring(run, &ring, err) < 0 ||
		mint(ring, &policy, &request, run->now, &token, err) < 0)
		return -1;
	rc = record(run, keyring_revision(ring), &token, audiences, ttl_s, err);
	if (rc == 0)
		rc = print_token(run, &token, err);
	mint_token_free(&token);
	return rc;
}

/* Keys that change between a signature and its record make it worthless: it is made again. */
static int mint_and_record(struct cmd_run *run, const struct store_account *account,
	json_t *audiences, int64_t ttl_s, struct err *err)
{
	int rc = -1;

	for (int i = 0; i < MINT_TRIES && rc < 0; i++) {
		*err = (struct err)ERR_INIT;
		rc = mint_one(run, account, audiences, ttl_s, err);
		if (rc < 0 && err->code != ERR_CONFLICT)
			return -1;
	}
	return rc;
}

static int token_create(struct cmd_run *run, struct err *err)
{
	char namespace[NAME_LABEL_MAX + 1];
	char name[NAME_SUBDOMAIN_MAX + 1];
	json_auto_t *audiences = NULL;
	struct store_account account;
	int64_t ttl_s;
	int rc = 0;

	if (name_split(run->args[0], false, namespace, name, err) < 0 ||
		take_audiences(run, &audiences, err) < 0 ||
		cmd_open(run, STORE_WRITE, err) < 0 ||
		cmd_duration(run, "ttl", 1, run->conf->tokens.max_lifetime.s,
			run->conf->tokens.default_lifetime.s, &ttl_s, err) < 0 ||
		store_account_get(run->store, cmd_issuer(run), namespace, name, &account, err) <
			0)
		return -1;
	if (json_array_size(audiences) == 0) {
		json_decref(audiences);
		audiences = settings_audiences(run->conf);
	}
	if (run->is_dry_run)
		cmd_would(run, "mint a token of '%s' for %s", run->args[0], text_span(ttl_s).s);
	else
		rc = mint_and_record(run, &account, audiences, ttl_s, err);
	store_account_free(&account);
	return rc;
}

/* ---- inspect and verify ---- */

/* The token in a file, or on standard input; one newline at its end is forgiven. */
static int read_token(const struct cmd_run *run, char **ret, struct err *err)
{
	size_t len;

	if (file_read(run->arg_count > 0 ? run->args[0] : "-", JWS_TOKEN_MAX + 1, ret, &len,
		    err) < 0)
		return -1;
	if (len > 0 && (*ret)[len - 1] == '\n')
		(*ret)[len - 1] = '\0';
	return 0;
}

static int token_inspect(struct cmd_run *run, struct err *err)
{
	auto_free char *token = NULL;
	json_t *header, *claims;

	if (read_token(run, &token, err) < 0 || jws_peek(token, &header, &claims, err) < 0)
		return -1;
	run->output = run->output == CMD_TABLE ? CMD_JSON : run->output;
	return output_object(run,
		json_pack("{s:b, s:o, s:o}", "verified", 0, "header", header, "claims", claims),
		"claims", err);
}

static int verify(const struct cmd_run *run, const char *token, const char *issuer,
	json_t **ret, struct err *err)
{
	const char *audience = cmd_value(run, "audience");
	json_auto_t *audiences = audience ? json_pack("[s]", audience) : NULL;
	struct discover_keys keys;
	struct jws_expect expect = {
		.issuer = issuer,
		.audiences = audiences,
		.now = run->now,
		.leeway_s = VERIFY_LEEWAY_S,
	};
	int rc;

	if (audience && !audiences)
		return err_set(err, ERR_USAGE, "--audience is not UTF-8");
	if (discover(issuer, cmd_value(run, "ca-file"), &keys, err) < 0)
		return -1;
	expect.keys = keys.key;
	expect.key_count = keys.count;
	rc = jws_verify(token, &expect, ret, err);
	if (rc < 0 && err->code == ERR_REFUSED)
		err->code = ERR_UNHEALTHY;
	discover_free(&keys);
	return rc;
}

static int token_verify(struct cmd_run *run, struct err *err)
{
	const char *issuer = cmd_value(run, "issuer");
	auto_free char *token = NULL;
	json_t *claims;

	if (!issuer) {
		if (cmd_load_conf(run, err) < 0)
			return err_add(err, "--issuer was not given");
		issuer = run->conf->issuers[0].url;
	}
	if (read_token(run, &token, err) < 0 || verify(run, token, issuer, &claims, err) < 0)
		return -1;
	if (run->output == CMD_TABLE)
		(void)printf("good: %s for %s, until %s\n",
			json_string_value(json_object_get(claims, "sub")), issuer,
			text_time(json_integer_value(json_object_get(claims, "exp"))).s);
	else
		return output_object(run,
			json_pack("{s:b, s:s, s:o}", "verified", 1, "issuer", issuer, "claims",
				claims),
			"issuer", err);
	json_decref(claims);
	return 0;
}

static const struct cmd_option create_options[] = {
	{ "audience", "AUDIENCE", "may be repeated (default: the issuer's URL)", 0 },
	{ "ttl", "DURATION", "lifetime, e.g. 1h (default tokens.default_lifetime)", 0 },
	{ .name = NULL },
};

static const struct cmd_option verify_options[] = {
	{ "issuer", "URL", "the issuer to trust (default: the configured one)", 0 },
	{ "audience", "AUDIENCE", "the audience that must be in the token", 0 },
	{ "ca-file", "FILE", "CA certificates (PEM) instead of the system's", 0 },
	{ .name = NULL },
};

const struct cmd cmd_token[] = {
	{ "token", "create", "NAMESPACE/NAME", 1, 1, "Mint a token without asking the daemon",
		CMD_CHANGES, create_options, token_create },
	{ "token", "inspect", "[FILE]", 0, 1, "Show what is in a token, without judging it",
		CMD_LOOKS, NULL, token_inspect },
	{ "token", "verify", "[FILE]", 0, 1, "Check a token through discovery, like a stranger",
		CMD_LOOKS, verify_options, token_verify },
	{ .noun = NULL },
};

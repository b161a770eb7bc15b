/* check.c - see check.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/name.h"
#include "base/text.h"
#include "conf/check.h"
#include "conf/rule.h"
#include "conf/url.h"

/* Full names such as "listeners[3].address". */
#define PATH_SIZE 64

static int check_issuers(const struct yaml *yaml, const struct conf *conf, struct err *err)
{
	struct err why = ERR_INIT;

	if (conf->issuer_count != 1)
		return yaml_refuse(yaml, conf->issuer_count > 1 ? "issuers[1]" : "issuers", err,
			"issuers has %u entries; write exactly one, this version serves no "
			"more",
			conf->issuer_count);
	if (name_check_label("name", conf->issuers[0].name, &why) < 0)
		return yaml_refuse(yaml, "issuers[0].name", err, "issuers[0].name: %s",
			why.text);
	if (url_check_issuer(conf->issuers[0].url, &why) < 0)
		return yaml_refuse(yaml, "issuers[0].url", err, "issuers[0].url: %s", why.text);
	return 0;
}

static int check_words(const struct yaml *yaml, const struct conf *conf, struct err *err)
{
	static const struct words algorithms = { { "RS256", "ES256" }, 2 };

	if (rule_log(yaml, conf->log_level, conf->log_format, err) < 0)
		return -1;
	return rule_word(yaml, "keys.algorithm", conf->keys.algorithm, &algorithms, err);
}

static int check_paths(const struct yaml *yaml, const struct conf *conf, struct err *err)
{
	if (rule_path(yaml, "store", conf->store, err) < 0 ||
		rule_path(yaml, "sealing_key", conf->sealing_key, err) < 0)
		return -1;
	if (strcmp(conf->store, conf->sealing_key) == 0)
		return yaml_refuse(yaml, "sealing_key", err,
			"store and sealing_key are the same file '%s'; write two paths",
			conf->store);
	return 0;
}

/* What to change, named by what makes the lead as long as it is. */
static int refuse_rotation(const struct yaml *yaml, const struct conf_keys *k, int64_t lead,
	struct err *err)
{
	const bool is_cache = lead == k->verifier_cache.s;
	const char *longest = is_cache ? "keys.verifier_cache"
				       : "keys.max_age, publication_lag or clock_skew";
	const char *path = "keys.rotation_period";

	if (!yaml_has(yaml, path) && is_cache)
		path = "keys.verifier_cache";
	return yaml_refuse(yaml, path, err,
		"keys.rotation_period %s is shorter than %s: a new key is published %s before "
		"it signs (the longer of verifier_cache %s and max_age %s + publication_lag %s "
		"+ clock_skew %s), and clock_skew %s comes on top; raise keys.rotation_period "
		"to %s or more, or lower %s",
		text_span(k->rotation_period.s).s, text_span(lead + k->clock_skew.s).s,
		text_span(lead).s, text_span(k->verifier_cache.s).s, text_span(k->max_age.s).s,
		text_span(k->publication_lag.s).s, text_span(k->clock_skew.s).s,
		text_span(k->clock_skew.s).s, text_span(lead + k->clock_skew.s).s, longest);
}

static int check_keys(const struct yaml *yaml, const struct conf_keys *k, struct err *err)
{
	const int64_t published = k->max_age.s + k->publication_lag.s + k->clock_skew.s;
	const int64_t lead = published > k->verifier_cache.s ? published : k->verifier_cache.s;

	if (k->rsa_bits % 1024 != 0)
		return yaml_refuse(yaml, "keys.rsa_bits", err,
			"keys.rsa_bits %u is not a key size in use; write 2048, 3072 or 4096",
			k->rsa_bits);
	if (k->rotation_period.s < lead + k->clock_skew.s)
		return refuse_rotation(yaml, k, lead, err);
	return 0;
}

static int check_tokens(const struct yaml *yaml, const struct conf_tokens *t, struct err *err)
{
	if (t->default_lifetime.s > t->max_lifetime.s)
		return yaml_refuse(yaml, "tokens.default_lifetime", err,
			"tokens.default_lifetime %s is longer than tokens.max_lifetime %s; "
			"lower the first or raise the second",
			t->default_lifetime.text, t->max_lifetime.text);
	for (uint32_t i = 0; i < t->audience_count; i++) {
		char path[PATH_SIZE];
		struct err why = ERR_INIT;

		(void)snprintf(path, sizeof(path), "tokens.audiences[%u]",
			i); /* 30 bytes fit */
		if (name_check_audience("audience", t->audiences[i], &why) < 0)
			return yaml_refuse(yaml, path, err, "%s: %s", path, why.text);
	}
	return 0;
}

static int check_socket(const struct yaml *yaml, const char *path,
	const struct conf_listener *l, struct err *err)
{
	if (l->tls)
		return yaml_refuse(yaml, path, err,
			"%s has tls on a socket, which never leaves this host; remove one "
			"of them",
			path);
	return rule_socket(yaml, path, l->socket, err);
}

static int check_address(const struct yaml *yaml, const char *path,
	const struct conf_listener *l, struct err *err)
{
	char host[CONF_HOST_SIZE];
	uint16_t port;
	struct err why = ERR_INIT;

	if (conf_address_split(l->address, host, sizeof(host), &port, &why) < 0)
		return yaml_refuse(yaml, path, err, "%s: %s", path, why.text);
	if ((l->serves & CONF_SERVES_API) && !l->tls && !rule_is_loopback(host))
		return yaml_refuse(yaml, path, err,
			"%s '%s' serves the api without tls beyond this host, so its bearer "
			"secrets would travel in clear; add tls, or use 127.0.0.1 or a socket",
			path, l->address);
	return 0;
}

/* Port 0 takes a free port each time, so it never meets itself. */
static bool is_same_place(const struct conf_listener *a, const struct conf_listener *b)
{
	char a_host[CONF_HOST_SIZE], b_host[CONF_HOST_SIZE];
	uint16_t a_port, b_port;
	struct err ignored = ERR_INIT;

	if (a->socket && b->socket)
		return strcmp(a->socket, b->socket) == 0;
	if (!a->address || !b->address ||
		conf_address_split(a->address, a_host, sizeof(a_host), &a_port, &ignored) < 0 ||
		conf_address_split(b->address, b_host, sizeof(b_host), &b_port, &ignored) < 0)
		return false;
	return a_port != 0 && a_port == b_port && strcmp(a_host, b_host) == 0;
}

static int check_place(const struct yaml *yaml, const struct conf *conf, uint32_t n,
	struct err *err)
{
	const struct conf_listener *l = &conf->listeners[n];
	char path[PATH_SIZE];

	(void)snprintf(path, sizeof(path), "listeners[%u]", n); /* 21 bytes fit */
	if (!l->address && !l->socket)
		return yaml_refuse(yaml, path, err,
			"%s has neither address nor socket; write one", path);
	(void)snprintf(path, sizeof(path), "listeners[%u].%s", n,
		l->socket ? "socket" : "address");
	if (l->address && l->socket)
		return yaml_refuse(yaml, path, err,
			"listeners[%u] has both address and socket; write two listeners", n);
	for (uint32_t i = 0; i < n; i++)
		if (is_same_place(&conf->listeners[i], l))
			return yaml_refuse(yaml, path, err,
				"%s '%s' is that of listeners[%u] already; give one listener "
				"all it serves",
				path, l->socket ? l->socket : l->address, i);
	return l->socket ? check_socket(yaml, path, l, err) : check_address(yaml, path, l, err);
}

static int check_tls(const struct yaml *yaml, const struct conf_listener *l, uint32_t n,
	struct err *err)
{
	const struct {
		const char *name;
		const char *value;
	} files[] = {
		{ "certificate", l->tls->certificate },
		{ "key", l->tls->key },
		{ "client_ca", l->tls->client_ca },
		{ "client_crl", l->tls->client_crl },
	};
	char path[PATH_SIZE];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		(void)snprintf(path, sizeof(path), "listeners[%u].tls.%s", n, files[i].name);
		if (rule_path(yaml, path, files[i].value, err) < 0)
			return -1;
	}
	(void)snprintf(path, sizeof(path), "listeners[%u].tls.client_crl", n);
	if (l->tls->client_crl && !l->tls->client_ca)
		return yaml_refuse(yaml, path, err,
			"%s revokes certificates of a CA, and there is none; add client_ca",
			path);
	(void)snprintf(path, sizeof(path), "listeners[%u].tls.client_ca", n);
	if (l->tls->client_ca && !(l->serves & CONF_SERVES_API))
		return yaml_refuse(yaml, path, err,
			"%s is for callers of the api, which this listener does not serve; remove "
			"it, or add api",
			path);
	return 0;
}

static int check_listener(const struct yaml *yaml, const struct conf *conf, uint32_t n,
	struct err *err)
{
	const struct conf_listener *l = &conf->listeners[n];
	char path[PATH_SIZE];

	(void)snprintf(path, sizeof(path), "listeners[%u].serves", n); /* 28 bytes fit */
	if (l->serves == 0)
		return yaml_refuse(yaml, path, err,
			"%s is empty; write some of public, api and ops", path);
	if (l->tls && check_tls(yaml, l, n, err) < 0)
		return -1;
	return check_place(yaml, conf, n, err);
}

static int check_listeners(const struct yaml *yaml, const struct conf *conf, struct err *err)
{
	uint32_t serves = 0;

	for (uint32_t i = 0; i < conf->listener_count; i++) {
		if (check_listener(yaml, conf, i, err) < 0)
			return -1;
		serves |= conf->listeners[i].serves;
	}
	if (!(serves & CONF_SERVES_PUBLIC))
		return yaml_refuse(yaml, "listeners", err,
			"no listener serves public, so no verifier could fetch the keys; add "
			"public to one");
	if (!(serves & CONF_SERVES_API))
		return yaml_refuse(yaml, "listeners", err,
			"no listener serves api, so nobody could ask for a token; add api to "
			"one");
	return 0;
}

int check_conf(const struct yaml *yaml, const struct conf *conf, struct err *err)
{
	if (check_issuers(yaml, conf, err) < 0 || check_paths(yaml, conf, err) < 0 ||
		check_listeners(yaml, conf, err) < 0 || check_words(yaml, conf, err) < 0 ||
		check_keys(yaml, &conf->keys, err) < 0)
		return -1;
	return check_tokens(yaml, &conf->tokens, err);
}

/* conf.c - see conf.h. Reads the file, makes paths absolute, and hands the rest to schema.c and
 * check.c.
 * SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/file.h"
#include "conf/check.h"
#include "conf/conf.h"
#include "conf/dirs.h"
#include "conf/rule.h"
#include "conf/schema.h"
#include "conf/yaml.h"
#include "conf/yamltree.h"

static int make_listener_absolute(const struct yaml *yaml, uint32_t n, const char *dir,
	struct conf_listener *l, struct err *err)
{
	const struct {
		const char *name;
		char **value;
	} paths[] = {
		{ "socket", &l->socket },
		{ "tls.certificate", l->tls ? &l->tls->certificate : NULL },
		{ "tls.key", l->tls ? &l->tls->key : NULL },
		{ "tls.client_ca", l->tls ? &l->tls->client_ca : NULL },
		{ "tls.client_crl", l->tls ? &l->tls->client_crl : NULL },
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		auto_free char *path = text_format("listeners[%u].%s", n, paths[i].name);

		if (paths[i].value &&
			rule_make_absolute(yaml, path, dir, paths[i].value, err) < 0)
			return -1;
	}
	return 0;
}

static int make_paths_absolute(const struct yaml *yaml, struct conf *conf, struct err *err)
{
	auto_free char *dir = NULL;

	if (rule_directory_of(conf->path, &dir, err) < 0 ||
		rule_make_absolute(yaml, "store", dir, &conf->store, err) < 0 ||
		rule_make_absolute(yaml, "sealing_key", dir, &conf->sealing_key, err) < 0)
		return -1;
	for (uint32_t i = 0; i < conf->listener_count; i++)
		if (make_listener_absolute(yaml, i, dir, &conf->listeners[i], err) < 0)
			return -1;
	return 0;
}

int conf_parse(const char *name, const char *yaml, size_t len, struct conf **ret,
	struct err *err)
{
	auto_yaml struct yaml *lines = NULL;
	auto_conf struct conf *conf = NULL;
	void *data;

	if (yaml_load(name, yaml, len, &schema_conf, &data, &lines, err) < 0)
		return -1;
	conf = data;
	conf->path = text_copy(name);
	if (make_paths_absolute(lines, conf, err) < 0 || schema_settle(lines, conf, err) < 0 ||
		check_conf(lines, conf, err) < 0)
		return -1;
	*ret = take(conf);
	return 0;
}

int conf_load(const char *path, struct conf **ret, struct err *err)
{
	auto_free char *yaml = NULL;
	size_t len;

	if (file_read(path, YAMLTREE_BYTES_MAX, &yaml, &len, err) < 0)
		return -1;
	return conf_parse(path, yaml, len, ret, err);
}

void conf_free(struct conf *conf)
{
	if (!conf)
		return;
	free(conf->path);
	yaml_free_data(&schema_conf, conf);
}

int conf_print(const struct conf *conf, struct text *out, struct err *err)
{
	return yaml_print(&schema_conf, conf, out, err);
}

const char *conf_path(const char *given)
{
	const char *path = given ? given : getenv("ISSUERD_CONFIG");

	return path && *path != '\0' ? path : SYSCONFDIR "/issuer/issuerd.yaml";
}

/* Digits only, unlike text_int alone. */
static bool read_port(const char *s, uint16_t *ret)
{
	int64_t n;
	struct err ignored = ERR_INIT;

	if (strspn(s, "0123456789") != strlen(s) ||
		text_int(s, 0, UINT16_MAX, &n, &ignored) < 0)
		return false;
	*ret = (uint16_t)n;
	return true;
}

/* `host` as written in an address, in its one numeric form. */
static bool read_host(const char *host, char ret[CONF_HOST_SIZE])
{
	const size_t len = strlen(host);
	struct in_addr v4;
	struct in6_addr v6;
	char bare[CONF_HOST_SIZE];

	if (len == 0)
		return text_fit(ret, CONF_HOST_SIZE, "");
	if (strcmp(host, "localhost") == 0)
		return text_fit(ret, CONF_HOST_SIZE, "127.0.0.1");
	if (inet_pton(AF_INET, host, &v4) == 1)
		return inet_ntop(AF_INET, &v4, ret, CONF_HOST_SIZE) != NULL;
	if (len < 2 || host[0] != '[' || host[len - 1] != ']' ||
		!text_fit(bare, sizeof(bare), host + 1))
		return false;
	bare[len - 2] = '\0';
	return inet_pton(AF_INET6, bare, &v6) == 1 &&
		inet_ntop(AF_INET6, &v6, ret, CONF_HOST_SIZE) != NULL;
}

int conf_address_split(const char *address, char *ret_host, size_t size, uint16_t *ret_port,
	struct err *err)
{
	auto_free char *copy = text_copy(address);
	char *colon = strrchr(copy, ':');
	char host[CONF_HOST_SIZE];
	uint16_t port;

	if (!colon || !read_port(colon + 1, &port))
		return err_set(err, ERR_BAD_INPUT,
			"'%s' does not end in a port; write 127.0.0.1:8443, [::1]:8443 or "
			":8443",
			address);
	*colon = '\0';
	if (!read_host(copy, host))
		return err_set(err, ERR_BAD_INPUT,
			"'%s' is not a numeric host; write one like 127.0.0.1, [::1] or "
			"localhost, or none for all addresses",
			copy);
	if (!text_fit(ret_host, size, host))
		return err_set(err, ERR_BAD_INPUT, "'%s' is too long; write a shorter host",
			host);
	*ret_port = port;
	return 0;
}

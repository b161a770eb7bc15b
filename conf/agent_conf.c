/* agent_conf.c - see agent_conf.h. Names, types and defaults are here; what settings mean
 * together is checked in agent_check.c.
 * SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <cyaml/cyaml.h>

#include "base/file.h"
#include "conf/agent_check.h"
#include "conf/agent_conf.h"
#include "conf/dirs.h"
#include "conf/rule.h"
#include "conf/url.h"
#include "conf/yaml.h"
#include "conf/yamltree.h"

#define WORD_MAX        63
#define PROJECTIONS_MAX 1024
#define LISTENERS_MAX   16
#define ARN_MAX         2048 /* AWS's own limits */
#define SESSION_MAX     64

/* Free text is quoted when printed, so that a name such as `null` stays a name. */
#define QUOTED   CYAML_FLAG_SCALAR_QUOTE_DOUBLE
#define OPTIONAL (QUOTED | CYAML_FLAG_OPTIONAL)

#define STRING(key, flags, type, member, max)                                                  \
	CYAML_FIELD_STRING_PTR(key, flags, type, member, 1, max)
#define PATH(key, type, member) STRING(key, OPTIONAL, type, member, PATH_MAX - 1)
#define WORD(key, type, member) STRING(key, CYAML_FLAG_OPTIONAL, type, member, WORD_MAX)

static const cyaml_schema_field_t server_fields[] = {
	STRING("url", QUOTED, struct agent_server, url, URL_ISSUER_MAX),
	PATH("socket", struct agent_server, socket),
	PATH("ca", struct agent_server, ca),
	PATH("secret_file", struct agent_server, secret_file),
	PATH("certificate", struct agent_server, certificate),
	PATH("key", struct agent_server, key),
	WORD("keys_check", struct agent_server, keys_check.text),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t bound_fields[] = {
	STRING("kind", 0, struct agent_bound, kind, WORD_MAX),
	STRING("name", QUOTED, struct agent_bound, name, NAME_SUBDOMAIN_MAX),
	STRING("uid", OPTIONAL, struct agent_bound, uid, NAME_UID_MAX),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t projection_fields[] = {
	STRING("service_account", QUOTED, struct agent_projection, service_account,
		NAME_LABEL_MAX + 1 + NAME_SUBDOMAIN_MAX),
	STRING("audience", OPTIONAL, struct agent_projection, audience, NAME_AUDIENCE_MAX),
	WORD("lifetime", struct agent_projection, lifetime.text),
	PATH("directory", struct agent_projection, directory),
	STRING("file", OPTIONAL, struct agent_projection, file, NAME_MAX),
	PATH("path", struct agent_projection, path),
	STRING("owner", OPTIONAL, struct agent_projection, owner, WORD_MAX),
	STRING("group", OPTIONAL, struct agent_projection, group, WORD_MAX),
	STRING("mode", OPTIONAL, struct agent_projection, mode, WORD_MAX),
	CYAML_FIELD_MAPPING_PTR("bound", CYAML_FLAG_OPTIONAL, struct agent_projection, bound,
		bound_fields),
	STRING("role_arn", OPTIONAL, struct agent_projection, role_arn, ARN_MAX),
	STRING("region", OPTIONAL, struct agent_projection, region, WORD_MAX),
	STRING("session_name", OPTIONAL, struct agent_projection, session_name, SESSION_MAX),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t projection = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct agent_projection, projection_fields),
};

static const cyaml_strval_t serves_words[] = {
	{ "credentials", AGENT_SERVES_CREDENTIALS },
	{ "tokens", AGENT_SERVES_TOKENS },
	{ "metrics", AGENT_SERVES_METRICS },
};

static const cyaml_schema_field_t listener_fields[] = {
	STRING("address", OPTIONAL, struct agent_listener, address, WORD_MAX),
	PATH("socket", struct agent_listener, socket),
	CYAML_FIELD_FLAGS("serves", CYAML_FLAG_STRICT, struct agent_listener, serves,
		serves_words, sizeof(serves_words) / sizeof(serves_words[0])),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t listener = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct agent_listener, listener_fields),
};

static const cyaml_schema_field_t sts_fields[] = {
	STRING("url", OPTIONAL, struct agent_sts, url, URL_ISSUER_MAX),
	PATH("ca", struct agent_sts, ca),
	WORD("lifetime", struct agent_sts, lifetime.text),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t conf_fields[] = {
	PATH("state", struct agent_conf, state),
	CYAML_FIELD_MAPPING("server", CYAML_FLAG_DEFAULT, struct agent_conf, server,
		server_fields),
	CYAML_FIELD_SEQUENCE_COUNT("projections", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
		struct agent_conf, projections, projection_count, &projection, 0,
		PROJECTIONS_MAX),
	CYAML_FIELD_SEQUENCE_COUNT("listeners", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
		struct agent_conf, listeners, listener_count, &listener, 0, LISTENERS_MAX),
	CYAML_FIELD_MAPPING("sts", CYAML_FLAG_OPTIONAL, struct agent_conf, sts, sts_fields),
	WORD("log_level", struct agent_conf, log_level),
	WORD("log_format", struct agent_conf, log_format),
	CYAML_FIELD_END,
};

static const struct cyaml_schema_value schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct agent_conf, conf_fields),
};

/* A service account's name holds nothing that a session's may not. */
static void settle_session_name(struct agent_projection *p)
{
	char *slash;

	if (p->session_name)
		return;
	p->session_name = text_format("%.*s", SESSION_MAX, p->service_account);
	slash = strchr(p->session_name, '/');
	if (slash)
		*slash = '.';
}

static int settle_projection(const struct yaml *yaml, const char *dir, uint32_t i,
	struct agent_projection *p, struct err *err)
{
	auto_free char *directory = text_format("projections[%u].directory", i);
	auto_free char *path = text_format("projections[%u].path", i);
	auto_free char *lifetime = text_format("projections[%u].lifetime", i);

	rule_default(&p->audience, "sts.amazonaws.com");
	rule_default(&p->mode, "0640");
	settle_session_name(p);
	if (!p->path)
		rule_default(&p->file, "token");
	if (rule_make_absolute(yaml, directory, dir, &p->directory, err) < 0 ||
		rule_make_absolute(yaml, path, dir, &p->path, err) < 0)
		return -1;
	return rule_duration(yaml, lifetime, CONF_LIFETIME_MIN_S, CONF_LIFETIME_MAX_S, "1h",
		&p->lifetime, err);
}

static int settle_paths(const struct yaml *yaml, const char *dir, struct agent_conf *conf,
	struct err *err)
{
	struct agent_server *s = &conf->server;

	rule_default(&conf->state, RUNSTATEDIR "/issuer-agent");
	if (rule_make_absolute(yaml, "state", dir, &conf->state, err) < 0 ||
		rule_make_absolute(yaml, "server.socket", dir, &s->socket, err) < 0 ||
		rule_make_absolute(yaml, "server.ca", dir, &s->ca, err) < 0 ||
		rule_make_absolute(yaml, "server.secret_file", dir, &s->secret_file, err) < 0 ||
		rule_make_absolute(yaml, "server.certificate", dir, &s->certificate, err) < 0 ||
		rule_make_absolute(yaml, "server.key", dir, &s->key, err) < 0 ||
		rule_make_absolute(yaml, "sts.ca", dir, &conf->sts.ca, err) < 0)
		return -1;
	for (uint32_t i = 0; i < conf->listener_count; i++) {
		auto_free char *path = text_format("listeners[%u].socket", i);

		if (rule_make_absolute(yaml, path, dir, &conf->listeners[i].socket, err) < 0)
			return -1;
	}
	return 0;
}

/* Defaults, absolute paths, durations. */
static int settle(const struct yaml *yaml, struct agent_conf *conf, struct err *err)
{
	auto_free char *written = NULL;
	auto_free char *dir = NULL;

	rule_default(&conf->log_level, "info");
	rule_default(&conf->log_format, "logfmt");
	if (rule_directory_of(conf->path, &written, err) < 0)
		return -1;
	/* Places are compared, so each has one name. */
	dir = realpath(written, NULL);
	if (!dir)
		dir = take(written);
	if (settle_paths(yaml, dir, conf, err) < 0)
		return -1;
	for (uint32_t i = 0; i < conf->projection_count; i++)
		if (settle_projection(yaml, dir, i, &conf->projections[i], err) < 0)
			return -1;
	if (rule_duration(yaml, "sts.lifetime", 15 * 60, 12 * 3600, "1h", &conf->sts.lifetime,
		    err) < 0)
		return -1;
	return rule_duration(yaml, "server.keys_check", 0, 86400, "5m",
		&conf->server.keys_check, err);
}

int agent_conf_parse(const char *name, const char *yaml, size_t len, struct agent_conf **ret,
	struct err *err)
{
	auto_yaml struct yaml *lines = NULL;
	auto_agent_conf struct agent_conf *conf = NULL;
	void *data;

	if (!text_is_clean(name))
		return err_set(err, ERR_BAD_INPUT,
			"the configuration's own name holds what is no UTF-8, or a control "
			"character; rename it");
	if (yaml_load(name, yaml, len, &schema, &data, &lines, err) < 0)
		return -1;
	conf = data;
	conf->path = text_copy(name);
	if (settle(lines, conf, err) < 0 || agent_check(lines, conf, err) < 0)
		return -1;
	*ret = take(conf);
	return 0;
}

int agent_conf_load(const char *path, struct agent_conf **ret, struct err *err)
{
	auto_free char *yaml = NULL;
	size_t len;

	if (file_read(path, YAMLTREE_BYTES_MAX, &yaml, &len, err) < 0)
		return -1;
	return agent_conf_parse(path, yaml, len, ret, err);
}

void agent_conf_free(struct agent_conf *conf)
{
	if (!conf)
		return;
	free(conf->path);
	yaml_free_data(&schema, conf);
}

int agent_conf_print(const struct agent_conf *conf, struct text *out, struct err *err)
{
	return yaml_print(&schema, conf, out, err);
}

int agent_conf_copy(const struct agent_conf *conf, struct agent_conf **ret, struct err *err)
{
	auto_text struct text yaml = TEXT_INIT;

	if (agent_conf_print(conf, &yaml, err) < 0)
		return -1;
	return agent_conf_parse(conf->path, yaml.s, yaml.len, ret, err);
}

const char *agent_conf_path(const char *given)
{
	const char *path = given ? given : getenv("ISSUER_AGENT_CONFIG");

	return path && *path != '\0' ? path : SYSCONFDIR "/issuer/issuer-agent.yaml";
}

char *agent_conf_file(const struct agent_projection *p)
{
	return p->path ? text_copy(p->path) : text_format("%s/%s", p->directory, p->file);
}

/* agent_check.c - see agent_check.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/agent_check.h"
#include "conf/rule.h"
#include "conf/url.h"

#define HTTPS     "https://"
#define HTTP      "http://"
#define PATH_SIZE 64 /* of full names such as "projections[3].mode" */

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS  "0123456789"

/* The full name of a projection's setting. */
struct setting {
	char path[PATH_SIZE];
};

static struct setting of(uint32_t i, const char *name)
{
	struct setting s;

	(void)snprintf(s.path, sizeof(s.path), "projections[%u].%s", i, name); /* fits */
	return s;
}

/* ---- URLs ---- */

/* http is for this host alone: what is sent is a secret. */
static int check_plain_url(const struct yaml *yaml, const char *path, const char *url,
	bool is_local, struct err *err)
{
	const char *rest = url + strlen(HTTP);
	auto_free char *as_https = text_format(HTTPS "%s", rest);
	auto_free char *host = text_copy(rest);
	struct err why = ERR_INIT;

	if (url_check_issuer(as_https, &why) < 0)
		return yaml_refuse(yaml, path, err, "%s: %s", path, why.text);
	host[strcspn(host, *host == '[' ? "]" : ":/")] = '\0';
	if (!is_local && strcmp(host, "localhost") != 0 &&
		!rule_is_loopback(host + (*host == '[')))
		return yaml_refuse(yaml, path, err,
			"%s '%s' is not encrypted and leaves this host, and secrets with it; "
			"write https",
			path, url);
	return 0;
}

static int check_url(const struct yaml *yaml, const char *path, const char *url, bool is_local,
	struct err *err)
{
	struct err why = ERR_INIT;

	if (strncmp(url, HTTP, strlen(HTTP)) == 0)
		return check_plain_url(yaml, path, url, is_local, err);
	if (url_check_issuer(url, &why) < 0)
		return yaml_refuse(yaml, path, err, "%s: %s", path, why.text);
	return 0;
}

/* ---- the server ---- */

static int check_server_paths(const struct yaml *yaml, const struct agent_server *s,
	struct err *err)
{
	if (rule_path(yaml, "server.ca", s->ca, err) < 0 ||
		rule_path(yaml, "server.secret_file", s->secret_file, err) < 0 ||
		rule_path(yaml, "server.certificate", s->certificate, err) < 0 ||
		rule_path(yaml, "server.key", s->key, err) < 0)
		return -1;
	return s->socket ? rule_socket(yaml, "server.socket", s->socket, err) : 0;
}

static int check_server(const struct yaml *yaml, const struct agent_server *s, struct err *err)
{
	if (check_url(yaml, "server.url", s->url, s->socket != NULL, err) < 0 ||
		check_server_paths(yaml, s, err) < 0)
		return -1;
	if (s->certificate && !s->key)
		return yaml_refuse(yaml, "server.certificate", err,
			"server.certificate has no key; add server.key");
	if (s->key && !s->certificate)
		return yaml_refuse(yaml, "server.key", err,
			"server.key has no certificate; add server.certificate");
	if (s->certificate && s->secret_file)
		return yaml_refuse(yaml, "server.secret_file", err,
			"server has both secret_file and certificate; remove one, the issuer "
			"refuses two that disagree");
	if (s->socket && (s->certificate || s->ca))
		return yaml_refuse(yaml, "server.socket", err,
			"server.socket is not encrypted, and needs none: it never leaves this "
			"host; remove %s",
			s->certificate ? "server.certificate and key" : "server.ca");
	if (!s->socket && !s->certificate && !s->secret_file)
		return yaml_refuse(yaml, "server", err,
			"server says nothing of who the agent is; write secret_file, or "
			"certificate and key");
	if (s->certificate && strncmp(s->url, HTTP, strlen(HTTP)) == 0)
		return yaml_refuse(yaml, "server.certificate", err,
			"server.certificate is shown over TLS, and server.url is http; write "
			"https");
	return 0;
}

/* ---- who owns a file ---- */

/* A number, or a name that this host knows. */
static int resolve_owner(const struct yaml *yaml, const char *path, const char *given,
	uid_t *ret_uid, gid_t *ret_gid, struct err *err)
{
	const bool is_number = strspn(given, DIGITS) == strlen(given);
	const struct passwd *pw;
	int64_t n;
	struct err why = ERR_INIT;

	if (is_number) {
		if (text_int(given, 0, UINT32_MAX - 1, &n, &why) < 0)
			return yaml_refuse(yaml, path, err, "%s: %s", path, why.text);
		*ret_uid = (uid_t)n;
		return 0;
	}
	errno = 0;
	pw = getpwnam(given);
	if (!pw)
		return yaml_refuse(yaml, path, err,
			"%s: there is no user '%s'%s; write one that exists, or a number", path,
			given, errno != 0 && errno != ENOENT ? " that could be looked up" : "");
	*ret_uid = pw->pw_uid;
	*ret_gid = pw->pw_gid;
	return 0;
}

static int resolve_group(const struct yaml *yaml, const char *path, const char *given,
	gid_t *ret, struct err *err)
{
	const struct group *gr;
	int64_t n;
	struct err why = ERR_INIT;

	if (strspn(given, DIGITS) == strlen(given)) {
		if (text_int(given, 0, UINT32_MAX - 1, &n, &why) < 0)
			return yaml_refuse(yaml, path, err, "%s: %s", path, why.text);
		*ret = (gid_t)n;
		return 0;
	}
	gr = getgrnam(given);
	if (!gr)
		return yaml_refuse(yaml, path, err,
			"%s: there is no group '%s'; write one that exists, or a number", path,
			given);
	*ret = gr->gr_gid;
	return 0;
}

static int read_mode(const struct yaml *yaml, const char *path, const char *given, mode_t *ret,
	struct err *err)
{
	static const struct {
		const char *text;
		mode_t mode;
	} modes[] = { { "0640", 0640 }, { "0440", 0440 }, { "0600", 0600 }, { "0400", 0400 } };

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(modes[i].text, given) == 0) {
			*ret = modes[i].mode;
			return 0;
		}
	return yaml_refuse(yaml, path, err,
		"%s '%s' is not a mode for a token; write \"0640\", \"0440\", \"0600\" or "
		"\"0400\"",
		path, given);
}

/* Our own by default; an owner brings his group. */
static int settle_owner(const struct yaml *yaml, uint32_t i, struct agent_projection *p,
	struct err *err)
{
	p->uid = geteuid();
	p->gid = getegid();
	if (p->owner &&
		resolve_owner(yaml, of(i, "owner").path, p->owner, &p->uid, &p->gid, err) < 0)
		return -1;
	if (p->group && resolve_group(yaml, of(i, "group").path, p->group, &p->gid, err) < 0)
		return -1;
	return read_mode(yaml, of(i, "mode").path, p->mode, &p->file_mode, err);
}

/* ---- projections ---- */

static int check_names(const struct yaml *yaml, uint32_t i, struct agent_projection *p,
	struct err *err)
{
	struct err why = ERR_INIT;

	if (name_split(p->service_account, false, p->namespace, p->name, &why) < 0)
		return yaml_refuse(yaml, of(i, "service_account").path, err, "%s: %s",
			of(i, "service_account").path, why.text);
	if (name_check_audience("audience", p->audience, &why) < 0)
		return yaml_refuse(yaml, of(i, "audience").path, err, "%s: %s",
			of(i, "audience").path, why.text);
	return 0;
}

static int check_file_name(const struct yaml *yaml, uint32_t i, const char *file,
	struct err *err)
{
	if (strchr(file, '/') || file[0] == '.')
		return yaml_refuse(yaml, of(i, "file").path, err,
			"%s '%s' must be a plain name that does not begin with a dot; its "
			"directory is a setting of its own",
			of(i, "file").path, file);
	return rule_path(yaml, of(i, "file").path, file, err);
}

/* Two ways to write one place would be two writers of one directory. */
static int check_plain_path(const struct yaml *yaml, const char *path, const char *value,
	struct err *err)
{
	for (const char *s = value; *s == '/';) {
		const size_t len = strcspn(++s, "/");

		if (len == 0 || (len == 1 && s[0] == '.') ||
			(len == 2 && s[0] == '.' && s[1] == '.'))
			return yaml_refuse(yaml, path, err,
				"%s '%s' can be written in a shorter way; leave out '//', '.', "
				"'..' and a '/' at the end",
				path, value);
		s += len;
	}
	return rule_path(yaml, path, value, err);
}

/* Its lock and status are there. */
static int check_not_state(const struct yaml *yaml, const struct agent_conf *conf, uint32_t i,
	struct err *err)
{
	auto_free char *file = agent_conf_file(&conf->projections[i]);
	const size_t len = strlen(conf->state);

	if (strncmp(file, conf->state, len) == 0 &&
		(strcmp(file + len, "/lock") == 0 || strcmp(file + len, "/status.json") == 0))
		return yaml_refuse(yaml, of(i, "service_account").path, err,
			"projections[%u] keeps '%s', which is the agent's own; write another "
			"name",
			i, file);
	return 0;
}

static int check_place(const struct yaml *yaml, uint32_t i, const struct agent_projection *p,
	struct err *err)
{
	if (p->path && (p->directory || p->file))
		return yaml_refuse(yaml, of(i, "path").path, err,
			"projections[%u] has both path and %s; write path, or directory and "
			"file",
			i, p->directory ? "directory" : "file");
	if (p->path)
		return check_plain_path(yaml, of(i, "path").path, p->path, err);
	if (!p->directory)
		return yaml_refuse(yaml, of(i, "service_account").path, err,
			"projections[%u] has no place; write directory (and file), or path", i);
	if (check_file_name(yaml, i, p->file, err) < 0)
		return -1;
	return check_plain_path(yaml, of(i, "directory").path, p->directory, err);
}

static int check_bound(const struct yaml *yaml, uint32_t i, const struct agent_bound *b,
	struct err *err)
{
	static const struct words kinds = { { "Pod", "Node" }, 2 };
	struct err why = ERR_INIT;

	if (rule_word(yaml, of(i, "bound.kind").path, b->kind, &kinds, err) < 0)
		return -1;
	if (name_check_subdomain("name", b->name, &why) < 0)
		return yaml_refuse(yaml, of(i, "bound.name").path, err, "%s: %s",
			of(i, "bound.name").path, why.text);
	if (b->uid && name_check_uid("uid", b->uid, &why) < 0)
		return yaml_refuse(yaml, of(i, "bound.uid").path, err, "%s: %s",
			of(i, "bound.uid").path, why.text);
	return 0;
}

/* Characters alone: what a role or a region is, AWS decides. */
static int check_aws(const struct yaml *yaml, uint32_t i, const struct agent_projection *p,
	struct err *err)
{
	if (p->role_arn &&
		(strlen(p->role_arn) < 20 || strncmp(p->role_arn, "arn:", 4) != 0 ||
			strspn(p->role_arn, LETTERS DIGITS "_+=,.@-:/") < strlen(p->role_arn)))
		return yaml_refuse(yaml, of(i, "role_arn").path, err,
			"%s '%s' is not the ARN of a role; write one like "
			"arn:aws:iam::123456789012:role/name",
			of(i, "role_arn").path, p->role_arn);
	if (p->region && strspn(p->region, LETTERS DIGITS "-") < strlen(p->region))
		return yaml_refuse(yaml, of(i, "region").path, err,
			"%s '%s' is not a region; write one like eu-central-1",
			of(i, "region").path, p->region);
	if (p->session_name &&
		(strlen(p->session_name) < 2 ||
			strspn(p->session_name, LETTERS DIGITS "_+=,.@-") <
				strlen(p->session_name)))
		return yaml_refuse(yaml, of(i, "session_name").path, err,
			"%s '%s' is not a session's name; write 2 to 64 of letters, digits and "
			"_+=,.@-",
			of(i, "session_name").path, p->session_name);
	return 0;
}

/* Two tokens cannot be in one file; and the mode of a directory's files is each file's own. */
static int check_distinct(const struct yaml *yaml, const struct agent_conf *conf, uint32_t i,
	struct err *err)
{
	auto_free char *file = agent_conf_file(&conf->projections[i]);

	for (uint32_t j = 0; j < i; j++) {
		auto_free char *other = agent_conf_file(&conf->projections[j]);

		if (strcmp(file, other) == 0)
			return yaml_refuse(yaml, of(i, "service_account").path, err,
				"projections[%u] keeps '%s', as projections[%u] does; give one "
				"of them another file",
				i, file, j);
	}
	return 0;
}

static int check_projection(const struct yaml *yaml, struct agent_conf *conf, uint32_t i,
	struct err *err)
{
	struct agent_projection *p = &conf->projections[i];

	if (check_names(yaml, i, p, err) < 0 || check_place(yaml, i, p, err) < 0 ||
		settle_owner(yaml, i, p, err) < 0 ||
		(p->bound && check_bound(yaml, i, p->bound, err) < 0) ||
		check_aws(yaml, i, p, err) < 0 || check_not_state(yaml, conf, i, err) < 0)
		return -1;
	return check_distinct(yaml, conf, i, err);
}

/* ---- listeners ---- */

static int check_listener_address(const struct yaml *yaml, const char *path,
	const struct agent_listener *l, struct err *err)
{
	char host[CONF_HOST_SIZE];
	uint16_t port;
	struct err why = ERR_INIT;

	if (conf_address_split(l->address, host, sizeof(host), &port, &why) < 0)
		return yaml_refuse(yaml, path, err, "%s: %s", path, why.text);
	if (!rule_is_loopback(host))
		return yaml_refuse(yaml, path, err,
			"%s '%s' can be reached from other hosts; write 127.0.0.1:PORT or "
			"[::1]:PORT, or a socket",
			path, l->address);
	if (l->serves & AGENT_SERVES_TOKENS)
		return yaml_refuse(yaml, path, err,
			"%s serves tokens, whose owners are known by their uid; write a socket",
			path);
	return 0;
}

static int check_listener(const struct yaml *yaml, const struct agent_listener *l, uint32_t i,
	struct err *err)
{
	char path[PATH_SIZE];

	(void)snprintf(path, sizeof(path), "listeners[%u]", i); /* fits */
	if (l->serves == 0)
		return yaml_refuse(yaml, path, err,
			"%s serves nothing; write some of credentials, tokens and metrics",
			path);
	if (!l->address == !l->socket)
		return yaml_refuse(yaml, path, err, "%s has %s; write one", path,
			l->address ? "both address and socket" : "neither address nor socket");
	(void)snprintf(path, sizeof(path), "listeners[%u].%s", i,
		l->socket ? "socket" : "address");
	return l->socket ? rule_socket(yaml, path, l->socket, err)
			 : check_listener_address(yaml, path, l, err);
}

int agent_check(const struct yaml *yaml, struct agent_conf *conf, struct err *err)
{
	if (check_server(yaml, &conf->server, err) < 0 ||
		check_plain_path(yaml, "state", conf->state, err) < 0 ||
		rule_path(yaml, "sts.ca", conf->sts.ca, err) < 0 ||
		(conf->sts.url && check_url(yaml, "sts.url", conf->sts.url, false, err) < 0))
		return -1;
	for (uint32_t i = 0; i < conf->projection_count; i++)
		if (check_projection(yaml, conf, i, err) < 0)
			return -1;
	for (uint32_t i = 0; i < conf->listener_count; i++)
		if (check_listener(yaml, &conf->listeners[i], i, err) < 0)
			return -1;
	return rule_log(yaml, conf->log_level, conf->log_format, err);
}

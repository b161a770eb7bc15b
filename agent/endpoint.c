/* endpoint.c - see endpoint.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "agent/credentials.h"
#include "agent/endpoint.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "serve/http.h"
#include "serve/listen.h"

#define HEAD_MAX        32768 /* a token may have 20000 bytes */
#define BODY_MAX        1024
#define CONNECTIONS_MAX 256
#define IDLE_S          75
#define DRAIN_S         5
#define MODE_ANYBODY    0666 /* a token, or the uid, decides who gets what */
#define MODE_OWN        0660

struct server {
	struct endpoint *endpoint;
	const struct agent_listener *conf;
	struct http *http;
	struct text name;
};

struct endpoint {
	struct projector *projector;
	struct credentials *credentials; /* NULL: no listener serves them */
	struct server *servers;
	size_t count;
};

/* ---- what is served ---- */

static void reply_text(struct http_call *call, const char *type, char *body)
{
	http_reply_header(call, "Cache-Control", "no-store");
	http_reply_body(call, 200, type, body, strlen(body));
}

/* The SDKs send the content of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE as it is. */
static void serve_credentials(struct server *server, struct http_call *call)
{
	auto_workload struct projector_workload workload = { .token = NULL };
	struct err err = ERR_INIT;
	size_t count;
	const char *token = http_header(call, "Authorization", &count);

	if (!token || count != 1) {
		credentials_refuse(call, 401, "Unauthorized",
			"send one Authorization header with the projected token; set "
			"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE to its file");
		return;
	}
	if (projector_find_token(server->endpoint->projector, token, clock_read(), &workload,
		    &err) < 0) {
		log_event(LOG_WARN, "credentials.refused", "peer", call->request.peer, "error",
			err.text, NULL);
		credentials_refuse(call, 401, "Unauthorized", err.text);
		return;
	}
	if (!workload.role_arn) {
		credentials_refuse(call, 404, "NotFound",
			"this token is for no role; write role_arn for it in the agent's "
			"configuration");
		return;
	}
	credentials_serve(server->endpoint->credentials, call, &workload);
}

static int status_of(enum err_code code)
{
	switch (code) {
	case ERR_NOT_FOUND:
		return 404;
	case ERR_CONFLICT:
		return 409;
	case ERR_BAD_INPUT:
		return 400;
	default:
		return 503;
	}
}

/* The value of a parameter that may be there once; the caller frees. */
static int read_parameter(struct http_call *call, const char *name, char **ret, struct err *err)
{
	char *values[2] = { NULL, NULL };
	const size_t n = http_query(call, name, values, 2);

	if (n > 1) {
		free(values[0]);
		free(values[1]);
		return err_set(err, ERR_BAD_INPUT, "%s is there twice; write it once", name);
	}
	*ret = n == 1 ? values[0] : NULL;
	return 0;
}

static int find_token(struct server *server, struct http_call *call,
	struct projector_workload *ret, struct err *err)
{
	auto_free char *account = NULL;
	auto_free char *audience = NULL;
	const int64_t uid = http_unix_uid(call);

	if (uid < 0)
		return err_set(err, ERR_NOT_FOUND, "who asks cannot be told");
	if (read_parameter(call, "service_account", &account, err) < 0 ||
		read_parameter(call, "audience", &audience, err) < 0)
		return -1;
	return projector_find_uid(server->endpoint->projector, (uid_t)uid, account, audience,
		clock_read(), ret, err);
}

static void serve_token(struct server *server, struct http_call *call)
{
	auto_workload struct projector_workload w = { .token = NULL };
	struct err err = ERR_INIT;
	json_auto_t *json = NULL;
	char *body;

	if (find_token(server, call, &w, &err) < 0) {
		log_event(LOG_WARN, "token.refused", "uid", text_num(http_unix_uid(call)).s,
			"error", err.text, NULL);
		credentials_refuse(call, status_of(err.code), "Refused", err.text);
		return;
	}
	json = json_pack("{s:s, s:s, s:s, s:s}", "serviceAccount", w.service_account,
		"audience", w.audience, "token", w.token, "expirationTimestamp",
		text_time(w.expires_at).s);
	body = json ? json_dumps(json, JSON_COMPACT) : NULL;
	if (!body)
		abort(); /* strings are checked UTF-8: memory is gone */
	reply_text(call, "application/json", body);
}

static void serve_metrics(struct server *server, struct http_call *call)
{
	const struct endpoint *e = server->endpoint;
	struct text out = TEXT_INIT;

	metrics_family(&out, "issuer_agent_build_info", "gauge",
		"Always 1; its label tells more.");
	metrics_sample(&out, "issuer_agent_build_info", 1, "version", PACKAGE_VERSION, NULL);
	projector_metrics(e->projector, &out, clock_read());
	if (e->credentials)
		credentials_metrics(e->credentials, &out);
	reply_text(call, METRICS_CONTENT_TYPE, text_take(&out));
}

static const struct {
	const char *path;
	enum agent_serves serves;
	void (*serve)(struct server *server, struct http_call *call);
} routes[] = {
	{ "/v1/credentials", AGENT_SERVES_CREDENTIALS, serve_credentials },
	{ "/v1/token", AGENT_SERVES_TOKENS, serve_token },
	{ "/metrics", AGENT_SERVES_METRICS, serve_metrics },
};

static void handle(struct http_call *call)
{
	struct server *server = call->handler_ctx;

	if (call->request.fault != 0) {
		credentials_refuse(call, call->request.fault, "BadRequest",
			"the request is malformed");
		return;
	}
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (!(server->conf->serves & routes[i].serves) ||
			strcmp(call->request.path, routes[i].path) != 0)
			continue;
		if (strcmp(call->request.method, "GET") != 0) {
			http_reply_header(call, "Allow", "GET");
			credentials_refuse(call, 405, "MethodNotAllowed", "ask with GET");
			return;
		}
		routes[i].serve(server, call);
		return;
	}
	credentials_refuse(call, 404, "NotFound", "there is nothing here");
}

/* ---- listeners ---- */

static int open_server(struct endpoint *e, const struct agent_listener *conf,
	struct server *server, struct err *err)
{
	struct http_options options = {
		.head_max = HEAD_MAX,
		.body_max = BODY_MAX,
		.connections = CONNECTIONS_MAX,
		.idle_s = IDLE_S,
		.handler = handle,
		.handler_ctx = server,
	};
	const mode_t mode = conf->serves == AGENT_SERVES_METRICS ? MODE_OWN : MODE_ANYBODY;

	server->endpoint = e;
	server->conf = conf;
	if (listen_open(conf->address, conf->socket, mode, &options.listen_fd, &server->name,
		    err) < 0)
		return -1;
	if (http_open(&options, &server->http, err) < 0)
		return err_add(err, "'%s'", server->name.s);
	return 0;
}

int endpoint_open(const struct agent_conf *conf, struct projector *p, struct endpoint **ret,
	struct err *err)
{
	struct endpoint *e = text_alloc(1, sizeof(*e));
	uint32_t serves = 0;
	int rc = 0;

	e->projector = p;
	e->servers = text_alloc(conf->listener_count, sizeof(*e->servers));
	for (uint32_t i = 0; i < conf->listener_count; i++)
		serves |= conf->listeners[i].serves;
	if (serves & AGENT_SERVES_CREDENTIALS)
		rc = credentials_start(&conf->sts, &e->credentials, err);
	for (uint32_t i = 0; i < conf->listener_count && rc == 0; i++)
		rc = open_server(e, &conf->listeners[i], &e->servers[e->count++], err);
	if (rc < 0) {
		endpoint_close(e);
		return -1;
	}
	*ret = e;
	return 0;
}

void endpoint_describe(const struct endpoint *e, struct text *out)
{
	static const struct {
		enum agent_serves bit;
		const char *name;
	} names[] = { { AGENT_SERVES_CREDENTIALS, "credentials" },
		{ AGENT_SERVES_TOKENS, "tokens" }, { AGENT_SERVES_METRICS, "metrics" } };

	for (size_t i = 0; i < e->count; i++) {
		const char *comma = "";

		for (size_t j = 0; j < sizeof(names) / sizeof(names[0]); j++)
			if (e->servers[i].conf->serves & names[j].bit) {
				text_addf(out, "%s%s", comma, names[j].name);
				comma = ",";
			}
		text_addf(out, " %s\n", e->servers[i].name.s);
	}
}

void endpoint_tick(struct endpoint *e)
{
	for (size_t i = 0; i < e->count; i++)
		http_expire(e->servers[i].http);
}

static void stop_listening(struct server *server)
{
	if (server->conf->socket && server->http)
		(void)unlink(server->name.s); /* gone already is as good */
	if (server->http)
		http_quiesce(server->http);
}

void endpoint_close(struct endpoint *e)
{
	struct timespec until;

	if (!e)
		return;
	(void)clock_gettime(CLOCK_MONOTONIC, &until); /* cannot fail with a valid clock */
	until.tv_sec += DRAIN_S;
	for (size_t i = 0; i < e->count; i++)
		stop_listening(&e->servers[i]);
	credentials_stop(e->credentials);
	for (size_t i = 0; i < e->count; i++)
		if (e->servers[i].http)
			(void)http_drain(e->servers[i].http,
				&until); /* as far as time allows */
	for (size_t i = 0; i < e->count; i++) {
		http_close(e->servers[i].http);
		text_free(&e->servers[i].name);
	}
	credentials_free(e->credentials);
	free(e->servers);
	free(e);
}

/* daemon.c - see daemon.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include <gnutls/gnutls.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"
#include "issuer/daemon.h"
#include "issuer/route.h"
#include "issuer/stats.h"
#include "keys/signer_process.h"
#include "serve/http.h"
#include "serve/listen.h"
#include "serve/notify.h"
#include "serve/ready.h"
#include "serve/signals.h"
#include "setup/settings.h"

#define PEM_MAX     (64 * 1024)
#define REFRESH_MS  250   /* how soon a change by issuerctl is seen */
#define DRAIN_MS    10000 /* for calls under way at the end */
#define SOCKET_MODE 0660  /* owner and group may ask; authentication still decides */

/* One listener and what it serves with. */
struct server {
	struct http *http;
	struct route_listener route;
	struct text name;
	char *tls_cert;
	unsigned char *tls_key;
	size_t tls_key_len;
	struct log_trouble trust_trouble;
};

struct daemon {
	struct gateway gw;
	struct server *servers;
	size_t server_count;
	struct text settings; /* the configuration in force, for signers */
};

/* ---- opening ---- */

static int open_gateway(struct daemon *d, const struct conf *conf, char *const *signer_argv,
	struct err *err)
{
	struct gateway *gw = &d->gw;
	struct signer_program program;
	const char *host;

	gw->conf = conf;
	gw->issuer = &conf->issuers[0];
	host = strstr(gw->issuer->url, "://") + 3; /* conf has checked the URL */
	gw->path_prefix = host + strcspn(host, "/");
	/* The signer comes first: it migrates the store, and nobody is let in before it can
	 * mint. */
	if (conf_print(conf, &d->settings, err) < 0)
		return -1;
	program = (struct signer_program){ signer_argv, d->settings.s, d->settings.len, NULL,
		-1 };
	if (signer_metrics_create(&program.metrics, &program.metrics_fd, err) < 0)
		return -1;
	gw->signer_metrics = program.metrics;
	gw->stats = stats_new(conf);
	if (signer_start(&program, &gw->signer, err) < 0 ||
		settings_open_store(conf, STORE_READ, &gw->store, err) < 0)
		return -1;
	gw->plan = settings_plan(conf);
	gw->api_audiences = settings_audiences(conf);
	return keyring_slot_open(gw->store, gw->issuer->name, NULL, &gw->plan, clock_read(),
		&gw->slot, err);
}

static int read_tls(struct server *server, const struct conf_tls *tls, struct err *err)
{
	size_t len;

	if (!tls)
		return 0;
	if (file_read(tls->certificate, PEM_MAX, &server->tls_cert, &len, err) < 0 ||
		file_read_secret(tls->key, PEM_MAX, &server->tls_key, &server->tls_key_len,
			err) < 0 ||
		(tls->client_ca &&
			certificate_trust_open(tls->client_ca, tls->client_crl,
				&server->route.trust, err) < 0))
		return err_add(err, "TLS");
	return 0;
}

static int open_server(struct daemon *d, size_t i, struct err *err)
{
	struct server *server = &d->servers[i];
	const struct conf_listener *conf = &d->gw.conf->listeners[i];
	struct stats_listener *stats = &d->gw.stats->listeners[i];
	const struct conf_limits *limits = &d->gw.conf->limits;
	struct http_options options = {
		.head_max = limits->header_bytes,
		.body_max = limits->body_bytes,
		.connections = limits->connections,
		.idle_s = (uint32_t)limits->idle.s,
		.handler = route_handle,
		.done = route_done,
		.handler_ctx = &server->route,
	};

	server->route = (struct route_listener){ &d->gw, conf->serves, NULL };
	options.open_connections = &stats->connections;
	if (read_tls(server, conf->tls, err) < 0 ||
		listen_open(conf->address, conf->socket, SOCKET_MODE, &options.listen_fd,
			&server->name, err) < 0)
		return -1;
	if (server->tls_cert)
		metrics_set(&stats->certificate_expires, certificate_expires(server->tls_cert));
	options.tls_cert = server->tls_cert;
	options.tls_key = (const char *)server->tls_key;
	options.asks_certificate = server->route.trust != NULL;
	if (http_open(&options, &server->http, err) < 0)
		return err_add(err, "'%s'", server->name.s);
	return 0;
}

static int open_servers(struct daemon *d, struct err *err)
{
	const struct conf *conf = d->gw.conf;

	d->servers = text_alloc(conf->listener_count, sizeof(*d->servers));
	for (; d->server_count < conf->listener_count; d->server_count++)
		if (open_server(d, d->server_count, err) < 0) {
			d->server_count++; /* what it has opened is closed with the rest */
			return -1;
		}
	return 0;
}

/* ---- serving ---- */

static void add_serves(struct text *line, uint32_t serves)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = { { CONF_SERVES_PUBLIC, "public" }, { CONF_SERVES_API, "api" },
		{ CONF_SERVES_OPS, "ops" } };
	const char *comma = "";

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (serves & names[i].bit) {
			text_addf(line, "%s%s", comma, names[i].name);
			comma = ",";
		}
}

static void announce(const struct daemon *d, int ready_fd)
{
	auto_text struct text lines = TEXT_INIT;

	for (size_t i = 0; i < d->server_count; i++) {
		const struct server *server = &d->servers[i];
		auto_text struct text serves = TEXT_INIT;

		add_serves(&serves, server->route.serves);
		text_addf(&lines, "%s %s\n", serves.s, server->name.s);
		log_event(LOG_INFO, "listening", "address", server->name.s, "serves", serves.s,
			"tls", server->tls_cert ? "yes" : "no", NULL);
	}
	log_event(LOG_INFO, "ready", "issuer", d->gw.issuer->url, NULL);
	ready_tell(ready_fd, &lines);
}

/* What was served goes on being served, unless the store is another: then all starts anew. */
static int refresh(const struct daemon *d, struct log_trouble *trouble, struct err *err)
{
	struct err why = ERR_INIT;
	enum keyring_change change;

	if (keyring_slot_refresh(d->gw.slot, clock_read(), &change, &why) < 0) {
		if (why.code == ERR_UNHEALTHY) {
			*err = why;
			return -1;
		}
		log_trouble(trouble, "keys.refresh_failed", &why);
		return 0;
	}
	log_trouble_over(trouble);
	if (change != KEYRING_SAME)
		log_event(LOG_INFO, "keys.refreshed", NULL);
	return 0;
}

/* Certificates that were revoked since. */
static void refresh_trust(struct server *server)
{
	struct err err = ERR_INIT;
	bool is_changed;

	if (!server->route.trust)
		return;
	if (certificate_trust_refresh(server->route.trust, &is_changed, &err) < 0) {
		log_trouble(&server->trust_trouble, "clients.trust_failed", &err);
		return;
	}
	log_trouble_over(&server->trust_trouble);
	if (is_changed)
		log_event(LOG_INFO, "clients.trust_changed", "address", server->name.s, NULL);
}

/* Follows the store until a signal says stop. */
static int follow(const struct daemon *d, int signals, struct err *err)
{
	struct pollfd pfd = { .fd = signals, .events = POLLIN };
	struct log_trouble trouble = { .said = "" };

	for (;;) {
		const int rc = poll(&pfd, 1, REFRESH_MS);

		if (rc > 0)
			return 0;
		if (rc < 0 && errno != EINTR)
			return err_errno(err, ERR_FAILED, "could not wait for signals");
		if (refresh(d, &trouble, err) < 0)
			return -1;
		for (size_t i = 0; i < d->server_count; i++) {
			http_expire(d->servers[i].http);
			refresh_trust(&d->servers[i]);
		}
	}
}

/* The path of a socket goes before the socket: afterwards it may be a successor's. */
static void stop_listening(struct daemon *d, size_t i)
{
	struct server *server = &d->servers[i];

	if (d->gw.conf->listeners[i].socket)
		(void)unlink(server->name.s); /* gone already is as good */
	if (server->http)
		http_quiesce(server->http);
}

/* In this order no call is cut short: no new connections, then the signer's last answers, then
 * the replies that carry them. */
static void stop(struct daemon *d)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until); /* cannot fail with a valid clock */
	until.tv_sec += DRAIN_MS / 1000;
	notify("STOPPING=1");
	log_event(LOG_INFO, "stopping", NULL);
	for (size_t i = 0; i < d->server_count; i++)
		stop_listening(d, i);
	signer_stop(d->gw.signer, DRAIN_MS);
	/* One deadline for all listeners: a service manager waits no longer for more of them.
	 */
	for (size_t i = 0; i < d->server_count; i++)
		if (d->servers[i].http && !http_drain(d->servers[i].http, &until))
			log_event(LOG_WARN, "drain.timeout", "address", d->servers[i].name.s,
				NULL);
}

static void release(struct daemon *d)
{
	for (size_t i = 0; i < d->server_count; i++) {
		struct server *server = &d->servers[i];

		http_close(server->http);
		certificate_trust_free(server->route.trust);
		text_free(&server->name);
		free(server->tls_cert);
		secret_free(server->tls_key, server->tls_key_len);
	}
	free(d->servers);
	signer_free(d->gw.signer); /* after the servers: nobody asks any more */
	keyring_slot_close(d->gw.slot);
	store_close(d->gw.store);
	json_decref(d->gw.api_audiences);
	text_free(&d->settings);
	stats_free(d->gw.stats);
}

static time_t gnutls_now(time_t *ret)
{
	const time_t now = (time_t)clock_now();

	if (ret)
		*ret = now;
	return now;
}

int daemon_gateway(const struct conf *conf, char *const *signer_argv, int ready_fd,
	struct err *err)
{
	struct daemon d = { .servers = NULL };
	auto_close int signals = -1;
	int rc;

	if (secret_protect_process(err) < 0 || secret_init(err) < 0 ||
		signals_open(&signals, err) < 0)
		return -1;
	gnutls_global_set_time_function(gnutls_now); /* one clock for all */
	d.gw.conf = conf;
	rc = open_gateway(&d, conf, signer_argv, err);
	if (rc == 0)
		rc = open_servers(&d, err);
	if (rc == 0) {
		announce(&d, ready_fd);
		rc = follow(&d, signals, err);
		stop(&d);
	}
	release(&d);
	if (rc == 0)
		log_event(LOG_INFO, "stopped", NULL);
	return rc;
}

static int run_signer(const struct conf *conf, struct err *err)
{
	auto_settings_paths struct settings_paths sealing = settings_sealing_paths(conf);
	auto_store struct store *store = NULL;
	struct signer_settings settings = {
		.sealing_paths = (const char *const *)sealing.path,
		.sealing_count = sealing.count,
		.issuer = conf->issuers[0].name,
		.plan = settings_plan(conf),
		.mint = settings_mint(conf),
		.rsa_bits = conf->keys.rsa_bits,
	};

	if (secret_protect_process(err) < 0 || secret_init(err) < 0 ||
		settings_open_store(conf, STORE_WRITE, &store, err) < 0)
		return -1;
	settings.store = store;
	if (signer_metrics_attach(SIGNER_METRICS_FD, &settings.metrics, err) < 0)
		return -1;
	return signer_process_run(SIGNER_FD, &settings, err);
}

int daemon_signer(const char *path, struct err *err)
{
	auto_conf struct conf *conf = NULL;
	auto_free char *yaml = NULL;
	size_t len;

	/* Of a program started from /proc/self/exe the kernel only knows "exe". */
	(void)prctl(PR_SET_NAME, "issuerd-signer", 0, 0, 0);
	if (signer_receive_settings(SIGNER_FD, &yaml, &len, err) < 0 ||
		conf_parse(path, yaml, len, &conf, err) < 0) {
		signer_process_refuse(SIGNER_FD, err);
		return -1;
	}
	log_set_level_named(conf->log_level);
	log_set_format_named(conf->log_format);
	if (run_signer(conf, err) < 0) {
		signer_process_refuse(SIGNER_FD, err);
		return -1;
	}
	return 0;
}

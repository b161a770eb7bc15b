/* http.c - see http.h: exchanges and their server. What handlers call is in http_call.c.
 * SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <gnutls/gnutls.h>
#include <microhttpd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/thread.h"
#include "serve/deadline.h"
#include "serve/http.h"
#include "serve/http_exchange.h"
#include "serve/http_fault.h"
#include "serve/http_library.h"

#define HTTP_POOL_PLAIN     2
#define HTTP_POOL_TLS       4
#define HTTP_REQUEST_MS     15000        /* from connecting to whole headers, and for a body */
#define HTTP_EXCESS_MAX     (256 * 1024) /* read beyond the limit for the sake of a clean 413 */
#define HTTP_TLS_PRIORITIES "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/* A connection, and what is under way on it. */
struct place {
	struct deadline *deadline;
	char peer[64];
	struct http_exchange *exchange;
};

struct http {
	struct http_options options;
	struct MHD_Daemon *daemon;
	struct deadline_list *deadlines;
	pthread_mutex_t lock;
	pthread_cond_t idle;
	size_t active; /* calls between their handler and their end */
	atomic_bool is_draining;
};

/* ---- one exchange ---- */

static void describe_peer(struct MHD_Connection *connection, char *ret, size_t size)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *addr = info ? info->client_addr : NULL;
	const socklen_t len = addr && addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
								  : sizeof(struct sockaddr_in);
	char host[INET6_ADDRSTRLEN];
	char port[8];

	(void)text_fit(ret, size, "unix");
	if (!addr || (addr->sa_family != AF_INET && addr->sa_family != AF_INET6))
		return;
	if (getnameinfo(addr, len, host, sizeof(host), port, sizeof(port),
		    NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		(void)snprintf(ret, size, addr->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s",
			host, port);
}

/* Before the handshake. Whom we trust is not said in it: that changes while we run, and clients
 * hold back what is not named (Go, Java, GnuTLS). */
static void ask_certificate(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	if (!info || !info->tls_session)
		return;
	gnutls_certificate_server_set_request(info->tls_session, GNUTLS_CERT_REQUEST);
	gnutls_certificate_send_x509_rdn_sequence(info->tls_session, 1);
}

static struct place *place_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
		->socket_context;
}

struct http_exchange *http_exchange_on(struct MHD_Connection *connection)
{
	return place_of(connection)->exchange;
}

static struct http_exchange *exchange_new(struct http *http, struct MHD_Connection *connection)
{
	struct http_exchange *ex = text_alloc(1, sizeof(*ex));
	struct place *place = place_of(connection);

	ex->http = http;
	ex->options = &http->options;
	ex->connection = connection;
	ex->call.handler_ctx = http->options.handler_ctx;
	ex->call.request.peer = place->peer;
	ex->deadline = place->deadline;
	deadline_set(ex->deadline, HTTP_REQUEST_MS);
	place->exchange = ex;
	return ex;
}

/* Counts the calls that http_drain waits for. */
static void begin_call(struct http *http)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&http->lock);

	(void)held;
	http->active++;
}

static void end_call(struct http *http)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&http->lock);

	(void)held;
	if (--http->active == 0)
		(void)pthread_cond_broadcast(&http->idle); /* cannot fail */
}

/* Once; wherever it has got to. */
static void exchange_end(struct place *place)
{
	struct http_exchange *ex = take(place->exchange);
	struct http_reply *reply;

	if (!ex)
		return;
	reply = &ex->call.reply;
	if (ex->state == HTTP_SUSPENDED || ex->state == HTTP_HANDLED)
		end_call(ex->http);
	for (size_t i = 0; i < reply->header_count; i++)
		free(reply->headers[i].value);
	free(reply->body);
	text_free(&ex->body);
	free(ex);
}

/* False once more has come than anybody could mean. */
static bool take_body(struct http_exchange *ex, const char *data, size_t len)
{
	ex->received += len;
	if (ex->received <= ex->options->body_max) {
		text_add_bytes(&ex->body, data, len);
		return true;
	}
	ex->call.request.is_body_too_large = true;
	text_free(&ex->body);
	return ex->received <= ex->options->body_max + HTTP_EXCESS_MAX;
}

/* Does the request say that its body will be too large? */
static bool announces_too_much(struct http_exchange *ex)
{
	const char *length = http_header(&ex->call, "Content-Length", NULL);
	struct err ignored = ERR_INIT;
	int64_t n;

	/* The library has seen that they are digits: what is no int64 is too large. */
	return length &&
		(text_int(length, 0, INT64_MAX, &n, &ignored) < 0 ||
			(uint64_t)n > ex->options->body_max);
}

/* Hands the filled reply to the library. */
static enum MHD_Result send_reply(struct http_exchange *ex)
{
	struct http_reply *reply = &ex->call.reply;
	char *body = take(reply->body);
	struct MHD_Response *response;
	bool is_queued;

	if (ex->options->done)
		ex->options->done(&ex->call, clock_monotonic_us() - ex->began_us);
	response = MHD_create_response_from_buffer(reply->body_len, body ? body : text_copy(""),
		MHD_RESPMEM_MUST_FREE);
	if (!response)
		return MHD_NO;
	if (reply->content_type)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
			reply->content_type);
	/* A header can fail only for want of memory or for bytes that no header may hold. */
	for (size_t i = 0; i < reply->header_count; i++)
		if (MHD_add_response_header(response, reply->headers[i].name,
			    reply->headers[i].value) != MHD_YES)
			log_event(LOG_ERROR, "http.header_dropped", "name",
				reply->headers[i].name, NULL);
	if (ex->http->is_draining || ex->call.request.is_body_too_large ||
		ex->call.request.fault != 0)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	is_queued = http_library_queue(ex->connection, (unsigned)reply->status, response);
	MHD_destroy_response(response);
	return is_queued ? MHD_YES : MHD_NO;
}

/* Calls the handler, once. */
static enum MHD_Result handle(struct http_exchange *ex)
{
	begin_call(ex->http);
	ex->state = HTTP_HANDLED;
	ex->began_us = clock_monotonic_us();
	deadline_set(ex->deadline, 0);
	ex->call.request.body = ex->body.s ? ex->body.s : "";
	ex->call.request.body_len = ex->body.len;
	ex->options->handler(&ex->call);
	if (ex->state == HTTP_SUSPENDED)
		return MHD_YES;
	return send_reply(ex);
}

/* A request line has come, and is still whole. */
static void *on_uri(void *cls, const char *uri, struct MHD_Connection *connection)
{
	struct http_exchange *ex = exchange_new(cls, connection);

	if (http_fault_has_many(uri, ex->options->head_max))
		deadline_set(ex->deadline, 1); /* unless it comes as far as to be refused */
	ex->has_blank_uri = strchr(uri, ' ') != NULL;
	ex->after_uri = uri + strlen(uri) + 1;
	return ex;
}

/* The headers have come. A request that is refused for them, or for the length of its body, is
 * handled before its body has come, and the connection ends. */
static enum MHD_Result begin(struct http_exchange *ex, const struct http_line *line)
{
	struct http_request *request = &ex->call.request;

	ex->state = HTTP_READING;
	request->method = line->method;
	request->path = line->path;
	request->fault = http_fault(ex->connection, line, ex->options->head_max);
	request->is_body_too_large = announces_too_much(ex);
	return request->fault != 0 || request->is_body_too_large ? handle(ex) : MHD_YES;
}

/* Reads the body first; then the handler is called, once; then the reply is sent, be it in the
 * same call or, after a suspension, in the next. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection,
	const char *path, const char *method, const char *version, const char *data,
	size_t *data_len, void **ctx)
{
	struct http_exchange *ex = *ctx;

	(void)cls;
	if (ex->state == HTTP_ARRIVING)
		return begin(ex,
			&(struct http_line){
				method, path, version, ex->after_uri, ex->has_blank_uri });
	if (ex->state != HTTP_READING)
		return send_reply(ex);
	if (*data_len == 0) {
		/* Trailers: nobody needs them, and they take the place of the reply. */
		if (http_fault_has_trailer(connection, method))
			ex->call.request.fault = 400;
		return handle(ex);
	}
	if (!take_body(ex, data, *data_len))
		return MHD_NO;
	*data_len = 0;
	return MHD_YES;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **ctx,
	enum MHD_RequestTerminationCode why)
{
	const struct http *http = cls;
	struct place *place = place_of(connection);

	(void)why;
	deadline_set(place->deadline, (int64_t)http->options.idle_s * 1000);
	exchange_end(place);
	*ctx = NULL;
}

static void count_connection(const struct http *http, int64_t by)
{
	if (http->options.open_connections)
		metrics_add(http->options.open_connections, by);
}

/* A connection comes and goes. */
static void on_connection(void *cls, struct MHD_Connection *connection, void **ctx,
	enum MHD_ConnectionNotificationCode what)
{
	struct http *http = cls;
	struct place *place = *ctx;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *info =
			MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

		*ctx = place = text_alloc(1, sizeof(*place));
		count_connection(http, 1);
		place->deadline =
			deadline_add(http->deadlines, info->connect_fd, HTTP_REQUEST_MS);
		describe_peer(connection, place->peer, sizeof(place->peer));
		if (http->options.asks_certificate)
			ask_certificate(connection);
	} else if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		/* After some of its own errors the library completes no request. */
		count_connection(http, -1);
		exchange_end(place);
		deadline_remove(place->deadline);
		free(place);
		*ctx = NULL;
	}
}

/* Paths are decoded segment by segment by the route table, not as a whole before it. */
static size_t keep_escapes(void *cls, struct MHD_Connection *connection, char *s)
{
	(void)cls;
	(void)connection;
	return strlen(s);
}

static void log_library(void *cls, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
static void log_library(void *cls, const char *fmt, va_list ap)
{
	char text[512];

	(void)cls;
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* a cut text is still a text */
	text[strcspn(text, "\n")] = '\0';
	log_event(LOG_DEBUG, "http.library", "text", text, NULL);
}

/* ---- the server ---- */

static struct MHD_Daemon *start(struct http *http)
{
	const struct http_options *options = &http->options;
	const bool is_tls = options->tls_cert != NULL;
	const struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)options->tls_cert },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)options->tls_key },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)HTTP_TLS_PRIORITIES },
		{ MHD_OPTION_END, 0, NULL },
	};
	const struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };
	/* What it is strict about, http_fault is, and with an answer that is whole. */
	/* Under epoll, libmicrohttpd 0.9.75 spins on a TLS client that stalls in its
	 * ClientHello. */
	const unsigned flags = MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
		(is_tls ? MHD_USE_TLS | MHD_USE_POLL_INTERNAL_THREAD
			: MHD_USE_EPOLL_INTERNAL_THREAD);

	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, http,
		MHD_OPTION_EXTERNAL_LOGGER, log_library, NULL, MHD_OPTION_LISTEN_SOCKET,
		options->listen_fd, MHD_OPTION_THREAD_POOL_SIZE,
		(unsigned)(is_tls ? HTTP_POOL_TLS : HTTP_POOL_PLAIN),
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)options->connections,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)options->idle_s,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, http_connection_bytes(options->head_max),
		MHD_OPTION_STRICT_FOR_CLIENT, 0, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes,
		NULL, MHD_OPTION_URI_LOG_CALLBACK, on_uri, http, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, http, MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		(unsigned)(options->connections * 3 / 4 + 1), MHD_OPTION_SIGPIPE_HANDLED_BY_APP,
		1, MHD_OPTION_ARRAY, is_tls ? tls : none, MHD_OPTION_END);
}

int http_open(const struct http_options *options, struct http **ret, struct err *err)
{
	struct http *http = text_alloc(1, sizeof(*http));

	assert(options->head_max >= HTTP_HEAD_MIN);
	http->options = *options;
	http->deadlines = deadline_list_new();
	if (pthread_mutex_init(&http->lock, NULL) != 0)
		abort();
	thread_cond_init(&http->idle);
	http->daemon = start(http); /* closes the socket if it fails */
	if (!http->daemon) {
		deadline_list_free(http->deadlines);
		free(http);
		return err_set(err, ERR_FAILED, "could not start the HTTP server%s",
			options->tls_cert ? "; do certificate and key belong together?" : "");
	}
	*ret = http;
	return 0;
}

void http_expire(struct http *http)
{
	deadline_expire(http->deadlines);
}

void http_quiesce(struct http *http)
{
	const MHD_socket fd = MHD_quiesce_daemon(http->daemon);
	auto_unlock pthread_mutex_t *held = auto_lock(&http->lock);

	(void)held;
	http->is_draining = true;
	if (fd != MHD_INVALID_SOCKET)
		(void)close(fd); /* nobody accepts from it any more */
}

bool http_drain(struct http *http, const struct timespec *until)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&http->lock);

	while (http->active > 0)
		if (pthread_cond_timedwait(&http->idle, held, until) == ETIMEDOUT)
			return false;
	return true;
}

void http_close(struct http *http)
{
	if (!http)
		return;
	MHD_stop_daemon(http->daemon);
	deadline_list_free(http->deadlines);
	(void)pthread_cond_destroy(&http->idle); /* all threads are gone */
	(void)pthread_mutex_destroy(&http->lock);
	free(http);
}

/* http.h - HTTP/1.1 over plain TCP, TLS or a Unix socket, by libmicrohttpd. A handler sees
 * values and no socket: it fills a reply at once, or suspends the call and has it resumed by
 * another thread once the reply is filled. Limits: body, head (and
 * one header, cookie or argument for each 128 bytes of its limit), connections, of which one
 * address gets three quarters, the time to send a request (15 s), idle time between requests.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/err.h"
#include "base/metrics.h"

#define HTTP_ID_MAX            64
#define HTTP_REPLY_HEADERS_MAX 40
#define HTTP_REPLY_MAX         1536 /* bytes of a handler's headers */

/* All borrowed, for the life of the call. */
struct http_request {
	const char *method;
	const char *path; /* as sent, percent-encoding and all, without the query */
	const char *body; /* NUL-terminated */
	size_t body_len;
	bool is_body_too_large; /* the body is empty then, and was not read if its length was
				   told */
	int fault;              /* 400 or 431 if the request must be refused, 0 otherwise */
	const char *peer;       /* "192.0.2.7:40123", "unix" */
};

struct http_reply {
	int status;
	const char *content_type; /* a literal */
	char *body;               /* from malloc; owned by the call */
	size_t body_len;
	size_t header_count;
	size_t header_bytes;
	struct {
		const char *name; /* a literal */
		char *value;      /* owned by the call */
	} headers[HTTP_REPLY_HEADERS_MAX];
};

struct http_call {
	struct http_request request;
	struct http_reply reply;
	void *handler_ctx; /* what http_open was given */
	/* The handlers' own. */
	char id[HTTP_ID_MAX + 1]; /* for the log; "": none */
	bool is_pretty;           /* JSON is indented */
	int refused;              /* why: enum kube_reason */
	bool is_rejected;         /* what was reviewed is not good */
	int route;                /* what it is for: enum stats_route */
};

/* The first value of a request header, or NULL; `ret_count` (may be NULL) tells how many there
 * are. Borrowed. */
const char *http_header(struct http_call *call, const char *name, size_t *ret_count);

/* call->id, or NULL if there is none. */
static inline const char *http_id(const struct http_call *call)
{
	return call->id[0] != '\0' ? call->id : NULL;
}

/* The User-Agent, cut and cleaned, for records; NULL if there is none. The caller frees. */
char *http_agent(struct http_call *call);

/* The values of a query parameter, decoded, "" where it has none: at most `max` of them into
 * `ret`, the caller's to free; returns how many there are. */
size_t http_query(struct http_call *call, const char *name, char **ret, size_t max);

/* Is there a header whose name begins with `prefix`, in any case? */
bool http_has_header_like(struct http_call *call, const char *prefix);

/* The certificates that the client has shown (DER, its own first), borrowed for the call; 0 if
 * none. Nobody has verified them. */
struct http_blob {
	const unsigned char *p;
	size_t len;
};
#define HTTP_CERTIFICATES_MAX 8
size_t http_certificates(struct http_call *call, struct http_blob ret[HTTP_CERTIFICATES_MAX]);

/* The uid of the process at the other end of a Unix socket, when it connected; -1 elsewhere. */
int64_t http_unix_uid(struct http_call *call);

/* Decodes %XX of a path segment in place; false if it is malformed, or hides a '/' or a NUL. */
bool http_unescape(char *segment);

/* Adds a header; beyond HTTP_REPLY_HEADERS_MAX of them, or HTTP_REPLY_MAX bytes, it is
 * dropped. */
void http_reply_header(struct http_call *call, const char *name, const char *value);
/* Sets status and body; `body` (may be NULL for none) becomes the call's. */
void http_reply_body(struct http_call *call, int status, const char *content_type, char *body,
	size_t len);

/* In a handler: the reply will come later. Exactly one http_resume must follow, from any
 * thread, after which the call must not be touched. */
void http_suspend(struct http_call *call);
void http_resume(struct http_call *call);

typedef void http_handler_fn(struct http_call *call);
/* The reply is filled, `duration_us` after the request had come. */
typedef void http_done_fn(struct http_call *call, int64_t duration_us);

struct http_options {
	int listen_fd;        /* taken over, also on failure */
	const char *tls_cert; /* PEM, or NULL for plain HTTP */
	const char *tls_key;
	bool asks_certificate; /* clients may show one; nobody verifies it here */
	size_t head_max;       /* of request line and headers; HTTP_HEAD_MIN at least */
	size_t body_max;
	uint32_t connections;
	uint32_t idle_s;
	http_handler_fn *handler;
	http_done_fn *done; /* may be NULL */
	void *handler_ctx;
	struct metrics_number *open_connections; /* raised and lowered; may be NULL */
};

struct http;

int http_open(const struct http_options *options, struct http **ret, struct err *err);
/* Cuts off connections that take too long to send a request, or whose client has left in the
 * middle of one. Call a few times a second. */
void http_expire(struct http *http);
/* Takes no more connections. */
void http_quiesce(struct http *http);
/* Waits until no call is under way, that is from its handler until its reply is sent, or until
 * the monotonic clock says `until`: false then. A request that is not whole is not waited for:
 * it has done nothing, and may never end. */
bool http_drain(struct http *http, const struct timespec *until);
/* After http_drain: no call may be suspended. */
void http_close(struct http *http);

#endif

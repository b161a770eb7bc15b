/* http_exchange.h - one request and its reply, as the files that make up http.h share it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "base/text.h"
#include "serve/deadline.h"
#include "serve/http.h"

/* The memory that libmicrohttpd has for a connection, and keeps resident while it is idle:
 * twice the largest head. One half takes what comes in: the head of a request and what follows
 * it. The other half takes an entry for each header, cookie and argument, a copy of the
 * cookies, and the head of the reply. What may be in it is limited, so that there is always
 * room for the reply; without, the library ends the connection instead. */
#define HTTP_HEAD_MIN   4096 /* the least that the largest request line and headers may be */
#define HTTP_ENTRY_SIZE 64
#define HTTP_REPLY_OWN  512 /* status line, Date and so on */
_Static_assert(HTTP_REPLY_MAX + HTTP_REPLY_OWN <= HTTP_HEAD_MIN / 2,
	"a reply fits beside the largest request");

static inline size_t http_connection_bytes(size_t head_max)
{
	return 2 * head_max;
}

/* Half of a half, for entries and cookies. */
static inline size_t http_entry_bytes_max(size_t head_max)
{
	return head_max / 2;
}

struct MHD_Connection;

enum http_state { HTTP_ARRIVING, HTTP_READING, HTTP_SUSPENDED, HTTP_HANDLED };

/* What the handler sees comes first, so that one pointer serves for both. */
struct http_exchange {
	struct http_call call;
	int64_t began_us; /* clock_monotonic_us when its handler was called */
	struct http *http;
	const struct http_options *options;
	struct MHD_Connection *connection;
	struct deadline *deadline;
	enum http_state state;
	const char *after_uri; /* of the request line, as it came */
	bool has_blank_uri;
	struct text body;
	size_t received; /* bytes of the body, kept or not */
};

static inline struct http_exchange *http_exchange_of(struct http_call *call)
{
	return (struct http_exchange *)call;
}

/* The one that is under way on a connection, or NULL. */
struct http_exchange *http_exchange_on(struct MHD_Connection *connection);

#endif

/* http_exchange.h - one request and its reply, as the files that make up http.h share it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "base/text.h"
#include "issuer/deadline.h"
#include "issuer/http.h"

/* The memory that libmicrohttpd has for a connection. One half takes what comes in: the head of
 * a request and what follows it. The other half takes an entry for each header, cookie and
 * argument, a copy of the cookies, and the head of the reply. What may be in it is limited, so
 * that there is always room for the reply; without, the library ends the connection instead. */
#define HTTP_CONNECTION_BYTES (32 * 1024)
#define HTTP_HEAD_MAX         (8 * 1024) /* request line and headers */
#define HTTP_ENTRY_BYTES      64
#define HTTP_ENTRIES_MAX      64          /* a cookie's bytes count, too */
#define HTTP_REPLY_MAX        (11 * 1024) /* a handler's headers */
#define HTTP_REPLY_OWN        1024        /* status line, Date and so on */
_Static_assert(HTTP_HEAD_MAX <= HTTP_CONNECTION_BYTES / 2 &&
		HTTP_ENTRY_BYTES * HTTP_ENTRIES_MAX + HTTP_REPLY_MAX + HTTP_REPLY_OWN <=
			HTTP_CONNECTION_BYTES / 2,
	"a reply fits beside the largest request");

struct MHD_Connection;

enum http_state { HTTP_ARRIVING, HTTP_READING, HTTP_SUSPENDED, HTTP_HANDLED };

/* What the handler sees comes first, so that one pointer serves for both. */
struct http_exchange {
	struct http_call call;
	struct http *http;
	const struct http_options *options;
	struct MHD_Connection *connection;
	struct deadline *deadline;
	enum http_state state;
	const char *after_uri; /* of the request line, as it came */
	struct text body;
	size_t received; /* bytes of the body, kept or not */
};

static inline struct http_exchange *http_exchange_of(struct http_call *call)
{
	return (struct http_exchange *)call;
}

#endif

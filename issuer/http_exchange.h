/* http_exchange.h - one request and its reply, as the files that make up http.h share it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "base/text.h"
#include "issuer/deadline.h"
#include "issuer/http.h"

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

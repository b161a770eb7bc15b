/* http_client.h - asks over HTTPS, or HTTP on this host; the agent's only user of libcurl. No
 * redirects, no proxies, nothing from the environment: a secret goes where the configuration
 * says. One thread at a time; connections are kept. SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

#define HTTP_CLIENT_BODY_MAX (1024 * 1024) /* of an answer */

/* All borrowed until http_client_free; NULL where there is none. */
struct http_client_options {
	const char *socket;      /* a Unix socket to connect to, whatever the URL's host */
	const char *ca;          /* PEM certificates to trust; NULL: the system's */
	const char *certificate; /* PEM, and its key */
	const char *key;
	int64_t timeout_ms;              /* of an exchange as a whole */
	const atomic_bool *is_cancelled; /* ends one that is under way, within a second */
};

struct http_client;

/* Once per process, before any thread. */
int http_client_init(struct err *err);

/* Files are read when a connection is made. */
int http_client_new(const struct http_client_options *options, struct http_client **ret,
	struct err *err);
void http_client_free(struct http_client *client);
static inline void auto_http_client_(struct http_client **client)
{
	http_client_free(*client);
}
#define auto_http_client __attribute__((cleanup(auto_http_client_)))

/* GET, or POST where there is a body. */
struct http_client_ask {
	const char *url;
	const char *accept;
	const char *bearer;       /* a secret for Authorization, or NULL */
	const char *content_type; /* of the body */
	const char *body;
};

/* Starts zeroed; http_client_clear releases, and clears, as a body may hold a secret. */
struct http_client_answer {
	long status;
	struct text body;
	int64_t retry_after_s; /* 0: not said */
};

/* Any status is an answer. ERR_BUSY: there was none, and another try may get one; the text says
 * why. */
int http_client_send(struct http_client *client, const struct http_client_ask *ask,
	struct http_client_answer *ret, struct err *err);

/* An answer that is a refusal: ERR_BUSY for 429 and 5xx, else ERR_REFUSED; err->detail is the
 * status. `why` is what its body says, "" if nothing. */
int http_client_refuse(const struct http_client_answer *answer, const char *url,
	const char *why, struct err *err);

void http_client_clear(struct http_client_answer *answer);
#define auto_http_answer __attribute__((cleanup(http_client_clear)))

/* `s` as it may stand in a form or a query; the caller frees. */
char *http_client_escape(const char *s);

#endif

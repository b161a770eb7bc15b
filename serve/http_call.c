/* http_call.c - what a handler asks of its call, and says to it; see http.h. Only the
 * files http*.c use libmicrohttpd.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <gnutls/gnutls.h>
#include <microhttpd.h>

#include "base/text.h"
#include "serve/http.h"
#include "serve/http_exchange.h"

#define HTTP_AGENT_MAX 256 /* what is recorded of it */

struct search {
	const char *name;
	const char *first;
	size_t count;
	int (*compare)(const char *, const char *);
};

static enum MHD_Result match(void *cls, enum MHD_ValueKind kind, const char *key,
	const char *value)
{
	struct search *search = cls;

	(void)kind;
	if (search->compare(key, search->name) == 0 && search->count++ == 0)
		search->first = value;
	return MHD_YES;
}

const char *http_header(struct http_call *call, const char *name, size_t *ret_count)
{
	struct search search = { .name = name, .compare = strcasecmp };

	(void)MHD_get_connection_values(http_exchange_of(call)->connection, MHD_HEADER_KIND,
		match, &search);
	if (ret_count)
		*ret_count = search.count;
	return search.first;
}

char *http_agent(struct http_call *call)
{
	const char *agent = http_header(call, "User-Agent", NULL);
	char *copy = agent ? strndup(agent, HTTP_AGENT_MAX) : NULL;

	if (agent && !copy)
		abort();
	if (copy)
		text_clean(copy);
	return copy;
}

struct query {
	const char *name;
	char **ret;
	size_t max;
	size_t count;
};

static enum MHD_Result match_query(void *cls, enum MHD_ValueKind kind, const char *key,
	const char *value)
{
	struct query *query = cls;

	(void)kind;
	if (strcmp(key, query->name) != 0)
		return MHD_YES;
	if (query->count < query->max) {
		char *copy = text_copy(value ? value : "");

		(void)MHD_http_unescape(copy);
		query->ret[query->count] = copy;
	}
	query->count++;
	return MHD_YES;
}

size_t http_query(struct http_call *call, const char *name, char **ret, size_t max)
{
	struct query query = { .name = name, .ret = ret, .max = max };

	(void)MHD_get_connection_values(http_exchange_of(call)->connection,
		MHD_GET_ARGUMENT_KIND, match_query, &query);
	return query.count;
}

/* A prefix that is looked for among the headers' names. */
struct prefix {
	const char *name;
	bool is_found;
};

static enum MHD_Result match_prefix(void *cls, enum MHD_ValueKind kind, const char *key,
	const char *value)
{
	struct prefix *prefix = cls;

	(void)kind;
	(void)value;
	if (strncasecmp(key, prefix->name, strlen(prefix->name)) == 0)
		prefix->is_found = true;
	return MHD_YES;
}

bool http_has_header_like(struct http_call *call, const char *prefix)
{
	struct prefix wanted = { .name = prefix };

	(void)MHD_get_connection_values(http_exchange_of(call)->connection, MHD_HEADER_KIND,
		match_prefix, &wanted);
	return wanted.is_found;
}

size_t http_certificates(struct http_call *call, struct http_blob ret[HTTP_CERTIFICATES_MAX])
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(http_exchange_of(call)->connection,
			MHD_CONNECTION_INFO_GNUTLS_SESSION);
	const gnutls_datum_t *list;
	unsigned count = 0;

	if (!info || !http_exchange_of(call)->options->asks_certificate)
		return 0;
	list = gnutls_certificate_get_peers(info->tls_session, &count);
	if (!list)
		return 0;
	for (unsigned i = 0; i < count && i < HTTP_CERTIFICATES_MAX; i++)
		ret[i] = (struct http_blob){ list[i].data, list[i].size };
	return count < HTTP_CERTIFICATES_MAX ? count : HTTP_CERTIFICATES_MAX;
}

int64_t http_unix_uid(struct http_call *call)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(http_exchange_of(call)->connection,
			MHD_CONNECTION_INFO_CONNECTION_FD);
	struct ucred peer;
	socklen_t len = sizeof(peer);
	int domain = 0;
	socklen_t domain_len = sizeof(domain);

	if (!info ||
		getsockopt(info->connect_fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_len) < 0 ||
		domain != AF_UNIX ||
		getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return -1;
	return peer.uid;
}

bool http_unescape(char *segment)
{
	for (const char *p = segment; (p = strchr(p, '%')); p++) {
		static const char hex[] = "0123456789abcdefABCDEF";

		if (!p[1] || !p[2] || !strchr(hex, p[1]) || !strchr(hex, p[2]) ||
			strncmp(p, "%00", 3) == 0 || strncasecmp(p, "%2f", 3) == 0)
			return false;
	}
	(void)MHD_http_unescape(segment);
	return true;
}

void http_reply_header(struct http_call *call, const char *name, const char *value)
{
	struct http_reply *reply = &call->reply;
	const size_t bytes = strlen(name) + strlen(": ") + strlen(value) + strlen("\r\n");

	if (reply->header_count == HTTP_REPLY_HEADERS_MAX ||
		reply->header_bytes + bytes > HTTP_REPLY_MAX)
		return;
	reply->header_bytes += bytes;
	reply->headers[reply->header_count].name = name;
	reply->headers[reply->header_count].value = text_copy(value);
	reply->header_count++;
}

void http_reply_body(struct http_call *call, int status, const char *content_type, char *body,
	size_t len)
{
	free(call->reply.body);
	call->reply.status = status;
	call->reply.content_type = content_type;
	call->reply.body = body;
	call->reply.body_len = len;
}

void http_suspend(struct http_call *call)
{
	http_exchange_of(call)->state = HTTP_SUSPENDED; /* on the connection's own thread */
	MHD_suspend_connection(http_exchange_of(call)->connection);
}

void http_resume(struct http_call *call)
{
	MHD_resume_connection(http_exchange_of(call)->connection);
}

/* http_fault.c - see http_fault.h. The library shows a request as strings that end at a NUL,
 * wherever that came from, and joins folded lines in ways of its own. But the strings lie where
 * the request was read to: if they stand one behind another, with nothing between them but what
 * belongs there, then they are all of it.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include <microhttpd.h>

#include "serve/http_exchange.h"
#include "serve/http_fault.h"

/* RFC 9110 §5.6.2 */
#define TOKEN                                                                                  \
	"!#$%&'*+-.^_`|~0123456789"                                                            \
	"abcdefghijklmnopqrstuvwxyz"                                                           \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ"

struct framing {
	const char *next; /* where the next header has to begin */
	size_t cookie_bytes;
	unsigned content_lengths, transfer_encodings, hosts;
	bool is_odd;
};

static bool is_token(const char *s)
{
	return *s != '\0' && s[strspn(s, TOKEN)] == '\0';
}

/* No control characters, but for a tab? */
static bool is_text(const char *s)
{
	for (; *s != '\0'; s++)
		if (((unsigned char)*s < ' ' && *s != '\t') || *s == 0x7f)
			return false;
	return true;
}

static enum MHD_Result look_at_header(void *cls, enum MHD_ValueKind kind, const char *key,
	const char *value)
{
	struct framing *framing = cls;

	(void)kind;
	if (!value || key != framing->next || !is_token(key) || !is_text(value)) {
		framing->is_odd = true;
		return MHD_NO;
	}
	framing->next = value + strlen(value) + strlen("\r\n");
	framing->cookie_bytes += strcasecmp(key, "Cookie") == 0 ? strlen(value) : 0;
	framing->content_lengths += strcasecmp(key, "Content-Length") == 0;
	framing->hosts += strcasecmp(key, "Host") == 0;
	if (strcasecmp(key, "Transfer-Encoding") == 0) {
		framing->transfer_encodings++;
		framing->is_odd = framing->is_odd || strcasecmp(value, "chunked") != 0;
	}
	return MHD_YES;
}

static enum MHD_Result look_at_argument(void *cls, enum MHD_ValueKind kind, const char *key,
	const char *value)
{
	struct framing *framing = cls;

	(void)kind;
	framing->is_odd = framing->is_odd || !is_text(key) || (value && !is_text(value));
	return MHD_YES;
}

/* The method, the URI and the version, one blank between them. */
static bool is_line_whole(const struct http_line *line)
{
	return is_token(line->method) && is_text(line->path) && !line->has_blank_uri &&
		line->path == line->method + strlen(line->method) + 1 &&
		line->version == line->after_uri;
}

bool http_fault_has_many(const char *uri, size_t head_max)
{
	size_t count = 1;

	while ((uri = strchr(uri, '&'))) {
		uri++;
		count++;
	}
	return count * HTTP_ENTRY_SIZE > http_entry_bytes_max(head_max);
}

/* Is there room for the reply beside the request? */
static bool fits(struct MHD_Connection *connection, size_t head_size, size_t cookie_bytes,
	size_t head_max)
{
	const int entries = MHD_get_connection_values(connection,
		MHD_GET_ARGUMENT_KIND | MHD_HEADER_KIND | MHD_COOKIE_KIND, NULL, NULL);

	return head_size <= head_max &&
		(size_t)entries * HTTP_ENTRY_SIZE + cookie_bytes <=
		http_entry_bytes_max(head_max);
}

static size_t head_size_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	return info ? info->header_size : 0;
}

int http_fault(struct MHD_Connection *connection, const struct http_line *line, size_t head_max)
{
	const size_t head_size = head_size_of(connection);
	struct framing framing = { .next = line->version + strlen(line->version) +
			strlen("\r\n") };

	(void)MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, look_at_argument,
		&framing);
	(void)MHD_get_connection_values(connection, MHD_HEADER_KIND, look_at_header, &framing);
	if (!fits(connection, head_size, framing.cookie_bytes, head_max))
		return 431;
	if (framing.is_odd || !is_line_whole(line) ||
		framing.next + strlen("\r\n") != line->method + head_size)
		return 400;
	if (framing.hosts > 1 || framing.content_lengths + framing.transfer_encodings > 1)
		return 400;
	/* RFC 9112 §3.2, §6.1 */
	if (strcmp(line->version, "HTTP/1.0") == 0 ? framing.transfer_encodings > 0
						   : framing.hosts == 0)
		return 400;
	return 0;
}

struct trailers {
	const char *head;
	size_t head_size;
	bool is_any;
};

/* Where the last CR and LF come one by one, libmicrohttpd 0.9.75 shows the last header a second
 * time, as a trailer. */
static enum MHD_Result look_at_trailer(void *cls, enum MHD_ValueKind kind, const char *key,
	const char *value)
{
	struct trailers *trailers = cls;

	(void)kind;
	(void)value;
	if (key < trailers->head || key >= trailers->head + trailers->head_size)
		trailers->is_any = true;
	return MHD_YES;
}

bool http_fault_has_trailer(struct MHD_Connection *connection, const char *method)
{
	struct trailers trailers = { method, head_size_of(connection), false };

	(void)MHD_get_connection_values(connection, MHD_FOOTER_KIND, look_at_trailer,
		&trailers);
	return trailers.is_any;
}

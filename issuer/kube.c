/* kube.c - see kube.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/log.h"
#include "base/text.h"
#include "issuer/kube.h"
#include "issuer/kube_options.h"
#include "issuer/negotiate.h"

#define KUBE_WARNING_MAX  256  /* bytes of one warning's text */
#define KUBE_WARNINGS_END 1024 /* of the reply's headers; the others come behind */
#define KUBE_RETRY_S      "1"

static const struct {
	int status;
	const char *name;
} reasons[] = {
	[KUBE_NONE] = { 500, "InternalError" },
	[KUBE_BAD_REQUEST] = { 400, "BadRequest" },
	[KUBE_UNAUTHORIZED] = { 401, "Unauthorized" },
	[KUBE_FORBIDDEN] = { 403, "Forbidden" },
	[KUBE_NOT_FOUND] = { 404, "NotFound" },
	[KUBE_METHOD_NOT_ALLOWED] = { 405, "MethodNotAllowed" },
	[KUBE_NOT_ACCEPTABLE] = { 406, "NotAcceptable" },
	[KUBE_CONFLICT] = { 409, "Conflict" },
	[KUBE_TOO_LARGE] = { 413, "RequestEntityTooLarge" },
	[KUBE_UNSUPPORTED_MEDIA_TYPE] = { 415, "UnsupportedMediaType" },
	[KUBE_INVALID] = { 422, "Invalid" },
	[KUBE_HEADERS_TOO_LARGE] = { 431, "BadRequest" },
	[KUBE_INTERNAL] = { 500, "InternalError" },
	[KUBE_UNAVAILABLE] = { 503, "ServiceUnavailable" },
};

/* An err has no line breaks. */
static const char not_acceptable[] =
	"406: Not Acceptable\n\nAvailable representations: " KUBE_JSON_MEDIA_TYPE;

const char *kube_reason_name(enum kube_reason reason)
{
	return reasons[reason].name;
}

int kube_reason_status(enum kube_reason reason)
{
	return reasons[reason].status;
}

int kube_check_name(const char *name, struct err *err)
{
	const bool has_slash = strchr(name, '/') != NULL;
	const bool has_percent = strchr(name, '%') != NULL;

	if (*name == '\0')
		return kube_refuse(err, KUBE_BAD_REQUEST, "Name parameter required.");
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return kube_refuse(err, KUBE_BAD_REQUEST,
			"Name parameter invalid: \"%s\": may not be '%s'", name, name);
	if (!has_slash && !has_percent)
		return 0;
	return kube_refuse(err, KUBE_BAD_REQUEST, "Name parameter invalid: \"%.253s\": %s%s%s",
		name, has_slash ? "may not contain '/'" : "",
		has_slash && has_percent ? ";" : "", has_percent ? "may not contain '%'" : "");
}

void kube_take_pretty(struct http_call *call)
{
	static const char *const readers[] = { "curl", "Wget", "Mozilla/5.0" };
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };
	const char *agent = http_header(call, "User-Agent", NULL);
	char *value = NULL;

	(void)negotiate_accepts(http_header(call, "Accept", NULL), KUBE_JSON_MEDIA_TYPE,
		&call->is_pretty);
	if (http_query(call, "pretty", &value, 1) > 0 && *value != '\0') {
		for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
			call->is_pretty = call->is_pretty || strcmp(value, yes[i]) == 0;
	} else if (agent) {
		for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
			call->is_pretty = call->is_pretty ||
				strncmp(agent, readers[i], strlen(readers[i])) == 0;
	}
	free(value);
}

int kube_check_accept(struct http_call *call, struct err *err)
{
	bool ignored;

	if (negotiate_accepts(http_header(call, "Accept", NULL), KUBE_JSON_MEDIA_TYPE,
		    &ignored))
		return 0;
	return kube_refuse(err, KUBE_NOT_ACCEPTABLE, "%s", not_acceptable);
}

void kube_reply_json(struct http_call *call, int status, json_t *json)
{
	auto_free char *written =
		json ? json_dumps(json, call->is_pretty ? JSON_INDENT(2) : JSON_COMPACT) : NULL;
	char *body;

	json_decref(json);
	/* Out of memory, or a text that is not UTF-8: every text that comes here has been
	 * cleaned. */
	if (!written)
		status = 500;
	body = text_format("%s\n",
		written ? written
			: "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","
			  "\"message\":\"internal error\",\"reason\":\"InternalError\",\"code\":500}");
	http_reply_header(call, "Cache-Control", "no-cache, private");
	http_reply_header(call, "X-Content-Type-Options", "nosniff");
	http_reply_body(call, status, KUBE_JSON_MEDIA_TYPE, body, strlen(body));
}

/* So many bytes of it as there is room for, and no part of a character. */
static size_t warning_len(const char *text)
{
	size_t len = strnlen(text, KUBE_WARNING_MAX);

	while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return len;
}

void kube_reply_warning(struct http_call *call, const char *text, size_t reserve)
{
	const size_t len = warning_len(text);
	auto_text struct text value = TEXT_INIT;

	text_add(&value, "299 - \"");
	for (size_t i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			text_add(&value, "\\");
		/* A line break here would be a header of the stranger's making. */
		text_add_bytes(&value, c < ' ' || c == 0x7f ? "?" : text + i, 1);
	}
	text_add(&value, "\"");
	if (call->reply.header_bytes + value.len + reserve <= KUBE_WARNINGS_END)
		http_reply_header(call, "Warning", value.s);
}

/* "spec.x: Invalid value: ..." is told as a cause of its own, RFC-less but so in Kubernetes. */
static json_t *causes(const struct err *err)
{
	const char *message = err->text;
	const char *at;

	if (!err->field)
		return NULL;
	at = strstr(message, err->field);
	if (at && strncmp(at + strlen(err->field), ": ", 2) == 0)
		message = at + strlen(err->field) + 2;
	return json_pack("[{s:s, s:s, s:s}]", "reason", "FieldValueInvalid", "message", message,
		"field", err->field);
}

static enum kube_reason reason_of(const struct err *err)
{
	if (err->code == ERR_REFUSED && err->detail != KUBE_NONE)
		return (enum kube_reason)err->detail;
	if (err->code == ERR_BUSY || err->code == ERR_EARLY)
		return KUBE_UNAVAILABLE;
	if (err->code == ERR_BAD_INPUT)
		return KUBE_BAD_REQUEST;
	return KUBE_INTERNAL;
}

/* What a stranger is told: a refusal in its own words; of our own troubles only that there are.
 */
static const char *message_of(const struct err *err, enum kube_reason reason)
{
	if (reason == KUBE_NOT_ACCEPTABLE)
		return not_acceptable;
	if (err->code == ERR_REFUSED || err->code == ERR_BAD_INPUT)
		return err->text;
	return reason == KUBE_UNAVAILABLE ? "the issuer cannot mint at the moment; try again"
					  : "internal error; the server's log has the reason";
}

static json_t *details_of(const struct err *err, const struct kube_object *object)
{
	auto_free char *name = object && object->name ? text_copy(object->name) : NULL;

	if (!object)
		return NULL;
	if (name)
		text_clean(name); /* it may be what a stranger put into a path */
	return json_pack("{s:s*, s:s*, s:s*, s:o*}", "name", name, "group", object->group,
		"kind", object->kind, "causes", causes(err));
}

void kube_reply_error(struct http_call *call, const struct err *err,
	const struct kube_object *object)
{
	const enum kube_reason reason = reason_of(err);
	json_t *details;

	call->refused = (int)reason;
	if (reason == KUBE_INTERNAL || reason == KUBE_UNAVAILABLE)
		log_event(LOG_ERROR, "request.failed", "id", http_id(call), "path",
			call->request.path, "error", err->text, NULL);
	if (reason == KUBE_UNAVAILABLE) {
		http_reply_header(call, "Retry-After", KUBE_RETRY_S);
		details = json_pack("{s:i}", "retryAfterSeconds", 1);
	} else if (err->field && strcmp(err->field, KUBE_OPTIONS_FIELD) == 0) {
		details = kube_options_details(call);
	} else {
		details = details_of(err, object);
	}
	kube_reply_json(call, kube_reason_status(reason),
		json_pack("{s:s, s:s, s:{}, s:s, s:s, s:s, s:o*, s:i}", "kind", "Status",
			"apiVersion", "v1", "metadata", "status", "Failure", "message",
			message_of(err, reason), "reason", kube_reason_name(reason), "details",
			details, "code", kube_reason_status(reason)));
}

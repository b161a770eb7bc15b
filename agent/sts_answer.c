/* sts_answer.c - see sts_answer.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <expat.h>
#include <openssl/crypto.h>

#include "agent/sts_answer.h"
#include "base/auto.h"
#include "base/text.h"

#define DEPTH_MAX   16
#define REFUSAL_MAX 300

/* An element that is wanted, by its name and its parent's. */
struct field {
	const char *parent;
	const char *name;
	struct text value;
	bool is_there;
};

struct walk {
	XML_Parser parser;
	struct field *fields;
	size_t field_count;
	const char *path[DEPTH_MAX]; /* literals of the fields, or "" */
	int depth;
	struct field *open; /* whose text comes now */
	bool is_refused;
};

/* Names are kept as the literals that the table has: nothing of the document is. */
static const char *known(const struct walk *w, const char *name)
{
	const char *colon = strrchr(name, '|'); /* the namespace is before it */

	if (colon)
		name = colon + 1;
	for (size_t i = 0; i < w->field_count; i++) {
		if (strcmp(w->fields[i].name, name) == 0)
			return w->fields[i].name;
		if (strcmp(w->fields[i].parent, name) == 0)
			return w->fields[i].parent;
	}
	return "";
}

static void refuse(struct walk *w)
{
	w->is_refused = true;
	(void)XML_StopParser(w->parser, XML_FALSE); /* it has not ended */
}

static void on_start(void *ctx, const char *name, const char **attributes)
{
	struct walk *w = ctx;

	(void)attributes; /* there are none that matter */
	if (w->depth == DEPTH_MAX) {
		refuse(w);
		return;
	}
	w->path[w->depth] = known(w, name);
	w->open = NULL;
	for (size_t i = 0; i < w->field_count && w->depth > 0; i++) {
		struct field *f = &w->fields[i];

		if (strcmp(w->path[w->depth], f->name) != 0 ||
			strcmp(w->path[w->depth - 1], f->parent) != 0)
			continue;
		if (f->is_there)
			refuse(w); /* which of the two? */
		f->is_there = true;
		w->open = f;
	}
	w->depth++;
}

static void on_end(void *ctx, const char *name)
{
	struct walk *w = ctx;

	(void)name; /* expat has matched it */
	w->depth--;
	w->open = NULL;
}

static void on_text(void *ctx, const char *s, int len)
{
	struct walk *w = ctx;

	if (!w->open)
		return;
	if (w->open->value.len + (size_t)len > STS_ANSWER_FIELD_MAX)
		refuse(w);
	else
		text_add_bytes(&w->open->value, s, (size_t)len);
}

/* Entities have no place here, and can be made to grow. */
static void on_doctype(void *ctx, const char *name, const char *sysid, const char *pubid,
	int has)
{
	(void)name, (void)sysid, (void)pubid, (void)has; /* whatever it says */
	refuse(ctx);
}

/* Fills the fields that are there; false if it is no such document. */
static bool read_fields(const char *xml, size_t len, struct field *fields, size_t count)
{
	XML_Parser parser = len <= INT_MAX ? XML_ParserCreateNS(NULL, '|') : NULL;
	struct walk w = { .parser = parser, .fields = fields, .field_count = count };
	bool is_read;

	if (!parser)
		return false;
	XML_SetUserData(parser, &w);
	XML_SetElementHandler(parser, on_start, on_end);
	XML_SetCharacterDataHandler(parser, on_text);
	XML_SetStartDoctypeDeclHandler(parser, on_doctype);
	is_read = XML_Parse(parser, xml, (int)len, XML_TRUE) == XML_STATUS_OK && !w.is_refused;
	XML_ParserFree(parser);
	return is_read;
}

static void clear_fields(struct field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (fields[i].value.s)
			OPENSSL_cleanse(fields[i].value.s, fields[i].value.len);
		text_free(&fields[i].value);
	}
}

/* It goes into JSON, and a client puts it into a header. */
static bool is_printable(const struct text *value)
{
	for (size_t i = 0; i < value->len; i++)
		if (value->s[i] <= ' ' || value->s[i] >= 0x7f)
			return false;
	return value->len > 0;
}

/* Fractions of a second are of no use. */
static int read_expiration(const char *s, unix_time *ret, struct err *err)
{
	auto_free char *whole = text_copy(s);
	char *dot = strchr(whole, '.');

	if (dot && strlen(dot) > 1 && dot[strlen(dot) - 1] == 'Z')
		memcpy(dot, "Z", 2);
	return text_read_time(whole, ret, err);
}

int sts_answer_read(const char *xml, size_t len, struct sts_answer *ret, struct err *err)
{
	struct field fields[] = {
		{ "Credentials", "AccessKeyId", TEXT_INIT, false },
		{ "Credentials", "SecretAccessKey", TEXT_INIT, false },
		{ "Credentials", "SessionToken", TEXT_INIT, false },
		{ "Credentials", "Expiration", TEXT_INIT, false },
	};
	const size_t count = sizeof(fields) / sizeof(fields[0]);
	bool is_good = read_fields(xml, len, fields, count);
	unix_time expires_at = TIME_UNSET;

	for (size_t i = 0; i < count; i++)
		is_good = is_good && is_printable(&fields[i].value);
	if (!is_good || read_expiration(fields[3].value.s, &expires_at, err) < 0) {
		clear_fields(fields, count);
		return err_set(err, ERR_UNHEALTHY,
			"the answer is not that of AssumeRoleWithWebIdentity");
	}
	*ret = (struct sts_answer){ text_take(&fields[0].value), text_take(&fields[1].value),
		text_take(&fields[2].value), text_take(&fields[3].value), expires_at };
	return 0;
}

char *sts_answer_refusal(const char *xml, size_t len)
{
	struct field fields[] = {
		{ "Error", "Code", TEXT_INIT, false },
		{ "Error", "Message", TEXT_INIT, false },
	};
	char *text;

	if (read_fields(xml, len, fields, 2) && fields[0].value.s)
		text = text_format("%.*s: %.*s", REFUSAL_MAX, fields[0].value.s, REFUSAL_MAX,
			fields[1].value.s ? fields[1].value.s : "");
	else
		text = text_copy("");
	clear_fields(fields, 2);
	text_clean(text);
	return text;
}

void sts_answer_clear(struct sts_answer *answer)
{
	if (answer->secret_access_key)
		OPENSSL_cleanse(answer->secret_access_key, strlen(answer->secret_access_key));
	if (answer->session_token)
		OPENSSL_cleanse(answer->session_token, strlen(answer->session_token));
	free(answer->access_key_id);
	free(answer->secret_access_key);
	free(answer->session_token);
	free(answer->expiration);
	*answer = (struct sts_answer){ .access_key_id = NULL };
}

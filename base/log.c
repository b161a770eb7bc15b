/* log.c - see log.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

/* More of one value tells nobody more, and a line stays one atomic write to a pipe. */
#define LOG_VALUE_MAX 512

/* It may be set while threads log. */
static _Atomic enum log_level log_threshold = LOG_INFO;
static bool log_is_json;

static const char *const level_names[] = { "debug", "info", "warn", "error" };

void log_set_level(enum log_level level)
{
	log_threshold = level;
}

void log_set_level_named(const char *name)
{
	for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++)
		if (strcmp(level_names[i], name) == 0)
			log_set_level((enum log_level)i);
}

void log_set_format_named(const char *name)
{
	if (strcmp(name, "json") == 0)
		log_is_json = true;
	else if (strcmp(name, "logfmt") == 0)
		log_is_json = false;
}

/* At once, with its end: lines of threads do not mix. */
static void write_line(const char *line)
{
	auto_free char *whole = text_format("%s\n", line);

	if (write(STDERR_FILENO, whole, strlen(whole)) < 0)
		return; /* nowhere left to complain to */
}

static bool needs_quotes(const char *s)
{
	if (*s == '\0')
		return true;
	for (; *s != '\0'; s++)
		if ((unsigned char)*s <= ' ' || (unsigned char)*s >= 0x7f || *s == '"' ||
			*s == '=' || *s == '\\')
			return true;
	return false;
}

/* Bytes outside printable ASCII become \xNN: a terminal that shows the log must not obey it. */
static void add_quoted(struct text *line, const char *s)
{
	size_t start;

	text_add(line, "\"");
	start = line->len;
	for (; *s != '\0' && line->len - start < LOG_VALUE_MAX; s++) {
		const unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			text_addf(line, "\\%c", c);
		else if (c < ' ' || c >= 0x7f)
			text_addf(line, "\\x%02x", c);
		else
			text_add_bytes(line, s, 1);
	}
	text_add(line, *s == '\0' ? "\"" : "...\"");
}

static void add_pair(struct text *line, const char *key, const char *value)
{
	text_addf(line, " %s=", key);
	if (needs_quotes(value) || strlen(value) > LOG_VALUE_MAX)
		add_quoted(line, value);
	else
		text_add(line, value);
}

/* A value in JSON: cut like the others; what is no UTF-8 becomes '?'. */
static void add_member(json_t *object, const char *key, const char *value)
{
	auto_free char *copy = text_format("%.*s", LOG_VALUE_MAX, value);

	text_clean(copy);
	(void)json_object_set_new(object, key, json_string(copy)); /* it is clean */
}

static void write_json(const char *level, const char *event, va_list ap)
{
	json_auto_t *object = json_object();
	char *line;
	const char *key;

	add_member(object, "ts", text_time(clock_now()).s);
	add_member(object, "level", level);
	add_member(object, "event", event);
	while ((key = va_arg(ap, const char *))) {
		const char *value = va_arg(ap, const char *);

		if (value)
			add_member(object, key, value);
	}
	line = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
	if (!line)
		abort();
	write_line(line);
	free(line);
}

static void write_logfmt(const char *level, const char *event, va_list ap)
{
	auto_text struct text line = TEXT_INIT;
	const char *key;

	text_addf(&line, "ts=%s level=%s event=%s", text_time(clock_now()).s, level, event);
	while ((key = va_arg(ap, const char *))) {
		const char *value = va_arg(ap, const char *);

		if (value)
			add_pair(&line, key, value);
	}
	write_line(line.s);
}

void log_event(enum log_level level, const char *event, ...)
{
	va_list ap;

	if (level < log_threshold)
		return;
	va_start(ap, event);
	if (log_is_json)
		write_json(level_names[level], event, ap);
	else
		write_logfmt(level_names[level], event, ap);
	va_end(ap);
}

void log_trouble(struct log_trouble *trouble, const char *event, const struct err *err)
{
	char text[ERR_TEXT_MAX];
	size_t len = 0;

	for (const char *p = err->text; *p != '\0'; p++)
		if (*p < '0' || *p > '9')
			text[len++] = *p;
	text[len] = '\0';
	if (strcmp(text, trouble->said) != 0)
		log_event(LOG_ERROR, event, "error", err->text, NULL);
	memcpy(trouble->said, text, len + 1);
}

void log_trouble_over(struct log_trouble *trouble)
{
	trouble->said[0] = '\0';
}

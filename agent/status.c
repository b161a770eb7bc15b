/* status.c - see status.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "agent/state.h"
#include "agent/status.h"
#include "base/auto.h"
#include "base/text.h"

#define COLUMNS 7

struct row {
	char *cell[COLUMNS];
};

static const char *const titles[COLUMNS] = { "SERVICE ACCOUNT", "AUDIENCE", "STATE", "AGE",
	"REFRESH", "EXPIRES", "FILE" };

static const char *string_of(const json_t *object, const char *member)
{
	const char *s = json_string_value(json_object_get(object, member));

	return s ? s : "-";
}

static char *span_since(const json_t *object, const char *member, unix_time now)
{
	const json_t *t = json_object_get(object, member);

	if (!json_is_integer(t))
		return text_copy("-");
	return text_copy(
		text_span(now > json_integer_value(t) ? now - json_integer_value(t) : 0).s);
}

static char *distance_to(const json_t *object, const char *member, unix_time now)
{
	const json_t *t = json_object_get(object, member);

	return text_copy(json_is_integer(t) ? text_relative(json_integer_value(t), now).s
					    : "-");
}

static struct row row_of(const json_t *p, unix_time now)
{
	return (struct row){ { text_copy(string_of(p, "service_account")),
		text_copy(string_of(p, "audience")), text_copy(string_of(p, "state")),
		span_since(p, "obtained_at", now), distance_to(p, "refresh_at", now),
		distance_to(p, "expires_at", now), text_copy(string_of(p, "file")) } };
}

static void print_row(const struct row *row, const size_t width[COLUMNS])
{
	for (size_t c = 0; c + 1 < COLUMNS; c++)
		(void)printf("%-*s  ", (int)width[c], row->cell[c]); /* flushed and checked */
	(void)printf("%s\n", row->cell[COLUMNS - 1]);
}

static void print_table(const json_t *list, unix_time now)
{
	const size_t count = json_array_size(list) + 1;
	auto_free struct row *rows = text_alloc(count, sizeof(*rows));
	size_t width[COLUMNS] = { 0 };

	for (size_t c = 0; c < COLUMNS; c++)
		rows[0].cell[c] = text_copy(titles[c]);
	for (size_t i = 1; i < count; i++)
		rows[i] = row_of(json_array_get(list, i - 1), now);
	for (size_t i = 0; i < count; i++)
		for (size_t c = 0; c < COLUMNS; c++)
			if (strlen(rows[i].cell[c]) > width[c])
				width[c] = strlen(rows[i].cell[c]);
	for (size_t i = 0; i < count; i++) {
		print_row(&rows[i], width);
		for (size_t c = 0; c < COLUMNS; c++)
			free(rows[i].cell[c]);
	}
}

/* What is wrong is worth a line each, below the table. */
static size_t count_bad(const json_t *list, bool prints)
{
	const json_t *p;
	size_t i, bad = 0;

	json_array_foreach(list, i, p)
	{
		bad += strcmp(string_of(p, "state"), "fresh") != 0;
		if (prints && json_is_string(json_object_get(p, "error")))
			(void)printf("%s: %s\n", string_of(p, "file"), string_of(p, "error"));
	}
	return bad;
}

/* What was written down was true then: tokens expire also when nobody writes. By our own clock,
 * as the agent that wrote it judged. */
static void judge_anew(const json_t *list, unix_time now)
{
	json_t *p;
	size_t i;

	json_array_foreach(list, i, p)
	{
		const json_t *until = json_object_get(p, "lives_until");

		if (json_is_integer(until) && json_integer_value(until) <= now &&
			json_object_set_new(p, "state", json_string("expired")) < 0)
			abort(); /* memory is gone */
	}
}

static int print_json(const json_t *json, struct err *err)
{
	if (json_dumpf(json, stdout, JSON_INDENT(2)) < 0 || fputc('\n', stdout) == EOF)
		return err_errno(err, ERR_FAILED, "could not write to standard output");
	return 0;
}

int status_print(const struct agent_conf *conf, bool as_json, unix_time now, struct err *err)
{
	auto_free char *text = NULL;
	json_auto_t *json = NULL;
	const json_t *list;
	size_t len, bad;

	if (state_read(conf->state, &text, &len, err) < 0) {
		if (err->code == ERR_NOT_FOUND)
			return err_set(err, ERR_NOT_FOUND,
				"no issuer-agent has run with the state '%s' yet", conf->state);
		return -1;
	}
	json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	list = json_object_get(json, "projections");
	if (!json_is_array(list))
		return err_set(err, ERR_FAILED, "'%s/status.json' is damaged", conf->state);
	judge_anew(list, now);
	if (as_json && print_json(json, err) < 0)
		return -1;
	if (!as_json)
		print_table(list, now);
	bad = count_bad(list, !as_json);
	if (fflush(stdout) != 0 || ferror(stdout))
		return err_errno(err, ERR_FAILED, "could not write to standard output");
	if (state_check_locked(conf->state, err) < 0)
		return -1;
	if (bad > 0)
		return err_set(err, ERR_UNHEALTHY, "%zu of %zu tokens are not in good order",
			bad, json_array_size(list));
	return 0;
}

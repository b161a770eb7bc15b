/* output.c - see output.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ctl/output.h"

#define OUTPUT_COLUMNS_MAX 12
#define OUTPUT_GAP         2
#define OUTPUT_START_LEN   12

json_t *output_time(unix_time t)
{
	return t == TIME_UNSET ? json_null() : json_string(text_time(t).s);
}

/* A client may have chosen it: a terminal must not obey it, nor may a line be taken for two. */
static void add_clean(struct text *cell, const char *s)
{
	auto_free char *copy = text_copy(s);

	text_clean(copy);
	text_add(cell, copy);
}

/* A value as one cell: text, lists joined by commas, nothing as "-". */
static void add_cell(struct text *cell, const json_t *value)
{
	const json_t *one;
	size_t i;

	if (json_is_string(value) && json_string_length(value) > 0) {
		add_clean(cell, json_string_value(value));
	} else if (json_is_integer(value)) {
		text_add(cell, text_num(json_integer_value(value)).s);
	} else if (json_is_real(value)) {
		text_addf(cell, "%.2f", json_real_value(value));
	} else if (json_is_boolean(value)) {
		text_add(cell, json_is_true(value) ? "yes" : "no");
	} else if (json_is_array(value) && json_array_size(value) > 0) {
		json_array_foreach(value, i, one)
		{
			text_add(cell, i > 0 ? "," : "");
			add_cell(cell, one);
		}
	} else if (json_is_object(value) && json_object_size(value) > 0) {
		auto_free char *compact = json_dumps(value, JSON_COMPACT);

		add_clean(cell, compact ? compact : "-");
	} else {
		text_add(cell, "-");
	}
}

static void add_formed(struct text *cell, const json_t *value, enum output_form form,
	unix_time now)
{
	const size_t start = cell->len;
	struct err ignored = ERR_INIT;
	unix_time at;

	if (form == OUTPUT_DISTANCE && json_is_string(value) &&
		text_read_time(json_string_value(value), &at, &ignored) == 0) {
		text_add(cell, text_relative(at, now).s);
		return;
	}
	add_cell(cell, value);
	if (form == OUTPUT_START && cell->len > start + OUTPUT_START_LEN) {
		cell->len = start + OUTPUT_START_LEN;
		cell->s[cell->len] = '\0';
	}
}

int output_flush(struct err *err)
{
	if (fflush(stdout) != 0)
		return err_errno(err, ERR_FAILED, "could not write to standard output");
	/* An earlier write failed; why is not known any more. */
	if (ferror(stdout))
		return err_set(err, ERR_FAILED, "could not write to standard output");
	return 0;
}

int output_json(const json_t *json, struct err *err)
{
	if (json_dumpf(json, stdout, JSON_INDENT(2)) < 0)
		return err_errno(err, ERR_FAILED, "could not write to standard output");
	(void)putchar('\n');
	return output_flush(err);
}

/* Like wc's columns: each as wide as its widest cell, the last one ragged. */
static void print_row(char *const *cells, const size_t *widths, size_t count)
{
	for (size_t c = 0; c < count; c++)
		if (c + 1 < count)
			(void)printf("%-*s", (int)widths[c] + OUTPUT_GAP, cells[c]);
		else
			(void)printf("%s\n", cells[c]);
}

static void print_table(const json_t *list, const struct output_column *columns, unix_time now)
{
	const size_t rows = json_array_size(list);
	size_t widths[OUTPUT_COLUMNS_MAX] = { 0 };
	char *titles[OUTPUT_COLUMNS_MAX] = { NULL };
	size_t count = 0;
	char **cells;

	for (; columns[count].title && count < OUTPUT_COLUMNS_MAX; count++) {
		titles[count] = text_copy(columns[count].title);
		widths[count] = strlen(titles[count]);
	}
	cells = text_alloc(rows * count, sizeof(*cells));
	for (size_t i = 0; i < rows * count; i++) {
		struct text cell = TEXT_INIT;
		const size_t c = i % count;

		add_formed(&cell,
			json_object_get(json_array_get(list, i / count), columns[c].member),
			columns[c].form, now);
		widths[c] = cell.len > widths[c] ? cell.len : widths[c];
		cells[i] = text_take(&cell);
	}
	print_row(titles, widths, count);
	for (size_t r = 0; r < rows; r++)
		print_row(cells + r * count, widths, count);
	for (size_t i = 0; i < rows * count; i++)
		free(cells[i]);
	for (size_t c = 0; c < count; c++)
		free(titles[c]);
	free(cells);
}

static void print_name(const json_t *object, const char *name_member)
{
	auto_text struct text cell = TEXT_INIT;

	add_cell(&cell, json_object_get(object, name_member));
	(void)puts(cell.s);
}

int output_list(const struct cmd_run *run, json_t *list, const struct output_column *columns,
	const char *name_member, struct err *err)
{
	json_auto_t *owned = list;
	const json_t *one;
	size_t i;

	if (run->output == CMD_JSON)
		return output_json(owned, err);
	if (run->output == CMD_TABLE)
		print_table(owned, columns, run->now);
	else
		json_array_foreach(owned, i, one) print_name(one, name_member);
	return output_flush(err);
}

int output_object(const struct cmd_run *run, json_t *object, const char *name_member,
	struct err *err)
{
	json_auto_t *owned = object;
	const char *key;
	json_t *value;

	if (!owned)
		return err_set(err, ERR_FAILED, "could not put it into words");
	if (run->output == CMD_JSON)
		return output_json(owned, err);
	if (run->output == CMD_NAME) {
		print_name(owned, name_member);
		return output_flush(err);
	}
	json_object_foreach(owned, key, value)
	{
		auto_text struct text cell = TEXT_INIT;

		add_cell(&cell, value);
		(void)printf("%-16s %s\n", key, cell.s);
	}
	return output_flush(err);
}

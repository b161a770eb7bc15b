/* audit_record.c - see audit_record.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "ctl/audit_record.h"
#include "ctl/output.h"

static const struct output_column columns[] = { { "TIME", "time", OUTPUT_WHOLE },
	{ "EVENT", "event", OUTPUT_WHOLE }, { "ACTOR", "actor", OUTPUT_WHOLE },
	{ "SUBJECT", "subject", OUTPUT_WHOLE }, { "AUDIENCE", "audience", OUTPUT_WHOLE },
	{ "OUTCOME", "outcome", OUTPUT_WHOLE }, { "SEQ", "seq", OUTPUT_WHOLE },
	{ .title = NULL } };

static json_t *seconds(int64_t s)
{
	return s == 0 ? json_null() : json_integer(s);
}

/* The list that it is; a store that somebody wrote to may hold anything. */
static json_t *audience(const char *text)
{
	json_t *list = text ? json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;

	return list ? list : json_null();
}

/* What is no UTF-8 was not written by us; a record is shown all the same. */
static json_t *words(const char *s)
{
	auto_free char *clean = s ? text_copy(s) : NULL;

	if (!clean)
		return json_null();
	text_clean(clean);
	return json_string(clean);
}

json_t *audit_record_json(int64_t seq, const struct store_audit *row)
{
	return json_pack(
		"{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
		"s:o, s:o, s:o}",
		"seq", (json_int_t)seq, "time", output_time(row->at), "event",
		words(row->event), "actor", words(row->actor), "auth", words(row->auth), "peer",
		words(row->peer), "agent", words(row->agent), "subject", words(row->subject),
		"audience", audience(row->audience), "asked_s", seconds(row->asked_s),
		"lifetime_s", seconds(row->lifetime_s), "bound", words(row->bound), "rule",
		words(row->rule), "jti", words(row->jti), "kid", words(row->kid), "expires_at",
		output_time(row->exp), "outcome", words(row->outcome), "detail",
		words(row->detail));
}

static bool is(const char *wanted, const char *found)
{
	return !wanted || (found && strcmp(wanted, found) == 0);
}

bool audit_record_matches(const struct store_audit *row,
	const struct store_audit_filter *filter)
{
	return row->at >= filter->since &&
		(filter->until == TIME_UNSET || row->at < filter->until) &&
		is(filter->subject, row->subject) && is(filter->actor, row->actor) &&
		is(filter->event, row->event) && is(filter->jti, row->jti) &&
		is(filter->kid, row->kid);
}

int audit_record_write(const json_t *record, struct err *err)
{
	if (json_dumpf(record, stdout, JSON_COMPACT) < 0 || putchar('\n') == EOF)
		return err_errno(err, ERR_FAILED, "could not write to standard output");
	return 0;
}

int audit_record_print(const struct cmd_run *run, json_t *list, struct err *err)
{
	json_auto_t *owned = list;
	const json_t *one;
	size_t i;

	if (run->output != CMD_JSONL)
		return output_list(run, json_incref(list), columns, "seq", err);
	json_array_foreach(owned, i, one) if (audit_record_write(one, err) < 0) return -1;
	return output_flush(err);
}

/* A client may have chosen it: a terminal must not obey it. */
static void print_clean(const char *before, const char *s)
{
	auto_free char *copy = text_copy(s ? s : "-");

	text_clean(copy);
	(void)printf("%s%s", before, copy);
}

int audit_record_print_line(const struct cmd_run *run, int64_t seq,
	const struct store_audit *row, struct err *err)
{
	json_auto_t *record = NULL;

	if (run->output == CMD_NAME) {
		(void)printf("%" PRId64 "\n", seq);
	} else if (run->output == CMD_TABLE) {
		print_clean("", text_time(row->at).s);
		print_clean("  ", row->event);
		print_clean("  ", row->actor);
		print_clean("  ", row->subject);
		print_clean("  ", row->audience);
		print_clean("  ", row->outcome);
		(void)putchar('\n');
	} else {
		record = audit_record_json(seq, row);
		if (audit_record_write(record, err) < 0)
			return -1;
	}
	return output_flush(err);
}

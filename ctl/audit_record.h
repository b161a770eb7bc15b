/* audit_record.h - audit records as people and programs read them.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef AUDIT_RECORD_H
#define AUDIT_RECORD_H

#include <jansson.h>

#include "ctl/cmd.h"

/* {"seq", "time", "event", ...}: every member, null where there is nothing; a new reference. */
json_t *audit_record_json(int64_t seq, const struct store_audit *row);

bool audit_record_matches(const struct store_audit *row,
	const struct store_audit_filter *filter);

/* On a line of its own. */
int audit_record_write(const json_t *record, struct err *err);

/* A list of them: a table, a JSON array, or with -o jsonl a line each. Takes over `list`. */
int audit_record_print(const struct cmd_run *run, json_t *list, struct err *err);

/* One of a stream, at once: a line of JSON, or one for people. */
int audit_record_print_line(const struct cmd_run *run, int64_t seq,
	const struct store_audit *row, struct err *err);

/* issuerctl audit export. */
int audit_export(struct cmd_run *run, struct err *err);

#endif

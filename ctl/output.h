/* output.h - one result, three forms: a table for people, JSON for scripts, names for xargs.
 * The table is drawn from the same JSON, so they cannot differ.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <jansson.h>

#include "ctl/cmd.h"

/* How a member becomes a cell. */
enum output_form {
	OUTPUT_WHOLE,
	OUTPUT_START,    /* its first 12 characters: enough of a kid */
	OUTPUT_DISTANCE, /* a time, as far from now: "in 3h" */
};

struct output_column {
	const char *title;  /* NULL ends a list */
	const char *member; /* of each JSON object */
	enum output_form form;
};

/* Any JSON, as it is. */
int output_json(const json_t *json, struct err *err);

/* A list of objects. Takes over `list`. */
int output_list(const struct cmd_run *run, json_t *list, const struct output_column *columns,
	const char *name_member, struct err *err);

/* One object: JSON as it is, "member: value" lines otherwise. Takes over `object`. */
int output_object(const struct cmd_run *run, json_t *object, const char *name_member,
	struct err *err);

/* Is all that was printed out? ERR_FAILED if not: the disk is full, or the reader gone. */
int output_flush(struct err *err);

/* A time member: RFC 3339 in JSON, null if unset. */
json_t *output_time(unix_time t);

#endif

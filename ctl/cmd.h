/* cmd.h - the commands of issuerctl as one table: help and parsing both come from it, and a
 * test (t/0003-docs.t) holds the manual page against it. A command's code is in cmd_NOUN.c.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_H
#define CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/err.h"
#include "conf/conf.h"
#include "store/store.h"

#define CMD_GIVEN_MAX 64 /* options on one command line */

enum cmd_output { CMD_TABLE, CMD_JSON, CMD_NAME, CMD_JSONL, CMD_PEM, CMD_JWK };

struct cmd_option {
	const char *name;    /* long, without dashes; NULL ends a list */
	const char *metavar; /* NULL: a flag */
	const char *help;
	char letter; /* its short form, or 0 */
};

/* What a command runs with. `conf` and `store` are opened by cmd_open. */
struct cmd_run {
	const struct cmd *cmd;
	const char *conf_path; /* from -c, or NULL */
	enum cmd_output output;
	bool is_dry_run;
	size_t arg_count;
	char *const *args;
	size_t given_count;
	struct {
		const char *name;
		const char *value;
	} given[CMD_GIVEN_MAX];
	struct clock_reading clock;
	unix_time now;  /* of the clock */
	char actor[64]; /* for the audit: "uid:1000 (alice)" */
	struct conf *conf;
	struct store *store;
};

enum cmd_kind {
	CMD_LOOKS,
	CMD_SHOWS_KEY, /* -o takes pem and jwk, too */
	CMD_STREAMS,   /* -o takes jsonl, too */
	CMD_CHANGES,   /* takes --dry-run */
};

struct cmd {
	const char *noun;
	const char *verb; /* NULL for a noun without verbs */
	const char *args; /* "NAMESPACE/NAME", "[FILE]", "" */
	size_t args_min, args_max;
	const char *summary;
	enum cmd_kind kind;
	const struct cmd_option *options; /* NULL: none of its own */
	int (*run)(struct cmd_run *run, struct err *err);
};

/* The lists of each noun; each ends with a row whose noun is NULL. */
extern const struct cmd cmd_init[];
extern const struct cmd cmd_key[];
extern const struct cmd cmd_db[];
extern const struct cmd cmd_sa[];
extern const struct cmd cmd_node[];
extern const struct cmd cmd_pod[];
extern const struct cmd cmd_client[];
extern const struct cmd cmd_grant[];
extern const struct cmd cmd_token[];
extern const struct cmd cmd_audit[];

extern const struct cmd *const cmd_nouns[];  /* all these lists, NULL at the end */
extern const struct cmd_option cmd_common[]; /* options of every command */
extern const struct cmd_option cmd_change[]; /* of every command that changes something */
extern const struct cmd_option cmd_alone[];  /* only without a command */

/* The last value given for an option, or NULL; of a flag "" if it was given. */
const char *cmd_value(const struct cmd_run *run, const char *name);
/* All values of an option that may be repeated: borrowed strings. More than `max` are refused.
 */
int cmd_values(const struct cmd_run *run, const char *name, const char **ret, size_t max,
	size_t *ret_count, struct err *err);

/* Loads the configuration; and opens the store too. */
int cmd_load_conf(struct cmd_run *run, struct err *err);
int cmd_open(struct cmd_run *run, enum store_mode mode, struct err *err);

/* The name of the configured issuer. */
const char *cmd_issuer(const struct cmd_run *run);

/* Adds which option's value is wrong, and makes it ERR_USAGE. Yields -1. */
int cmd_bad_option(const char *name, struct err *err);

/* A duration option, or `otherwise` when it was not given. */
int cmd_duration(const struct cmd_run *run, const char *name, int64_t min_s, int64_t max_s,
	int64_t otherwise_s, int64_t *ret_s, struct err *err);

/* A moment option: a time, or a duration, which is counted from now: ahead, or back if
 * `is_past`. TIME_UNSET when it was not given. */
int cmd_moment(const struct cmd_run *run, const char *name, bool is_past, unix_time *ret,
	struct err *err);

/* The uid of --uid, or a new one. */
int cmd_uid(const struct cmd_run *run, char ret[NAME_UID_MAX + 1], struct err *err);

#define CMD_UID_OPTION                                                                         \
	{                                                                                      \
		"uid", "UID",                                                                  \
			"as it has it elsewhere, e.g. in a cluster (default: a new one)", 0    \
	}

/* A remark on standard error, where no program reads it. */
void cmd_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* For --dry-run: says what would have been done, on standard output: a line, or with -o json an
 * object. */
void cmd_would(const struct cmd_run *run, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif

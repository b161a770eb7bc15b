/* rule.h - what several configurations ask of a setting: one of some words, a path, a place to
 * listen. Refusals are "FILE:LINE: what is wrong; what to write instead" (yaml_refuse); `path`
 * is the setting's name, such as "listeners[1].socket".
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RULE_H
#define RULE_H

#include <stdbool.h>

#include <stdint.h>

#include "base/err.h"
#include "conf/conf.h"
#include "conf/words.h"
#include "conf/yaml.h"

/* What an optional setting is when it is not written. */
void rule_default(char **value, const char *fallback);

/* Reads value->text, `fallback` if it is NULL, into value->s, within [min_s, max_s]. */
int rule_duration(const struct yaml *yaml, const char *path, int64_t min_s, int64_t max_s,
	const char *fallback, struct conf_duration *value, struct err *err);

/* `given` is one of the words. */
int rule_word(const struct yaml *yaml, const char *path, const char *given,
	const struct words *words, struct err *err);

/* The settings log_level and log_format, as base/log.h knows them. */
int rule_log(const struct yaml *yaml, const char *level, const char *format, struct err *err);

/* A file name that somebody will read in a log or a shell: no control characters. NULL is
 * well. */
int rule_path(const struct yaml *yaml, const char *path, const char *value, struct err *err);

/* The same, short enough for a Unix socket. */
int rule_socket(const struct yaml *yaml, const char *path, const char *value, struct err *err);

/* A numeric host: is it of this machine alone? */
bool rule_is_loopback(const char *host);

/* Relative paths in a file are taken from the directory it is in. The absolute directory of the
 * file `name`; the caller frees. */
int rule_directory_of(const char *name, char **ret, struct err *err);

/* Puts `dir` in front of *value, from malloc, if it is there and relative. */
int rule_make_absolute(const struct yaml *yaml, const char *path, const char *dir, char **value,
	struct err *err);

#endif

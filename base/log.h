/* log.h - one line per event on stderr, logfmt: `ts=... level=info event=token.issued jti=...`,
 * or the same as a JSON object of strings.
 * Event names are an interface: operators alert on them. Values come in as strings and are
 * quoted and escaped here, so no caller can break a line. Only main loops log; rooms
 * return errors. Any thread may log; lines do not mix.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>

#include "base/err.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Lines below `level` are dropped. Default LOG_INFO. At any time. */
void log_set_level(enum log_level level);
/* The same by name: "debug", "info", "warn", "error"; any other changes nothing. */
void log_set_level_named(const char *name);

/* "logfmt", which it is at first, or "json"; any other changes nothing. Call before threads
 * start. */
void log_set_format_named(const char *name);

/* Followed by pairs of key (a literal) and value (NULL: the pair is left out), ended by a NULL
 * key. Never pass a token or a secret. */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));

/* Something that is tried again and again: what was last said of it. Starts zeroed. */
struct log_trouble {
	char said[ERR_TEXT_MAX];
};

/* Says the error of one more failure, unless it is the one that was said last, but for numbers
 * and times in it. */
void log_trouble(struct log_trouble *trouble, const char *event, const struct err *err);
/* It works again. */
void log_trouble_over(struct log_trouble *trouble);

#endif

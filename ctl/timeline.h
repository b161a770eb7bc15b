/* timeline.h - the life of all keys as bars, for a terminal or as an SVG picture. Both are
 * drawn from the rows by asking plan_state at moments past and to come.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TIMELINE_H
#define TIMELINE_H

#include "keys/plan.h"

/* On standard output, as wide as the terminal. In a locale without UTF-8 plain characters are
 * used; colours only on a terminal, and not with NO_COLOR. */
void timeline_print(const struct store_keys *keys, const char *issuer, unix_time now);

/* Into the file `path`, which is replaced at once; "-" is standard output. */
int timeline_draw_svg(const struct store_keys *keys, const char *issuer, unix_time now,
	const char *path, struct err *err);

/* ---- what both draw ---- */

/* From when to when, and the keys that are alive in between. */
struct timeline {
	unix_time from;
	unix_time to;
	const struct store_keys *keys;
	size_t *shown; /* indices */
	size_t count;
};

/* What a state means, in a few words; NULL: it is not drawn. */
const char *timeline_legend(enum plan_state state);

struct timeline timeline_of(const struct store_keys *keys, unix_time now);
void timeline_free(struct timeline *timeline);
#define auto_timeline __attribute__((cleanup(timeline_free)))

/* The state of key i at `at` as it was then: a revocation counts from its moment on. */
enum plan_state timeline_state(const struct timeline *timeline, size_t i, unix_time at);

/* The first moment after `at` when that changes; `timeline->to` if it does not before. */
unix_time timeline_change(const struct timeline *timeline, size_t i, unix_time at);

/* A step between marks on the axis that gives at most `most` of them, in seconds. */
int64_t timeline_step(const struct timeline *timeline, int most);

/* "24 Nov", or "21:30" where the step is shorter than a day; with the year where the axis is as
 * long as one. */
struct text_small timeline_label(const struct timeline *timeline, unix_time at, int64_t step_s);

#endif

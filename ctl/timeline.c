/* timeline.c - what timelines show. See timeline.h; the drawing is in timeline_text.c and
 * timeline_svg.c.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/num.h"
#include "base/text.h"
#include "ctl/timeline.h"

#define PAST_SHARE                                                                             \
	3 /* at least a third of the future is shown of the past, and the other way */
#define MARGIN_SHARE 20
#define SPAN_MIN_S   60
#define YEAR_S       (365 * 86400)

const char *timeline_legend(enum plan_state state)
{
	static const char *const legends[] = {
		[PLAN_STAGED] = NULL,
		[PLAN_STANDBY] = "standby: published",
		[PLAN_ACTIVE] = "active: signs",
		[PLAN_RETIRING] = "retiring: published, signs no more",
		[PLAN_REMOVED] = NULL,
		[PLAN_REVOKED] = "revoked",
	};

	return legends[state];
}

/* All moments of a key stretch the picture. */
static void stretch(struct timeline *t, const struct store_key *key)
{
	const unix_time moments[] = { key->publish_at, key->activate_at, plan_leaves_at(key) };

	for (size_t m = 0; m < sizeof(moments) / sizeof(moments[0]); m++)
		if (moments[m] != TIME_UNSET) {
			t->from = num_min(t->from, moments[m]);
			t->to = num_max(t->to, moments[m]);
		}
}

struct timeline timeline_of(const struct store_keys *keys, unix_time now)
{
	struct timeline t = { .from = now, .to = now, .keys = keys };
	unix_time oldest;
	int64_t margin;

	t.shown = text_alloc(keys->count, sizeof(*t.shown));
	for (size_t i = 0; i < keys->count; i++)
		if (plan_state(keys, i, now) != PLAN_REMOVED &&
			plan_state(keys, i, now) != PLAN_REVOKED)
			stretch(&t, &keys->key[i]);
	/* Of those that are gone, what overlaps with the others' past. */
	oldest = num_min(t.from, now - (t.to - now) / PAST_SHARE);
	for (size_t i = 0; i < keys->count; i++) {
		const unix_time end = plan_leaves_at(&keys->key[i]);

		if (end == TIME_UNSET || end > oldest)
			t.shown[t.count++] = i;
	}
	t.from = oldest;
	margin = num_max((t.to - t.from) / MARGIN_SHARE, SPAN_MIN_S);
	t.to = num_max(t.to, now + (now - t.from) / PAST_SHARE) + margin;
	return t;
}

void timeline_free(struct timeline *timeline)
{
	free(timeline->shown);
}

enum plan_state timeline_state(const struct timeline *timeline, size_t i, unix_time at)
{
	struct store_keys then = *timeline->keys;
	enum plan_state state;

	then.key = text_alloc(then.count, sizeof(*then.key));
	memcpy(then.key, timeline->keys->key, then.count * sizeof(*then.key));
	for (size_t j = 0; j < then.count; j++)
		if (then.key[j].revoked_at > at)
			then.key[j].revoked_at = TIME_UNSET;
	state = plan_state(&then, i, at);
	free(then.key);
	/* Before it was made there was nothing. */
	return state == PLAN_STAGED && at < timeline->keys->key[i].created_at ? PLAN_REMOVED
									      : state;
}

unix_time timeline_change(const struct timeline *timeline, size_t i, unix_time at)
{
	const enum plan_state state = timeline_state(timeline, i, at);
	unix_time earliest = timeline->to;

	/* Any key's moment may be the one. */
	for (size_t j = 0; j < timeline->keys->count; j++) {
		const struct store_key *key = &timeline->keys->key[j];
		const unix_time moments[] = { key->publish_at, key->activate_at, key->remove_at,
			key->revoked_at };

		for (size_t m = 0; m < sizeof(moments) / sizeof(moments[0]); m++)
			if (moments[m] > at && moments[m] < earliest &&
				timeline_state(timeline, i, moments[m]) != state)
				earliest = moments[m];
	}
	return earliest;
}

int64_t timeline_step(const struct timeline *timeline, int most)
{
	static const int64_t steps[] = { 1, 5, 15, 60, 300, 900, 3600, 3 * 3600, 6 * 3600,
		12 * 3600, 86400, 2 * 86400, 7 * 86400, 14 * 86400, 28 * 86400, 91 * 86400,
		182 * 86400, 364 * 86400 };
	const size_t count = sizeof(steps) / sizeof(steps[0]);
	const int64_t span = timeline->to - timeline->from;
	size_t i = 0;

	while (i + 1 < count && span / steps[i] > most)
		i++;
	return span / steps[i] > most ? span / most + 1 : steps[i];
}

struct text_small timeline_label(const struct timeline *timeline, unix_time at, int64_t step_s)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
		"Aug", "Sep", "Oct", "Nov", "Dec" };
	const time_t t = (time_t)at;
	struct text_small ret = { "" };
	struct tm tm;

	if (!gmtime_r(&t, &tm))
		return ret;
	if (step_s < 60)
		(void)snprintf(ret.s, sizeof(ret.s), "%02d:%02d:%02d", tm.tm_hour, tm.tm_min,
			tm.tm_sec);
	else if (step_s < 86400)
		(void)snprintf(ret.s, sizeof(ret.s), "%d %s %02d:%02d", tm.tm_mday,
			months[tm.tm_mon], tm.tm_hour, tm.tm_min);
	else if (timeline->to - timeline->from < YEAR_S)
		(void)snprintf(ret.s, sizeof(ret.s), "%d %s", tm.tm_mday, months[tm.tm_mon]);
	else
		(void)snprintf(ret.s, sizeof(ret.s), "%d %s %d", tm.tm_mday, months[tm.tm_mon],
			tm.tm_year + 1900);
	return ret;
}

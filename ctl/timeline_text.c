/* timeline_text.c - a timeline for the terminal. See timeline.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/num.h"
#include "base/text.h"
#include "ctl/timeline.h"

#define KID_WIDTH            12
#define GENERATION_WIDTH_MIN 4
#define WIDTH_MIN            60
#define WIDTH_MAX            200
#define WIDTH_PLAIN          100 /* not a terminal */
#define MARK_EVERY           14  /* columns between marks, at least */

/* How a state looks: in UTF-8, in ASCII, and its colour (ECMA-48 SGR). */
static const struct look {
	const char *bar;
	char plain;
	const char *colour;
} looks[] = {
	[PLAN_STAGED] = { "·", '.', "2" },
	[PLAN_STANDBY] = { "░", '-', "36" },
	[PLAN_ACTIVE] = { "█", '#', "32" },
	[PLAN_RETIRING] = { "▒", '=', "33" },
	[PLAN_REMOVED] = { " ", ' ', NULL },
	[PLAN_REVOKED] = { "×", 'x', "31" },
};

struct canvas {
	struct timeline t;
	unix_time now;
	int generation_width;
	int left;     /* columns before the bars */
	size_t width; /* of the bars */
	bool is_utf8;
	bool has_colour;
};

static size_t terminal_width(void)
{
	struct winsize size;
	size_t width = WIDTH_PLAIN;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		width = size.ws_col;
	return width < WIDTH_MIN ? WIDTH_MIN : width > WIDTH_MAX ? WIDTH_MAX : width;
}

/* The moment at which a column begins, and the column of a moment. */
static unix_time time_of(const struct canvas *c, size_t column)
{
	const int64_t width = (int64_t)c->width;

	/* Rounded up: column_of is this column again. */
	return c->t.from + ((c->t.to - c->t.from) * (int64_t)column + width - 1) / width;
}

static size_t column_of(const struct canvas *c, unix_time at)
{
	const int64_t column = (at - c->t.from) * (int64_t)c->width / (c->t.to - c->t.from);

	return column < 0 ? 0 : column >= (int64_t)c->width ? c->width - 1 : (size_t)column;
}

static void add_look(struct text *line, const struct canvas *c, const struct look *look)
{
	if (c->has_colour && look->colour)
		text_addf(line, "\033[%sm", look->colour);
	if (c->is_utf8)
		text_add(line, look->bar);
	else
		text_add_bytes(line, &look->plain, 1);
	if (c->has_colour && look->colour)
		text_add(line, "\033[0m");
}

/* What a key is in the middle of a column; but the moment at which it begins to sign or is
 * revoked is drawn there, and so is whatever a key is in the JWKS for, however short. */
static enum plan_state state_in(const struct canvas *c, size_t i, size_t column)
{
	const struct store_key *key = &c->t.keys->key[i];
	const unix_time first = time_of(c, column), end = time_of(c, column + 1);
	const unix_time moments[] = { first + (end - first) / 2, first, key->publish_at,
		c->now };
	enum plan_state state;

	if (key->activate_at >= first && key->activate_at < end &&
		timeline_state(&c->t, i, key->activate_at) == PLAN_ACTIVE)
		return PLAN_ACTIVE;
	if (key->revoked_at >= first && key->revoked_at < end)
		return PLAN_REVOKED;
	for (size_t m = 0; m < sizeof(moments) / sizeof(moments[0]); m++)
		if (moments[m] >= first && moments[m] < end) {
			state = timeline_state(&c->t, i, moments[m]);
			if (timeline_legend(state))
				return state;
		}
	return timeline_state(&c->t, i, moments[0]);
}

/* Is what is drawn here to be seen in no other column? Then "now" does not hide it. */
static bool is_narrow(const struct canvas *c, size_t i, size_t column)
{
	const enum plan_state state = state_in(c, i, column);

	if (state == PLAN_REVOKED) /* a moment, and nothing after it */
		return column == column_of(c, c->t.keys->key[i].revoked_at);
	return timeline_legend(state) && (column == 0 || state_in(c, i, column - 1) != state) &&
		(column + 1 == c->width || state_in(c, i, column + 1) != state);
}

static void print_bar(const struct canvas *c, size_t i)
{
	const struct store_key *key = &c->t.keys->key[i];
	const size_t now = column_of(c, c->now);
	auto_text struct text line = TEXT_INIT;
	bool is_revoked = false;

	for (size_t column = 0; column < c->width; column++) {
		const enum plan_state state = state_in(c, i, column);

		if (column == now && !is_narrow(c, i, column)) {
			text_add(&line, c->is_utf8 ? "│" : "|");
			continue;
		}
		/* A revocation is a moment, and nothing after it. */
		if (state == PLAN_REVOKED && is_revoked) {
			text_add(&line, " ");
			continue;
		}
		is_revoked = state == PLAN_REVOKED;
		add_look(&line, c, &looks[state]);
	}
	while (line.len > 0 && line.s[line.len - 1] == ' ')
		line.s[--line.len] = '\0';
	(void)printf("%-12.12s %*s  %s\n", key->kid, c->generation_width,
		text_num(key->generation).s, line.s);
}

/* Marks at whole steps, and beneath the bars their dates. */
static void print_axis(const struct canvas *c)
{
	const int64_t step = timeline_step(&c->t, (int)(c->width / MARK_EVERY));
	const unix_time first = (c->t.from + step - 1) / step * step;
	char *labels = text_alloc(c->width + 1, 1);
	auto_text struct text ruler = TEXT_INIT;

	memset(labels, ' ', c->width);
	for (size_t column = 0; column < c->width; column++)
		text_add(&ruler, c->is_utf8 ? "─" : "-");
	for (unix_time at = first; at < c->t.to; at += step) {
		const struct text_small label = timeline_label(&c->t, at, step);
		const size_t column = column_of(c, at);
		const size_t len = strlen(label.s);

		if (column + len <= c->width)
			memcpy(labels + column, label.s, len);
	}
	for (size_t len = c->width; len > 0 && labels[len - 1] == ' '; len--)
		labels[len - 1] = '\0';
	(void)printf("%*s%s\n%*s%s\n", c->left, "", ruler.s, c->left, "", labels);
	free(labels);
}

/* In as many lines as it takes: a look and its legend stay together. */
static void print_legend(const struct canvas *c)
{
	static const struct look now = { "│", '|', NULL };
	const size_t count = sizeof(looks) / sizeof(looks[0]);
	auto_text struct text line = TEXT_INIT;
	size_t column = 0;

	text_addf(&line, "%*s", c->left, "");
	for (size_t s = 0; s <= count; s++) {
		const char *legend = s < count ? timeline_legend((enum plan_state)s) : "now";
		const size_t width = legend ? strlen(legend) + 2 : 0;

		if (width == 0)
			continue;
		if (column > 0 && column + width > c->width) {
			text_addf(&line, "\n%*s", c->left, "");
			column = 0;
		}
		add_look(&line, c, s < count ? &looks[s] : &now);
		text_addf(&line, " %s%s", legend, s < count ? "   " : "");
		column += width + 3;
	}
	(void)puts(line.s);
}

/* The last generation is the longest; after a restore they are long. */
static void set_widths(struct canvas *c)
{
	const struct store_keys *keys = c->t.keys;

	c->generation_width = GENERATION_WIDTH_MIN;
	if (keys->count > 0)
		c->generation_width = (int)num_max(c->generation_width,
			(int64_t)strlen(text_num(keys->key[keys->count - 1].generation).s));
	c->left = KID_WIDTH + 1 + c->generation_width + 2;
	c->width = terminal_width() - (size_t)c->left;
}

void timeline_print(const struct store_keys *keys, const char *issuer, unix_time now)
{
	struct canvas c = {
		.t = timeline_of(keys, now),
		.now = now,
		.is_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
		.has_colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR"),
	};

	set_widths(&c);
	(void)printf("Signing keys of issuer '%s' at %s; a column is %s\n\n", issuer,
		text_time(now).s, text_span((c.t.to - c.t.from) / (int64_t)c.width).s);
	(void)printf("%-12s %*s\n", "KID", c.generation_width, "GEN");
	for (size_t n = 0; n < c.t.count; n++)
		print_bar(&c, c.t.shown[n]);
	print_axis(&c);
	(void)putchar('\n');
	print_legend(&c);
	timeline_free(&c.t);
}

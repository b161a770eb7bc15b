/* timeline_svg.c - a timeline as a picture: SVG 1.1, self-contained. See timeline.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "ctl/output.h"
#include "ctl/timeline.h"

#define LEFT   170 /* pixels: labels */
#define BARS   800
#define RIGHT  30
#define TOP    70
#define ROW    34
#define BAR    20
#define BOTTOM 74
#define MARKS  8

/* The colour of a state's bar; NULL: it is drawn otherwise, or not at all. */
static const char *const fills[] = {
	[PLAN_STAGED] = NULL,
	[PLAN_STANDBY] = "#9ecae1",
	[PLAN_ACTIVE] = "#2b8a3e",
	[PLAN_RETIRING] = "#f2c14e",
	[PLAN_REMOVED] = NULL,
	[PLAN_REVOKED] = NULL,
};

struct picture {
	struct timeline t;
	unix_time now;
	int64_t height;
	struct text svg;
};

static int64_t x_of(const struct picture *p, unix_time at)
{
	return LEFT + (at - p->t.from) * BARS / (p->t.to - p->t.from);
}

/* Kids, issuer names and times hold nothing that XML would mind (base/name.h, base64url). */
static void add_text(struct picture *p, int64_t x, int64_t y, const char *more, const char *s)
{
	text_addf(&p->svg, "<text x=\"%" PRId64 "\" y=\"%" PRId64 "\"%s>%s</text>\n", x, y,
		more, s);
}

static void add_segment(struct picture *p, size_t i, enum plan_state state, unix_time from,
	unix_time to, int64_t y)
{
	const struct store_key *key = &p->t.keys->key[i];
	const int64_t x = x_of(p, from);
	int64_t width = x_of(p, to) - x;

	if (!fills[state])
		return;
	if (width < 2)
		width = 2; /* what is short is seen all the same */
	text_addf(&p->svg,
		"<rect x=\"%" PRId64 "\" y=\"%" PRId64 "\" width=\"%" PRId64
		"\" height=\"%d\" fill=\"%s\"><title>%s %s from %s%s%s</title></rect>\n",
		x, y, width, BAR, fills[state], key->kid, plan_state_name(state),
		text_time(from).s, to < p->t.to ? " to " : "",
		to < p->t.to ? text_time(to).s : "");
}

static void add_cross(struct picture *p, const struct store_key *key, int64_t y)
{
	const int64_t x = x_of(p, key->revoked_at) - BAR / 2;

	text_addf(&p->svg,
		"<path d=\"M%" PRId64 " %" PRId64 "l%d %d m0 -%d l-%d %d\" stroke=\"#c92a2a\" "
		"stroke-width=\"3\"><title>revoked %s</title></path>\n",
		x, y, BAR, BAR, BAR, BAR, BAR, text_time(key->revoked_at).s);
}

static void add_row(struct picture *p, size_t i, int64_t y)
{
	const struct store_key *key = &p->t.keys->key[i];
	auto_free char *label = text_format("%.12s", key->kid);
	auto_free char *generation =
		text_format("#%s %s", text_num(key->generation).s, key->alg);
	unix_time at = p->t.from;

	add_text(p, 20, y + 7, " class=\"kid\"", label);
	add_text(p, 20, y + 22, " class=\"small\"", generation);
	while (at < p->t.to) {
		const unix_time next = timeline_change(&p->t, i, at);

		add_segment(p, i, timeline_state(&p->t, i, at), at, next, y);
		at = next;
	}
	if (key->revoked_at > p->t.from)
		add_cross(p, key, y);
}

static void add_axis(struct picture *p)
{
	const int64_t step = timeline_step(&p->t, MARKS);
	const int64_t bottom = p->height - BOTTOM;

	for (unix_time at = (p->t.from + step - 1) / step * step; at < p->t.to; at += step) {
		const int64_t x = x_of(p, at);

		text_addf(&p->svg,
			"<line x1=\"%" PRId64 "\" y1=\"%d\" x2=\"%" PRId64 "\" y2=\"%" PRId64
			"\" stroke=\"#dee2e6\"/>\n",
			x, TOP - 8, x, bottom);
		add_text(p, x, bottom + 16, " class=\"small\" text-anchor=\"middle\"",
			timeline_label(&p->t, at, step).s);
	}
}

static void add_now(struct picture *p)
{
	const int64_t x = x_of(p, p->now);

	text_addf(&p->svg,
		"<line x1=\"%" PRId64 "\" y1=\"%d\" x2=\"%" PRId64 "\" y2=\"%" PRId64
		"\" stroke=\"#212529\" stroke-width=\"2\" stroke-dasharray=\"4 3\"/>\n",
		x, TOP - 14, x, p->height - BOTTOM);
	add_text(p, x, TOP - 18, " class=\"small\" text-anchor=\"middle\"", "now");
}

static void add_legend(struct picture *p)
{
	const int64_t y = p->height - 24;
	int64_t x = LEFT;

	for (size_t s = 0; s < sizeof(fills) / sizeof(fills[0]); s++) {
		const char *legend = timeline_legend((enum plan_state)s);

		if (!fills[s])
			continue;
		text_addf(&p->svg,
			"<rect x=\"%" PRId64 "\" y=\"%" PRId64
			"\" width=\"14\" height=\"14\" fill=\"%s\"/>\n",
			x, y - 11, fills[s]);
		add_text(p, x + 20, y, " class=\"small\"", legend);
		x += 40 + 7 * (int64_t)strlen(legend);
	}
	text_addf(&p->svg,
		"<path d=\"M%" PRId64 " %" PRId64
		"l12 12 m0 -12 l-12 12\" stroke=\"#c92a2a\" stroke-width=\"3\"/>\n",
		x, y - 10);
	add_text(p, x + 20, y, " class=\"small\"", timeline_legend(PLAN_REVOKED));
}

static void draw(struct picture *p, const char *issuer)
{
	auto_free char *title =
		text_format("Signing keys of issuer %s at %s", issuer, text_time(p->now).s);
	const int width = LEFT + BARS + RIGHT;

	text_addf(&p->svg,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%" PRId64
		"\" viewBox=\"0 0 %d %" PRId64 "\" role=\"img\">\n<title>%s</title>\n"
		"<style>text{font:14px sans-serif;fill:#212529}.small{font-size:12px;fill:#495057}"
		".kid{font-family:monospace;font-size:13px}.title{font-weight:bold}</style>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n",
		width, p->height, width, p->height, title);
	add_text(p, 20, 28, " class=\"title\"", title);
	add_axis(p);
	for (size_t n = 0; n < p->t.count; n++)
		add_row(p, p->t.shown[n], TOP + ROW * (int64_t)n);
	add_now(p);
	add_legend(p);
	text_add(&p->svg, "</svg>\n");
}

int timeline_draw_svg(const struct store_keys *keys, const char *issuer, unix_time now,
	const char *path, struct err *err)
{
	struct picture p = { .t = timeline_of(keys, now), .now = now };
	int rc;

	p.height = TOP + ROW * (int64_t)p.t.count + BOTTOM;
	draw(&p, issuer);
	if (strcmp(path, "-") == 0) {
		(void)fputs(p.svg.s, stdout);
		rc = output_flush(err);
	} else {
		rc = file_replace(path, p.svg.s, p.svg.len, err);
	}
	text_free(&p.svg);
	timeline_free(&p.t);
	return rc;
}

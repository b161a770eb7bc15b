/* metrics.c - see metrics.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/metrics.h"

const struct metrics_scale metrics_seconds = { 1000000, 16,
	{ 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000,
		2500000, 5000000, 10000000 } };
const struct metrics_scale metrics_things = { 1, 8, { 1, 2, 4, 8, 16, 32, 64, 128 } };

void metrics_observe(struct metrics_histogram *histogram, const struct metrics_scale *scale,
	int64_t value)
{
	size_t i = 0;

	while (i < scale->count && value > scale->bounds[i])
		i++;
	metrics_add(&histogram->in_bucket[i < scale->count ? i : METRICS_BUCKETS_MAX], 1);
	metrics_add(&histogram->sum, value);
}

void metrics_family(struct text *out, const char *name, const char *type, const char *help)
{
	text_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_label(struct text *out, const char *name, const char *value)
{
	text_addf(out, "%s=\"", name);
	for (; *value != '\0'; value++)
		if (*value == '\n')
			text_add(out, "\\n");
		else if (*value == '"' || *value == '\\')
			text_addf(out, "\\%c", *value);
		else
			text_add_bytes(out, value, 1);
	text_add(out, "\"");
}

static void add_value(struct text *out, double value)
{
	if (isinf(value))
		text_add(out, value < 0 ? " -Inf\n" : " +Inf\n");
	else
		text_addf(out, " %.16g\n", value);
}

void metrics_sample(struct text *out, const char *name, double value, ...)
{
	const char *comma = "{";
	const char *label;
	va_list ap;

	text_add(out, name);
	va_start(ap, value);
	while ((label = va_arg(ap, const char *))) {
		text_add(out, comma);
		add_label(out, label, va_arg(ap, const char *));
		comma = ",";
	}
	va_end(ap);
	if (*comma == ',')
		text_add(out, "}");
	add_value(out, value);
}

void metrics_single(struct text *out, const char *name, const char *type, const char *help,
	double value)
{
	metrics_family(out, name, type, help);
	metrics_sample(out, name, value, NULL);
}

/* NAME_bucket{label="...",le="..."} or the like; `bound` may be NULL, and so may `label`. */
static void add_part(struct text *out, const char *name, const char *part, double value,
	const char *label, const char *label_value, const char *bound)
{
	auto_text struct text full = TEXT_INIT;

	text_addf(&full, "%s_%s", name, part);
	if (label)
		metrics_sample(out, full.s, value, label, label_value, bound ? "le" : NULL,
			bound, NULL);
	else
		metrics_sample(out, full.s, value, bound ? "le" : NULL, bound, NULL);
}

void metrics_histogram_samples(struct text *out, const char *name,
	const struct metrics_histogram *histogram, const struct metrics_scale *scale,
	const char *label, const char *label_value)
{
	const double unit = (double)scale->per_unit;
	int64_t count = 0;

	for (size_t i = 0; i < scale->count; i++) {
		auto_text struct text bound = TEXT_INIT;

		text_addf(&bound, "%.16g", (double)scale->bounds[i] / unit);
		count += metrics_get(&histogram->in_bucket[i]);
		add_part(out, name, "bucket", (double)count, label, label_value, bound.s);
	}
	count += metrics_get(&histogram->in_bucket[METRICS_BUCKETS_MAX]);
	add_part(out, name, "bucket", (double)count, label, label_value, "+Inf");
	add_part(out, name, "sum", (double)metrics_get(&histogram->sum) / unit, label,
		label_value, NULL);
	add_part(out, name, "count", (double)count, label, label_value, NULL);
}

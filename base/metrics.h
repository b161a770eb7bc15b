/* metrics.h - numbers that any thread may raise, and how Prometheus reads them: the text format
 * 0.0.4, https://prometheus.io/docs/instrumenting/exposition_formats/. They live in static or
 * shared memory and start zeroed; raising one costs an atomic addition.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef METRICS_H
#define METRICS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Other processes may read them: no lock may hide inside. */
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics are lock-free");

struct metrics_number {
	_Atomic int64_t n;
};

static inline void metrics_add(struct metrics_number *number, int64_t n)
{
	(void)atomic_fetch_add_explicit(&number->n, n, memory_order_relaxed);
}

static inline void metrics_set(struct metrics_number *number, int64_t n)
{
	atomic_store_explicit(&number->n, n, memory_order_relaxed);
}

static inline int64_t metrics_get(const struct metrics_number *number)
{
	return atomic_load_explicit(&number->n, memory_order_relaxed);
}

#define METRICS_BUCKETS_MAX 16

/* The upper bounds of a histogram's buckets, rising, in whole numbers of 1/per_unit. */
struct metrics_scale {
	int64_t per_unit;
	size_t count;
	int64_t bounds[METRICS_BUCKETS_MAX];
};

/* Seconds, observed as microseconds: from 100 us to 10 s. */
extern const struct metrics_scale metrics_seconds;
/* Whole things: 1, 2, 4 ... 128. */
extern const struct metrics_scale metrics_things;

struct metrics_histogram {
	struct metrics_number in_bucket[METRICS_BUCKETS_MAX + 1]; /* the last is beyond all */
	struct metrics_number sum;
};

void metrics_observe(struct metrics_histogram *histogram, const struct metrics_scale *scale,
	int64_t value);

/* ---- as text ---- */

/* The two lines that come before a metric's samples; `type` is "counter", "gauge" or
 * "histogram". */
void metrics_family(struct text *out, const char *name, const char *type, const char *help);

/* One sample. Labels follow as pairs of name (a literal) and value, ended by a NULL name. */
void metrics_sample(struct text *out, const char *name, double value, ...)
	__attribute__((sentinel));

/* A family of one sample without labels. */
void metrics_single(struct text *out, const char *name, const char *type, const char *help,
	double value);

/* The samples of one histogram, with one label, or none if `label` is NULL. */
void metrics_histogram_samples(struct text *out, const char *name,
	const struct metrics_histogram *histogram, const struct metrics_scale *scale,
	const char *label, const char *label_value);

#endif

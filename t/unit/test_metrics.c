/* test_metrics.c - base/metrics.c: Prometheus' text format, byte for byte, and which bucket a
 * value falls into.
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/metrics.h"
#include "t/unit/unit.h"

static void samples_are_in_the_text_format(void **state)
{
	auto_text struct text out = TEXT_INIT;

	(void)state;
	metrics_family(&out, "a_total", "counter", "How many.");
	metrics_sample(&out, "a_total", 3, NULL);
	metrics_sample(&out, "a_total", 0.25, "x", "1", NULL);
	metrics_sample(&out, "a_total", 9007199254740991.0, "x", "", "y", "2", NULL);
	metrics_sample(&out, "a_total", INFINITY, NULL);
	metrics_sample(&out, "a_total", -INFINITY, NULL);
	assert_string_equal(out.s,
		"# HELP a_total How many.\n# TYPE a_total counter\n"
		"a_total 3\na_total{x=\"1\"} 0.25\n"
		"a_total{x=\"\",y=\"2\"} 9007199254740991\n"
		"a_total +Inf\na_total -Inf\n");
}

static void labels_are_escaped(void **state)
{
	auto_text struct text out = TEXT_INIT;

	(void)state;
	metrics_sample(&out, "a", 1, "x", "C:\\d \"q\"\n}", NULL);
	assert_string_equal(out.s, "a{x=\"C:\\\\d \\\"q\\\"\\n}\"} 1\n");
}

/* A value equal to a bound lies below it; one beyond all of them is only in +Inf. */
static void a_value_is_in_the_bucket_whose_bound_it_does_not_exceed(void **state)
{
	static const struct metrics_scale scale = { 10, 2, { 5, 20 } };
	struct metrics_histogram histogram = { .sum = { 0 } };
	auto_text struct text out = TEXT_INIT;

	(void)state;
	metrics_observe(&histogram, &scale, 0);
	metrics_observe(&histogram, &scale, 5);
	metrics_observe(&histogram, &scale, 6);
	metrics_observe(&histogram, &scale, 20);
	metrics_observe(&histogram, &scale, 21);
	metrics_histogram_samples(&out, "h", &histogram, &scale, NULL, NULL);
	metrics_histogram_samples(&out, "h", &histogram, &scale, "r", "q");
	assert_string_equal(out.s,
		"h_bucket{le=\"0.5\"} 2\nh_bucket{le=\"2\"} 4\nh_bucket{le=\"+Inf\"} 5\n"
		"h_sum 5.2\nh_count 5\n"
		"h_bucket{r=\"q\",le=\"0.5\"} 2\nh_bucket{r=\"q\",le=\"2\"} 4\n"
		"h_bucket{r=\"q\",le=\"+Inf\"} 5\nh_sum{r=\"q\"} 5.2\nh_count{r=\"q\"} 5\n");
}

static void bounds_rise(void **state)
{
	const struct metrics_scale *scales[] = { &metrics_seconds, &metrics_things };

	(void)state;
	for (size_t s = 0; s < 2; s++) {
		assert_in_range(scales[s]->count, 1, METRICS_BUCKETS_MAX);
		for (size_t i = 1; i < scales[s]->count; i++)
			assert_true(scales[s]->bounds[i - 1] < scales[s]->bounds[i]);
	}
}

UNIT_MAIN(cmocka_unit_test(samples_are_in_the_text_format),
	cmocka_unit_test(labels_are_escaped),
	cmocka_unit_test(a_value_is_in_the_bucket_whose_bound_it_does_not_exceed),
	cmocka_unit_test(bounds_rise));

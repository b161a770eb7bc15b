/* fuzz_text.c - a duration or time that was read is written so that it reads back the same;
 * numbers and names of any bytes only ever succeed or fail.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/name.h"
#include "base/text.h"

#define EXAMPLE_TIME "2027-01-31T00:00:00Z"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_duration(const char *s)
{
	struct err err = ERR_INIT;
	int64_t span;
	int64_t again;

	if (text_duration(s, 0, INT64_MAX, &span, &err) < 0)
		return;
	if (text_duration(text_span(span).s, span, span, &again, &err) < 0)
		abort();
}

static void check_time(const char *s)
{
	struct err err = ERR_INIT;
	unix_time at;

	if (text_read_time(s, &at, &err) < 0)
		return;
	/* Fractions and offsets make it longer, and are not written. */
	if (at <= 0 || strlen(s) < strlen(EXAMPLE_TIME) ||
		(strlen(s) == strlen(EXAMPLE_TIME) && strcmp(text_time(at).s, s) != 0))
		abort();
}

static void check_names(const char *s)
{
	char namespace[NAME_LABEL_MAX + 1];
	char name[NAME_SUBDOMAIN_MAX + 1];
	struct err err = ERR_INIT;

	if (name_split(s, false, namespace, name, &err) < 0)
		return;
	/* Every name is a pattern that matches itself. */
	if (name_split(s, true, namespace, name, &err) < 0 || !name_matches(name, name))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_text struct text s = TEXT_INIT;
	struct err err = ERR_INIT;
	int64_t n;

	text_add_bytes(&s, data, size);
	check_duration(s.s);
	check_time(s.s);
	check_names(s.s);
	(void)text_int(s.s, -10, 10, &n, &err); /* only must not crash */
	return 0;
}

/* test_claims.c - keys/claims.c: the kubernetes.io claim, to the letter.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/auto.h"
#include "keys/claims.h"
#include "t/unit/unit.h"

#define ACCOUNT "\"namespace\":\"ci\",\"serviceaccount\":{\"name\":\"app\",\"uid\":\"au\"}"

/* What each set of bound objects is written as; members sorted as kube-apiserver sorts them. */
static void objects_are_said_as_far_as_they_are_known(void **state)
{
	static const struct {
		struct claims_bound bound;
		const char *expected;
	} cases[] = {
		{ { NULL, NULL, NULL, NULL }, "{" ACCOUNT "}" },
		{ { "p", "pu", NULL, NULL },
			"{\"namespace\":\"ci\",\"pod\":{\"name\":\"p\",\"uid\":\"pu\"},"
			"\"serviceaccount\":{\"name\":\"app\",\"uid\":\"au\"}}" },
		{ { "p", "pu", "n", "nu" },
			"{\"namespace\":\"ci\",\"node\":{\"name\":\"n\",\"uid\":\"nu\"},"
			"\"pod\":{\"name\":\"p\",\"uid\":\"pu\"},"
			"\"serviceaccount\":{\"name\":\"app\",\"uid\":\"au\"}}" },
		{ { "p", "pu", "n", NULL },
			"{\"namespace\":\"ci\",\"node\":{\"name\":\"n\"},"
			"\"pod\":{\"name\":\"p\",\"uid\":\"pu\"},"
			"\"serviceaccount\":{\"name\":\"app\",\"uid\":\"au\"}}" },
		{ { NULL, NULL, "n", "nu" },
			"{\"namespace\":\"ci\",\"node\":{\"name\":\"n\",\"uid\":\"nu\"},"
			"\"serviceaccount\":{\"name\":\"app\",\"uid\":\"au\"}}" },
		/* a uid of nothing is not said */
		{ { NULL, "pu", NULL, "nu" }, "{" ACCOUNT "}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		json_auto_t *claims = claims_kubernetes("ci", "app", "au", &cases[i].bound);
		auto_free char *text = json_dumps(claims, JSON_COMPACT | JSON_SORT_KEYS);

		assert_string_equal(text, cases[i].expected);
	}
}

UNIT_MAIN(cmocka_unit_test(objects_are_said_as_far_as_they_are_known));

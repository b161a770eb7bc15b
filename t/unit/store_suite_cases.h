/* store_suite_cases.h - how the parts of the suite find each other.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_SUITE_CASES_H
#define STORE_SUITE_CASES_H

#include "t/unit/unit.h"

const struct CMUnitTest *suite_object_cases(size_t *ret_count);
const struct CMUnitTest *suite_node_cases(size_t *ret_count);
const struct CMUnitTest *suite_audit_cases(size_t *ret_count);
const struct CMUnitTest *suite_shared_cases(size_t *ret_count);

/* The engine's own door, behind the store's back. */
void suite_sql(const char *statement);

#endif

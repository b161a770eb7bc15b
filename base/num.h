/* num.h - the smaller and the larger of two numbers.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef NUM_H
#define NUM_H

#include <stdint.h>

static inline int64_t num_min(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static inline int64_t num_max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

#endif

/* negotiate.h - media types of requests and answers (RFC 9110 §8.3, §12.5.1), as far as an API
 * needs that answers in JSON. Pure.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef NEGOTIATE_H
#define NEGOTIATE_H

#include <stdbool.h>

/* May the answer be `type` ("application/json")? Yes if the header is absent or empty. A range
 * with parameters that change the representation ("as=Table") is not JSON of ours; quality 0
 * refuses. */
bool negotiate_accepts(const char *accept, const char *type);

/* Is the Content-Type header `type`, whatever its parameters? */
bool negotiate_is(const char *content_type, const char *type);

#endif

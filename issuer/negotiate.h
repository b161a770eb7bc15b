/* negotiate.h - media types of requests and answers (RFC 9110 §8.3, §12.5.1), as far as an API
 * needs that answers in JSON, and as Kubernetes reads them: Accept with goautoneg, Content-Type
 * with Go's mime.ParseMediaType. Pure.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef NEGOTIATE_H
#define NEGOTIATE_H

#include <stdbool.h>

/* May the answer be `type` ("application/json")? Yes if the header is absent or empty. A range
 * with parameters that change the representation ("as=Table") is not JSON of ours; quality 0
 * refuses. `*ret_pretty` tells whether the first range that takes it asks for indentation. */
bool negotiate_accepts(const char *accept, const char *type, bool *ret_pretty);

/* Is the Content-Type header `type`, whatever its parameters? They have to be some, though:
 * each with a name and a value, none twice with different ones, at most 16. */
bool negotiate_is(const char *content_type, const char *type);

#endif

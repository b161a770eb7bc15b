/* fetch.h - GETs a JSON document over HTTPS, as a verifier would.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FETCH_H
#define FETCH_H

#include <jansson.h>

#include "base/err.h"

/* HTTPS only, no redirects, 10 s, 1 MiB. `ca_file` (may be NULL) replaces the system's
 * certificates. ERR_UNHEALTHY for anything but a 200 with a JSON object. `ret` is a
 * new reference. */
int fetch_json(const char *url, const char *ca_file, json_t **ret, struct err *err);

#endif

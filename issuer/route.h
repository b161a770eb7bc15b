/* route.h - which handler answers which path: one table, one row per path.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ROUTE_H
#define ROUTE_H

#include "issuer/certificate.h"
#include "issuer/gateway.h"
#include "serve/http.h"

#define ROUTE_PARAMS_MAX 2
#define ROUTE_PATH_MAX   1024

/* What a listener needs to know to answer. */
struct route_listener {
	const struct gateway *gw;
	uint32_t serves;                 /* enum conf_serves */
	struct certificate_trust *trust; /* of its clients' certificates, or NULL */
};

/* The http_handler_fn of a listener; call->handler_ctx is its struct route_listener. */
void route_handle(struct http_call *call);
/* Its http_done_fn. */
void route_done(struct http_call *call, int64_t duration_us);

/* Matches `path` against `pattern`, whose "{}" segments each stand for one non-empty segment,
 * and decodes those into `params` (which point into `buffer`, ROUTE_PATH_MAX bytes). Segments
 * that need decoding match only a "{}". Declared for tests. */
bool route_match(const char *pattern, const char *path, char *buffer,
	const char *params[ROUTE_PARAMS_MAX]);

#endif

/* health.h - /livez: the process serves. /readyz: it can also mint. `?verbose` names each
 * check, as Kubernetes' own endpoints do.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HEALTH_H
#define HEALTH_H

#include "base/clock.h"
#include "issuer/gateway.h"
#include "serve/http.h"

void health_livez(const struct gateway *gw, struct http_call *call, struct clock_reading clock);
void health_readyz(const struct gateway *gw, struct http_call *call,
	struct clock_reading clock);

#define HEALTH_CHECKS_MAX 8

struct health_result {
	const char *name; /* a literal */
	struct err why;   /* ERR_NONE: passed */
};

/* What /readyz would say, without a word in the log; returns how many there are. */
size_t health_ready(const struct gateway *gw, struct clock_reading clock,
	struct health_result ret[HEALTH_CHECKS_MAX]);

#endif

/* endpoint.h - what the agent serves on its listeners, of this host alone:
 *
 *   GET /v1/credentials  a role's credentials, to who shows the token that it is for
 *   GET /v1/token        a token, to the uid whose file it is in
 *   GET /metrics         for Prometheus
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ENDPOINT_H
#define ENDPOINT_H

#include "agent/projector.h"
#include "base/err.h"
#include "base/text.h"
#include "conf/agent_conf.h"

struct endpoint;

/* Listens as `conf` says; both are borrowed until endpoint_close. With no listener there is
 * nothing to do, and *ret is an endpoint all the same. */
int endpoint_open(const struct agent_conf *conf, struct projector *p, struct endpoint **ret,
	struct err *err);

/* A line "SERVES ADDRESS" for each listener. */
void endpoint_describe(const struct endpoint *e, struct text *out);

/* Once a second, if there is a listener: ends what takes too long. */
void endpoint_tick(struct endpoint *e);

/* Answers what is under way, and stops. NULL is well. */
void endpoint_close(struct endpoint *e);

#endif

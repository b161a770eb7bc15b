/* credentials.h - a role's credentials for those who ask, as the container credentials of the
 * SDKs of AWS: kept until shortly before they expire, so that a role costs one call of STS
 * however many processes ask. What is kept is kept for one service account and role, and goes
 * to nobody else.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CREDENTIALS_H
#define CREDENTIALS_H

#include "agent/projector.h"
#include "base/err.h"
#include "base/text.h"
#include "conf/agent_conf.h"
#include "serve/http.h"

struct credentials;

/* Starts the thread that asks STS. `sts` is borrowed. */
int credentials_start(const struct agent_sts *sts, struct credentials **ret, struct err *err);

/* Answers the call now, or suspends it and answers later. The workload is the asker's own, by
 * his token; its content moves. */
void credentials_serve(struct credentials *c, struct http_call *call,
	struct projector_workload *workload);

/* Answers what is under way with 503, and ends the thread. NULL is well. */
void credentials_stop(struct credentials *c);
/* After the server that calls credentials_serve is closed. */
void credentials_free(struct credentials *c);

void credentials_metrics(struct credentials *c, struct text *out);

/* A JSON error as the endpoints of this agent give it: {"code": .., "message": ..}. */
void credentials_refuse(struct http_call *call, int status, const char *code,
	const char *message);

#endif

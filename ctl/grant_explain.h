/* grant_explain.h - issuerctl grant explain: what would a request for a token be answered, and
 * by which rule? It asks what a request asks (access/access.h).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef GRANT_EXPLAIN_H
#define GRANT_EXPLAIN_H

#include "ctl/cmd.h"

/* ERR_UNHEALTHY if it would be refused. */
int grant_explain(struct cmd_run *run, struct err *err);

#endif

/* run.h - the agent that stays: keeps all files fresh until a signal says stop.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RUN_H
#define RUN_H

#include "base/err.h"
#include "conf/agent_conf.h"

/* `conf` becomes its own; SIGHUP reads its file again. Writes a line "SERVES ADDRESS" for each
 * listener, and then "ready", to ready_fd (-1: to nobody) once all that can be projected is. */
int run_agent(struct agent_conf *conf, int ready_fd, struct err *err);

#endif

/* once.h - projects until every file is there. SPDX-License-Identifier: Apache-2.0 */
#ifndef ONCE_H
#define ONCE_H

#include <stdint.h>

#include "agent/projector.h"
#include "base/err.h"

/* Passes until all tokens are in their files, or waiting is of no use, or wait_s have passed,
 * or there is something to read from wake_fd (-1: nothing is waited for). The error is the
 * first projection's: ERR_TIMEOUT if time was what was missing. */
int once_project(struct projector *p, int64_t wait_s, int wake_fd, struct err *err);

/* The command: projects all of the configuration, as the only agent that does. */
int once_run(struct agent_conf *conf, int64_t wait_s, struct err *err);

#endif

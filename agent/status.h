/* status.h - prints how the agent stands, from what it wrote down last.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STATUS_H
#define STATUS_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/err.h"
#include "conf/agent_conf.h"

/* A table, or the JSON as it is. ERR_UNHEALTHY, after printing, if no agent is running or a
 * token is not in good order. ERR_NOT_FOUND if there never was a status. */
int status_print(const struct agent_conf *conf, bool as_json, unix_time now, struct err *err);

#endif

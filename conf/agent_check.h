/* agent_check.h - what the settings of struct agent_conf must be beyond type and range, alone
 * and together, and what is made of them: names become numbers.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_CHECK_H
#define AGENT_CHECK_H

#include "base/err.h"
#include "conf/agent_conf.h"
#include "conf/yaml.h"

/* All rules, on settings whose defaults are filled in. */
int agent_check(const struct yaml *yaml, struct agent_conf *conf, struct err *err);

#endif

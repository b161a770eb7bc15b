/* check.h - what the settings of struct conf must be beyond type and range, alone and together:
 * the rules an operator meets as "FILE:LINE: what is wrong; what to write instead".
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHECK_H
#define CHECK_H

#include "base/err.h"
#include "conf/conf.h"
#include "conf/yaml.h"

/* All rules, on settings that schema_settle has filled in. */
int check_conf(const struct yaml *yaml, const struct conf *conf, struct err *err);

#endif

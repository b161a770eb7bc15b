/* schema.h - names, types, ranges and defaults of every setting in struct conf, as tables. What
 * settings mean together is checked in check.c.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SCHEMA_H
#define SCHEMA_H

#include "base/err.h"
#include "conf/conf.h"
#include "conf/yaml.h"

/* For yaml_load and yaml_print: a struct conf without its `path`. */
extern const struct cyaml_schema_value schema_conf;

/* Gives each setting that `yaml` does not write its default, turns durations into seconds, and
 * holds all of them to their ranges. */
int schema_settle(const struct yaml *yaml, struct conf *conf, struct err *err);

#endif

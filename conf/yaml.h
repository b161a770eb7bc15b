/* yaml.h - YAML into C structures and back, by a libcyaml schema, with errors that name the
 * line, the full path and what to write instead. Stricter than libcyaml: no unknown or
 * duplicate keys, integers are decimal, booleans are true or false, strings have a value. Which
 * settings there are is the caller's business. SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_YAML_H
#define CONF_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/text.h"
#include "conf/yamltree.h"

struct cyaml_schema_value;

/* libyaml exports names in yaml_ too, yaml_free among them: check before adding one here. */

/* What remains of the text once it is loaded: where each setting was written. */
struct yaml;

/* Checks `bytes` against `schema`, a pointer to a mapping, and loads them. `name` stands for
 * the file in messages. ERR_BAD_INPUT with "NAME:LINE: what is wrong; what to write instead".
 * Optional settings that are not there are zero. yaml_free_data releases the data, yaml_close
 * the rest; strings within the data may be replaced by others from malloc. */
int yaml_load(const char *name, const char *bytes, size_t len,
	const struct cyaml_schema_value *schema, void **ret_data, struct yaml **ret_yaml,
	struct err *err);

void yaml_free_data(const struct cyaml_schema_value *schema, void *data);

void yaml_close(struct yaml *yaml);
static inline void auto_yaml_(struct yaml **yaml)
{
	yaml_close(*yaml);
}
#define auto_yaml __attribute__((cleanup(auto_yaml_)))

/* Is "listeners[1].address" written in the text? */
bool yaml_has(const struct yaml *yaml, const char *path);

/* The line of that setting, or of its nearest parent that is there. */
unsigned yaml_line(const struct yaml *yaml, const char *path);

/* Sets ERR_BAD_INPUT with "NAME:LINE: ", the line being yaml_line(path), and returns -1. */
int yaml_refuse(const struct yaml *yaml, const char *path, struct err *err, const char *fmt,
	...) __attribute__((format(printf, 4, 5)));

/* Adds the data as YAML that yaml_load reads back. */
int yaml_print(const struct cyaml_schema_value *schema, const void *data, struct text *out,
	struct err *err);

#endif

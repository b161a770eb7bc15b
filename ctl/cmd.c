/* cmd.c - what every command needs: its options' values, the configuration, the store.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <string.h>

#include "base/text.h"
#include "ctl/cmd.h"
#include "setup/settings.h"

const char *cmd_value(const struct cmd_run *run, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < run->given_count; i++)
		if (strcmp(run->given[i].name, name) == 0)
			value = run->given[i].value;
	return value;
}

int cmd_values(const struct cmd_run *run, const char *name, const char **ret, size_t max,
	size_t *ret_count, struct err *err)
{
	size_t count = 0;

	for (size_t i = 0; i < run->given_count; i++) {
		if (strcmp(run->given[i].name, name) != 0)
			continue;
		if (count == max)
			return err_set(err, ERR_BAD_INPUT, "--%s was given more than %zu times",
				name, max);
		ret[count++] = run->given[i].value;
	}
	*ret_count = count;
	return 0;
}

int cmd_load_conf(struct cmd_run *run, struct err *err)
{
	return conf_load(conf_path(run->conf_path), &run->conf, err);
}

int cmd_open(struct cmd_run *run, enum store_mode mode, struct err *err)
{
	if (cmd_load_conf(run, err) < 0)
		return -1;
	return settings_open_store(run->conf, mode, &run->store, err);
}

const char *cmd_issuer(const struct cmd_run *run)
{
	return run->conf->issuers[0].name;
}

int cmd_duration(const struct cmd_run *run, const char *name, int64_t min_s, int64_t max_s,
	int64_t otherwise_s, int64_t *ret_s, struct err *err)
{
	const char *value = cmd_value(run, name);

	if (value && text_duration(value, min_s, max_s, ret_s, err) < 0)
		return err_add(err, "--%s", name);
	if (!value)
		*ret_s = otherwise_s;
	return 0;
}

void cmd_would(const char *fmt, ...)
{
	va_list ap;

	(void)fputs("would ", stdout);
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	(void)putchar('\n');
}

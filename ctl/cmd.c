/* cmd.c - what every command needs: its options' values, the configuration, the store.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <string.h>

#include <jansson.h>

#include "base/secret.h"
#include "base/text.h"
#include "ctl/cmd.h"
#include "setup/settings.h"

#define CMD_SPAN_MAX_S (INT64_C(10) * 366 * 86400) /* ten years either way */

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
			return err_set(err, ERR_USAGE, "--%s was given more than %zu times",
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

int cmd_bad_option(const char *name, struct err *err)
{
	err->code = ERR_USAGE;
	return err_add(err, "--%s", name);
}

int cmd_duration(const struct cmd_run *run, const char *name, int64_t min_s, int64_t max_s,
	int64_t otherwise_s, int64_t *ret_s, struct err *err)
{
	const char *value = cmd_value(run, name);

	if (value && text_duration(value, min_s, max_s, ret_s, err) < 0)
		return cmd_bad_option(name, err);
	if (!value)
		*ret_s = otherwise_s;
	return 0;
}

int cmd_moment(const struct cmd_run *run, const char *name, bool is_past, unix_time *ret,
	struct err *err)
{
	const char *value = cmd_value(run, name);
	struct err ignored = ERR_INIT;
	int64_t span_s;

	if (!value) {
		*ret = TIME_UNSET;
		return 0;
	}
	if (text_duration(value, 0, INT64_MAX / 2, &span_s, &ignored) == 0)
		*ret = is_past ? run->now - span_s : run->now + span_s;
	else if (text_read_time(value, ret, err) < 0)
		return cmd_bad_option(name, err);
	if (*ret < run->now - CMD_SPAN_MAX_S || *ret > run->now + CMD_SPAN_MAX_S)
		return err_set(err, ERR_USAGE, "--%s: %.40s is more than ten years away", name,
			value);
	return 0;
}

int cmd_uid(const struct cmd_run *run, char ret[NAME_UID_MAX + 1], struct err *err)
{
	const char *given = cmd_value(run, "uid");

	if (!given)
		return secret_uuid(ret, err);
	if (name_check_uid("uid", given, err) < 0)
		return cmd_bad_option("uid", err);
	(void)text_fit(ret, NAME_UID_MAX + 1, given); /* checked: it fits */
	return 0;
}

void cmd_note(const char *fmt, ...)
{
	auto_text struct text note = TEXT_INIT;
	va_list ap;

	va_start(ap, fmt);
	text_addv(&note, fmt, ap);
	va_end(ap);
	(void)fprintf(stderr, "issuerctl: %s\n", note.s); /* nobody to tell if that fails */
}

void cmd_would(const struct cmd_run *run, const char *fmt, ...)
{
	auto_text struct text deed = TEXT_INIT;
	json_auto_t *json = NULL;
	va_list ap;

	va_start(ap, fmt);
	text_addv(&deed, fmt, ap);
	va_end(ap);
	if (run->output != CMD_JSON) {
		(void)printf("would %s\n", deed.s);
		return;
	}
	json = json_pack("{s:b, s:s}", "dry_run", true, "would", deed.s);
	(void)json_dumpf(json, stdout, JSON_INDENT(2)); /* the stream remembers a failure */
	(void)putchar('\n');
}

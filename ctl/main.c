/* main.c - issuerctl's command line: finds the command, reads its options, runs it. Everything
 * about a command is in its row of the table (cmd.h). See issuerctl(8).
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <getopt.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "ctl/cmd.h"
#include "ctl/help.h"
#include "setup/settings.h"

#define OPTIONS_MAX 24

/* Options that every command has. */
const struct cmd_option help_common[] = {
	{ "config", "FILE", "configuration (else $ISSUERD_CONFIG, else the installed default)" },
	{ "output", "FORMAT", "table, json or name" },
	{ "help", NULL, "print this and exit" },
	{ NULL, NULL, NULL },
};

const struct cmd_option help_change[] = {
	{ "dry-run", NULL, "say what would be done, and do nothing" },
	{ NULL, NULL, NULL },
};

const struct cmd *const help_nouns[] = { cmd_init, cmd_key, cmd_sa, cmd_client, cmd_grant,
	cmd_token, NULL };

/* ---- for commands ---- */

const char *cmd_value(const struct cmd_run *run, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < run->given_count; i++)
		if (strcmp(run->given[i].name, name) == 0)
			value = run->given[i].value;
	return value;
}

size_t cmd_values(const struct cmd_run *run, const char *name, const char **ret, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < run->given_count && count < max; i++)
		if (strcmp(run->given[i].name, name) == 0)
			ret[count++] = run->given[i].value;
	return count;
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

	*ret_s = otherwise_s;
	if (value && text_duration(value, min_s, max_s, ret_s, err) < 0)
		return err_add(err, "--%s", name);
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

/* ---- the command line ---- */

static int usage_error(struct err *err)
{
	(void)fprintf(stderr, "issuerctl: %s\n", err->text);
	return 2;
}

static const struct cmd *find_noun(const char *noun)
{
	for (size_t i = 0; help_nouns[i]; i++)
		if (strcmp(help_nouns[i][0].noun, noun) == 0)
			return help_nouns[i];
	return NULL;
}

static const struct cmd *find_verb(const struct cmd *noun, const char *verb)
{
	for (const struct cmd *cmd = noun; cmd->noun; cmd++)
		if (cmd->verb && verb && strcmp(cmd->verb, verb) == 0)
			return cmd;
	return NULL;
}

static void add_options(struct option *list, size_t *count, const struct cmd_option *more)
{
	for (; more && more->name && *count < OPTIONS_MAX - 1; more++)
		list[(*count)++] = (struct option){
			.name = more->name,
			.has_arg = more->metavar ? required_argument : no_argument,
			.val = 256,
		};
}

static int take_output(struct cmd_run *run, const char *value, struct err *err)
{
	static const char *const names[] = { "table", "json", "name" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], value) == 0) {
			run->output = (enum cmd_output)i;
			return 0;
		}
	return err_set(err, ERR_BAD_INPUT, "--output takes table, json or name, not '%s'", value);
}

/* One option as getopt found it. */
static int take_option(struct cmd_run *run, const char *name, const char *value, struct err *err)
{
	assert(name);
	if (strcmp(name, "config") == 0) {
		run->conf_path = value;
	} else if (strcmp(name, "output") == 0) {
		return take_output(run, value, err);
	} else if (strcmp(name, "dry-run") == 0) {
		run->is_dry_run = true;
	} else if (strcmp(name, "help") == 0) {
		help_print_command(run->cmd);
		exit(0);
	} else if (run->given_count == CMD_GIVEN_MAX) {
		return err_set(err, ERR_BAD_INPUT, "more than %d options", CMD_GIVEN_MAX);
	} else {
		run->given[run->given_count].name = name;
		run->given[run->given_count].value = value ? value : "";
		run->given_count++;
	}
	return 0;
}

/* Reads what follows noun and verb. */
static int parse_command(struct cmd_run *run, int argc, char **argv, struct err *err)
{
	const struct cmd *cmd = run->cmd;
	struct option options[OPTIONS_MAX] = { { NULL, 0, NULL, 0 } };
	size_t count = 0;
	int opt, at;

	add_options(options, &count, help_common);
	add_options(options, &count, cmd->is_change ? help_change : NULL);
	add_options(options, &count, cmd->options);
	optind = 0; /* glibc: start anew, and let options follow arguments */
	while ((opt = getopt_long(argc, argv, ":c:o:h", options, &at)) != -1) {
		const char *name = opt == 'c' ? "config" : opt == 'o' ? "output" : "help";

		if (opt == '?' || opt == ':')
			return err_set(err, ERR_BAD_INPUT, "%s option '%s'; run issuerctl %s%s%s --help",
				opt == ':' ? "no value for" : "unknown", argv[optind - 1], cmd->noun,
				cmd->verb ? " " : "", cmd->verb ? cmd->verb : "");
		if (take_option(run, opt == 256 ? options[at].name : name, optarg, err) < 0)
			return -1;
	}
	run->args = argv + optind;
	run->arg_count = (size_t)(argc - optind);
	if (run->arg_count < cmd->args_min || run->arg_count > cmd->args_max)
		return err_set(err, ERR_BAD_INPUT, "%s arguments; usage: issuerctl %s%s%s %s",
			run->arg_count < cmd->args_min ? "too few" : "too many", cmd->noun,
			cmd->verb ? " " : "", cmd->verb ? cmd->verb : "", cmd->args);
	return 0;
}

static void set_actor(struct cmd_run *run)
{
	const struct passwd *pw = getpwuid(getuid());

	(void)snprintf(run->actor, sizeof(run->actor), pw ? "uid:%u (%s)" : "uid:%u",
		(unsigned)getuid(), pw ? pw->pw_name : "");
}

static int run_command(struct cmd_run *run)
{
	struct err err = ERR_INIT;
	int rc;

	set_actor(run);
	run->now = clock_now();
	rc = secret_init(&err);
	if (rc == 0)
		rc = run->cmd->run(run, &err);
	store_close(run->store);
	conf_free(run->conf);
	if (rc == 0)
		return 0;
	(void)fflush(stdout); /* in order, where both go to one place */
	(void)fprintf(stderr, "issuerctl: %s\n", err.text);
	return err_exit_status(&err);
}

/* Options may stand before the noun, too: `issuerctl -c FILE key list`. */
static int parse_global(struct cmd_run *run, int argc, char **argv, struct err *err)
{
	struct option options[OPTIONS_MAX] = { { NULL, 0, NULL, 0 } };
	size_t count = 0;
	int opt, at;

	add_options(options, &count, help_common);
	options[count++] = (struct option){ .name = "version", .val = 'V' };
	while ((opt = getopt_long(argc, argv, "+:c:o:hV", options, &at)) != -1) {
		const char *name = opt == 256 ? options[at].name : "";

		if (opt == '?' || opt == ':')
			return err_set(err, ERR_BAD_INPUT, "%s option '%s'; run issuerctl --help",
				opt == ':' ? "no value for" : "unknown", argv[optind - 1]);
		if (opt == 'h' || strcmp(name, "help") == 0) {
			help_print_all();
			exit(0);
		}
		if (opt == 'V') {
			(void)puts("issuerctl " PACKAGE_VERSION);
			exit(0);
		}
		if (take_option(run, opt == 256 ? name : opt == 'c' ? "config" : "output", optarg,
			    err) < 0)
			return -1;
	}
	return 0;
}

static bool asks_help(const char *s)
{
	return s && (strcmp(s, "--help") == 0 || strcmp(s, "-h") == 0 || strcmp(s, "help") == 0);
}

int main(int argc, char **argv)
{
	struct cmd_run run = { .cmd = NULL };
	struct err err = ERR_INIT;
	const struct cmd *noun;
	int at;

	if (parse_global(&run, argc, argv, &err) < 0)
		return usage_error(&err);
	at = optind;
	if (at >= argc || asks_help(argv[at])) {
		help_print_all();
		return at >= argc ? 2 : 0;
	}
	noun = find_noun(argv[at]);
	if (!noun) {
		(void)err_set(&err, ERR_BAD_INPUT, "unknown command '%s'; run issuerctl --help", argv[at]);
		return usage_error(&err);
	}
	run.cmd = noun->verb ? find_verb(noun, argv[++at]) : noun;
	if (!run.cmd) {
		help_print_noun(noun, at < argc && asks_help(argv[at]) ? stdout : stderr);
		return at < argc && asks_help(argv[at]) ? 0 : 2;
	}
	/* getopt skips the first element, as it does for the program's name. */
	if (parse_command(&run, argc - at, argv + at, &err) < 0)
		return usage_error(&err);
	return run_command(&run);
}

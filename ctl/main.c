/* main.c - issuerctl's command line: finds the command, reads its options, runs it. Everything
 * about a command is in its row of the table (cmd.h). See issuerctl(8).
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"
#include "ctl/cmd.h"
#include "ctl/help.h"
#include "ctl/output.h"

#define OPTIONS_MAX  24
#define OPTION_LONG  256 /* what getopt yields for an option without a letter */
#define STATUS_USAGE 2

/* A command line as it is read. */
struct line {
	struct cmd_run run;
	bool asks_help;
	bool asks_version;
};

/* ---- how it ends ---- */

static int say(const struct err *err, int status)
{
	(void)fflush(stdout); /* in order, where both go to one place */
	(void)fprintf(stderr, "issuerctl: %s\n", err->text);
	return status;
}

/* The end of what only prints. */
static int finish(int status)
{
	struct err err = ERR_INIT;

	return output_flush(&err) < 0 ? say(&err, err_exit_status(&err)) : status;
}

/* ---- the command line ---- */

static const struct cmd *find_noun(const char *noun)
{
	for (size_t i = 0; cmd_nouns[i]; i++)
		if (strcmp(cmd_nouns[i][0].noun, noun) == 0)
			return cmd_nouns[i];
	return NULL;
}

static const struct cmd *find_verb(const struct cmd *noun, const char *verb)
{
	for (const struct cmd *cmd = noun; cmd->noun; cmd++)
		if (cmd->verb && verb && strcmp(cmd->verb, verb) == 0)
			return cmd;
	return NULL;
}

/* What getopt wants to know of the options. */
static void add_options(struct option list[static OPTIONS_MAX], size_t *count,
	struct text *letters, const struct cmd_option *more)
{
	for (; more && more->name; more++) {
		assert(*count < OPTIONS_MAX - 1);
		list[(*count)++] = (struct option){
			.name = more->name,
			.has_arg = more->metavar ? required_argument : no_argument,
			.val = more->letter ? more->letter : OPTION_LONG,
		};
		if (more->letter)
			text_addf(letters, more->metavar ? "%c:" : "%c", more->letter);
	}
}

static int take_output(struct cmd_run *run, const char *value, struct err *err)
{
	static const char *const names[] = {
		[CMD_TABLE] = "table",
		[CMD_JSON] = "json",
		[CMD_NAME] = "name",
		[CMD_JSONL] = "jsonl",
		[CMD_PEM] = "pem",
		[CMD_JWK] = "jwk",
	};
	const enum cmd_kind kind = run->cmd ? run->cmd->kind : CMD_LOOKS;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], value) == 0 &&
			(i <= CMD_NAME || (i == CMD_JSONL && kind == CMD_STREAMS) ||
				(i >= CMD_PEM && kind == CMD_SHOWS_KEY))) {
			run->output = (enum cmd_output)i;
			return 0;
		}
	return err_set(err, ERR_BAD_INPUT, "--output takes table, json%s, not '%s'",
		kind == CMD_SHOWS_KEY         ? ", name, pem or jwk"
			: kind == CMD_STREAMS ? ", name or jsonl"
					      : " or name",
		value);
}

/* One option as getopt found it. */
static int take_option(struct line *line, const char *name, const char *value, struct err *err)
{
	struct cmd_run *run = &line->run;

	if (strcmp(name, "config") == 0) {
		run->conf_path = value;
	} else if (strcmp(name, "output") == 0) {
		return take_output(run, value, err);
	} else if (strcmp(name, "dry-run") == 0) {
		run->is_dry_run = true;
	} else if (strcmp(name, "help") == 0) {
		line->asks_help = true;
	} else if (strcmp(name, "version") == 0) {
		line->asks_version = true;
	} else if (run->given_count == CMD_GIVEN_MAX) {
		return err_set(err, ERR_BAD_INPUT, "more than %d options", CMD_GIVEN_MAX);
	} else {
		run->given[run->given_count].name = name;
		run->given[run->given_count].value = value ? value : "";
		run->given_count++;
	}
	return 0;
}

static const char *option_name(const struct option *options, int opt, int at)
{
	if (opt == OPTION_LONG)
		return options[at].name;
	for (; options->val != opt; options++)
		assert(options->name); /* getopt knows no others */
	return options->name;
}

/* The word in which getopt found something wrong: of letters in one word it has not left it. */
static const char *bad_word(int argc, char **argv)
{
	const char *word = optind < argc ? argv[optind] : NULL;

	return optopt != 0 && word && word[0] == '-' && word[1] != '-' &&
			strchr(word + 1, optopt)
		? word
		: argv[optind - 1];
}

/* Letters in one word are most likely no options at all: a kid may begin with "-h". */
static bool is_in_word(int argc, char **argv)
{
	return optind < argc && argv[optind][0] == '-' && argv[optind][1] != '-' &&
		strlen(argv[optind]) > 2;
}

/* Reads the options of these lists, up to one that asks for help or the version. `mode` is
 * getopt's: "+" stops at the first argument. `of` is the command they belong to. */
static int parse_options(struct line *line, int argc, char **argv, const char *mode,
	const struct cmd_option *const lists[static 3], const char *of, struct err *err)
{
	struct option options[OPTIONS_MAX] = { { NULL, 0, NULL, 0 } };
	auto_text struct text letters = TEXT_INIT;
	size_t count = 0;
	int opt, at = 0;

	text_addf(&letters, "%s:", mode);
	for (size_t i = 0; i < 3; i++)
		add_options(options, &count, &letters, lists[i]);
	optind = 0; /* glibc: start anew */
	while (!line->asks_help && !line->asks_version &&
		(opt = getopt_long(argc, argv, letters.s, options, &at)) != -1) {
		if (opt == 'h' && is_in_word(argc, argv)) {
			opt = '?';
			optopt = 'h';
		}
		if (opt == '?' || opt == ':')
			return err_set(err, ERR_BAD_INPUT,
				"%s option '%s'; run issuerctl %s--help (an argument that begins "
				"with '-' goes after --)",
				opt == ':' ? "no value for" : "unknown", bad_word(argc, argv),
				of);
		if (take_option(line, option_name(options, opt, at), optarg, err) < 0)
			return -1;
	}
	return 0;
}

/* Reads what follows noun and verb; getopt skips the first element, as it does for the
 * program's name, and lets options follow arguments. */
static int parse_command(struct line *line, int argc, char **argv, struct err *err)
{
	struct cmd_run *run = &line->run;
	const struct cmd *cmd = run->cmd;
	const struct cmd_option *const lists[] = { cmd_common,
		cmd->kind == CMD_CHANGES ? cmd_change : NULL, cmd->options };
	auto_free char *of = text_format("%s%s%s ", cmd->noun, cmd->verb ? " " : "",
		cmd->verb ? cmd->verb : "");

	if (parse_options(line, argc, argv, "", lists, of, err) < 0)
		return -1;
	if (line->asks_help)
		return 0;
	run->args = argv + optind;
	run->arg_count = (size_t)(argc - optind);
	if (run->arg_count < cmd->args_min || run->arg_count > cmd->args_max)
		return err_set(err, ERR_BAD_INPUT, "%s arguments; usage: issuerctl %s%s",
			run->arg_count < cmd->args_min ? "too few" : "too many", of, cmd->args);
	return 0;
}

/* Options may stand before the noun, too: `issuerctl -c FILE key list`. */
static int parse_global(struct line *line, int argc, char **argv, struct err *err)
{
	const struct cmd_option *const lists[] = { cmd_common, cmd_alone, NULL };

	return parse_options(line, argc, argv, "+", lists, "", err);
}

/* ---- running ---- */

static void set_actor(struct cmd_run *run)
{
	const struct passwd *pw = getpwuid(getuid());

	(void)snprintf(run->actor, sizeof(run->actor), pw ? "uid:%u (%s)" : "uid:%u",
		(unsigned)getuid(), pw ? pw->pw_name : "");
}

/* Without standard output nothing is begun: its result would be lost. */
static int check_descriptors(struct err *err)
{
	const bool is_closed = fcntl(STDOUT_FILENO, F_GETFD) < 0;

	if (file_open_standard(err) < 0)
		return -1;
	return is_closed
		? err_set(err, ERR_FAILED, "standard output is closed; nothing was done")
		: 0;
}

static int run_command(struct cmd_run *run)
{
	struct err err = ERR_INIT;
	int rc = -1;

	(void)setlocale(LC_CTYPE, ""); /* what may be drawn; else plain ASCII is */
	set_actor(run);
	run->clock = clock_read();
	run->now = run->clock.now;
	if (secret_protect_process(&err) == 0 && secret_init(&err) == 0)
		rc = run->cmd->run(run, &err);
	if (rc == 0)
		rc = output_flush(&err);
	store_close(run->store);
	conf_free(run->conf);
	return rc == 0 ? 0 : say(&err, err_exit_status(&err));
}

static bool asks_help(const char *s)
{
	return s &&
		(strcmp(s, "--help") == 0 || strcmp(s, "-h") == 0 || strcmp(s, "help") == 0);
}

/* Help on all commands, or the version. */
static int run_alone(const struct line *line, bool has_word)
{
	if (line->asks_version)
		(void)puts("issuerctl " PACKAGE_VERSION);
	else
		help_print_all();
	return finish(line->asks_version || line->asks_help || has_word ? 0 : STATUS_USAGE);
}

int main(int argc, char **argv)
{
	struct line line = { .asks_help = false };
	struct err err = ERR_INIT;
	const struct cmd *noun;
	int at;

	if (check_descriptors(&err) < 0)
		return say(&err, err_exit_status(&err));
	if (parse_global(&line, argc, argv, &err) < 0)
		return say(&err, STATUS_USAGE);
	at = optind;
	if (line.asks_version || line.asks_help || at >= argc || asks_help(argv[at]))
		return run_alone(&line, at < argc);
	noun = find_noun(argv[at]);
	if (!noun) {
		(void)err_set(&err, ERR_BAD_INPUT, "unknown command '%s'; run issuerctl --help",
			argv[at]);
		return say(&err, STATUS_USAGE);
	}
	line.run.cmd = noun->verb ? find_verb(noun, argv[++at]) : noun;
	if (!line.run.cmd) {
		const bool is_asked = at < argc && asks_help(argv[at]);

		if (at < argc && !is_asked)
			(void)fprintf(stderr, "issuerctl: unknown verb '%.64s'\n\n", argv[at]);
		help_print_noun(noun, is_asked ? stdout : stderr);
		return finish(is_asked ? 0 : STATUS_USAGE);
	}
	if (parse_command(&line, argc - at, argv + at, &err) < 0)
		return say(&err, STATUS_USAGE);
	if (line.asks_help) {
		help_print_command(line.run.cmd);
		return finish(0);
	}
	return run_command(&line.run);
}

/* main.c - issuer-agent's command line. See issuer-agent(1).
 * SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/aws_env.h"
#include "agent/exec.h"
#include "agent/http_client.h"
#include "agent/once.h"
#include "agent/run.h"
#include "agent/status.h"
#include "base/auto.h"
#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "serve/ready.h"

#define WAIT_MAX_S 86400

static const char usage[] =
	"usage: issuer-agent [-c FILE] [-R FD]\n"
	"       issuer-agent [-c FILE] once [--wait DURATION]\n"
	"       issuer-agent [-c FILE] status [-o table|json]\n"
	"       issuer-agent [-c FILE] env NAMESPACE/NAME [--audience AUDIENCE]\n"
	"       issuer-agent [-c FILE] exec --service-account NAMESPACE/NAME [OPTION ...]\n"
	"                    -- COMMAND [ARGUMENT ...]\n"
	"       issuer-agent [-c FILE] -t | -T\n"
	"       issuer-agent -h | -V\n"
	"\n"
	"Keeps files with fresh service-account tokens, as a kubelet does. Without a command it\n"
	"stays; once projects and exits; exec runs a program with a token of its own; env prints\n"
	"the variables by which SDKs find one; status tells how the agent that stays is doing.\n"
	"\n"
	"  -c, --config FILE            configuration (else $ISSUER_AGENT_CONFIG, else the\n"
	"                               installed default)\n"
	"  -R, --ready-fd FD            write \"SERVES ADDRESS\" per listener, then \"ready\", to FD\n"
	"                               once all files are there\n"
	"  -t, --test                   check the configuration and exit\n"
	"  -T, --dump                   print the configuration in force and exit\n"
	"  -h, --help                   print this and exit\n"
	"  -V, --version                print the version and exit\n"
	"  -o, --output FORM            of status: table or json\n"
	"      --wait DURATION          of once and exec: how long to try (30s)\n"
	"      --service-account NS/N   of exec: whom the token speaks of\n"
	"      --audience AUDIENCE      of exec and env: for whom it is (sts.amazonaws.com)\n"
	"      --lifetime DURATION      of exec: of the token (1h)\n"
	"      --role-arn ARN           of exec: AWS_ROLE_ARN\n"
	"      --region REGION          of exec: AWS_REGION\n"
	"      --session-name NAME      of exec: AWS_ROLE_SESSION_NAME (NAMESPACE.NAME)\n"
	"      --bound-object-kind KIND of exec: Pod or Node, which the token ends with\n"
	"      --bound-object-name NAME of exec: its name\n"
	"      --bound-object-uid UID   of exec: its uid\n"
	"\n"
	"See issuer-agent(1) and issuer-agent.yaml(5).\n";

enum command { RUN, ONCE, STATUS, ENV, EXEC, TEST, DUMP };

static const char *const command_names[] = { [RUN] = "",
	[ONCE] = "once",
	[STATUS] = "status",
	[ENV] = "env",
	[EXEC] = "exec",
	[TEST] = "--test",
	[DUMP] = "--dump" };

struct arguments {
	enum command command;
	const char *conf_path;
	int ready_fd;
	bool as_json;
	const char *account; /* of env */
	struct exec_wish wish;
};

/* Options that have no letter. */
enum long_option {
	OPT_WAIT = 256,
	OPT_ACCOUNT,
	OPT_AUDIENCE,
	OPT_LIFETIME,
	OPT_ROLE,
	OPT_REGION,
	OPT_SESSION,
	OPT_KIND,
	OPT_NAME,
	OPT_UID,
};

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "ready-fd", required_argument, NULL, 'R' },
	{ "test", no_argument, NULL, 't' },
	{ "dump", no_argument, NULL, 'T' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ "output", required_argument, NULL, 'o' },
	{ "wait", required_argument, NULL, OPT_WAIT },
	{ "service-account", required_argument, NULL, OPT_ACCOUNT },
	{ "audience", required_argument, NULL, OPT_AUDIENCE },
	{ "lifetime", required_argument, NULL, OPT_LIFETIME },
	{ "role-arn", required_argument, NULL, OPT_ROLE },
	{ "region", required_argument, NULL, OPT_REGION },
	{ "session-name", required_argument, NULL, OPT_SESSION },
	{ "bound-object-kind", required_argument, NULL, OPT_KIND },
	{ "bound-object-name", required_argument, NULL, OPT_NAME },
	{ "bound-object-uid", required_argument, NULL, OPT_UID },
	{ NULL, 0, NULL, 0 },
};

/* Which commands an option is for, beside those that it is for all. */
static bool is_for(int option, enum command command)
{
	switch (option) {
	case 'R':
		return command == RUN;
	case 'o':
		return command == STATUS;
	case OPT_WAIT:
		return command == ONCE || command == EXEC;
	case OPT_AUDIENCE:
		return command == ENV || command == EXEC;
	case 'c':
	case 't':
	case 'T':
		return true;
	default:
		return command == EXEC;
	}
}

static int read_form(const char *given, bool *ret, struct err *err)
{
	if (strcmp(given, "table") != 0 && strcmp(given, "json") != 0)
		return err_set(err, ERR_BAD_INPUT, "-o: '%s' is neither table nor json", given);
	*ret = strcmp(given, "json") == 0;
	return 0;
}

/* Where a string goes; NULL for what is no such option. */
static char **string_of(int option, struct exec_wish *wish)
{
	switch (option) {
	case OPT_ACCOUNT:
		return &wish->service_account;
	case OPT_AUDIENCE:
		return &wish->audience;
	case OPT_LIFETIME:
		return &wish->lifetime;
	case OPT_ROLE:
		return &wish->role_arn;
	case OPT_REGION:
		return &wish->region;
	case OPT_SESSION:
		return &wish->session_name;
	case OPT_KIND:
		return &wish->bound_kind;
	case OPT_NAME:
		return &wish->bound_name;
	case OPT_UID:
		return &wish->bound_uid;
	default:
		return NULL;
	}
}

static int take_option(int option, struct arguments *args, struct err *err)
{
	char **string = string_of(option, &args->wish);

	if (string) {
		*string = optarg;
		return 0;
	}
	switch (option) {
	case 'c':
		args->conf_path = optarg;
		return 0;
	case 'R':
		return ready_read_fd(optarg, &args->ready_fd, err);
	case 'o':
		return read_form(optarg, &args->as_json, err);
	case OPT_WAIT:
		if (text_duration(optarg, 0, WAIT_MAX_S, &args->wish.wait_s, err) < 0)
			return err_add(err, "--wait");
		return 0;
	case 't':
		args->command = TEST;
		return 0;
	case 'T':
		args->command = DUMP;
		return 0;
	case 'h':
		(void)fputs(usage, stdout);
		exit(0);
	case 'V':
		(void)printf("issuer-agent (%s) %s\n", PACKAGE_NAME, PACKAGE_VERSION);
		exit(0);
	default:
		return err_set(err, ERR_BAD_INPUT, "run issuer-agent --help");
	}
}

/* Up to the next word that is no option. */
static int take_options(int argc, char **argv, struct arguments *args, struct err *err)
{
	int option;

	while ((option = getopt_long(argc, argv, "+c:R:tThVo:", options, NULL)) != -1) {
		if (take_option(option, args, err) < 0)
			return -1;
		if (!is_for(option, args->command))
			return err_set(err, ERR_BAD_INPUT,
				"that option is not for %s; run issuer-agent --help",
				args->command == RUN
					? "the agent that stays, or comes after its command"
					: command_names[args->command]);
	}
	return 0;
}

static int take_command(const char *word, struct arguments *args, struct err *err)
{
	for (enum command c = ONCE; c <= EXEC; c++)
		if (strcmp(command_names[c], word) == 0) {
			args->command = c;
			return 0;
		}
	return err_set(err, ERR_BAD_INPUT,
		"unknown command '%s'; known are once, status, env and exec", word);
}

static int check_rest(int argc, char **argv, struct arguments *args, struct err *err)
{
	if (args->command == EXEC) {
		if (!args->wish.service_account)
			return err_set(err, ERR_BAD_INPUT,
				"exec: whose token? write --service-account NAMESPACE/NAME");
		if (optind == argc)
			return err_set(err, ERR_BAD_INPUT,
				"exec: what is to be run? write -- COMMAND");
		args->wish.argv = argv + optind;
		return 0;
	}
	if (optind < argc)
		return err_set(err, ERR_BAD_INPUT,
			"unexpected argument '%s'; run issuer-agent --help", argv[optind]);
	if (args->command == ENV && !args->account)
		return err_set(err, ERR_BAD_INPUT, "env: of whom? write env NAMESPACE/NAME");
	return 0;
}

static int parse(int argc, char **argv, struct arguments *args, struct err *err)
{
	if (take_options(argc, argv, args, err) < 0)
		return -1;
	if (args->command == RUN && optind < argc) {
		if (take_command(argv[optind++], args, err) < 0 ||
			take_options(argc, argv, args, err) < 0)
			return -1;
	}
	if (args->command == ENV && optind < argc) {
		args->account = argv[optind++];
		if (take_options(argc, argv, args, err) < 0)
			return -1;
	}
	return check_rest(argc, argv, args, err);
}

/* ---- what the small commands do ---- */

static int print(struct text *text, struct err *err)
{
	if (fputs(text->s, stdout) < 0 || fflush(stdout) != 0)
		return err_errno(err, ERR_FAILED, "could not write to standard output");
	return 0;
}

static int dump(const struct agent_conf *conf, struct err *err)
{
	auto_text struct text yaml = TEXT_INIT;

	return agent_conf_print(conf, &yaml, err) < 0 ? -1 : print(&yaml, err);
}

static int env(const struct agent_conf *conf, const struct arguments *args, struct err *err)
{
	const char *audience = args->wish.audience;
	const struct agent_projection *found = NULL;
	auto_text struct text text = TEXT_INIT;

	for (uint32_t i = 0; i < conf->projection_count; i++) {
		const struct agent_projection *p = &conf->projections[i];

		if (strcmp(p->service_account, args->account) != 0 ||
			(audience && strcmp(p->audience, audience) != 0))
			continue;
		if (found)
			return err_set(err, ERR_CONFLICT,
				"'%s' has several projections in '%s'; choose one with "
				"--audience, or export the variables yourself",
				args->account, conf->path);
		found = p;
	}
	if (!found)
		return err_set(err, ERR_NOT_FOUND, "'%s' has no projection of '%s'%s%s",
			conf->path, args->account, audience ? " for " : "",
			audience ? audience : "");
	aws_env_print(found, &text);
	return print(&text, err);
}

static int run(struct arguments *args, int *ret_status, struct err *err)
{
	auto_agent_conf struct agent_conf *conf = NULL;

	if (agent_conf_load(agent_conf_path(args->conf_path), &conf, err) < 0)
		return -1;
	log_set_level_named(conf->log_level);
	log_set_format_named(conf->log_format);
	switch (args->command) {
	case TEST:
		(void)printf("%s: the configuration is good\n", conf->path);
		return 0;
	case DUMP:
		return dump(conf, err);
	case ENV:
		return env(conf, args, err);
	case STATUS:
		return status_print(conf, args->as_json, clock_now(), err);
	case RUN:
	case ONCE:
	case EXEC:
		break;
	}
	if (secret_init(err) < 0 || http_client_init(err) < 0)
		return -1;
	/* What it says stands among what the program says: no more than is wrong. */
	if (args->command == EXEC && strcmp(conf->log_level, "info") == 0)
		log_set_level(LOG_WARN);
	if (args->command == EXEC)
		return exec_run(conf, &args->wish, ret_status, err);
	return args->command == ONCE ? once_run(take(conf), args->wish.wait_s, err)
				     : run_agent(take(conf), args->ready_fd, err);
}

int main(int argc, char **argv)
{
	struct arguments args = { .command = RUN, .ready_fd = -1, .wish.wait_s = 30 };
	struct err err = ERR_INIT;
	int status = 0;

	if (file_open_standard(&err) < 0)
		return 1;
	if (parse(argc, argv, &args, &err) < 0) {
		(void)fprintf(stderr, "issuer-agent: %s\n", err.text);
		return 2;
	}
	if (run(&args, &status, &err) < 0) {
		(void)fprintf(stderr, "issuer-agent: %s\n", err.text);
		return err_exit_status(&err);
	}
	return status;
}

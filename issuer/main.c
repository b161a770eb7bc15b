/* main.c - issuerd's command line. See issuerd(8).
 * SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "conf/conf.h"
#include "issuer/daemon.h"
#include "serve/ready.h"

static const char usage[] =
	"usage: issuerd [-c FILE] [-R FD]\n"
	"       issuerd [-c FILE] -t | -T\n"
	"       issuerd -h | -V\n"
	"\n"
	"Publishes an OIDC discovery document and keys, and mints service-account tokens.\n"
	"\n"
	"  -c, --config FILE   configuration (else $ISSUERD_CONFIG, else the installed default)\n"
	"  -R, --ready-fd FD   write \"SERVES ADDRESS\" per listener to FD once it can serve\n"
	"  -t, --test          check the configuration and exit\n"
	"  -T, --dump          print the configuration in force and exit\n"
	"  -h, --help          print this and exit\n"
	"  -V, --version       print the version and exit\n"
	"\n"
	"See issuerd(8) and issuerd.yaml(5).\n";

enum mode { MODE_SERVE, MODE_TEST, MODE_DUMP, MODE_SIGNER };

struct arguments {
	const char *conf_path;
	enum mode mode;
	int ready_fd;
};

#define OPT_SIGNER 256 /* not for people: the gateway starts its signer so */

/* Fills `args`; -1 with a text for standard error. Help and version exit. */
static int parse(int argc, char **argv, struct arguments *args, struct err *err)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "ready-fd", required_argument, NULL, 'R' },
		{ "test", no_argument, NULL, 't' },
		{ "dump", no_argument, NULL, 'T' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ "signer", no_argument, NULL, OPT_SIGNER },
		{ NULL, 0, NULL, 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "c:R:tThV", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			args->conf_path = optarg;
			break;
		case 'R':
			if (ready_read_fd(optarg, &args->ready_fd, err) < 0)
				return -1;
			break;
		case 't':
			args->mode = MODE_TEST;
			break;
		case 'T':
			args->mode = MODE_DUMP;
			break;
		case OPT_SIGNER:
			args->mode = MODE_SIGNER;
			break;
		case 'h':
			(void)fputs(usage, stdout);
			exit(0);
		case 'V':
			(void)puts(PACKAGE_STRING);
			exit(0);
		default:
			return err_set(err, ERR_BAD_INPUT, "run issuerd --help");
		}
	}
	if (optind < argc)
		return err_set(err, ERR_BAD_INPUT,
			"unexpected argument '%s'; run issuerd --help", argv[optind]);
	return 0;
}

static int dump(const struct conf *conf, struct err *err)
{
	auto_text struct text yaml = TEXT_INIT;

	if (conf_print(conf, &yaml, err) < 0)
		return -1;
	if (fputs(yaml.s, stdout) < 0 || fflush(stdout) != 0)
		return err_errno(err, ERR_FAILED, "could not write to standard output");
	return 0;
}

static int serve(const struct arguments *args, const struct conf *conf, struct err *err)
{
	char name[] = "issuerd";
	char config[] = "--config";
	char signer[] = "--signer";
	auto_free char *path = text_copy(conf->path);
	char *const signer_argv[] = { name, config, path, signer, NULL };

	return daemon_gateway(conf, signer_argv, args->ready_fd, err);
}

static int run(const struct arguments *args, struct err *err)
{
	auto_conf struct conf *conf = NULL;

	if (args->mode == MODE_SIGNER)
		return daemon_signer(args->conf_path, err);
	if (conf_load(conf_path(args->conf_path), &conf, err) < 0)
		return -1;
	log_set_level_named(conf->log_level);
	log_set_format_named(conf->log_format);
	switch (args->mode) {
	case MODE_TEST:
		(void)printf("%s: the configuration is good\n", conf->path);
		return 0;
	case MODE_DUMP:
		return dump(conf, err);
	case MODE_SIGNER:
	case MODE_SERVE:
		break;
	}
	return serve(args, conf, err);
}

int main(int argc, char **argv)
{
	struct arguments args = { .mode = MODE_SERVE, .ready_fd = -1 };
	struct err err = ERR_INIT;

	if (file_open_standard(&err) < 0)
		return 1;
	if (parse(argc, argv, &args, &err) < 0) {
		(void)fprintf(stderr, "issuerd: %s\n", err.text);
		return 2;
	}
	if (run(&args, &err) < 0) {
		/* A signer that cannot start tells the gateway, which says it once for both. */
		if (args.mode != MODE_SIGNER)
			(void)fprintf(stderr, "issuerd: %s\n", err.text);
		return err_exit_status(&err);
	}
	return 0;
}

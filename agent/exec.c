/* exec.c - see exec.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/aws_env.h"
#include "agent/exec.h"
#include "agent/folder.h"
#include "agent/keeper.h"
#include "agent/once.h"
#include "base/auto.h"
#include "base/text.h"

#define STATUS_NOT_FOUND  127 /* as shells have it */
#define STATUS_NOT_RUN    126
#define STATUS_BY_SIGNAL  128
#define DIRECTORY_PATTERN "issuer-agent.XXXXXX"

/* ---- where the token is ---- */

/* A directory of ours that nobody else can look into. */
static int make_directory(char **ret, struct err *err)
{
	const char *const bases[] = { getenv("XDG_RUNTIME_DIR"), "/dev/shm", getenv("TMPDIR"),
		"/tmp" };

	for (int wants_memory = 1; wants_memory >= 0; wants_memory--)
		for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
			char *path;

			if (!bases[i] || bases[i][0] != '/' ||
				(wants_memory && !folder_is_in_memory(bases[i])))
				continue;
			path = text_format("%s/" DIRECTORY_PATTERN, bases[i]);
			if (mkdtemp(path)) { /* of mode 0700 */
				*ret = path;
				return 0;
			}
			free(path);
		}
	return err_errno(err, ERR_FAILED,
		"could not make a private directory in $XDG_RUNTIME_DIR, /dev/shm, $TMPDIR or "
		"/tmp");
}

/* The configuration of this one token. It goes through YAML, so that every rule for settings is
 * a rule for options. */
static int make_conf(const struct agent_conf *conf, const struct exec_wish *wish,
	const char *directory, struct agent_conf **ret, struct err *err)
{
	auto_free char *path = text_format("%s/token", directory);
	char mode[] = "0600";
	struct agent_bound bound = { wish->bound_kind, wish->bound_name, wish->bound_uid };
	struct agent_projection projection = {
		.service_account = wish->service_account,
		.audience = wish->audience,
		.lifetime.text = wish->lifetime,
		.path = path,
		.mode = mode,
		.bound = wish->bound_kind ? &bound : NULL,
		.role_arn = wish->role_arn,
		.region = wish->region,
		.session_name = wish->session_name,
	};
	char name[] = "exec";
	struct agent_conf one = *conf;

	one.path = name;
	one.projections = &projection;
	one.projection_count = 1;
	one.listeners = NULL;
	one.listener_count = 0;
	return agent_conf_copy(&one, ret, err);
}

/* ---- the program ---- */

/* SIGPIPE is blocked alone: a log that nobody reads must not end us, and is none of the
 * program's. Whoever started us may have SIGCHLD ignored, and then we would wait forever. */
static int block_signals(sigset_t *ret_before, int *ret_fd, struct err *err)
{
	static const int numbers[] = { SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1,
		SIGUSR2, SIGWINCH };
	sigset_t set, pipe;

	(void)sigemptyset(&set); /* these cannot fail with valid numbers */
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		(void)sigaddset(&set, numbers[i]);
	(void)sigemptyset(&pipe);
	(void)sigaddset(&pipe, SIGPIPE);
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR ||
		pthread_sigmask(SIG_BLOCK, &set, ret_before) != 0 ||
		pthread_sigmask(SIG_BLOCK, &pipe, NULL) != 0)
		return err_set(err, ERR_FAILED, "could not set up signals");
	*ret_fd = signalfd(-1, &set, SFD_CLOEXEC);
	return *ret_fd >= 0 ? 0 : err_errno(err, ERR_FAILED, "could not set up signals");
}

/* In the child: only what is safe between fork and exec, but that no other thread is there yet
 * to hold a lock. */
static void become(const struct exec_wish *wish, const struct aws_env_variable *variables,
	const sigset_t *signals)
{
	int why;

	for (size_t i = 0; aws_env_rivals[i]; i++)
		(void)unsetenv(aws_env_rivals[i]); /* fails for no valid name */
	for (; variables->name; variables++)
		if (setenv(variables->name, variables->value, 1) < 0)
			_exit(STATUS_NOT_RUN);
	(void)pthread_sigmask(SIG_SETMASK, signals, NULL); /* what it was */
	(void)execvp(wish->argv[0], wish->argv);           /* comes back only to fail */
	why = errno;
	(void)fprintf(stderr, "issuer-agent: could not run '%s': %s\n", wish->argv[0],
		strerror(why));
	_exit(why == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_RUN);
}

/* What the terminal sends, it has sent to the program as well. */
static void pass_on(pid_t child, const struct signalfd_siginfo *info)
{
	if (info->ssi_code != SI_KERNEL)
		(void)kill(child, (int)info->ssi_signo); /* gone is as good */
}

/* Until the program has ended. */
static int wait_for(pid_t child, int signals, int *ret_status, struct err *err)
{
	struct signalfd_siginfo info;
	int status;

	for (;;) {
		const ssize_t n = read(signals, &info, sizeof(info));

		if (n < 0 && errno == EINTR)
			continue;
		if (n != (ssize_t)sizeof(info))
			return err_errno(err, ERR_FAILED, "could not read signals");
		if (info.ssi_signo != SIGCHLD) {
			pass_on(child, &info);
			continue;
		}
		if (waitpid(child, &status, WNOHANG) != child)
			continue;
		*ret_status = WIFSIGNALED(status) ? STATUS_BY_SIGNAL + WTERMSIG(status)
						  : WEXITSTATUS(status);
		return 0;
	}
}

/* `before`: the signal mask that the program shall have. */
static int run_program(struct projector *p, const struct exec_wish *wish,
	const struct aws_env_variable *variables, const sigset_t *before, int signals,
	int *ret_status, struct err *err)
{
	struct keeper *keeper = NULL;
	const pid_t child = fork(); /* before there is a thread */
	int rc;

	if (child < 0)
		return err_errno(err, ERR_FAILED, "could not start a process");
	if (child == 0)
		become(wish, variables, before);
	rc = keeper_start(p, NULL, NULL, &keeper, err);
	if (rc < 0)
		(void)kill(child, SIGTERM); /* it would be without tokens soon */
	if (wait_for(child, signals, ret_status, err) < 0)
		rc = -1;
	keeper_stop(keeper);
	return rc;
}

static int project_and_run(struct projector *p, const struct exec_wish *wish,
	const struct agent_projection *projection, int *ret_status, struct err *err)
{
	struct aws_env_variable variables[AWS_ENV_MAX];
	auto_close int signals = -1;
	sigset_t before;
	int rc;

	if (block_signals(&before, &signals, err) < 0 ||
		once_project(p, wish->wait_s, signals, err) < 0)
		return -1;
	aws_env_make(projection, variables);
	rc = run_program(p, wish, variables, &before, signals, ret_status, err);
	aws_env_clear(variables);
	return rc;
}

static int run_in(const struct agent_conf *conf, const struct exec_wish *wish,
	const char *directory, int *ret_status, struct err *err)
{
	struct agent_conf *one;
	struct projector *p;
	int rc;

	if (make_conf(conf, wish, directory, &one, err) < 0)
		return -1;
	p = projector_new(one);
	rc = project_and_run(p, wish, &one->projections[0], ret_status, err);
	projector_remove(p);
	projector_free(p);
	return rc;
}

int exec_run(const struct agent_conf *conf, const struct exec_wish *wish, int *ret_status,
	struct err *err)
{
	auto_free char *directory = NULL;
	int rc;

	/* Not secret_protect_process: the program inherits what that takes away. */
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return err_errno(err, ERR_FAILED, "could not protect this process");
	if (make_directory(&directory, err) < 0)
		return -1;
	rc = run_in(conf, wish, directory, ret_status, err);
	(void)rmdir(directory); /* empty: its one file is gone */
	return rc;
}

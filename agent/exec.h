/* exec.h - runs a program with a token of its own, fresh for as long as it runs.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef EXEC_H
#define EXEC_H

#include <stdint.h>

#include "base/err.h"
#include "conf/agent_conf.h"

/* What is to be projected, and for whom; NULL: the default, or none. */
struct exec_wish {
	char *service_account, *audience, *lifetime;
	char *role_arn, *region, *session_name;
	char *bound_kind, *bound_name, *bound_uid;
	int64_t wait_s;    /* for the first token */
	char *const *argv; /* of the program; argv[0] is looked for in PATH */
};

/* Projects into a private directory, in memory where there is one, runs the program with the
 * variables of aws_env.h, passes signals on to it, and removes all when it has ended.
 * `ret_status` is what to exit with: the program's status, 128 + N if signal N ended it, 126 or
 * 127 if it could not be run. Of `conf` only the server is used. */
int exec_run(const struct agent_conf *conf, const struct exec_wish *wish, int *ret_status,
	struct err *err);

#endif

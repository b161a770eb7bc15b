/* daemon.h - the two ways in which the program runs: as the gateway, which starts the signer,
 * and as that signer.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef DAEMON_H
#define DAEMON_H

#include "base/err.h"
#include "conf/conf.h"

/* Serves until SIGTERM, SIGINT or SIGHUP, then finishes what is under way and returns 0.
 * `signer_argv` starts the signer. Once it can serve, a line "SERVES ADDRESS" per listener is
 * written to `ready_fd` (-1: nowhere), and the service manager is told. */
int daemon_gateway(const struct conf *conf, char *const *signer_argv, int ready_fd,
	struct err *err);

/* Serves the gateway at SIGNER_FD until that ends. The configuration comes from the gateway;
 * `path` is the file it came from, for messages. */
int daemon_signer(const char *path, struct err *err);

#endif

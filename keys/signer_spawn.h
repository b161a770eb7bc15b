/* signer_spawn.h - one signer process: its start, up to its word that it is ready, and its end.
 * What is asked of it goes through signer.h.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNER_SPAWN_H
#define SIGNER_SPAWN_H

#include <sys/types.h>

#include "keys/signer.h"

#define SIGNER_LOOK_MS 1000 /* reading from its socket takes no longer */

/* Starts a signer and waits for its word; the socket is `ret_fd`, the caller's. ERR_BUSY if
 * `stop_fd` can be read before; else an error is the signer's own. */
int signer_spawn(const struct signer_program *program, int stop_fd, pid_t *ret_pid, int *ret_fd,
	struct err *err);

/* Waits for its end; what waitpid says. */
int signer_reap(pid_t pid);

#endif

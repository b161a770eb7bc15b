/* signer.h - the gateway's only way to private keys: starts the signer process, asks it, and
 * starts another when it dies. Asking does not wait; the answer comes by a call on a thread of
 * its own. Any thread may ask.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNER_H
#define SIGNER_H

#include <stdbool.h>

#include "keys/signer_message.h"
#include "keys/signer_metrics.h"

#define SIGNER_FD 3 /* the signer finds its socket there */

struct signer;

/* What was asked for, or why not (reply->err): ERR_BUSY while there is no signer. `reply` is
 * borrowed, but the token may be taken out of it. Must not block. */
typedef void signer_done_fn(void *ctx, struct signer_reply *reply);

/* How to start one: our own binary with `argv`; its first packet is `settings`, the
 * configuration as YAML, so that both processes have the same even if the file has changed
 * meanwhile. Borrowed for the signer's life. */
struct signer_program {
	char *const *argv;
	const char *settings;
	size_t settings_len;
	struct signer_metrics *metrics; /* signer_metrics.h */
	int metrics_fd;
};

/* Starts a signer with its socket at SIGNER_FD and waits until it is ready. An error is the
 * signer's own. Call before the process has threads or sockets. */
int signer_start(const struct signer_program *program, struct signer **ret, struct err *err);

/* In the signer: the settings that its gateway sent; the caller frees. */
int signer_receive_settings(int fd, char **ret, size_t *ret_len, struct err *err);

/* Lets the signer finish what it has, with all answers delivered, and waits for its end; one
 * that takes longer than `timeout_ms` is killed. Afterwards signer_ask answers ERR_BUSY. */
void signer_stop(struct signer *signer, int timeout_ms);

/* Stops it if need be. Nobody may ask any more. */
void signer_free(struct signer *signer);

/* Sends the request (request->id is chosen here) and later calls `done` exactly once; or
 * returns -1 and never calls it. */
int signer_ask(struct signer *signer, const struct signer_request *request,
	signer_done_fn *done, void *ctx, struct err *err);

/* ERR_BUSY while as many requests are under way as can be: asking would be refused. */
int signer_check_room(struct signer *signer, struct err *err);

bool signer_is_up(struct signer *signer);

/* Why the signer cannot write the audit, and so mints nothing: its own words. 0 if it can, for
 * all it has said. */
int signer_check_audit(struct signer *signer, struct err *err);

#endif

/* keeper.h - the thread in which a projector passes, again and again, each time when something
 * is
 * due. Whoever started it stays free for signals. SPDX-License-Identifier: Apache-2.0 */
#ifndef KEEPER_H
#define KEEPER_H

#include <stdbool.h>

#include "agent/projector.h"
#include "base/err.h"

/* Called by the keeper's thread after each pass that changed something, and the first. */
typedef void keeper_passed_fn(void *ctx, struct projector *p,
	const struct projector_pass *pass);

struct keeper;

/* `p` is borrowed until keeper_stop, and passed to nobody else that passes. `passed` may be
 * NULL. */
int keeper_start(struct projector *p, keeper_passed_fn *passed, void *ctx, struct keeper **ret,
	struct err *err);

/* Has another configuration taken over, soon; it becomes the projector's. */
void keeper_reload(struct keeper *k, struct agent_conf *conf);

/* Is it waiting for its time, or getting on? */
bool keeper_is_alive(const struct keeper *k);

/* Ends what is under way, and the thread. NULL is well. */
void keeper_stop(struct keeper *k);

#endif

/* sts.h - exchanges a workload's token for credentials: AssumeRoleWithWebIdentity at AWS STS,
 * or
 * at whoever speaks like it. SPDX-License-Identifier: Apache-2.0 */
#ifndef STS_H
#define STS_H

#include <stdatomic.h>

#include "agent/projector.h"
#include "agent/sts_answer.h"
#include "base/err.h"
#include "conf/agent_conf.h"

/* One call; it blocks, for 10 s at most. ERR_REFUSED: STS says no, with its reason; ERR_BUSY:
 * it gave no answer, or asks to come back, after *ret_asked_s seconds (0: it does not say);
 * ERR_UNHEALTHY: its answer makes no sense. */
int sts_exchange(const struct agent_sts *sts, const struct projector_workload *workload,
	const atomic_bool *is_cancelled, struct sts_answer *ret, int64_t *ret_asked_s,
	struct err *err);

#endif

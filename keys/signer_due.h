/* signer_due.h - what the signer does without being asked: it takes over what others have
 * changed in the store, rotates the keys, and signs the head of the audit. One thread at a time
 * calls all but signer_due_refresh, which any may.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNER_DUE_H
#define SIGNER_DUE_H

#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "keys/keyring.h"
#include "keys/signer_process.h"

struct signer_due {
	/* Set by the owner, who keeps them; the rest starts zeroed. */
	const struct signer_settings *settings;
	struct sealing *sealing;
	struct keyring_slot *slot;

	atomic_bool is_rotation_wanted; /* the keys have changed */
	struct clock_reading looked_at;
	int64_t look_after_s;
	unix_time next_change;
	int64_t checkpoint_uptime_s; /* of the machine, when the audit's head was signed */
	struct log_trouble refresh_trouble;
	struct log_trouble rotation_trouble;
	struct log_trouble checkpoint_trouble;
};

/* The first look, before anybody is served: what is due, and the keys as they are then. */
int signer_due_start(struct signer_due *due, struct clock_reading clock, struct err *err);

/* Takes over what others have changed. */
int signer_due_refresh(struct signer_due *due, struct clock_reading clock, struct err *err);

/* Looks at clock and store: what has become due, what have others changed? What fails is
 * logged, counted, and tried again. */
void signer_due_tick(struct signer_due *due, struct clock_reading clock);

/* Signs the head of the audit chain, if anything was recorded since. The same of failures. */
void signer_due_checkpoint(struct signer_due *due, struct clock_reading clock);

#endif

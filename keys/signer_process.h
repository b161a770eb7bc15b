/* signer_process.h - the process that holds the private keys. It has no network: it reads
 * requests from one socket, signs on as many threads as there are cores, commits the audit rows
 * of a batch, and only then answers. It also rotates the keys when they are due.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNER_PROCESS_H
#define SIGNER_PROCESS_H

#include <stdint.h>

#include "base/err.h"
#include "keys/mint.h"
#include "keys/plan.h"
#include "keys/signer_metrics.h"
#include "store/store.h"

/* A signer that can write the store has noted the time in it (store_memory.clock_at) since. */
#define SIGNER_NOTES_WITHIN_S 180

/* Borrowed for the length of the run. */
struct signer_settings {
	struct store *store;              /* open for writing */
	const char *const *sealing_paths; /* sealing.h */
	size_t sealing_count;
	const char *issuer;
	struct plan_policy plan;
	struct mint_policy mint;
	uint32_t rsa_bits;
	struct signer_metrics *metrics;
};

/* Serves `fd` until its other end is closed, then finishes what it has and returns 0. */
int signer_process_run(int fd, const struct signer_settings *settings, struct err *err);

/* Tells the gateway why there will be no signer. */
void signer_process_refuse(int fd, const struct err *why);

#endif

/* signer_batch.h - where workers leave finished jobs and the writer takes them for one commit.
 * A commit costs about as much however many rows it has, so the writer gathers while other
 * signatures are under way, for a short time, and commits at once when none are.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNER_BATCH_H
#define SIGNER_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys/signer_job.h"

#define SIGNER_BATCH_MAX       128  /* rows in one commit */
#define SIGNER_BATCH_WINDOW_US 2000 /* by which gathering delays an answer, at most */

/* How much longer to gather: 0 once it is time to commit, -1 if there is nothing to commit.
 * `waited_us` is the time since the first of `gathered` jobs came. */
int64_t signer_batch_wait_us(size_t gathered, size_t under_way, int64_t waited_us);

struct signer_batch;

/* At most `max` jobs are expected or in it. */
struct signer_batch *signer_batch_new(size_t max);
/* All threads are done with it. */
void signer_batch_free(struct signer_batch *batch);

/* One more job is under way, and will be put; false if there are too many. */
bool signer_batch_expect(struct signer_batch *batch);
/* An expected job; now the batch's. */
void signer_batch_put(struct signer_batch *batch, struct signer_job *job);
/* An expected job will not come. */
void signer_batch_miss(struct signer_batch *batch);

/* Waits until it is time to commit: a list of up to SIGNER_BATCH_MAX jobs in the order they
 * were put in. NULL once the batch is closed and empty. */
struct signer_job *signer_batch_take(struct signer_batch *batch);

/* No more jobs are expected; what is inside still comes out, without waiting. */
void signer_batch_close(struct signer_batch *batch);

#endif

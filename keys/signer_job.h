/* signer_job.h - work on its way through the signer: a request, then with its token, then with
 * its audit row on disk. And the bounded queue that hands jobs from one thread to the next.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNER_JOB_H
#define SIGNER_JOB_H

#include <stdbool.h>

#include "keys/signer_message.h"

struct signer_job {
	struct signer_job *next;
	struct signer_request request;
	struct signer_reply reply;
	int64_t revision; /* of the keys that signed its token */
	int64_t since_ms; /* clock_monotonic_ms when it came */
};

void signer_job_free(struct signer_job *job);

struct signer_queue;

/* Holds at most `max` jobs. */
struct signer_queue *signer_queue_new(size_t max);
/* All threads are done with it. */
void signer_queue_free(struct signer_queue *queue);

/* False if the queue is full or closed; the job stays the caller's then. */
bool signer_queue_push(struct signer_queue *queue, struct signer_job *job);

/* The oldest job; waits for one. NULL once the queue is closed and empty. */
struct signer_job *signer_queue_pop(struct signer_queue *queue);

/* Nothing more comes in; what is inside still comes out. */
void signer_queue_close(struct signer_queue *queue);

#endif

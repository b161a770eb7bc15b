/* signer_batch.c - see signer_batch.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/thread.h"
#include "keys/signer_batch.h"

struct signer_batch {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* the first job came, or it is time to commit */
	struct signer_job *head;
	struct signer_job **tail;
	size_t count;
	size_t under_way;
	size_t max;
	int64_t since_us; /* when the first job came */
	bool is_closed;
};

int64_t signer_batch_wait_us(size_t gathered, size_t under_way, int64_t waited_us)
{
	if (gathered == 0)
		return -1;
	if (under_way == 0 || gathered >= SIGNER_BATCH_MAX ||
		waited_us >= SIGNER_BATCH_WINDOW_US)
		return 0;
	return SIGNER_BATCH_WINDOW_US - waited_us;
}

struct signer_batch *signer_batch_new(size_t max)
{
	struct signer_batch *batch = text_alloc(1, sizeof(*batch));

	batch->max = max;
	batch->tail = &batch->head;
	if (pthread_mutex_init(&batch->lock, NULL) != 0)
		abort();
	thread_cond_init(&batch->changed);
	return batch;
}

void signer_batch_free(struct signer_batch *batch)
{
	if (!batch)
		return;
	while (batch->head) {
		struct signer_job *job = batch->head;

		batch->head = job->next;
		signer_job_free(job);
	}
	(void)pthread_cond_destroy(&batch->changed); /* nobody waits any more */
	(void)pthread_mutex_destroy(&batch->lock);
	free(batch);
}

bool signer_batch_expect(struct signer_batch *batch)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&batch->lock);

	(void)held;
	if (batch->count + batch->under_way >= batch->max)
		return false;
	batch->under_way++;
	return true;
}

/* Wakes the writer when it has something to do, and not for each job in between. */
static void one_less(struct signer_batch *batch)
{
	batch->under_way--;
	if (batch->count == 1 || signer_batch_wait_us(batch->count, batch->under_way, 0) == 0)
		(void)pthread_cond_signal(&batch->changed); /* cannot fail */
}

void signer_batch_put(struct signer_batch *batch, struct signer_job *job)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&batch->lock);

	(void)held;
	job->next = NULL;
	*batch->tail = job;
	batch->tail = &job->next;
	if (batch->count++ == 0)
		batch->since_us = clock_monotonic_us();
	one_less(batch);
}

void signer_batch_miss(struct signer_batch *batch)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&batch->lock);

	(void)held;
	one_less(batch);
}

/* Call with the lock held. */
static void wait_until_due(struct signer_batch *batch)
{
	while (!batch->is_closed) {
		const int64_t now = clock_monotonic_us();
		const int64_t wait_us = signer_batch_wait_us(batch->count, batch->under_way,
			now - batch->since_us);
		const int64_t until_us = now + wait_us;
		const struct timespec until = { .tv_sec = until_us / 1000000,
			.tv_nsec = until_us % 1000000 * 1000 };

		if (wait_us == 0)
			return;
		if (wait_us < 0)
			(void)pthread_cond_wait(&batch->changed,
				&batch->lock); /* cannot fail */
		else
			(void)pthread_cond_timedwait(&batch->changed, &batch->lock,
				&until); /* the clock is asked again */
	}
}

struct signer_job *signer_batch_take(struct signer_batch *batch)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&batch->lock);
	struct signer_job *first;
	struct signer_job **end;

	(void)held;
	wait_until_due(batch);
	first = batch->head;
	end = &batch->head;
	for (size_t i = 0; i < SIGNER_BATCH_MAX && *end; i++) {
		end = &(*end)->next;
		batch->count--;
	}
	if (end != &batch->head) {
		batch->head = *end;
		*end = NULL;
	}
	if (!batch->head)
		batch->tail = &batch->head;
	return first;
}

void signer_batch_close(struct signer_batch *batch)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&batch->lock);

	(void)held;
	batch->is_closed = true;
	(void)pthread_cond_broadcast(&batch->changed); /* cannot fail */
}

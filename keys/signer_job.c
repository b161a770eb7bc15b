/* signer_job.c - see signer_job.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/text.h"
#include "keys/signer_job.h"

struct signer_queue {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct signer_job *head;
	struct signer_job **tail;
	size_t count;
	size_t max;
	bool is_closed;
};

void signer_job_free(struct signer_job *job)
{
	if (!job)
		return;
	signer_request_free(&job->request);
	mint_token_free(&job->reply.token);
	free(job);
}

struct signer_queue *signer_queue_new(size_t max)
{
	struct signer_queue *queue = text_alloc(1, sizeof(*queue));

	queue->max = max;
	queue->tail = &queue->head;
	if (pthread_mutex_init(&queue->lock, NULL) != 0 ||
		pthread_cond_init(&queue->changed, NULL) != 0)
		abort();
	return queue;
}

void signer_queue_free(struct signer_queue *queue)
{
	if (!queue)
		return;
	while (queue->head) {
		struct signer_job *job = queue->head;

		queue->head = job->next;
		signer_job_free(job);
	}
	(void)pthread_cond_destroy(&queue->changed); /* nobody waits any more */
	(void)pthread_mutex_destroy(&queue->lock);
	free(queue);
}

bool signer_queue_push(struct signer_queue *queue, struct signer_job *job)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&queue->lock);

	(void)held;
	if (queue->is_closed || queue->count >= queue->max)
		return false;
	job->next = NULL;
	*queue->tail = job;
	queue->tail = &job->next;
	queue->count++;
	(void)pthread_cond_signal(&queue->changed); /* cannot fail */
	return true;
}

struct signer_job *signer_queue_pop(struct signer_queue *queue)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&queue->lock);
	struct signer_job *job;

	while (!queue->head && !queue->is_closed)
		(void)pthread_cond_wait(&queue->changed, held); /* cannot fail */
	job = queue->head;
	if (!job)
		return NULL;
	queue->count--;
	queue->head = job->next;
	if (!queue->head)
		queue->tail = &queue->head;
	job->next = NULL;
	return job;
}

void signer_queue_close(struct signer_queue *queue)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&queue->lock);

	(void)held;
	queue->is_closed = true;
	(void)pthread_cond_broadcast(&queue->changed); /* cannot fail */
}

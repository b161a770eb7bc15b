/* test_signer_job.c - keys/signer_job.c: what goes into a queue comes out, once, in order, and
 * nothing comes in that does not fit.
 * SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include "base/text.h"
#include "keys/signer_job.h"
#include "t/unit/unit.h"

#define MANY 2000

static struct signer_job *job(int64_t id)
{
	struct signer_job *made = text_alloc(1, sizeof(*made));

	made->request.id = id;
	return made;
}

/* Takes one job out and gives back its id. */
static int64_t pop_id(struct signer_queue *queue)
{
	struct signer_job *got = signer_queue_pop(queue);
	const int64_t id = got ? got->request.id : -1;

	signer_job_free(got);
	return id;
}

static void jobs_come_out_in_order(void **state)
{
	struct signer_queue *queue = signer_queue_new(3);

	(void)state;
	for (int64_t id = 1; id <= 3; id++)
		assert_true(signer_queue_push(queue, job(id)));
	for (int64_t id = 1; id <= 3; id++)
		assert_int_equal(pop_id(queue), id);
	assert_true(signer_queue_push(queue, job(4)));
	assert_int_equal(pop_id(queue), 4);
	signer_queue_free(queue);
}

static void a_full_queue_takes_no_more(void **state)
{
	struct signer_queue *queue = signer_queue_new(2);
	struct signer_job *third = job(3);

	(void)state;
	assert_true(signer_queue_push(queue, job(1)));
	assert_true(signer_queue_push(queue, job(2)));
	assert_false(signer_queue_push(queue, third));
	assert_int_equal(pop_id(queue), 1);
	assert_true(signer_queue_push(queue, third));
	signer_queue_free(queue); /* with two inside */
}

static void a_closed_queue_gives_what_it_has_and_ends(void **state)
{
	struct signer_queue *queue = signer_queue_new(10);
	struct signer_job *late = job(2);

	(void)state;
	assert_true(signer_queue_push(queue, job(1)));
	signer_queue_close(queue);
	assert_false(signer_queue_push(queue, late));
	signer_job_free(late);
	assert_int_equal(pop_id(queue), 1);
	assert_null(signer_queue_pop(queue));
	signer_queue_free(queue);
	signer_queue_free(NULL);
	signer_job_free(NULL);
}

static void *take_all(void *arg)
{
	struct signer_queue *queue = arg;
	struct signer_job *got;
	uintptr_t count = 0;

	while ((got = signer_queue_pop(queue))) {
		count++;
		signer_job_free(got);
	}
	return (void *)count; /* a number in a pointer's place */
}

static void many_threads_lose_and_double_nothing(void **state)
{
	struct signer_queue *queue = signer_queue_new(MANY);
	pthread_t threads[4];
	uintptr_t sum = 0;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_all, queue), 0);
	for (int64_t id = 0; id < MANY; id++)
		assert_true(signer_queue_push(queue, job(id)));
	signer_queue_close(queue);
	for (size_t i = 0; i < 4; i++) {
		void *count;

		assert_int_equal(pthread_join(threads[i], &count), 0);
		sum += (uintptr_t)count;
	}
	assert_int_equal(sum, MANY);
	signer_queue_free(queue);
}

UNIT_MAIN(cmocka_unit_test(jobs_come_out_in_order),
	cmocka_unit_test(a_full_queue_takes_no_more),
	cmocka_unit_test(a_closed_queue_gives_what_it_has_and_ends),
	cmocka_unit_test(many_threads_lose_and_double_nothing));

/* test_signer_batch.c - keys/signer_batch.c: when the writer commits, as a function of what
 * there is; and that each job comes out once, in order, and without waiting for nobody.
 * SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include "base/text.h"
#include "keys/signer_batch.h"
#include "t/unit/unit.h"

#define MANY 2000

static struct signer_job *job(int64_t id)
{
	struct signer_job *made = text_alloc(1, sizeof(*made));

	made->request.id = id;
	return made;
}

static void put(struct signer_batch *batch, int64_t id)
{
	assert_true(signer_batch_expect(batch));
	signer_batch_put(batch, job(id));
}

/* Frees a list whose ids go up by one from `first`; how many there were. */
static int64_t count(struct signer_job *list, int64_t first)
{
	int64_t n = 0;

	while (list) {
		struct signer_job *next = list->next;

		assert_int_equal(list->request.id, first + n++);
		signer_job_free(list);
		list = next;
	}
	return n;
}

/* ---- the decision ---- */

static void nothing_is_committed_of_nothing(void **state)
{
	(void)state;
	assert_int_equal(signer_batch_wait_us(0, 0, 0), -1);
	assert_int_equal(signer_batch_wait_us(0, 9, 1000000), -1);
}

static void without_others_under_way_a_commit_waits_for_nobody(void **state)
{
	(void)state;
	assert_int_equal(signer_batch_wait_us(1, 0, 0), 0);
	assert_int_equal(signer_batch_wait_us(50, 0, 0), 0);
}

static void while_others_are_under_way_it_waits_to_the_end_of_the_window(void **state)
{
	(void)state;
	assert_int_equal(signer_batch_wait_us(1, 1, 0), SIGNER_BATCH_WINDOW_US);
	assert_int_equal(signer_batch_wait_us(1, 1, SIGNER_BATCH_WINDOW_US - 1), 1);
	assert_int_equal(signer_batch_wait_us(1, 1, SIGNER_BATCH_WINDOW_US), 0);
	assert_int_equal(signer_batch_wait_us(1, 1, 10 * SIGNER_BATCH_WINDOW_US), 0);
}

static void a_full_batch_waits_no_longer(void **state)
{
	(void)state;
	assert_int_equal(signer_batch_wait_us(SIGNER_BATCH_MAX - 1, 1, 0),
		SIGNER_BATCH_WINDOW_US);
	assert_int_equal(signer_batch_wait_us(SIGNER_BATCH_MAX, 1, 0), 0);
	assert_int_equal(signer_batch_wait_us(SIGNER_BATCH_MAX + 1, 1, 0), 0);
}

/* ---- the batch ---- */

static void jobs_come_out_together_and_in_order(void **state)
{
	struct signer_batch *batch = signer_batch_new(10);

	(void)state;
	for (int64_t id = 1; id <= 3; id++)
		put(batch, id);
	assert_int_equal(count(signer_batch_take(batch), 1), 3);
	put(batch, 4);
	assert_int_equal(count(signer_batch_take(batch), 4), 1);
	signer_batch_free(batch);
}

static void no_commit_is_larger_than_the_most(void **state)
{
	struct signer_batch *batch = signer_batch_new(2 * SIGNER_BATCH_MAX);

	(void)state;
	for (int64_t id = 1; id <= SIGNER_BATCH_MAX + 2; id++)
		put(batch, id);
	assert_int_equal(count(signer_batch_take(batch), 1), SIGNER_BATCH_MAX);
	assert_int_equal(count(signer_batch_take(batch), SIGNER_BATCH_MAX + 1), 2);
	put(batch, 1);
	assert_int_equal(count(signer_batch_take(batch), 1), 1);
	signer_batch_free(batch);
}

static void no_more_are_expected_than_the_most(void **state)
{
	struct signer_batch *batch = signer_batch_new(2);

	(void)state;
	put(batch, 1);
	assert_true(signer_batch_expect(batch));
	assert_false(signer_batch_expect(batch));
	signer_batch_miss(batch);
	assert_true(signer_batch_expect(batch));
	signer_batch_put(batch, job(2));
	assert_false(signer_batch_expect(batch));
	assert_int_equal(count(signer_batch_take(batch), 1), 2);
	assert_true(signer_batch_expect(batch));
	signer_batch_free(batch);
}

/* Ends by itself: if it did not, the test would never end. */
static void one_that_never_comes_holds_nobody_up_for_ever(void **state)
{
	struct signer_batch *batch = signer_batch_new(10);

	(void)state;
	assert_true(signer_batch_expect(batch));
	put(batch, 1);
	assert_int_equal(count(signer_batch_take(batch), 1), 1);
	signer_batch_free(batch);
}

static void a_closed_batch_gives_what_it_has_and_ends(void **state)
{
	struct signer_batch *batch = signer_batch_new(10);

	(void)state;
	assert_true(signer_batch_expect(batch));
	put(batch, 1);
	signer_batch_close(batch);
	assert_int_equal(count(signer_batch_take(batch), 1), 1);
	assert_null(signer_batch_take(batch));
	signer_batch_free(batch);
	signer_batch_free(NULL);
}

static void what_is_left_inside_is_freed(void **state)
{
	struct signer_batch *batch = signer_batch_new(10);

	(void)state;
	put(batch, 1);
	put(batch, 2);
	signer_batch_free(batch);
}

static void *put_all(void *arg)
{
	for (int64_t id = 0; id < MANY; id++)
		put(arg, id);
	return NULL;
}

static void many_threads_lose_and_double_nothing(void **state)
{
	struct signer_batch *batch = signer_batch_new(4 * MANY);
	pthread_t threads[4];
	int64_t sum = 0;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, put_all, batch), 0);
	while (sum < 4 * MANY) {
		struct signer_job *list = signer_batch_take(batch);

		for (; list; sum++) {
			struct signer_job *next = list->next;

			signer_job_free(list);
			list = next;
		}
	}
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(sum, 4 * MANY);
	signer_batch_close(batch);
	assert_null(signer_batch_take(batch));
	signer_batch_free(batch);
}

UNIT_MAIN(cmocka_unit_test(nothing_is_committed_of_nothing),
	cmocka_unit_test(without_others_under_way_a_commit_waits_for_nobody),
	cmocka_unit_test(while_others_are_under_way_it_waits_to_the_end_of_the_window),
	cmocka_unit_test(a_full_batch_waits_no_longer),
	cmocka_unit_test(jobs_come_out_together_and_in_order),
	cmocka_unit_test(no_commit_is_larger_than_the_most),
	cmocka_unit_test(no_more_are_expected_than_the_most),
	cmocka_unit_test(one_that_never_comes_holds_nobody_up_for_ever),
	cmocka_unit_test(a_closed_batch_gives_what_it_has_and_ends),
	cmocka_unit_test(what_is_left_inside_is_freed),
	cmocka_unit_test(many_threads_lose_and_double_nothing));

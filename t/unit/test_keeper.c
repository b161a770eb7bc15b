/* test_keeper.c - when a keeper counts as alive. The projector is one of the test's own, whose
 * passes take as long as the test says.
 * SPDX-License-Identifier: Apache-2.0 */
#include <semaphore.h>
#include <stdbool.h>

#include "agent/keeper.h"
#include "base/clock.h"
#include "t/unit/unit.h"

static sem_t has_begun, may_end;

struct projector_pass projector_pass(struct projector *p, const atomic_bool *is_cancelled)
{
	(void)p;
	(void)sem_post(&has_begun);
	while (sem_trywait(&may_end) < 0 && !atomic_load(is_cancelled))
		(void)poll(NULL, 0, 1);
	return (struct projector_pass){ .at = clock_read(), .next_in_s = 3600 };
}

void projector_reload(struct projector *p, struct agent_conf *conf)
{
	(void)p, (void)conf;
}

/* The last question was an hour ago. */
int64_t projector_heartbeat(const struct projector *p)
{
	(void)p;
	return clock_monotonic_ms() - 3600 * 1000;
}

static void note(void *ctx, struct projector *p, const struct projector_pass *pass)
{
	(void)ctx, (void)p, (void)pass;
}

/* It has waited for long, and now asks something that takes its time: a manager that is told
 * nothing meanwhile would kill it. */
static void one_that_just_woke_is_alive(void **state)
{
	struct keeper *keeper = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(sem_init(&has_begun, 0, 0), 0);
	assert_int_equal(sem_init(&may_end, 0, 0), 0);
	assert_succeeds(keeper_start(NULL, note, NULL, &keeper, &err));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(sem_wait(&has_begun), 0);
		assert_true(keeper_is_alive(keeper));
		assert_int_equal(sem_post(&may_end), 0);
		keeper_reload(keeper, NULL); /* wakes it */
	}
	keeper_stop(keeper);
}

UNIT_MAIN(cmocka_unit_test(one_that_just_woke_is_alive));

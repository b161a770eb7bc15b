/* keeper.c - see keeper.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "agent/keeper.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/num.h"
#include "base/text.h"

#define FAULT_MS 1000
#define STUCK_MS 60000 /* longer than any one question or file takes */

struct keeper {
	struct projector *projector;
	keeper_passed_fn *passed;
	void *ctx;
	pthread_t thread;
	int wake; /* eventfd */
	atomic_bool is_stopping;
	atomic_bool is_waiting;
	_Atomic int64_t woken_ms; /* monotonic: when it last had waited enough */
	_Atomic(struct agent_conf *) next_conf;
};

static void wake(const struct keeper *k)
{
	const uint64_t one = 1;

	if (write(k->wake, &one, sizeof(one)) < 0)
		return; /* it is full of wakes already */
}

static void wait_for(struct keeper *k, const struct projector_pass *pass)
{
	const struct pollfd pfd = { .fd = k->wake, .events = POLLIN };
	uint64_t wakes;

	atomic_store(&k->is_waiting, true);
	if (clock_wait(&pfd, 1, pass->at, pass->next_in_s) < 0)
		(void)poll(NULL, 0, FAULT_MS); /* no descriptors left, say: not at full speed */
	/* A pass may begin with a long question, and the last one may be long ago. */
	atomic_store(&k->woken_ms, clock_monotonic_ms());
	atomic_store(&k->is_waiting, false);
	if (read(k->wake, &wakes, sizeof(wakes)) < 0)
		return; /* nobody woke us */
}

static void *run(void *ctx)
{
	struct keeper *k = ctx;
	bool is_first = true;

	while (!atomic_load(&k->is_stopping)) {
		struct agent_conf *conf = atomic_exchange(&k->next_conf, NULL);
		struct projector_pass pass;

		if (conf)
			projector_reload(k->projector, conf);
		pass = projector_pass(k->projector, &k->is_stopping);
		if (atomic_load(&k->is_stopping))
			break;
		if (k->passed && (pass.is_changed || is_first || conf))
			k->passed(k->ctx, k->projector, &pass);
		is_first = false;
		wait_for(k, &pass);
	}
	return NULL;
}

int keeper_start(struct projector *p, keeper_passed_fn *passed, void *ctx, struct keeper **ret,
	struct err *err)
{
	struct keeper *k = text_alloc(1, sizeof(*k));
	int rc;

	k->projector = p;
	k->passed = passed;
	k->ctx = ctx;
	atomic_store(&k->woken_ms, clock_monotonic_ms());
	k->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rc = k->wake < 0 ? errno : pthread_create(&k->thread, NULL, run, k);
	if (rc != 0) {
		if (k->wake >= 0)
			(void)close(k->wake); /* never used */
		free(k);
		return err_set(err, ERR_FAILED, "could not start a thread: %s", strerror(rc));
	}
	*ret = k;
	return 0;
}

void keeper_reload(struct keeper *k, struct agent_conf *conf)
{
	agent_conf_free(atomic_exchange(&k->next_conf, conf));
	wake(k);
}

bool keeper_is_alive(const struct keeper *k)
{
	int64_t got_on_ms;

	if (atomic_load(&k->is_waiting)) /* first: else woken_ms may be of the wait before */
		return true;
	got_on_ms = num_max(atomic_load(&k->woken_ms), projector_heartbeat(k->projector));
	return clock_monotonic_ms() - got_on_ms < STUCK_MS;
}

void keeper_stop(struct keeper *k)
{
	if (!k)
		return;
	atomic_store(&k->is_stopping, true);
	wake(k);
	(void)pthread_join(k->thread, NULL); /* it is there, and ends */
	agent_conf_free(atomic_load(&k->next_conf));
	(void)close(k->wake); /* nobody uses it any more */
	free(k);
}

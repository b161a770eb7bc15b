/* thread.c - see thread.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/thread.h"

#define NICER    19 /* than the rest of the process, as far as that goes */
#define NICE_MAX 19
/* The shortest that a kernel takes. Without it the scheduler leaves a thread that has begun its
 * slice on the core for up to 3 ms, however nice it is. */
#define SLICE_NS 100000

/* struct sched_attr of linux/sched/types.h, version 0; glibc 2.41 has it, and older ones do
 * not. */
struct slice {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
};

int thread_give_way(struct err *err)
{
	const int nice =
		getpriority(PRIO_PROCESS, 0) + NICER; /* it may have been started nice */
	const struct slice attr = {
		.size = sizeof(attr),
		.policy = SCHED_OTHER,
		.nice = nice < NICE_MAX ? nice : NICE_MAX,
		.runtime = SLICE_NS, /* ignored by kernels that know no slices */
	};

	if (syscall(SYS_sched_setattr, 0, &attr, 0) < 0)
		return err_errno(err, ERR_FAILED, "could not lower the priority of a thread");
	return 0;
}

void thread_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	if (pthread_condattr_init(&attr) != 0 ||
		pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) != 0 ||
		pthread_cond_init(cond, &attr) != 0)
		abort();                       /* only for want of memory */
	(void)pthread_condattr_destroy(&attr); /* cannot fail */
}

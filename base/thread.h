/* thread.h - what threads ask of the kernel: to be scheduled later, to be woken in time.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef THREAD_H
#define THREAD_H

#include <pthread.h>

#include "base/err.h"

/* The calling thread computes for long and is in no hurry: it gives way to all others that want
 * its core, at once where the kernel can (Linux 6.12 and newer), at the next tick elsewhere. */
int thread_give_way(struct err *err);

/* A condition whose timed waits go by clock_monotonic_us(): a clock that somebody sets makes
 * nobody wait longer. */
void thread_cond_init(pthread_cond_t *cond);

#endif

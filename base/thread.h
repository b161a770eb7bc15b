/* thread.h - what a thread asks of the kernel's scheduler for itself.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef THREAD_H
#define THREAD_H

#include "base/err.h"

/* The calling thread computes for long and is in no hurry: it gives way to all others that want
 * its core, at once where the kernel can (Linux 6.12 and newer), at the next tick elsewhere. */
int thread_give_way(struct err *err);

#endif

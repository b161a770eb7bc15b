/* ready.h - says that a daemon can serve: to the descriptor that -R named, and to the service
 * manager.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef READY_H
#define READY_H

#include "base/err.h"
#include "base/text.h"

/* The number of an open descriptor, as -R takes it; it will not go on to other programs. */
int ready_read_fd(const char *given, int *ret, struct err *err);

/* Writes the lines to `fd` and closes it (-1: there is nobody), and tells the service manager.
 */
void ready_tell(int fd, const struct text *lines);

#endif

/* state.h - the directory in which an agent says that it runs, so that no second one keeps the
 * same files, and how it stands (status.json). SPDX-License-Identifier: Apache-2.0 */
#ifndef STATE_H
#define STATE_H

#include <stddef.h>

#include "base/err.h"

/* Makes the directory, if its last part is missing, and locks it for the life of this process.
 * ERR_CONFLICT if another agent has it. The caller closes the descriptor. */
int state_lock(const char *dir, int *ret_fd, struct err *err);

/* Does an agent have it right now? ERR_UNHEALTHY if not; ERR_FAILED for who may not know. */
int state_check_locked(const char *dir, struct err *err);

int state_write(const char *dir, const char *status, struct err *err);

/* The last status that was written; ERR_NOT_FOUND if none was. The caller frees. */
int state_read(const char *dir, char **ret, size_t *ret_len, struct err *err);

#endif

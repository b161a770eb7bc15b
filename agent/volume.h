/* volume.h - what is written together: the files of one directory, or one plain file.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef VOLUME_H
#define VOLUME_H

#include <stddef.h>

#include "agent/held.h"
#include "base/err.h"

struct volume {
	struct held **members; /* borrowed */
	size_t count;
	struct held_retry retry;
	struct held_failure *failure;
};

/* Groups `held[count]`, each by its directory. The caller frees with volume_free_all. */
struct volume *volume_group(struct held *held, size_t count, size_t *ret_count);
void volume_free_all(struct volume *volumes, size_t count);

/* The directory or path it is in; borrowed. */
const char *volume_place(const struct volume *v);

/* Is there something to write, and all that belongs to it? */
bool volume_is_due(const struct volume *v, struct clock_reading now);

/* Writes the tokens of all members. */
int volume_write(const struct volume *v, unix_time now, bool *ret_changed, struct err *err);

/* Are the files there, of their length, owner and mode? Not their bytes: those of others cannot
 * be read without more rights than writing them takes. */
bool volume_is_in_place(const struct volume *v);

/* Removes them. */
int volume_remove(const struct volume *v, struct err *err);

#endif

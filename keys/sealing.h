/* sealing.h - which sealing key opens a store. It lies in one of a few files: where systemd
 * puts it, where the configuration says, and beside that one under SEALING_NEW while it is
 * being changed (rewrap.h). Whoever needs it asks for the one that opens the rows at hand, so a
 * change is followed without a restart.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SEALING_H
#define SEALING_H

#include "keys/key.h"
#include "store/store.h"

#define SEALING_NEW ".new" /* behind the configured path: the one that comes next */

#define SEALING_PATHS_MAX 3

struct sealing;

/* `paths` in the order in which they are tried; copied. */
struct sealing *sealing_new(const char *const *paths, size_t count);
void sealing_free(struct sealing *sealing);
static inline void auto_sealing_(struct sealing **s)
{
	sealing_free(*s);
}
#define auto_sealing __attribute__((cleanup(auto_sealing_)))

/* The key that opens every private half in `keys`: the one found last, kept in memory, or else
 * the first file's that does. For rows without private halves any key will do. A new reference:
 * key_sealing_free. Any thread may ask. ERR_NOT_FOUND if there is no such file; ERR_REFUSED if
 * none opens them, or a file may be read by others. */
int sealing_find(struct sealing *sealing, const char *issuer, const struct store_keys *keys,
	struct key_sealing **ret, struct err *err);

#endif

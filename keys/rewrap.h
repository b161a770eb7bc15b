/* rewrap.h - changes the sealing key of a store while it is in use.
 *
 *   1. PATH.new holds the new key, on disk      rows are sealed with PATH
 *   2. one transaction seals all rows anew      rows are sealed with PATH.new
 *   3. PATH.old is another name of PATH
 *   4. PATH.new is renamed to PATH              rows are sealed with PATH
 *
 * Whoever looks for the key (sealing.h) tries both names, so it may be interrupted anywhere,
 * and is finished by running it again. The old key stays, because older backups open only with
 * it. If PATH is a link, all this is done beside the file that it points to.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef REWRAP_H
#define REWRAP_H

#include "keys/key.h"
#include "store/store.h"

struct rewrap {
	struct store *store;
	const char *path;  /* of the sealing key */
	const char *given; /* a file with the new key, or NULL: a random one is made */
	const char *actor; /* for the audit */
};

struct rewrap_result {
	size_t keys;     /* private halves that were sealed anew */
	bool is_resumed; /* an earlier run was interrupted */
	char *old_path;  /* where the old key is now; the caller frees */
};

/* Reads the key in `given`: ERR_BAD_INPUT if it is the one in use. */
int rewrap_read_given(const struct rewrap *rewrap, struct key_sealing **ret, struct err *err);

/* ERR_CONFLICT if another one is under way; ERR_REFUSED if the store is sealed with neither
 * key. */
int rewrap_run(const struct rewrap *rewrap, unix_time now, struct rewrap_result *ret,
	struct err *err);

#endif

/* folder.h - a directory of token files that changes as a whole, as kubelet's atomic writer
 * does it (kubernetes/kubernetes pkg/volume/util/atomic_writer.go). What readers see:
 *
 *   DIR/token  -> ..data/token
 *   DIR/..data -> ..2026_11_28_09_30_00.0123456789
 *   DIR/..2026_11_28_09_30_00.0123456789/token
 *
 * One rename of ..data swaps all files. A departure: the version before stays until the next
 * call, and two seconds at least, so that a reader who is just following the links never meets
 * a directory that is gone.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FOLDER_H
#define FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/token_file.h"
#include "base/clock.h"
#include "base/err.h"

#define FOLDER_FILES_MAX 1024

/* Makes `dir` hold these files and no other of its own making, whatever an earlier call left,
 * also one that was killed. `now` names the version. `ret_changed` (may be NULL): was there
 * anything to swap? Links are put right in any case. On failure readers see what they saw.
 * ERR_REFUSED if the directory is not fit (token_file.h), or something foreign is in the way.
 */
int folder_write(const char *dir, const struct token_file *files, size_t count, unix_time now,
	bool *ret_changed, struct err *err);

/* Removes all that folder_write made, and leaves the directory. */
int folder_clear(const char *dir, struct err *err);

/* Does some part of `dir` that is there lie on a file system in memory (tmpfs, ramfs)? */
bool folder_is_in_memory(const char *dir);

#endif

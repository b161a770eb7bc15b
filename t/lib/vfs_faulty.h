/* vfs_faulty.h - a SQLite VFS in front of the default one, whose Nth open, write, truncate,
 * sync or growth of shared memory fails. Installed as the default, so the product needs no
 * hook. One thread at a time.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef VFS_FAULTY_H
#define VFS_FAULTY_H

#include <stdbool.h>

enum vfs_faulty_kind {
	VFS_FAULTY_FULL,    /* no space left: for writes and growth; the rest goes well */
	VFS_FAULTY_IO,      /* an I/O error, once */
	VFS_FAULTY_IO_EVER, /* and for every operation after it */
	VFS_FAULTY_KINDS,
};

void vfs_faulty_install(void);
void vfs_faulty_remove(void);

/* The `nth` operation from now, counted from 1, fails. */
void vfs_faulty_arm(int nth, enum vfs_faulty_kind kind);
/* All is well again; true if an operation was made to fail since vfs_faulty_arm. */
bool vfs_faulty_disarm(void);

/* Syncs since the VFS was installed. */
int vfs_faulty_syncs(void);

#endif

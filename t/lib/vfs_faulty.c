/* vfs_faulty.c - see vfs_faulty.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdlib.h>

#include <sqlite3.h>

#include "t/lib/vfs_faulty.h"

/* A file of ours, with the one it stands for behind it. */
struct faulty_file {
	sqlite3_file base;
	sqlite3_file *real;
};

static struct {
	sqlite3_vfs *real;
	enum vfs_faulty_kind kind;
	int left; /* until the fault; 0: none is armed */
	bool has_fired;
	_Atomic int syncs; /* the suite's threads pass through here, too */
} fault;

/* SQLITE_OK, or the error that this operation ends with. */
static int strike(bool needs_space, int io_error)
{
	if (fault.kind == VFS_FAULTY_FULL && !needs_space)
		return SQLITE_OK;
	if (fault.has_fired) /* a full disk stays full */
		return fault.kind == VFS_FAULTY_FULL  ? SQLITE_FULL
			: fault.kind == VFS_FAULTY_IO ? SQLITE_OK
						      : io_error;
	if (fault.left == 0 || --fault.left > 0)
		return SQLITE_OK;
	fault.has_fired = true;
	return fault.kind == VFS_FAULTY_FULL ? SQLITE_FULL : io_error;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
	return ((struct faulty_file *)file)->real;
}

/* ---- operations that may fail ---- */

static int faulty_write(sqlite3_file *file, const void *p, int len, sqlite3_int64 at)
{
	const int rc = strike(true, SQLITE_IOERR_WRITE);

	return rc ? rc : real_of(file)->pMethods->xWrite(real_of(file), p, len, at);
}

static int faulty_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	const int rc = strike(false, SQLITE_IOERR_TRUNCATE);

	return rc ? rc : real_of(file)->pMethods->xTruncate(real_of(file), size);
}

/* Counted, and not carried out: the disk is not what is tested, and thousands of faults would
 * wait for it. */
static int faulty_sync(sqlite3_file *file, int flags)
{
	(void)file;
	(void)flags;
	fault.syncs++;
	return strike(false, SQLITE_IOERR_FSYNC);
}

static int faulty_shm_map(sqlite3_file *file, int page, int page_size, int is_write,
	void volatile **ret)
{
	const int rc = is_write ? strike(true, SQLITE_IOERR_SHMSIZE) : SQLITE_OK;

	return rc ? rc
		  : real_of(file)->pMethods->xShmMap(real_of(file), page, page_size, is_write,
			    ret);
}

/* ---- operations that do not ---- */

static int faulty_close(sqlite3_file *file)
{
	return real_of(file)->pMethods->xClose(real_of(file));
}

static int faulty_read(sqlite3_file *file, void *p, int len, sqlite3_int64 at)
{
	return real_of(file)->pMethods->xRead(real_of(file), p, len, at);
}

static int faulty_file_size(sqlite3_file *file, sqlite3_int64 *ret)
{
	return real_of(file)->pMethods->xFileSize(real_of(file), ret);
}

static int faulty_lock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int faulty_unlock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int faulty_check_lock(sqlite3_file *file, int *ret)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret);
}

static int faulty_control(sqlite3_file *file, int op, void *arg)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int faulty_sector_size(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int faulty_characteristics(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int faulty_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void faulty_shm_barrier(sqlite3_file *file)
{
	real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int faulty_shm_unmap(sqlite3_file *file, int is_delete)
{
	return real_of(file)->pMethods->xShmUnmap(real_of(file), is_delete);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2, /* with shared memory, without mapped files */
	.xClose = faulty_close,
	.xRead = faulty_read,
	.xWrite = faulty_write,
	.xTruncate = faulty_truncate,
	.xSync = faulty_sync,
	.xFileSize = faulty_file_size,
	.xLock = faulty_lock,
	.xUnlock = faulty_unlock,
	.xCheckReservedLock = faulty_check_lock,
	.xFileControl = faulty_control,
	.xSectorSize = faulty_sector_size,
	.xDeviceCharacteristics = faulty_characteristics,
	.xShmMap = faulty_shm_map,
	.xShmLock = faulty_shm_lock,
	.xShmBarrier = faulty_shm_barrier,
	.xShmUnmap = faulty_shm_unmap,
};

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
	int *ret_flags)
{
	struct faulty_file *faulty = (struct faulty_file *)file;
	int rc = strike(false, SQLITE_CANTOPEN);

	(void)vfs;
	file->pMethods = NULL;
	faulty->real = (sqlite3_file *)(faulty + 1);
	if (rc == SQLITE_OK)
		rc = fault.real->xOpen(fault.real, name, faulty->real, flags, ret_flags);
	if (rc == SQLITE_OK)
		file->pMethods = &methods;
	return rc;
}

static sqlite3_vfs faulty_vfs;

void vfs_faulty_install(void)
{
	fault.real = sqlite3_vfs_find(NULL);
	assert(fault.real && fault.real != &faulty_vfs);
	faulty_vfs = *fault.real; /* the rest needs nothing but the real one's data */
	faulty_vfs.zName = "faulty";
	faulty_vfs.szOsFile = (int)sizeof(struct faulty_file) + fault.real->szOsFile;
	faulty_vfs.xOpen = faulty_open;
	if (sqlite3_vfs_register(&faulty_vfs, 1) != SQLITE_OK)
		abort();
}

void vfs_faulty_remove(void)
{
	(void)vfs_faulty_disarm();
	(void)sqlite3_vfs_unregister(&faulty_vfs); /* never fails for a registered one */
	(void)sqlite3_vfs_register(fault.real, 1);
}

void vfs_faulty_arm(int nth, enum vfs_faulty_kind kind)
{
	fault.kind = kind;
	fault.left = nth;
	fault.has_fired = false;
}

bool vfs_faulty_disarm(void)
{
	const bool has_fired = fault.has_fired;

	fault.left = 0;
	fault.has_fired = false;
	return has_fired;
}

int vfs_faulty_syncs(void)
{
	return fault.syncs;
}

/* folder.c - see folder.h. The steps have the numbers of doc/agent.md.
 * SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "agent/folder.h"
#include "base/auto.h"
#include "base/secret.h"
#include "base/text.h"

#define DATA     "..data"
#define DATA_NEW "..data_tmp"
/* Bytes of a version's name; its pattern is in is_version(). */
#define VERSION_LEN  32
#define STAMP_LEN    21
#define VERSION_SIZE (VERSION_LEN + 1)
#define YOUNG_S      2 /* who was on the way to it then may be still */

struct folder {
	const char *path; /* for messages */
	int fd;
	char current[VERSION_SIZE]; /* what ..data points to; "" if nothing */
};

static inline void auto_dir_(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir); /* only read from */
}
#define auto_dir __attribute__((cleanup(auto_dir_)))

/* "..2026_11_28_09_30_00.0123456789" */
static bool is_version(const char *name)
{
	static const char pattern[] = "..dddd_dd_dd_dd_dd_dd.dddddddddd";

	if (strlen(name) != VERSION_LEN)
		return false;
	for (size_t i = 0; i < VERSION_LEN; i++)
		if (pattern[i] == 'd' ? name[i] < '0' || name[i] > '9' : name[i] != pattern[i])
			return false;
	return true;
}

/* The part of a version's name that tells its time, "..2026_11_28_09_30_00". */
struct stamp {
	char s[24];
};

static int stamp_of(unix_time at, struct stamp *ret, struct err *err)
{
	const time_t t = (time_t)at;
	struct tm tm;

	if (!gmtime_r(&t, &tm) ||
		strftime(ret->s, sizeof(ret->s), "..%Y_%m_%d_%H_%M_%S", &tm) != STAMP_LEN)
		return err_set(err, ERR_FAILED, "the clock says %lld, which is no date",
			(long long)at);
	return 0;
}

static int name_version(unix_time now, char ret[VERSION_SIZE], struct err *err)
{
	auto_free char *name = NULL;
	struct stamp stamp;
	uint64_t chance;

	if (stamp_of(now, &stamp, err) < 0 || secret_random(&chance, sizeof(chance), err) < 0)
		return -1;
	name = text_format("%s.%010" PRIu64, stamp.s, chance % 10000000000);
	(void)text_fit(ret, VERSION_SIZE, name); /* the pattern's length */
	return 0;
}

/* ---- 1: where are we? ---- */

/* ..data may be missing, or dangle: then there is no version yet. */
static int read_current(struct folder *f, struct err *err)
{
	char target[PATH_MAX];
	const ssize_t len = readlinkat(f->fd, DATA, target, sizeof(target) - 1);

	f->current[0] = '\0';
	if (len < 0 && errno == ENOENT)
		return 0;
	if (len < 0)
		return err_set(err, ERR_REFUSED,
			"'%s/" DATA "' is there and is no link; remove it, or choose another "
			"directory",
			f->path);
	target[len] = '\0';
	if (is_version(target))
		(void)text_fit(f->current, sizeof(f->current), target); /* fits */
	return 0;
}

static int open_version(const struct folder *f, const char *version)
{
	return openat(f->fd, version, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Calls `each` for all names in directory `fd`, until one call says false: false then. */
static bool for_names(int fd, bool (*each)(void *ctx, const char *name), void *ctx)
{
	const int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *entry;

	if (!dir) {
		if (copy >= 0)
			(void)close(copy); /* only read from */
		return false;
	}
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
			!each(ctx, entry->d_name))
			return false;
	return true;
}

struct payload {
	const struct token_file *files;
	size_t count;
};

static const struct token_file *find(const struct payload *payload, const char *name)
{
	for (size_t i = 0; i < payload->count; i++)
		if (strcmp(payload->files[i].name, name) == 0)
			return &payload->files[i];
	return NULL;
}

static bool is_wanted(void *ctx, const char *name)
{
	return find(ctx, name) != NULL;
}

/* ---- 2: is there anything to change? ---- */

static bool is_up_to_date(const struct folder *f, struct payload *payload)
{
	auto_close int fd = f->current[0] != '\0' ? open_version(f, f->current) : -1;

	if (fd < 0 || !for_names(fd, is_wanted, payload))
		return false;
	for (size_t i = 0; i < payload->count; i++)
		if (!token_file_is_same(fd, payload->files[i].name, &payload->files[i]))
			return false;
	return true;
}

/* ---- what is no longer needed ---- */

static bool unlink_name(void *ctx, const char *name)
{
	(void)unlinkat(*(const int *)ctx, name, 0); /* what stays, the rmdir complains of */
	return true;
}

static void remove_version(const struct folder *f, const char *version)
{
	int fd = open_version(f, version);

	if (fd >= 0) {
		(void)for_names(fd, unlink_name, &fd); /* as above */
		(void)close(fd);                       /* only read from */
	}
	/* Tried again at the next call; nobody is led there. */
	(void)unlinkat(f->fd, version, AT_REMOVEDIR);
}

struct sweep {
	const struct folder *f;
	const char *keep[2];   /* versions; "": none */
	struct stamp young[2]; /* and all between these times */
	const struct payload *payload;
};

static bool is_kept(const struct sweep *s, const char *version)
{
	return strcmp(version, s->keep[0]) == 0 || strcmp(version, s->keep[1]) == 0 ||
		(strncmp(version, s->young[0].s, STAMP_LEN) > 0 &&
			strncmp(version, s->young[1].s, STAMP_LEN) < 0);
}

static bool points_into_data(const struct folder *f, const char *name)
{
	char target[sizeof(DATA) + 1];
	const ssize_t len = readlinkat(f->fd, name, target, sizeof(target) - 1);

	return len >= (ssize_t)strlen(DATA "/") &&
		strncmp(target, DATA "/", strlen(DATA "/")) == 0;
}

/* Versions that nobody can come upon any more, and links of files that are gone. */
static bool sweep_name(void *ctx, const char *name)
{
	const struct sweep *s = ctx;

	if (is_version(name)) {
		if (!is_kept(s, name))
			remove_version(s->f, name);
	} else if (name[0] != '.' && !find(s->payload, name) && points_into_data(s->f, name)) {
		(void)unlinkat(s->f->fd, name, 0); /* a dangling link misleads nobody */
	}
	return true;
}

static void sweep(struct sweep *s)
{
	(void)unlinkat(s->f->fd, DATA_NEW, 0);    /* mostly there is none */
	(void)for_names(s->f->fd, sweep_name, s); /* what it could not remove, it tries again */
}

/* ---- 3 to 6: a new version ---- */

static int fill_version(const struct folder *f, const char *version,
	const struct payload *payload, struct err *err)
{
	auto_close int fd = -1;

	if (mkdirat(f->fd, version, 0755) < 0)
		return err_errno(err, ERR_FAILED, "could not make a directory in '%s'",
			f->path);
	fd = open_version(f, version);
	if (fd < 0 || fchmod(fd, 0755) < 0) /* whatever the umask */
		return err_errno(err, ERR_FAILED, "could not make a directory in '%s'",
			f->path);
	for (size_t i = 0; i < payload->count; i++)
		if (token_file_create(fd, payload->files[i].name, &payload->files[i], err) < 0)
			return err_add(err, "'%s'", f->path);
	return 0;
}

/* The swap. */
static int publish(const struct folder *f, const char *version, struct err *err)
{
	(void)unlinkat(f->fd, DATA_NEW, 0); /* of one that was killed */
	if (symlinkat(version, f->fd, DATA_NEW) < 0 ||
		renameat(f->fd, DATA_NEW, f->fd, DATA) < 0) {
		err_errno_(err, ERR_FAILED, "could not swap '%s/" DATA "'", f->path);
		(void)unlinkat(f->fd, DATA_NEW, 0); /* the error tells more */
		return -1;
	}
	return 0;
}

static int swap(const struct folder *f, const struct payload *payload, unix_time now,
	char ret_version[VERSION_SIZE], struct err *err)
{
	if (name_version(now, ret_version, err) < 0)
		return -1;
	if (fill_version(f, ret_version, payload, err) < 0 ||
		publish(f, ret_version, err) < 0) {
		remove_version(f, ret_version);
		return -1;
	}
	return 0;
}

/* ---- 7: the names that readers know ---- */

static bool link_is_right(const struct folder *f, const char *name, const char *want)
{
	char target[PATH_MAX];
	const ssize_t len = readlinkat(f->fd, name, target, sizeof(target) - 1);

	return len == (ssize_t)strlen(want) && memcmp(target, want, (size_t)len) == 0;
}

static int link_name(const struct folder *f, const char *name, struct err *err)
{
	auto_free char *want = text_format(DATA "/%s", name);
	auto_free char *draft = text_format(".%s.new", name);

	if (link_is_right(f, name, want))
		return 0;
	if (faccessat(f->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
		!points_into_data(f, name))
		return err_set(err, ERR_REFUSED,
			"'%s/%s' is there and is not ours; remove it, or choose another file",
			f->path, name);
	(void)unlinkat(f->fd, draft, 0); /* of one that was killed */
	if (symlinkat(want, f->fd, draft) < 0 || renameat(f->fd, draft, f->fd, name) < 0)
		return err_errno(err, ERR_FAILED, "could not link '%s/%s'", f->path, name);
	return 0;
}

static int link_names(const struct folder *f, const struct payload *payload, struct err *err)
{
	for (size_t i = 0; i < payload->count; i++)
		if (link_name(f, payload->files[i].name, err) < 0)
			return -1;
	return 0;
}

int folder_write(const char *dir, const struct token_file *files, size_t count, unix_time now,
	bool *ret_changed, struct err *err)
{
	struct payload payload = { files, count };
	struct folder f = { .path = dir };
	auto_close int fd = -1;
	char version[VERSION_SIZE];
	struct sweep left = { &f, { version, f.current }, { { "" } }, &payload };
	bool is_changed;

	if (stamp_of(now - YOUNG_S, &left.young[0], err) < 0 ||
		stamp_of(now + YOUNG_S, &left.young[1], err) < 0 ||
		token_file_open_directory(dir, &fd, err) < 0)
		return -1;
	f.fd = fd;
	if (read_current(&f, err) < 0)
		return -1;
	is_changed = !is_up_to_date(&f, &payload);
	(void)text_fit(version, sizeof(version), f.current); /* of one size */
	if (is_changed && swap(&f, &payload, now, version, err) < 0)
		return -1;
	if (link_names(&f, &payload, err) < 0)
		return -1;
	sweep(&left); /* 8 */
	if (ret_changed)
		*ret_changed = is_changed;
	return 0;
}

int folder_clear(const char *dir, struct err *err)
{
	struct payload nothing = { NULL, 0 };
	struct folder f = { .path = dir };
	struct sweep all = { &f, { "", "" }, { { "" } }, &nothing };
	auto_close int fd = -1;

	if (access(dir, F_OK) < 0 && errno == ENOENT)
		return 0;
	if (token_file_open_directory(dir, &fd, err) < 0)
		return -1;
	f.fd = fd;
	if (read_current(&f, err) < 0)
		return -1;
	(void)unlinkat(fd, DATA, 0); /* mostly it is there; sweep is what counts */
	sweep(&all);
	return 0;
}

bool folder_is_in_memory(const char *dir)
{
	auto_free char *copy = text_copy(dir);
	struct statfs fs;

	for (const char *at = copy; statfs(at, &fs) < 0; at = dirname(copy))
		if (errno != ENOENT || strcmp(at, "/") == 0 || strcmp(at, ".") == 0)
			return false;
	return fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC;
}

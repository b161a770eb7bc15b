/* volume.c - see volume.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/folder.h"
#include "agent/volume.h"
#include "base/auto.h"
#include "base/text.h"

const char *volume_place(const struct volume *v)
{
	const struct agent_projection *conf = v->members[0]->conf;

	return conf->path ? conf->path : conf->directory;
}

/* The number of the first projection that is kept together with projection `i`. */
static size_t first_of(const struct held *held, size_t i)
{
	const char *directory = held[i].conf->directory;

	for (size_t j = 0; directory && j < i; j++)
		if (held[j].conf->directory && strcmp(held[j].conf->directory, directory) == 0)
			return j;
	return i;
}

/* All members are in one block, which the first volume points to. */
struct volume *volume_group(struct held *held, size_t count, size_t *ret_count)
{
	struct volume *volumes = text_alloc(count, sizeof(*volumes));
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): pointers are what is kept */
	struct held **members = text_alloc(count, sizeof(*members));
	auto_free size_t *first = text_alloc(count, sizeof(*first));
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		first[i] = first_of(held, i);
	for (size_t i = 0; i < count; i++) {
		if (first[i] != i)
			continue;
		volumes[n].members = members;
		for (size_t j = i; j < count; j++)
			if (first[j] == i)
				*members++ = &held[j];
		volumes[n].count = (size_t)(members - volumes[n].members);
		n++;
	}
	if (n == 0)
		free(members);
	*ret_count = n;
	return volumes;
}

void volume_free_all(struct volume *volumes, size_t count)
{
	if (count > 0)
		free(volumes[0].members);
	for (size_t i = 0; i < count; i++)
		held_recover(&volumes[i].failure);
	free(volumes);
}

bool volume_is_due(const struct volume *v, struct clock_reading now)
{
	bool is_news = false;

	for (size_t i = 0; i < v->count; i++) {
		if (!v->members[i]->token.token)
			return false;
		is_news |= !v->members[i]->is_written;
	}
	return is_news && held_retry_in(&v->retry, now) == 0;
}

static struct token_file file_of(const struct held *h, const char *name)
{
	return (struct token_file){ name, h->token.token, strlen(h->token.token), h->conf->uid,
		h->conf->gid, h->conf->file_mode };
}

static int write_plain(const struct held *h, bool *ret_changed, struct err *err)
{
	auto_free char *copy = text_copy(h->conf->path);
	const struct token_file file = file_of(h, strrchr(h->conf->path, '/') + 1);

	return token_file_replace(dirname(copy), &file, ret_changed, err);
}

static int write_folder(const struct volume *v, unix_time now, bool *ret_changed,
	struct err *err)
{
	auto_free struct token_file *files = text_alloc(v->count, sizeof(*files));

	for (size_t i = 0; i < v->count; i++)
		files[i] = file_of(v->members[i], v->members[i]->conf->file);
	return folder_write(volume_place(v), files, v->count, now, ret_changed, err);
}

int volume_write(const struct volume *v, unix_time now, bool *ret_changed, struct err *err)
{
	return v->members[0]->conf->path ? write_plain(v->members[0], ret_changed, err)
					 : write_folder(v, now, ret_changed, err);
}

static bool is_in_place(const struct held *h)
{
	auto_free char *path = agent_conf_file(h->conf);
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == h->conf->uid &&
		st.st_gid == h->conf->gid && (st.st_mode & 07777) == h->conf->file_mode &&
		st.st_size == (off_t)strlen(h->token.token);
}

bool volume_is_in_place(const struct volume *v)
{
	for (size_t i = 0; i < v->count; i++)
		if (!is_in_place(v->members[i]))
			return false;
	return true;
}

int volume_remove(const struct volume *v, struct err *err)
{
	const struct agent_projection *conf = v->members[0]->conf;
	auto_free char *copy = NULL;

	if (conf->directory)
		return folder_clear(conf->directory, err);
	copy = text_copy(conf->path);
	return token_file_remove(dirname(copy), strrchr(conf->path, '/') + 1, err);
}

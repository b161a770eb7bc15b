/* audit_export.c - issuerctl audit export: all records as JSON lines, each once, however often
 * it is interrupted. The cursor is a file "SEQ HASH\n": the last record that was printed, and
 * its hash, by which the next run sees whether that record is still what it was.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/text.h"
#include "ctl/audit_record.h"
#include "ctl/output.h"

#define CURSOR_MAX 128  /* bytes of the file */
#define STEP_ROWS  1000 /* printed before the cursor moves on */

struct cursor {
	int64_t seq;
	char hash[SECRET_HEX_LEN + 1];
};

static int read_cursor(const char *path, struct cursor *ret, struct err *err)
{
	auto_free char *text = NULL;
	char *space;
	size_t len;

	*ret = (struct cursor){ .seq = 0 };
	if (file_read(path, CURSOR_MAX, &text, &len, err) < 0)
		return err->code == ERR_NOT_FOUND ? 0 : -1;
	text[strcspn(text, "\n")] = '\0';
	space = strchr(text, ' ');
	if (space)
		*space = '\0';
	if (!space || text_int(text, 1, INT64_MAX, &ret->seq, err) < 0 ||
		strlen(space + 1) != SECRET_HEX_LEN ||
		!text_fit(ret->hash, sizeof(ret->hash), space + 1))
		return err_set(err, ERR_BAD_INPUT,
			"'%s' is no cursor of audit export; remove it to export all records",
			path);
	return 0;
}

/* Is the record where we ended still the one that we exported? */
static int check_cursor(struct cmd_run *run, const struct cursor *cursor, struct err *err)
{
	struct store_audit_mark mark;
	char hash[SECRET_HEX_LEN + 1];

	if (cursor->seq == 0)
		return 0;
	if (store_audit_mark_at(run->store, cmd_issuer(run), cursor->seq, &mark, err) < 0)
		return err_add(err,
			"the last record that was exported is gone (pruned?); remove "
			"the cursor to export all that are left");
	secret_hex(mark.hash, hash);
	if (strcmp(hash, cursor->hash) != 0)
		return err_set(err, ERR_UNHEALTHY,
			"audit record %" PRId64
			" is not the one that was exported: the audit was "
			"written anew; see issuerctl audit verify",
			cursor->seq);
	return 0;
}

static int move_cursor(struct cmd_run *run, const char *path, int64_t seq, struct err *err)
{
	struct store_audit_mark mark;
	auto_free char *text = NULL;
	char hash[SECRET_HEX_LEN + 1];

	if (store_audit_mark_at(run->store, cmd_issuer(run), seq, &mark, err) < 0)
		return -1;
	secret_hex(mark.hash, hash);
	text = text_format("%" PRId64 " %s\n", seq, hash);
	return file_replace(path, text, strlen(text), err);
}

struct exporting {
	int64_t seq;
	int64_t count;
	struct err *err;
};

static int export_one(int64_t seq, const struct store_audit *row, void *ctx)
{
	struct exporting *e = ctx;
	json_auto_t *record = audit_record_json(seq, row);

	if (audit_record_write(record, e->err) < 0)
		return -1;
	e->seq = seq;
	e->count++;
	return 0;
}

/* On the disk, before the cursor says so; what is no file is the reader's business. */
static int sync_output(struct err *err)
{
	if (output_flush(err) < 0)
		return -1;
	if (fdatasync(STDOUT_FILENO) < 0 && errno != EINVAL && errno != EROFS)
		return err_errno(err, ERR_FAILED, "could not write to standard output");
	return 0;
}

/* The next records, and then the cursor: what is printed twice is better than never. */
static int export_step(struct cmd_run *run, const char *path, struct exporting *e,
	struct err *err)
{
	e->count = 0;
	if (store_audit_walk(run->store, cmd_issuer(run), e->seq, STEP_ROWS, export_one, e,
		    err) != 0 ||
		(path ? sync_output(err) : output_flush(err)) < 0)
		return -1;
	return path && e->count > 0 ? move_cursor(run, path, e->seq, err) : 0;
}

int audit_export(struct cmd_run *run, struct err *err)
{
	const char *path = cmd_value(run, "cursor");
	struct cursor cursor = { .seq = 0 };
	struct exporting e = { .count = STEP_ROWS, .err = err };

	if ((path && read_cursor(path, &cursor, err) < 0) ||
		cmd_open(run, STORE_READ, err) < 0 || check_cursor(run, &cursor, err) < 0)
		return -1;
	e.seq = cursor.seq;
	while (e.count == STEP_ROWS)
		if (export_step(run, path, &e, err) < 0)
			return -1;
	return 0;
}

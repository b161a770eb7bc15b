/* once.c - see once.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/once.h"
#include "agent/state.h"
#include "base/auto.h"
#include "base/num.h"
#include "base/secret.h"

/* What went wrong is in the projector. */
static int explain(struct projector *p, bool is_late, struct err *err)
{
	struct err why = ERR_INIT;

	if (projector_first_error(p, &why) == 0)
		return err_set(err, ERR_FAILED, "not all tokens could be projected");
	why.code = is_late ? ERR_TIMEOUT : ERR_FAILED;
	*err = why;
	return -1;
}

int once_project(struct projector *p, int64_t wait_s, int wake_fd, struct err *err)
{
	static const atomic_bool never;
	const struct pollfd wake = { .fd = wake_fd, .events = POLLIN };
	const struct clock_reading started = clock_read();

	for (;;) {
		const struct projector_pass pass = projector_pass(p, &never);
		const int64_t left_s = wait_s - refresh_age(started, clock_read());

		if (pass.lost == 0 && pass.missing == 0)
			return 0;
		if (pass.missing == 0 || left_s <= 0)
			return explain(p, pass.missing > 0 && wait_s > 0, err);
		if (clock_wait(&wake, 1, pass.at, num_min(pass.next_in_s, left_s)) > 0)
			return err_set(err, ERR_BUSY, "interrupted");
	}
}

int once_run(struct agent_conf *conf, int64_t wait_s, struct err *err)
{
	auto_free char *state = text_copy(conf->state);
	auto_projector struct projector *p = projector_new(conf);
	auto_free char *status = NULL;
	auto_close int lock = -1;
	int rc;

	if (secret_protect_process(err) < 0 || state_lock(state, &lock, err) < 0)
		return -1;
	rc = once_project(p, wait_s, -1, err);
	status = projector_status(p, clock_now());
	if (state_write(state, status, rc < 0 ? &(struct err)ERR_INIT : err) < 0)
		return -1;
	return rc;
}

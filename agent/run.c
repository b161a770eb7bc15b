/* run.c - see run.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/signalfd.h>

#include "agent/endpoint.h"
#include "agent/folder.h"
#include "agent/keeper.h"
#include "agent/run.h"
#include "agent/state.h"
#include "base/auto.h"
#include "base/log.h"
#include "base/num.h"
#include "base/secret.h"
#include "serve/notify.h"
#include "serve/ready.h"
#include "serve/signals.h"

#define TICK_MS 1000 /* where somebody may connect */

struct agent {
	char *path; /* of the configuration */
	char *state;
	struct agent_conf *listeners; /* what it was at the start: listeners stay */
	struct endpoint *endpoint;
	struct keeper *keeper;
	int ready_fd;
	bool is_ready;                    /* of the keeper's thread */
	struct log_trouble state_trouble; /* likewise */
};

static void announce(struct agent *a)
{
	auto_text struct text lines = TEXT_INIT;

	endpoint_describe(a->endpoint, &lines);
	text_add(&lines, "ready\n");
	log_event(LOG_INFO, "ready", NULL);
	ready_tell(a->ready_fd, &lines);
	a->is_ready = true;
}

/* In the keeper's thread. What the issuer refuses does not keep the rest from being ready. */
static void on_passed(void *ctx, struct projector *p, const struct projector_pass *pass)
{
	struct agent *a = ctx;
	auto_free char *status = projector_status(p, clock_now());
	auto_free char *line = text_format("STATUS=%zu of %zu tokens are good", pass->good,
		pass->good + pass->lost + pass->missing);
	struct err err = ERR_INIT;

	if (state_write(a->state, status, &err) < 0)
		log_trouble(&a->state_trouble, "status.failed", &err);
	else
		log_trouble_over(&a->state_trouble);
	notify(line);
	if (!a->is_ready && pass->missing == 0 && pass->is_server_well)
		announce(a);
}

/* A token on a disk outlives the machine's power. */
static void warn_of_disks(const struct agent_conf *conf)
{
	const char *first = NULL;
	int64_t count = 0;

	for (uint32_t i = 0; i < conf->projection_count; i++) {
		const struct agent_projection *p = &conf->projections[i];
		const char *place = p->path ? p->path : p->directory;

		if (folder_is_in_memory(place))
			continue;
		first = first ? first : place;
		count++;
	}
	if (first)
		log_event(LOG_WARN, "place.on_disk", "first", first, "projections",
			text_num(count).s, NULL);
}

static void reload(const struct agent *a)
{
	struct agent_conf *conf = NULL;
	struct err err = ERR_INIT;

	if (agent_conf_load(a->path, &conf, &err) < 0) {
		log_event(LOG_ERROR, "reload.failed", "error", err.text, NULL);
		return;
	}
	log_set_level_named(conf->log_level);
	log_event(LOG_INFO, "reloaded", "projections", text_num(conf->projection_count).s,
		NULL);
	warn_of_disks(conf);
	keeper_reload(a->keeper, conf);
}

/* How often a service manager wants to hear from us, in milliseconds; -1: never. */
static int watchdog_ms(void)
{
	const char *given = getenv("WATCHDOG_USEC");
	struct err ignored = ERR_INIT;
	int64_t us;

	if (!given || text_int(given, 1, INT64_C(3600000000), &us, &ignored) < 0)
		return -1;
	return (int)num_max(us / 2000, 1);
}

static void tick(const struct agent *a, int period_ms)
{
	endpoint_tick(a->endpoint);
	if (period_ms > 0 && keeper_is_alive(a->keeper))
		notify("WATCHDOG=1");
}

/* -1: for as long as nothing happens. */
static int wait_ms(const struct agent *a, int period_ms)
{
	if (a->listeners->listener_count == 0)
		return period_ms;
	return period_ms > 0 && period_ms < TICK_MS ? period_ms : TICK_MS;
}

/* Until a signal says stop. */
static int follow(const struct agent *a, int signals, struct err *err)
{
	struct pollfd pfd = { .fd = signals, .events = POLLIN };
	const int period_ms = watchdog_ms();
	struct signalfd_siginfo info;

	for (;;) {
		const int rc = poll(&pfd, 1, wait_ms(a, period_ms));

		if (rc < 0 && errno != EINTR)
			return err_errno(err, ERR_FAILED, "could not wait for signals");
		if (rc > 0 && read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
			if (info.ssi_signo != SIGHUP)
				return 0;
			reload(a);
		}
		tick(a, period_ms);
	}
}

static int serve(struct agent *a, struct projector *p, int signals, struct err *err)
{
	int rc;

	if (endpoint_open(a->listeners, p, &a->endpoint, err) < 0)
		return -1;
	rc = keeper_start(p, on_passed, a, &a->keeper, err);
	if (rc == 0)
		rc = follow(a, signals, err);
	notify("STOPPING=1");
	log_event(LOG_INFO, "stopping", NULL);
	/* Files stay: who reads them goes on while the agent is replaced. */
	keeper_stop(a->keeper);
	endpoint_close(a->endpoint);
	return rc;
}

/* What outlives a reload: all but the projections. */
static int copy_listeners(const struct agent_conf *conf, struct agent_conf **ret,
	struct err *err)
{
	struct agent_conf listeners = *conf;

	listeners.projections = NULL;
	listeners.projection_count = 0;
	return agent_conf_copy(&listeners, ret, err);
}

int run_agent(struct agent_conf *conf, int ready_fd, struct err *err)
{
	auto_agent_conf struct agent_conf *mine = conf;
	auto_agent_conf struct agent_conf *listeners = NULL;
	auto_free char *path = text_copy(conf->path);
	auto_free char *state = text_copy(conf->state);
	struct agent a = { .path = path, .state = state, .ready_fd = ready_fd };
	auto_close int signals = -1;
	auto_close int lock = -1;
	struct projector *p;
	int rc;

	if (secret_protect_process(err) < 0 || signals_open(&signals, err) < 0 ||
		state_lock(state, &lock, err) < 0 || copy_listeners(conf, &listeners, err) < 0)
		return -1;
	warn_of_disks(conf);
	a.listeners = listeners;
	p = projector_new(take(mine));
	rc = serve(&a, p, signals, err);
	projector_free(p);
	if (rc == 0)
		log_event(LOG_INFO, "stopped", NULL);
	return rc;
}

/* health.c - see health.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "base/log.h"
#include "issuer/health.h"
#include "keys/signer_process.h"

/* 0, or -1 and why not. */
typedef int check_fn(const struct gateway *gw, struct clock_reading clock, struct err *err);

static int check_ping(const struct gateway *gw, struct clock_reading clock, struct err *err)
{
	(void)gw;
	(void)clock;
	(void)err;
	return 0;
}

/* The gateway only reads. By a clock that is right, an old note says that the signer cannot
 * write. */
static int check_note(const struct gateway *gw, const struct store_pulse *pulse,
	struct clock_reading clock, struct err *err)
{
	const struct store_memory memory = { .clock_at = pulse->clock_at,
		.uptime_s = pulse->uptime_s };
	struct err ignored = ERR_INIT;

	if (clock.now - pulse->clock_at <= SIGNER_NOTES_WITHIN_S ||
		plan_clock_check(&memory, gw->plan.clock_skew_s, clock, &ignored) < 0)
		return 0;
	return err_set(err, ERR_BUSY, "the signer has not written the store since %s",
		text_time(pulse->clock_at).s);
}

static int check_store(const struct gateway *gw, struct clock_reading clock, struct err *err)
{
	struct store_pulse pulse;

	if (store_pulse(gw->store, gw->issuer->name, &pulse, err) < 0)
		return -1;
	return check_note(gw, &pulse, clock, err);
}

static int check_keys(const struct gateway *gw, struct clock_reading clock, struct err *err)
{
	auto_keyring struct keyring *ring = NULL;

	if (keyring_slot_get(gw->slot, clock, &ring, err) < 0)
		return -1;
	return keyring_check_signer(ring, err);
}

static int check_clock(const struct gateway *gw, struct clock_reading clock, struct err *err)
{
	return keyring_slot_check_clock(gw->slot, clock.now, err);
}

static int check_signer(const struct gateway *gw, struct clock_reading clock, struct err *err)
{
	(void)clock;
	return signer_is_up(gw->signer) ? 0
					: err_set(err, ERR_BUSY, "the signer is restarting");
}

static int check_audit(const struct gateway *gw, struct clock_reading clock, struct err *err)
{
	(void)clock;
	return signer_check_audit(gw->signer, err);
}

static const struct health_check {
	const char *name;
	check_fn *fn;
} live_checks[] = { { "ping", check_ping }, { NULL, NULL } },
  ready_checks[] = { { "ping", check_ping }, { "store", check_store }, { "keys", check_keys },
	  { "clock", check_clock }, { "signer", check_signer }, { "audit", check_audit },
	  { NULL, NULL } };

static size_t run(const struct gateway *gw, struct clock_reading clock,
	const struct health_check *checks, struct health_result ret[HEALTH_CHECKS_MAX])
{
	size_t count = 0;

	for (; checks[count].name; count++) {
		assert(count < HEALTH_CHECKS_MAX);
		ret[count] = (struct health_result){ .name = checks[count].name };
		(void)checks[count].fn(gw, clock, &ret[count].why); /* says it */
	}
	return count;
}

size_t health_ready(const struct gateway *gw, struct clock_reading clock,
	struct health_result ret[HEALTH_CHECKS_MAX])
{
	return run(gw, clock, ready_checks, ret);
}

static void serve(const struct gateway *gw, struct http_call *call, struct clock_reading clock,
	const char *what, const struct health_check *checks)
{
	struct health_result results[HEALTH_CHECKS_MAX];
	const size_t count = run(gw, clock, checks, results);
	auto_text struct text report = TEXT_INIT;
	bool is_good = true;
	char *body;

	for (size_t i = 0; i < count; i++) {
		const struct health_result *result = &results[i];

		if (result->why.code == ERR_NONE) {
			text_addf(&report, "[+]%s ok\n", result->name);
			continue;
		}
		/* On the listener for operators, who are told what to do. */
		text_addf(&report, "[-]%s failed: %s\n", result->name, result->why.text);
		is_good = false;
		log_event(LOG_WARN, "health.failed", "check", result->name, "error",
			result->why.text, NULL);
	}
	text_addf(&report, "%s check %s\n", what, is_good ? "passed" : "failed");
	body = is_good && http_query(call, "verbose", NULL, 0) == 0 ? text_copy("ok")
								    : text_take(&report);
	http_reply_header(call, "Cache-Control", "no-cache, private");
	http_reply_header(call, "X-Content-Type-Options", "nosniff");
	http_reply_body(call, is_good ? 200 : 503, "text/plain; charset=utf-8", body,
		strlen(body));
}

void health_livez(const struct gateway *gw, struct http_call *call, struct clock_reading clock)
{
	serve(gw, call, clock, "livez", live_checks);
}

void health_readyz(const struct gateway *gw, struct http_call *call, struct clock_reading clock)
{
	serve(gw, call, clock, "readyz", ready_checks);
}

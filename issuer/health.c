/* health.c - see health.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/log.h"
#include "issuer/health.h"

/* 0, or -1 and why not. */
typedef int check_fn(const struct gateway *gw, unix_time now, struct err *err);

static int check_ping(const struct gateway *gw, unix_time now, struct err *err)
{
	(void)gw;
	(void)now;
	(void)err;
	return 0;
}

static int check_store(const struct gateway *gw, unix_time now, struct err *err)
{
	struct store_pulse pulse;

	(void)now;
	return store_pulse(gw->store, gw->issuer->name, &pulse, err);
}

static int check_keys(const struct gateway *gw, unix_time now, struct err *err)
{
	auto_keyring struct keyring *ring = NULL;

	return keyring_slot_get(gw->slot, now, &ring, err);
}

static int check_clock(const struct gateway *gw, unix_time now, struct err *err)
{
	auto_keyring struct keyring *ring = NULL;

	return keyring_slot_sign(gw->slot, now, &ring, err);
}

static int check_signer(const struct gateway *gw, unix_time now, struct err *err)
{
	(void)now;
	return signer_is_up(gw->signer) ? 0
					: err_set(err, ERR_BUSY, "the signer is restarting");
}

static const struct health_check {
	const char *name;
	check_fn *fn;
} live_checks[] = { { "ping", check_ping }, { NULL, NULL } },
  ready_checks[] = { { "ping", check_ping }, { "store", check_store }, { "keys", check_keys },
	  { "clock", check_clock }, { "signer", check_signer }, { NULL, NULL } };

static void serve(const struct gateway *gw, struct http_call *call, unix_time now,
	const char *what, const struct health_check *checks)
{
	auto_text struct text report = TEXT_INIT;
	bool is_good = true;
	char *body;

	for (; checks->name; checks++) {
		struct err err = ERR_INIT;
		const bool passed = checks->fn(gw, now, &err) == 0;

		/* Why is the log's business: this may be read by more people than the log is.
		 */
		text_addf(&report, passed ? "[+]%s ok\n" : "[-]%s failed: reason withheld\n",
			checks->name);
		is_good = is_good && passed;
		if (!passed)
			log_event(LOG_WARN, "health.failed", "check", checks->name, "error",
				err.text, NULL);
	}
	text_addf(&report, "%s check %s\n", what, is_good ? "passed" : "failed");
	body = is_good && !http_has_query(call, "verbose") ? text_copy("ok")
							   : text_take(&report);
	http_reply_header(call, "Cache-Control", "no-cache, private");
	http_reply_header(call, "X-Content-Type-Options", "nosniff");
	http_reply_body(call, is_good ? 200 : 503, "text/plain; charset=utf-8", body,
		strlen(body));
}

void health_livez(const struct gateway *gw, struct http_call *call, unix_time now)
{
	serve(gw, call, now, "livez", live_checks);
}

void health_readyz(const struct gateway *gw, struct http_call *call, unix_time now)
{
	serve(gw, call, now, "readyz", ready_checks);
}

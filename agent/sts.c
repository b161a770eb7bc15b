/* sts.c - see sts.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "agent/http_client.h"
#include "agent/sts.h"
#include "base/auto.h"
#include "base/text.h"

#define TIMEOUT_MS 10000

static char *url_of(const struct agent_sts *sts, const struct projector_workload *w)
{
	if (sts->url)
		return text_copy(sts->url);
	if (!w->region)
		return text_copy("https://sts.amazonaws.com");
	return text_format("https://sts.%s.amazonaws.com%s", w->region,
		strncmp(w->region, "cn-", 3) == 0 ? ".cn" : "");
}

static void add_field(struct text *form, const char *name, const char *value)
{
	auto_free char *escaped = http_client_escape(value);

	text_addf(form, "&%s=%s", name, escaped);
	OPENSSL_cleanse(escaped, strlen(escaped));
}

static void fill(struct text *form, const struct agent_sts *sts,
	const struct projector_workload *w)
{
	text_add(form, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15");
	add_field(form, "RoleArn", w->role_arn);
	add_field(form, "RoleSessionName", w->session_name);
	add_field(form, "DurationSeconds", text_num(sts->lifetime.s).s);
	add_field(form, "WebIdentityToken", w->token);
}

static int read_answer(const struct http_client_answer *answer, const char *url,
	struct sts_answer *ret, struct err *err)
{
	auto_free char *why = NULL;

	if (answer->status == 200) {
		if (sts_answer_read(answer->body.s, answer->body.len, ret, err) < 0)
			return err_add(err, "'%s'", url);
		return 0;
	}
	why = sts_answer_refusal(answer->body.s, answer->body.len);
	return http_client_refuse(answer, url, why, err);
}

int sts_exchange(const struct agent_sts *sts, const struct projector_workload *workload,
	const atomic_bool *is_cancelled, struct sts_answer *ret, int64_t *ret_asked_s,
	struct err *err)
{
	const struct http_client_options options = {
		.ca = sts->ca, .timeout_ms = TIMEOUT_MS, .is_cancelled = is_cancelled
	};
	auto_http_client struct http_client *http = NULL;
	auto_http_answer struct http_client_answer answer = { .status = 0 };
	auto_free char *url = url_of(sts, workload);
	struct text form = TEXT_INIT;
	struct http_client_ask ask = { .url = url,
		.accept = "application/xml, text/xml",
		.content_type = "application/x-www-form-urlencoded; charset=utf-8" };
	int rc;

	if (http_client_new(&options, &http, err) < 0)
		return -1;
	fill(&form, sts, workload);
	ask.body = form.s;
	rc = http_client_send(http, &ask, &answer, err);
	OPENSSL_cleanse(form.s, form.len);
	text_free(&form);
	*ret_asked_s = rc < 0 ? 0 : answer.retry_after_s;
	return rc < 0 ? -1 : read_answer(&answer, url, ret, err);
}

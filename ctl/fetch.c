/* fetch.c - see fetch.h. issuerctl's only user of libcurl.
 * SPDX-License-Identifier: Apache-2.0 */
#include <curl/curl.h>

#include "base/text.h"
#include "ctl/fetch.h"

#define FETCH_MAX       (1024 * 1024)
#define FETCH_TIMEOUT_S 10L

static inline void auto_curl_(CURL **curl)
{
	curl_easy_cleanup(*curl);
}
#define auto_curl __attribute__((cleanup(auto_curl_)))

struct body {
	struct text text;
	bool is_too_large;
};

static size_t take_bytes(char *data, size_t size, size_t count, void *ctx)
{
	struct body *body = ctx;

	body->is_too_large = size * count > FETCH_MAX - body->text.len;
	if (body->is_too_large)
		return 0; /* ends the transfer with an error */
	text_add_bytes(&body->text, data, size * count);
	return size * count;
}

static bool set_up(CURL *curl, const char *url, const char *ca_file, struct body *body,
	char *why)
{
	return curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_TIMEOUT, FETCH_TIMEOUT_S) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_WRITEDATA, body) == CURLE_OK &&
		(!ca_file || curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file) == CURLE_OK);
}

static int get(const char *url, const char *ca_file, struct body *body, struct err *err)
{
	auto_curl CURL *curl = curl_easy_init();
	char why[CURL_ERROR_SIZE] = "";
	long status = 0;
	CURLcode rc;

	if (!curl || !set_up(curl, url, ca_file, body, why))
		return err_set(err, ERR_FAILED, "could not set up a transfer from '%s'", url);
	rc = curl_easy_perform(curl);
	if (body->is_too_large)
		return err_set(err, ERR_UNHEALTHY, "'%s' answered with more than %d bytes", url,
			FETCH_MAX);
	if (rc != CURLE_OK)
		return err_set(err, ERR_UNHEALTHY, "could not fetch '%s': %s%s", url,
			*why ? why : curl_easy_strerror(rc),
			rc == CURLE_PEER_FAILED_VERIFICATION ? "; name the CA with --ca-file"
							     : "");
	if (curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK ||
		status != 200)
		return err_set(err, ERR_UNHEALTHY, "'%s' answered %ld instead of 200", url,
			status);
	return 0;
}

int fetch_json(const char *url, const char *ca_file, json_t **ret, struct err *err)
{
	struct body body = { .text = TEXT_INIT };
	json_auto_t *json = NULL;
	const int rc = get(url, ca_file, &body, err);

	if (rc == 0 && body.text.len > 0)
		json = json_loadb(body.text.s, body.text.len, JSON_REJECT_DUPLICATES, NULL);
	text_free(&body.text);
	if (rc < 0)
		return -1;
	if (!json_is_object(json))
		return err_set(err, ERR_UNHEALTHY, "'%s' did not answer with a JSON object",
			url);
	*ret = take(json);
	return 0;
}

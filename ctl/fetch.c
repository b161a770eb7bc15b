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

static size_t take_bytes(char *data, size_t size, size_t count, void *ctx)
{
	struct text *body = ctx;

	if (size * count > FETCH_MAX - body->len)
		return 0; /* ends the transfer with an error */
	text_add_bytes(body, data, size * count);
	return size * count;
}

static bool set_up(CURL *curl, const char *url, const char *ca_file, struct text *body,
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

int fetch_json(const char *url, const char *ca_file, json_t **ret, struct err *err)
{
	auto_curl CURL *curl = curl_easy_init();
	auto_text struct text body = TEXT_INIT;
	char why[CURL_ERROR_SIZE] = "";
	long status = 0;
	CURLcode rc;

	if (!curl || !set_up(curl, url, ca_file, &body, why))
		return err_set(err, ERR_FAILED, "could not set up a transfer from '%s'", url);
	rc = curl_easy_perform(curl);
	if (rc != CURLE_OK)
		return err_set(err, ERR_UNHEALTHY, "could not fetch '%s': %s%s", url,
			*why ? why : curl_easy_strerror(rc),
			rc == CURLE_PEER_FAILED_VERIFICATION ? "; name the CA with --ca-file" : "");
	if (curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status != 200)
		return err_set(err, ERR_UNHEALTHY, "'%s' answered %ld instead of 200", url, status);
	*ret = body.s ? json_loadb(body.s, body.len, JSON_REJECT_DUPLICATES, NULL) : NULL;
	if (!json_is_object(*ret)) {
		json_decref(*ret);
		return err_set(err, ERR_UNHEALTHY, "'%s' did not answer with a JSON object", url);
	}
	return 0;
}

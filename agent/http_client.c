/* http_client.c - see http_client.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <openssl/crypto.h>

#include "agent/http_client.h"
#include "base/auto.h"

#define CONNECT_TIMEOUT_MS 5000L

struct http_client {
	CURL *curl;
	struct http_client_options options;
	char why[CURL_ERROR_SIZE];
};

int http_client_init(struct err *err)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, ERR_FAILED, "could not set up HTTP");
	return 0;
}

static bool set_string(CURL *curl, CURLoption option, const char *value)
{
	return !value || curl_easy_setopt(curl, option, value) == CURLE_OK;
}

static int is_cancelled(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct http_client *client = ctx;

	(void)a, (void)b, (void)c, (void)d; /* how far it got */
	return client->options.is_cancelled && atomic_load(client->options.is_cancelled);
}

static bool set_up(struct http_client *c)
{
	const struct http_client_options *o = &c->options;
	CURL *curl = c->curl;

	return curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, is_cancelled) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_XFERINFODATA, c) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, c->why) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_USERAGENT, "issuer-agent/" PACKAGE_VERSION) ==
		CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS) ==
		CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)o->timeout_ms) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) ==
		CURLE_OK &&
		/* A CA may be replaced at any time. */
		curl_easy_setopt(curl, CURLOPT_CA_CACHE_TIMEOUT, 0L) == CURLE_OK &&
		set_string(curl, CURLOPT_UNIX_SOCKET_PATH, o->socket) &&
		set_string(curl, CURLOPT_CAINFO, o->ca) &&
		/* The directory of the system's, which libcurl looks into beside the file. */
		(!o->ca || curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) == CURLE_OK) &&
		set_string(curl, CURLOPT_SSLCERT, o->certificate) &&
		set_string(curl, CURLOPT_SSLKEY, o->key);
}

int http_client_new(const struct http_client_options *options, struct http_client **ret,
	struct err *err)
{
	struct http_client *c = text_alloc(1, sizeof(*c));

	c->options = *options;
	c->curl = curl_easy_init();
	if (!c->curl || !set_up(c)) {
		http_client_free(c);
		return err_set(err, ERR_FAILED, "could not set up HTTP");
	}
	*ret = c;
	return 0;
}

void http_client_free(struct http_client *client)
{
	if (!client)
		return;
	curl_easy_cleanup(client->curl);
	free(client);
}

static size_t take_bytes(char *data, size_t size, size_t count, void *ctx)
{
	struct text *body = ctx;

	if (size * count > HTTP_CLIENT_BODY_MAX - body->len)
		return 0; /* ends the transfer with CURLE_WRITE_ERROR */
	text_add_bytes(body, data, size * count);
	return size * count;
}

static inline void auto_headers_(struct curl_slist **list)
{
	/* One of them may be a secret. */
	for (struct curl_slist *i = *list; i; i = i->next)
		OPENSSL_cleanse(i->data, strlen(i->data));
	curl_slist_free_all(*list);
}
#define auto_headers __attribute__((cleanup(auto_headers_)))

/* Adds "name: value"; nothing if value is NULL. */
static bool add_header(struct curl_slist **list, const char *name, const char *value)
{
	char *line;
	struct curl_slist *longer;

	if (!value)
		return true;
	line = text_format("%s%s", name, value);
	longer = curl_slist_append(*list, line);
	OPENSSL_cleanse(line, strlen(line));
	free(line);
	if (longer)
		*list = longer;
	return longer != NULL;
}

static bool prepare(CURL *curl, const struct http_client_ask *ask, struct curl_slist **headers,
	struct text *body)
{
	if (!add_header(headers, "Accept: ", ask->accept) ||
		!add_header(headers, "Authorization: Bearer ", ask->bearer) ||
		!add_header(headers, "Content-Type: ", ask->content_type) ||
		curl_easy_setopt(curl, CURLOPT_URL, ask->url) != CURLE_OK ||
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, *headers) != CURLE_OK ||
		curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes) != CURLE_OK ||
		curl_easy_setopt(curl, CURLOPT_WRITEDATA, body) != CURLE_OK)
		return false;
	if (!ask->body)
		return curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L) == CURLE_OK;
	return curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
		       (curl_off_t)strlen(ask->body)) == CURLE_OK &&
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, ask->body) == CURLE_OK;
}

/* What libcurl says of files it cannot use names no file. */
static int explain(const struct http_client *c, const struct http_client_ask *ask, CURLcode rc,
	struct err *err)
{
	const struct http_client_options *o = &c->options;
	const char *why = c->why[0] != '\0' ? c->why : curl_easy_strerror(rc);

	switch (rc) {
	case CURLE_SSL_CACERT_BADFILE:
		return err_set(err, ERR_BUSY, "could not use the certificates in '%s': %s",
			o->ca ? o->ca : "the system's store", why);
	case CURLE_SSL_CERTPROBLEM:
		return err_set(err, ERR_BUSY,
			"could not use the certificate '%s' with the key '%s': %s",
			o->certificate, o->key, why);
	case CURLE_WRITE_ERROR:
		return err_set(err, ERR_BUSY, "'%s' answered with more than %d bytes", ask->url,
			HTTP_CLIENT_BODY_MAX);
	default:
		return err_set(err, ERR_BUSY, "could not ask '%s'%s%s%s: %s", ask->url,
			o->socket ? " through '" : "", o->socket ? o->socket : "",
			o->socket ? "'" : "", why);
	}
}

static int perform(struct http_client *c, const struct http_client_ask *ask,
	struct http_client_answer *answer, struct err *err)
{
	auto_headers struct curl_slist *headers = NULL;
	curl_off_t retry_after = 0;
	CURLcode rc;

	c->why[0] = '\0';
	if (!prepare(c->curl, ask, &headers, &answer->body))
		return err_set(err, ERR_FAILED, "could not set up a question for '%s'",
			ask->url);
	rc = curl_easy_perform(c->curl);
	(void)curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, NULL); /* they end here */
	if (rc != CURLE_OK)
		return explain(c, ask, rc, err);
	if (curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &answer->status) != CURLE_OK)
		return err_set(err, ERR_FAILED, "could not read an answer");
	(void)curl_easy_getinfo(c->curl, CURLINFO_RETRY_AFTER, &retry_after); /* or 0 */
	answer->retry_after_s = retry_after;
	return 0;
}

int http_client_send(struct http_client *client, const struct http_client_ask *ask,
	struct http_client_answer *ret, struct err *err)
{
	struct http_client_answer answer = { .body = TEXT_INIT };

	if (perform(client, ask, &answer, err) < 0) {
		http_client_clear(&answer);
		return -1;
	}
	text_add(&answer.body, ""); /* never NULL */
	*ret = answer;
	return 0;
}

int http_client_refuse(const struct http_client_answer *answer, const char *url,
	const char *why, struct err *err)
{
	const bool is_busy = answer->status == 429 || answer->status >= 500;

	err->detail = (int)answer->status;
	return err_set(err, is_busy ? ERR_BUSY : ERR_REFUSED, "'%s' answered %ld%s%s", url,
		answer->status, *why ? ": " : "", why);
}

void http_client_clear(struct http_client_answer *answer)
{
	if (answer->body.s)
		OPENSSL_cleanse(answer->body.s, answer->body.len);
	text_free(&answer->body);
}

char *http_client_escape(const char *s)
{
	char *escaped = curl_easy_escape(NULL, s, 0);
	char *copy;

	if (!escaped)
		abort(); /* memory is gone */
	copy = text_copy(escaped);
	OPENSSL_cleanse(escaped, strlen(escaped));
	curl_free(escaped);
	return copy;
}

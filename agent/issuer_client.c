/* issuer_client.c - see issuer_client.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "agent/http_client.h"
#include "agent/issuer_client.h"
#include "base/auto.h"
#include "base/file.h"
#include "base/secret.h"

#define SECRET_MAX 4096
#define KEY_MAX    65536
#define TIMEOUT_MS 10000

struct issuer_client {
	struct http_client *http;
	char *base; /* the URL, as it is asked for */
	unsigned char *secret;
	size_t secret_len;
};

/* Through a socket nothing is encrypted: https there names the issuer, not the way. */
static char *base_of(const struct agent_server *server)
{
	static const char https[] = "https://";

	if (server->socket && strncmp(server->url, https, strlen(https)) == 0)
		return text_format("http://%s", server->url + strlen(https));
	return text_copy(server->url);
}

/* A secret ends where its file does, but for a line's end that an editor put there. It goes
 * into a header. */
static int read_secret(const char *path, struct issuer_client *client, struct err *err)
{
	char *s;
	size_t len;

	if (file_read_secret(path, SECRET_MAX, &client->secret, &client->secret_len, err) < 0)
		return -1;
	s = (char *)client->secret; /* a NUL follows it */
	len = client->secret_len;
	if (len > 0 && s[len - 1] == '\n')
		s[--len] = '\0';
	for (size_t i = 0; i < len; i++)
		if (s[i] <= ' ' || s[i] >= 0x7f)
			return err_set(err, ERR_BAD_INPUT,
				"'%s' is not the secret of a client: it holds a blank, a line's "
				"end or another character that no secret has",
				path);
	if (len == 0)
		return err_set(err, ERR_BAD_INPUT, "'%s' is empty", path);
	return 0;
}

/* libcurl reads it, but not in a way that looks who else could. */
static int check_key(const char *path, struct err *err)
{
	unsigned char *key;
	size_t len;

	if (file_read_secret(path, KEY_MAX, &key, &len, err) < 0)
		return -1;
	secret_free(key, len);
	return 0;
}

int issuer_client_new(const struct agent_server *server, const atomic_bool *is_cancelled,
	struct issuer_client **ret, struct err *err)
{
	const struct http_client_options options = { server->socket, server->ca,
		server->certificate, server->key, TIMEOUT_MS, is_cancelled };
	auto_issuer_client struct issuer_client *client = text_alloc(1, sizeof(*client));

	client->base = base_of(server);
	if ((server->secret_file && read_secret(server->secret_file, client, err) < 0) ||
		(server->key && check_key(server->key, err) < 0) ||
		http_client_new(&options, &client->http, err) < 0)
		return -1;
	*ret = take(client);
	return 0;
}

void issuer_client_free(struct issuer_client *client)
{
	if (!client)
		return;
	http_client_free(client->http);
	secret_free(client->secret, client->secret_len);
	free(client->base);
	free(client);
}

/* 401 concerns all requests alike, but no waiting mends it: it is not told apart. */
static int refuse(const struct http_client_answer *answer, const char *url, struct err *err)
{
	auto_free char *why = token_wire_refusal(answer->body.s, answer->body.len);

	return http_client_refuse(answer, url, why, err);
}

int issuer_client_token(struct issuer_client *client, const struct agent_projection *p,
	struct token_answer *ret, int64_t *ret_asked_s, struct err *err)
{
	auto_free char *url = text_format("%s/api/v1/namespaces/%s/serviceaccounts/%s/token",
		client->base, p->namespace, p->name);
	auto_free char *body = token_wire_request(p);
	const struct http_client_ask ask = { url, "application/json", (char *)client->secret,
		"application/json", body };
	auto_http_answer struct http_client_answer answer = { .status = 0 };

	*ret_asked_s = 0;
	if (http_client_send(client->http, &ask, &answer, err) < 0)
		return -1;
	*ret_asked_s = answer.retry_after_s;
	if (answer.status != 201 && answer.status != 200)
		return refuse(&answer, url, err);
	if (token_wire_read(answer.body.s, answer.body.len, ret, err) < 0)
		return err_add(err, "'%s'", url);
	return 0;
}

int issuer_client_find_missing(struct issuer_client *client, const char *const *kids,
	size_t count, bool *ret_missing, struct err *err)
{
	auto_free char *url = text_format("%s/openid/v1/jwks", client->base);
	const struct http_client_ask ask = { url, "application/jwk-set+json, application/json",
		NULL, NULL, NULL };
	auto_http_answer struct http_client_answer answer = { .status = 0 };

	if (http_client_send(client->http, &ask, &answer, err) < 0)
		return -1;
	if (answer.status != 200)
		return refuse(&answer, url, err);
	if (token_wire_find_missing(answer.body.s, answer.body.len, kids, count, ret_missing,
		    err) < 0)
		return err_add(err, "'%s'", url);
	return 0;
}

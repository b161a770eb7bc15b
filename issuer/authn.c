/* authn.c - see authn.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/secret.h"
#include "issuer/authn.h"
#include "issuer/kube.h"

/* As kube-apiserver splits it: "Bearer", one blank, the token up to the next blank. */
bool authn_bearer(const char *header, const char **ret, size_t *ret_len)
{
	static const char scheme[] = "Bearer ";

	header += strspn(header, " \t");
	if (strncasecmp(header, scheme, sizeof(scheme) - 1) != 0)
		return false;
	header += sizeof(scheme) - 1;
	*ret = header;
	*ret_len = strcspn(header, " ");
	return *ret_len > 0;
}

static int unauthorized(const struct http_call *call, const char *why, struct err *err)
{
	log_event(LOG_WARN, "request.unauthorized", "peer", call->request.peer, "path",
		call->request.path, "reason", why, NULL);
	return kube_refuse(err, KUBE_UNAUTHORIZED, "Unauthorized");
}

static const char *why_not(const struct store_client *client, unix_time now)
{
	if (client->revoked_at != TIME_UNSET)
		return "client is revoked";
	if (client->expires_at != TIME_UNSET && client->expires_at <= now)
		return "client has expired";
	return strcmp(client->kind, "bearer") != 0 ? "client is of another kind" : NULL;
}

int authn_caller(const struct gateway *gw, struct http_call *call, unix_time now,
	struct caller *ret, struct err *err)
{
	size_t count;
	const char *header = http_header(call, "Authorization", &count);
	char hash[SECRET_HEX_LEN + 1];
	struct caller caller;
	const char *bearer, *reason;
	size_t len;

	if (count == 0)
		return unauthorized(call, "no credential", err);
	if (count > 1)
		return unauthorized(call, "more than one Authorization header", err);
	if (!authn_bearer(header, &bearer, &len))
		return unauthorized(call, "not a bearer credential", err);
	secret_hash_hex(bearer, len, hash);
	if (store_client_by_secret(gw->store, gw->issuer->name, hash, &caller.client, err) < 0)
		return err->code == ERR_NOT_FOUND ? unauthorized(call, "unknown secret", err)
						  : -1;
	reason = why_not(&caller.client, now);
	if (reason) {
		caller_free(&caller);
		return unauthorized(call, reason, err);
	}
	*ret = caller;
	return 0;
}

void caller_free(struct caller *caller)
{
	store_client_free(&caller->client);
}

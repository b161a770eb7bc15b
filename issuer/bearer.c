/* bearer.c - see bearer.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "issuer/account_token.h"
#include "issuer/bearer.h"
#include "keys/jws.h"

int bearer_client_user(const struct store_client *client, const char *how, unix_time now,
	struct user *ret, struct err *err)
{
	if (client->revoked_at != TIME_UNSET)
		return err_set(err, ERR_REFUSED, "client '%s' is revoked", client->name);
	if (client->expires_at != TIME_UNSET && client->expires_at <= now)
		return err_set(err, ERR_REFUSED, "client '%s' has expired", client->name);
	if (user_init(ret, client->name, how, err) < 0)
		return -1;
	for (size_t i = 0; i < client->group_count; i++)
		user_add_group(ret, client->groups[i]);
	user_add_group(ret, USER_AUTHENTICATED);
	return 0;
}

/* A secret is good wherever this API is meant. */
static int secret_user(const struct gateway *gw, const char *token, const json_t *audiences,
	unix_time now, struct user *ret, json_t **ret_audiences, struct err *err)
{
	auto_store_client struct store_client client = { .group_count = 0 };
	json_auto_t *list = jws_common_audiences(gw->api_audiences, audiences);
	char hash[SECRET_HEX_LEN + 1];

	secret_hash_hex(token, strlen(token), hash);
	if (store_client_by_secret(gw->store, gw->issuer->name, hash, &client, err) < 0)
		return err->code == ERR_NOT_FOUND ? err_set(err, ERR_REFUSED, "unknown secret")
						  : -1;
	if (json_array_size(list) == 0)
		return err_set(err, ERR_REFUSED,
			"the secret of client '%s' is for this API, and no other audience",
			client.name);
	if (bearer_client_user(&client, "secret", now, ret, err) < 0)
		return -1;
	*ret_audiences = take(list);
	return 0;
}

int bearer_user(const struct gateway *gw, const char *token, const json_t *audiences,
	struct clock_reading clock, struct user *ret, json_t **ret_audiences, struct err *err)
{
	/* No secret has dots; whoever sends a JWT means one. */
	return account_token_looks_so(token)
		? account_token_user(gw, token, audiences, clock, ret, ret_audiences, err)
		: secret_user(gw, token, audiences, clock.now, ret, ret_audiences, err);
}

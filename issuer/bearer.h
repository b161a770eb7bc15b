/* bearer.h - who holds a bearer token (RFC 6750): a client's secret, or a token of one of our
 * own service accounts.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef BEARER_H
#define BEARER_H

#include "issuer/gateway.h"
#include "issuer/user.h"

/* The user that `token` speaks for. It must be good for one of `audiences`; those of them that
 * it is good for come back as a new list. A client's secret is good for the audiences of this
 * API. ERR_REFUSED says what is wrong with it, for logs and reviewers. user_free. */
int bearer_user(const struct gateway *gw, const char *token, const json_t *audiences,
	struct clock_reading clock, struct user *ret, json_t **ret_audiences, struct err *err);

/* Makes the user of a client that has shown itself: ERR_REFUSED if it is revoked or has
 * expired. */
int bearer_client_user(const struct store_client *client, const char *how, unix_time now,
	struct user *ret, struct err *err);

#endif

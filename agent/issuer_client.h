/* issuer_client.h - the issuer, as the agent sees it: asks for tokens and for the keys that are
 * published. Files (secret, certificates) are read anew for each client, so one is made for
 * each
 * round of questions and none is kept. One thread at a time. SPDX-License-Identifier: Apache-2.0 */
#ifndef ISSUER_CLIENT_H
#define ISSUER_CLIENT_H

#include <stdatomic.h>

#include "agent/token_wire.h"
#include "base/err.h"
#include "conf/agent_conf.h"

struct issuer_client;

/* `server` and `is_cancelled` (http_client.h) are borrowed. ERR_REFUSED if a secret's file can
 * be read by others. */
int issuer_client_new(const struct agent_server *server, const atomic_bool *is_cancelled,
	struct issuer_client **ret, struct err *err);
void issuer_client_free(struct issuer_client *client);
static inline void auto_issuer_client_(struct issuer_client **client)
{
	issuer_client_free(*client);
}
#define auto_issuer_client __attribute__((cleanup(auto_issuer_client_)))

/* ERR_REFUSED: the issuer says no, to this request (err->detail has the status). ERR_BUSY:
 * there is no answer, or one that asks to come back, and other requests would fare no better;
 * *ret_asked_s gets the seconds of its Retry-After, else 0. ERR_UNHEALTHY: the answer makes no
 * sense. */
int issuer_client_token(struct issuer_client *client, const struct agent_projection *p,
	struct token_answer *ret, int64_t *ret_asked_s, struct err *err);

/* Which of these kids are not published any more? As token_wire_find_missing. */
int issuer_client_find_missing(struct issuer_client *client, const char *const *kids,
	size_t count, bool *ret_missing, struct err *err);

#endif

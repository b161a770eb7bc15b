/* refusal.h - no, and a record of it: what an authenticated caller was refused, on disk before
 * the answer leaves.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef REFUSAL_H
#define REFUSAL_H

#include "issuer/gateway.h"
#include "issuer/kube.h"
#include "issuer/user.h"
#include "serve/http.h"

#define REFUSAL_REQUEST "request" /* the check of its headers, query and body */

/* What was asked, and by whom; borrowed for the call. */
struct refusal {
	enum signer_deed deed;
	const struct user *caller;
	const char *subject;              /* what for */
	const char *rule;                 /* the check that refused: doc/audit.md */
	const json_t *audiences;          /* may be NULL */
	const char *bound;                /* to what; may be NULL */
	int64_t asked_s;                  /* lifetime; 0: not said */
	const struct kube_object *object; /* for the answer; without a kind there is none */
};

/* Answers with `why`. A refusal is recorded first: the call is suspended meanwhile. Our own
 * failures are not recorded. */
void refusal_reply(const struct gateway *gw, struct http_call *call,
	const struct refusal *refusal, const struct err *why);

#endif

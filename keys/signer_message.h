/* signer_message.h - what crosses between gateway and signer in packets of a SOCK_SEQPACKET
 * pair: a request is one JSON object, which the signer treats as if a stranger had written it;
 * an answer is a row of strings, for there is one per token, and a token is long.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNER_MESSAGE_H
#define SIGNER_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "keys/mint.h"

#define SIGNER_MESSAGE_MAX (160 * 1024) /* below the kernel's default socket buffer */

enum signer_deed {
	SIGNER_NOTHING,        /* no request has it */
	SIGNER_MINT,           /* make a token */
	SIGNER_TOKEN_REFUSED,  /* record that the gateway refused one */
	SIGNER_REVIEW_REFUSED, /* or a review of one */
};

/* What the gateway asks for. The signer chooses the event's name and a token's outcome itself:
 * a captured gateway can record refusals that never were, of anybody and for any reason, and
 * nothing else. When made by the
 * gateway all members are borrowed; when read by the signer they belong to `root`. */
struct signer_request {
	int64_t id;
	enum signer_deed deed;
	struct mint_request mint; /* of a deed of its name */
	const char *subject;      /* of a refusal: what was asked for; may be NULL */
	const json_t *audiences;  /* of a refusal: NULL if it came before they were known */
	const char *bound;        /* of a refusal: to what */
	const char *outcome;      /* of a refusal */
	const char *detail;       /* of a refusal: why */
	const char *rule;         /* that allows a token, or refuses */
	int64_t asked_s;          /* lifetime; 0: not said */
	const char *actor;
	const char *auth;
	const char *peer;
	const char *agent;
	const char *request_id; /* for the log */
	json_t *root;
};

/* The answer: err.code is ERR_NONE if it was done. `token` is filled for tokens. */
struct signer_reply {
	int64_t id; /* of the request, or one of the two below */
	struct mint_token token;
	struct err err;
};

#define SIGNER_QUEUE_MAX 4096 /* requests under way at once, at most */

#define SIGNER_READY_ID 0    /* the first message of a signer */
#define SIGNER_AUDIT_ID (-1) /* unasked: can the audit be written? `err` says why not */

/* The packet; the caller frees. ERR_BAD_INPUT if it would be too long. */
int signer_request_write(const struct signer_request *request, char **ret, size_t *ret_len,
	struct err *err);
/* ERR_BAD_INPUT for anything else than the above; ret->id is set all the same if there is one,
 * and 0 if not. */
int signer_request_read(const char *packet, size_t len, struct signer_request *ret,
	struct err *err);
void signer_request_free(struct signer_request *request);

int signer_reply_write(const struct signer_reply *reply, char **ret, size_t *ret_len,
	struct err *err);
int signer_reply_read(const char *packet, size_t len, struct signer_reply *ret,
	struct err *err);

#endif

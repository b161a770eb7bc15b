/* sts_answer.h - what AWS STS, and those who speak like it, answer to
 * AssumeRoleWithWebIdentity: XML, read by expat, the agent's only user of it. Documents that
 * declare entities are refused.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STS_ANSWER_H
#define STS_ANSWER_H

#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"

#define STS_ANSWER_FIELD_MAX 16384 /* of one value; AWS sets no limit to a session token */

/* The values are the caller's: sts_answer_clear. */
struct sts_answer {
	char *access_key_id;
	char *secret_access_key;
	char *session_token;
	char *expiration; /* RFC 3339, as it came */
	unix_time expires_at;
};

/* ERR_UNHEALTHY if something is missing, too long, or no XML. */
int sts_answer_read(const char *xml, size_t len, struct sts_answer *ret, struct err *err);

/* "AccessDenied: Not authorized ..." of an error document, cleaned and cut; "" if it is none.
 * The caller frees. */
char *sts_answer_refusal(const char *xml, size_t len);

/* Clears the secrets. */
void sts_answer_clear(struct sts_answer *answer);

#endif

/* verifiers.h - what each kind of verifier does when keys change: how soon it takes a new one,
 * and what it needs to forget one that was revoked. The sources are named in
 * doc/key-rotation.md.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIERS_H
#define VERIFIERS_H

#include <jansson.h>

#include "keys/plan.h"

/* Who may refuse the tokens of a key that was published at `publish_at`, and until when; a list
 * of {"verifier","until"}, without those who take it already. */
json_t *verifiers_behind(const struct plan_policy *policy, const struct store_key *key,
	unix_time now);
/* What each needs so that it stops accepting a key that is revoked at `at`; a list of
 * {"verifier","needs"}. */
json_t *verifiers_to_tell(const struct plan_policy *policy, unix_time at);

/* Either list for people, indented; nothing if it is empty. */
void verifiers_print(const char *title, const json_t *list, const char *member);

#endif

/* user.h - who somebody is, as Kubernetes has it (authentication.k8s.io/v1 UserInfo).
 * Source: kubernetes/kubernetes v1.36, staging/src/k8s.io/api/authentication/v1/types.go.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef USER_H
#define USER_H

#include <jansson.h>

#include "access/access.h"
#include "base/err.h"
#include "base/name.h"

#define USER_AUTHENTICATED NAME_GROUP_KNOWN

struct user {
	char name[NAME_USER_MAX + 1];
	char uid[NAME_UID_MAX + 1]; /* "": none */
	char **groups;
	size_t group_count;
	json_t *extra;   /* object of lists of strings, or NULL */
	const char *how; /* they showed it; a literal, for the audit */
};

/* Begins one without groups; `name` must fit (ERR_BAD_INPUT). */
int user_init(struct user *user, const char *name, const char *how, struct err *err);
void user_add_group(struct user *user, const char *group);
/* Adds `value` to the list extra[key]. */
void user_add_extra(struct user *user, const char *key, const char *value);

/* UserInfo; a new reference. */
json_t *user_json(const struct user *user);
/* What access asks about; borrowed from `user`. */
struct access_user user_access(const struct user *user);
void user_free(struct user *user);
#define auto_user __attribute__((cleanup(user_free)))

#endif

/* user.c - see user.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/text.h"
#include "issuer/user.h"

int user_init(struct user *user, const char *name, const char *how, struct err *err)
{
	*user = (struct user){ .how = how };
	if (name_check_user("user name", name, err) < 0)
		return -1;
	(void)text_fit(user->name, sizeof(user->name), name); /* checked: it fits */
	return 0;
}

void user_add_group(struct user *user, const char *group)
{
	char **groups =
		reallocarray(user->groups, user->group_count + 1, sizeof(*user->groups));

	if (!groups)
		abort();
	user->groups = groups;
	user->groups[user->group_count++] = text_copy(group);
}

void user_add_extra(struct user *user, const char *key, const char *value)
{
	json_t *list;

	if (!user->extra)
		user->extra = json_object();
	list = json_object_get(user->extra, key);
	if (!list) {
		list = json_array();
		(void)json_object_set_new(user->extra, key, list); /* for memory only */
	}
	(void)json_array_append_new(list, json_string(value));
}

json_t *user_json(const struct user *user)
{
	json_t *groups = json_array();

	for (size_t i = 0; i < user->group_count; i++)
		(void)json_array_append_new(groups, json_string(user->groups[i]));
	return json_pack("{s:s, s:s*, s:o, s:O*}", "username", user->name, "uid",
		user->uid[0] ? user->uid : NULL, "groups", groups, "extra", user->extra);
}

struct access_user user_access(const struct user *user)
{
	return (struct access_user){ user->name, user->groups, user->group_count };
}

void user_free(struct user *user)
{
	for (size_t i = 0; i < user->group_count; i++)
		free(user->groups[i]);
	free(user->groups);
	json_decref(user->extra);
	*user = (struct user){ .name = "" };
}

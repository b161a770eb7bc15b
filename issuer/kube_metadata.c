/* kube_metadata.c - see kube_metadata.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "issuer/kube.h"
#include "issuer/kube_metadata.h"

#define TOLD_TWICE                                                                             \
	".metadata.ownerReferences contains duplicate entries; API server dedups owner "       \
	"references in 1.20+, and may reject such requests as early as 1.24; please fix your " \
	"requests; duplicate UID(s) observed: "

/* Each with its length before it: a string may hold whatever would part it from the next. */
static void add_string(struct text *key, const json_t *owner, const char *member)
{
	const char *s = fields_string(owner, member);

	text_addf(key, "%zu:%s", s ? strlen(s) : 0, s ? s : "");
}

static void add_bool(struct text *key, const json_t *owner, const char *member)
{
	const json_t *value = json_object_get(owner, member);

	text_add(key, json_is_true(value) ? "t" : json_is_false(value) ? "f" : "-");
}

/* All that is written of an owner, and nothing else. */
static void set_key(struct text *key, const json_t *owner)
{
	static const char *const strings[] = { "apiVersion", "kind", "name", "uid" };

	key->len = 0;
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		add_string(key, owner, strings[i]);
	add_bool(key, owner, "controller");
	add_bool(key, owner, "blockOwnerDeletion");
}

/* A body has room for more than could be compared in pairs. */
char *kube_metadata_unite(json_t *owners)
{
	json_auto_t *all = json_copy(owners);
	json_auto_t *seen = json_object();
	auto_text struct text key = TEXT_INIT;
	struct text uids = TEXT_INIT;
	json_t *one;
	size_t i;

	(void)json_array_clear(owners); /* NULL, or a list */
	json_array_foreach(all, i, one)
	{
		const char *uid = fields_string(one, "uid");

		set_key(&key, one);
		if (json_object_get(seen, key.s)) {
			text_addf(&uids, "%s%s", uids.len > 0 ? ", " : "", uid ? uid : "");
			continue;
		}
		(void)json_array_append(owners, one); /* these fail for memory only */
		(void)json_object_set_new(seen, key.s, json_true());
	}
	return text_take(&uids);
}

/* United before they are copied: to write thousands of owners costs more than to compare them.
 */
json_t *kube_metadata_copy(const json_t *metadata, const struct field *fields,
	struct http_call *call)
{
	json_t *owners = json_object_get(metadata, "ownerReferences");
	const size_t told = json_array_size(owners);
	auto_free char *uids = kube_metadata_unite(owners);
	auto_free char *warning = text_format(TOLD_TWICE "%s", uids);

	if (json_array_size(owners) < told)
		kube_reply_warning(call, warning, 0);
	return fields_copy(metadata, fields);
}

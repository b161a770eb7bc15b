/* kube_metadata.c - see kube_metadata.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "issuer/kube_metadata.h"
#include "base/text.h"
#include "issuer/kube.h"

#define TOLD_TWICE                                                                             \
	".metadata.ownerReferences contains duplicate entries; API server dedups owner "       \
	"references in 1.20+, and may reject such requests as early as 1.24; please fix your " \
	"requests; duplicate UID(s) observed: "

/* By what is written of each: a body has room for more than could be compared in pairs. */
char *kube_metadata_unite(json_t *owners)
{
	json_auto_t *all = json_copy(owners);
	json_auto_t *seen = json_object();
	struct text uids = TEXT_INIT;
	json_t *one;
	size_t i;

	(void)json_array_clear(owners); /* NULL, or a list */
	json_array_foreach(all, i, one)
	{
		auto_free char *key = json_dumps(one, JSON_COMPACT);

		if (key && json_object_get(seen, key)) {
			text_addf(&uids, "%s%s", uids.len > 0 ? ", " : "",
				fields_string(one, "uid"));
			continue;
		}
		(void)json_array_append(owners, one); /* these fail for memory only */
		(void)json_object_set_new(seen, key, json_true());
	}
	return text_take(&uids);
}

json_t *kube_metadata_copy(const json_t *metadata, const struct field *fields,
	struct http_call *call)
{
	json_t *copy = fields_copy(metadata, fields);
	json_t *owners = json_object_get(copy, "ownerReferences");
	const size_t told = json_array_size(owners);
	auto_free char *uids = kube_metadata_unite(owners);
	auto_free char *warning = text_format(TOLD_TWICE "%s", uids);

	if (json_array_size(owners) < told)
		kube_reply_warning(call, warning, 0);
	return copy;
}

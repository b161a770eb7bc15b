/* verifiers.c - see verifiers.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ctl/verifiers.h"

/* By what a verifier's copy of the JWKS ends. */
enum ends { BY_UNKNOWN_KID, BY_MAX_AGE, BY_ITS_OWN_CACHE, BY_HAND };

static const struct verifier {
	const char *name;
	enum ends takes_new; /* what makes it fetch a key it does not have */
	const char *forgets; /* NULL: when its copy ends, by max-age */
} verifiers[] = {
	{ "AWS STS, and whoever obeys Cache-Control", BY_MAX_AGE, NULL },
	{ "Ceph RGW (fetches on every call)", BY_UNKNOWN_KID,
		"nothing: it fetches on every call" },
	{ "Vault and OpenBao by URL, Dex, Argo CD, others on go-oidc", BY_UNKNOWN_KID,
		"a login with a token of the new key, or a restart: it keeps keys until it meets an "
		"unknown kid" },
	{ "kube-apiserver (structured authentication)", BY_MAX_AGE,
		"a token of the new key, or a restart: it keeps keys until it meets an unknown kid" },
	{ "MinIO", BY_UNKNOWN_KID, "a restart: it never forgets a key while it runs" },
	{ "SeaweedFS", BY_UNKNOWN_KID, "nothing: it forgets within its own hour" },
	{ "Google and others with an uploaded JWKS", BY_HAND,
		"the new JWKS: gcloud iam workload-identity-pools providers update-oidc "
		"--jwk-json-path" },
	{ "Microsoft Entra, and whoever caches by a timer", BY_ITS_OWN_CACHE,
		"time: it forgets when its own cache ends" },
	{ "keys pinned by hand (Vault jwt_validation_pubkeys, files, buckets)", BY_HAND,
		"your hand: replace them" },
};

#define COUNT (sizeof(verifiers) / sizeof(verifiers[0]))

/* PLAN_NEVER for those who have to be given it. */
static unix_time takes_at(const struct plan_policy *policy, const struct store_key *key,
	enum ends ends)
{
	switch (ends) {
	case BY_UNKNOWN_KID: /* what it fetches may still be a cache's on the way */
		return key->publish_at + policy->publication_lag_s;
	case BY_MAX_AGE:
		return key->publish_at + policy->max_age_s + policy->publication_lag_s +
			policy->clock_skew_s;
	case BY_ITS_OWN_CACHE:
		return plan_trusted_at(key);
	case BY_HAND:
		break;
	}
	return PLAN_NEVER;
}

json_t *verifiers_behind(const struct plan_policy *policy, const struct store_key *key,
	unix_time now)
{
	json_t *list = json_array();

	if (plan_trusted_at(key) <= now)
		return list;
	for (size_t i = 0; i < COUNT; i++) {
		const unix_time at = takes_at(policy, key, verifiers[i].takes_new);

		if (at > now)
			(void)json_array_append_new(list,
				json_pack("{s:s, s:s}", "verifier", verifiers[i].name, "until",
					at == PLAN_NEVER ? "they are given the new keys"
							 : text_time(at).s));
	}
	return list;
}

json_t *verifiers_to_tell(const struct plan_policy *policy, unix_time at)
{
	auto_free char *by_max_age = text_format("nothing: it forgets by %s",
		text_time(at + policy->max_age_s + policy->publication_lag_s).s);
	json_t *list = json_array();

	for (size_t i = 0; i < COUNT; i++)
		(void)json_array_append_new(list,
			json_pack("{s:s, s:s}", "verifier", verifiers[i].name, "needs",
				verifiers[i].forgets ? verifiers[i].forgets : by_max_age));
	return list;
}

void verifiers_print(const char *title, const json_t *list, const char *member)
{
	const json_t *one;
	size_t i;

	if (json_array_size(list) == 0)
		return;
	(void)printf("%s\n", title);
	json_array_foreach(list, i, one)
	{
		(void)printf("  %s\n      %s%s\n",
			json_string_value(json_object_get(one, "verifier")),
			strcmp(member, "until") == 0 ? "until " : "",
			json_string_value(json_object_get(one, member)));
	}
	(void)putchar('\n');
}

/* policy.c - see policy.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "access/policy.h"
#include "base/name.h"

int policy_forbid(const char *caller, const char *namespace, const char *name,
	const char *reason, struct err *err)
{
	/* kube-apiserver's words, so that people and tools recognise them; then our reason. */
	return err_set(err, ERR_REFUSED,
		"serviceaccounts \"%s\" is forbidden: User \"%s\" cannot create resource "
		"\"serviceaccounts/token\" in API group \"\" in the namespace \"%s\": %s",
		name, caller, namespace, reason);
}

static bool covers_subject(const struct store_grant *grant, const char *namespace,
	const char *name)
{
	return !grant->is_review && name_matches(grant->namespace, namespace) &&
		name_matches(grant->name, name);
}

static bool covers_audience(const struct store_grant *grant, const json_t *audience)
{
	const char *value = json_string_value(audience);

	/* A zero byte within would make a longer audience look like a granted one. */
	if (json_string_length(audience) != strlen(value))
		return false;
	for (size_t i = 0; i < grant->audience_count; i++)
		if (strcmp(grant->audiences[i], "*") == 0 ||
			strcmp(grant->audiences[i], value) == 0)
			return true;
	return false;
}

static bool covers_audiences(const struct store_grant *grant, const json_t *audiences)
{
	const json_t *one;
	size_t i;

	json_array_foreach(audiences, i, one) if (!covers_audience(grant, one)) return false;
	return true;
}

int policy_allows_subject(const struct store_grants *grants, const char *caller,
	const char *namespace, const char *name, struct err *err)
{
	for (size_t i = 0; i < grants->count; i++)
		if (covers_subject(&grants->grant[i], namespace, name))
			return 0;
	return policy_forbid(caller, namespace, name, "no grant covers this service account",
		err);
}

/* No grant fits: which audience is to blame? */
static int refuse_audiences(const struct store_grants *grants, const char *caller,
	const struct policy_wish *wish, struct err *err)
{
	char reason[NAME_AUDIENCE_MAX + 128];
	const json_t *one;
	size_t a;

	json_array_foreach(wish->audiences, a, one)
	{
		bool is_covered = false;

		for (size_t i = 0; i < grants->count; i++)
			is_covered = is_covered ||
				(covers_subject(&grants->grant[i], wish->namespace,
					 wish->name) &&
					covers_audience(&grants->grant[i], one));
		if (is_covered)
			continue;
		(void)snprintf(reason, sizeof(reason), "no grant covers audience \"%.*s\"",
			NAME_AUDIENCE_MAX, json_string_value(one));
		return policy_forbid(caller, wish->namespace, wish->name, reason, err);
	}
	return policy_forbid(caller, wish->namespace, wish->name,
		"no single grant covers all audiences", err);
}

int policy_decide(const struct store_grants *grants, const char *caller,
	const struct policy_wish *wish, int64_t max_lifetime_s, struct policy_decision *ret,
	struct err *err)
{
	const struct store_grant *best = NULL;
	int64_t limit;

	for (size_t i = 0; i < grants->count; i++) {
		const struct store_grant *grant = &grants->grant[i];

		if (covers_subject(grant, wish->namespace, wish->name) &&
			covers_audiences(grant, wish->audiences) &&
			(!best || grant->max_ttl_s > best->max_ttl_s))
			best = grant;
	}
	if (!best)
		return refuse_audiences(grants, caller, wish, err);
	limit = best->max_ttl_s < max_lifetime_s ? best->max_ttl_s : max_lifetime_s;
	ret->grant_id = best->id;
	ret->lifetime_s = wish->lifetime_s < limit ? wish->lifetime_s : limit;
	return 0;
}

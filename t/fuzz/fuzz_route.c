/* fuzz_route.c - any path matches a pattern or not; what a parameter stands for is never empty
 * of meaning: no slash, no zero byte, within the buffer.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "issuer/route.h"
#include "keys/keyring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The patterns of issuer/route.c, of which a path fits one at most; and one that fits many. */
static const struct {
	const char *pattern;
	size_t params;
} patterns[] = {
	{ KEYRING_DISCOVERY_PATH, 0 },
	{ KEYRING_JWKS_PATH, 0 },
	{ "/api/v1/namespaces/{}/serviceaccounts/{}/token", 2 },
	{ "/apis/authentication.k8s.io/v1/tokenreviews", 0 },
	{ "/apis/authentication.k8s.io/v1beta1/tokenreviews", 0 },
	{ "/apis/authentication.k8s.io/v1/selfsubjectreviews", 0 },
	{ "/version", 0 },
	{ "/api", 0 },
	{ "/api/v1", 0 },
	{ "/apis", 0 },
	{ "/apis/authentication.k8s.io", 0 },
	{ "/apis/authentication.k8s.io/v1", 0 },
	{ "/apis/authentication.k8s.io/v1beta1", 0 },
	{ "/livez", 0 },
	{ "/readyz", 0 },
	{ "/{}", 1 },
};
#define PATTERNS (sizeof(patterns) / sizeof(patterns[0]))

static bool matches(size_t which, const char *path, char *buffer)
{
	const char *pattern = patterns[which].pattern;
	const size_t len = strlen(pattern);
	const char *params[ROUTE_PARAMS_MAX] = { NULL };

	if (!route_match(pattern, path, buffer, params))
		return false;
	for (size_t p = 0; p < patterns[which].params; p++)
		if (params[p] < buffer || params[p] >= buffer + ROUTE_PATH_MAX ||
			strchr(params[p], '/') || params[p][0] == '\0')
			abort();
	if (patterns[which].params == 0 &&
		(strncmp(path, pattern, len) != 0 ||
			(path[len] != '\0' && strcmp(path + len, "/") != 0)))
		abort();
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *buffer = text_alloc(ROUTE_PATH_MAX, 1);
	auto_text struct text path = TEXT_INIT;
	size_t count = 0;

	text_add_bytes(&path, data, size);
	for (size_t i = 0; i < PATTERNS - 1; i++)
		count += matches(i, path.s, buffer);
	if (count > 1)
		abort();
	(void)matches(PATTERNS - 1, path.s, buffer);
	free(buffer);
	return 0;
}

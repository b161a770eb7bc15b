/* fuzz_route.c - any path matches a pattern or not; what a parameter stands for is never empty
 * of meaning: no slash, no zero byte, within the buffer.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "issuer/route.h"
#include "keys/keyring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct {
		const char *pattern;
		size_t params;
	} patterns[] = {
		{ KEYRING_DISCOVERY_PATH, 0 },
		{ KEYRING_JWKS_PATH, 0 },
		{ "/api/v1/namespaces/{}/serviceaccounts/{}/token", 2 },
		{ "/livez", 0 },
		{ "/{}", 1 },
	};
	char *buffer = text_alloc(ROUTE_PATH_MAX, 1);
	auto_text struct text path = TEXT_INIT;

	text_add_bytes(&path, data, size);
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		const char *params[ROUTE_PARAMS_MAX] = { NULL };

		if (!route_match(patterns[i].pattern, path.s, buffer, params))
			continue;
		for (size_t p = 0; p < patterns[i].params; p++)
			if (params[p] < buffer || params[p] >= buffer + ROUTE_PATH_MAX ||
				strchr(params[p], '/') || params[p][0] == '\0')
				abort();
	}
	free(buffer);
	return 0;
}

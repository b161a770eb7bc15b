/* fuzz_bearer.c - header values of strangers: a bearer secret lies within its header and has no
 * blank, and If-None-Match names an ETag only if the ETag stands in it.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "issuer/authn.h"
#include "issuer/public.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char etag[] = "\"abc\"";
	auto_text struct text value = TEXT_INIT;
	const char *secret;
	size_t len;

	text_add_bytes(&value, data, size);
	if (authn_bearer(value.s, &secret, &len) &&
		(len == 0 || secret < value.s || secret + len > value.s + strlen(value.s) ||
			memchr(secret, ' ', len)))
		abort();
	if (public_etag_matches(value.s, etag) && !strstr(value.s, etag) &&
		!strchr(value.s, '*'))
		abort();
	return 0;
}

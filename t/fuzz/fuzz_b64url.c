/* fuzz_b64url.c - what b64url_decode accepts is exactly what b64url_encode writes.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/b64url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free unsigned char *bytes = NULL;
	auto_text struct text again = TEXT_INIT;
	struct err err = ERR_INIT;
	size_t len;

	if (b64url_decode((const char *)data, size, &bytes, &len, &err) < 0)
		return 0;
	b64url_encode(&again, bytes, len);
	if (again.len != size || (size > 0 && memcmp(again.s, data, size) != 0))
		abort();
	return 0;
}

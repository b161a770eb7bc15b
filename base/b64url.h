/* b64url.h - base64url without padding, RFC 4648 §5 as RFC 7515 §2 uses it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef B64URL_H
#define B64URL_H

#include <stddef.h>

#include "base/err.h"
#include "base/text.h"

/* Characters that `len` bytes become. */
#define B64URL_LEN(len) ((8 * (len) + 5) / 6)

void b64url_encode(struct text *out, const void *p, size_t len);

/* Decodes all `len` characters at `s`, or refuses: alphabet, length and the unused bits of the
 * last character must be right. The bytes are the caller's to free(); a NUL follows them. */
int b64url_decode(const char *s, size_t len, unsigned char **ret, size_t *ret_len,
	struct err *err);

#endif

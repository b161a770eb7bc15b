/* b64url.c - see b64url.h. OpenSSL does base64; the alphabet and strictness are ours.
 * SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/b64url.h"

void b64url_encode(struct text *out, const void *p, size_t len)
{
	auto_free unsigned char *b64 = NULL;

	if (len > INT_MAX / 2)
		abort();
	b64 = text_alloc(len / 3 * 4 + 5, 1);
	(void)EVP_EncodeBlock(b64, p, (int)len); /* cannot fail; its length is known */
	for (unsigned char *c = b64; *c != '\0'; c++)
		*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
	text_add_bytes(out, b64, B64URL_LEN(len));
}

/* The value of one character of the URL alphabet, or -1. */
static int b64url_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

int b64url_decode(const char *s, size_t len, unsigned char **ret, size_t *ret_len,
	struct err *err)
{
	auto_free unsigned char *b64 = NULL;
	auto_free unsigned char *bytes = NULL;
	const size_t padded = (len + 3) / 4 * 4;
	static const int unused_bits[] = { 0, 0, 0xf, 0x3 };

	if (len > INT_MAX / 2 || len % 4 == 1)
		return err_set(err, ERR_BAD_INPUT, "not base64url: wrong length");
	b64 = text_alloc(padded + 1, 1);
	bytes = text_alloc(padded / 4 * 3 + 1, 1);
	memset(b64, '=', padded);
	for (size_t i = 0; i < len; i++) {
		if (b64url_value(s[i]) < 0)
			return err_set(err, ERR_BAD_INPUT, "not base64url: wrong character");
		b64[i] = (unsigned char)(s[i] == '-' ? '+' : s[i] == '_' ? '/' : s[i]);
	}
	/* Two spellings of one token would have two hashes: spare bits must be zero. */
	if (len > 0 && (b64url_value(s[len - 1]) & unused_bits[len % 4]) != 0)
		return err_set(err, ERR_BAD_INPUT, "not base64url: spare bits are set");
	if (padded > 0 && EVP_DecodeBlock(bytes, b64, (int)padded) < 0)
		return err_set(err, ERR_BAD_INPUT, "not base64url");
	*ret_len = len / 4 * 3 + (len % 4 == 0 ? 0 : len % 4 - 1);
	bytes[*ret_len] = '\0';
	*ret = take(bytes);
	return 0;
}

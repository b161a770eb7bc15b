/* go_quote.c - see go_quote.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "issuer/go_quote.h"

/* U+0080 to U+00A0, and the soft hyphen: not printable, and so written by number. */
static bool is_odd_latin(const unsigned char *s)
{
	return s[0] == 0xc2 && ((s[1] >= 0x80 && s[1] <= 0xa0) || s[1] == 0xad);
}

char *go_quote(const char *s)
{
	static const char named[] = "\a\b\f\n\r\t\v\"\\";
	static const char names[] = "abfnrtv\"\\";
	struct text quoted = TEXT_INIT;

	text_add(&quoted, "\"");
	for (; *s != '\0'; s++) {
		const unsigned char *u = (const unsigned char *)s;
		const char *at = strchr(named, *s);

		if (at)
			text_addf(&quoted, "\\%c", names[at - named]);
		else if (*u < ' ' || *u == 0x7f)
			text_addf(&quoted, "\\x%02x", *u);
		else if (is_odd_latin(u))
			text_addf(&quoted, "\\u00%02x", *(const unsigned char *)++s);
		else
			text_add_bytes(&quoted, s, 1);
	}
	text_add(&quoted, "\"");
	return text_take(&quoted);
}

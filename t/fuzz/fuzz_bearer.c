/* fuzz_bearer.c - header values of strangers: a bearer secret lies within its header and has no
 * blank, If-None-Match names an ETag only if the ETag stands in it, and a media type is
 * accepted or meant only if it stands there too.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "issuer/authn.h"
#include "issuer/negotiate.h"
#include "issuer/public.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_media_types(const char *value)
{
	static const char json[] = "application/json";
	auto_free char *behind_another = text_format("text/html;q=0.5, %s", value);
	const char *start = value + strspn(value, " \t");
	bool is_pretty, is_pretty_behind;
	const bool accepts = negotiate_accepts(value, json, &is_pretty);

	if (accepts && *start != '\0' && !strstr(value, "json") && !strchr(value, '*'))
		abort();
	if (is_pretty && (!accepts || !strstr(value, "pretty")))
		abort();
	/* What else would do changes nothing. */
	if (*start != '\0' &&
		(negotiate_accepts(behind_another, json, &is_pretty_behind) != accepts ||
			is_pretty_behind != is_pretty))
		abort();
	if (negotiate_is(value, json) &&
		(strncasecmp(start, json, strlen(json)) != 0 ||
			!strchr(" \t;", start[strlen(json)])))
		abort();
}

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
	check_media_types(value.s);
	return 0;
}

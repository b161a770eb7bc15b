/* public.c - see public.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "issuer/kube.h"
#include "issuer/public.h"

bool public_etag_matches(const char *if_none_match, const char *etag)
{
	const size_t etag_len = strlen(etag);
	const char *p = if_none_match;

	while (*p != '\0') {
		size_t len;

		p += strspn(p, " \t,");
		len = strcspn(p, ",");
		while (len > 0 && strchr(" \t", p[len - 1]))
			len--;
		if (len == 1 && *p == '*')
			return true;
		if (len > 2 && strncmp(p, "W/", 2) == 0) {
			p += 2;
			len -= 2;
		}
		if (len == etag_len && strncmp(p, etag, len) == 0)
			return true;
		p += len + strcspn(p + len, ",");
	}
	return false;
}

static void serve(const struct gateway *gw, struct http_call *call, struct clock_reading clock,
	const char *content_type, struct keyring_document (*document)(const struct keyring *))
{
	const char *known = http_header(call, "If-None-Match", NULL);
	auto_keyring struct keyring *ring = NULL;
	auto_free char *cache = NULL;
	struct keyring_document doc;
	struct err err = ERR_INIT;
	char *body;

	if (keyring_slot_get(gw->slot, clock, &ring, &err) < 0) {
		kube_reply_error(call, &err, NULL);
		return;
	}
	doc = document(ring);
	cache = text_format("public, max-age=%s", text_num(keyring_max_age(ring)).s);
	http_reply_header(call, "Cache-Control", cache);
	http_reply_header(call, "ETag", doc.etag);
	http_reply_header(call, "Access-Control-Allow-Origin", "*");
	http_reply_header(call, "X-Content-Type-Options", "nosniff");
	if (known && public_etag_matches(known, doc.etag)) {
		http_reply_body(call, 304, NULL, NULL, 0);
		return;
	}
	body = text_alloc(doc.len, 1);
	memcpy(body, doc.body, doc.len);
	http_reply_body(call, 200, content_type, body, doc.len);
}

void public_discovery(const struct gateway *gw, struct http_call *call,
	struct clock_reading clock)
{
	serve(gw, call, clock, "application/json", keyring_discovery);
}

void public_jwks(const struct gateway *gw, struct http_call *call, struct clock_reading clock)
{
	serve(gw, call, clock, "application/jwk-set+json", keyring_jwks);
}

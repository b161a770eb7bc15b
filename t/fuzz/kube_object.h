/* kube_object.h - what is demanded of every body of an API request: it is refused as a bad one,
 * or its object says the same when written as JSON and read again, and no option of how
 * strictly it is read changes what it says.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef KUBE_OBJECT_H
#define KUBE_OBJECT_H

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "issuer/kube.h"
#include "issuer/kube_body.h"

/* What the type knows of an object can be read strictly. */
static inline void kube_object_check_copy(const json_t *root, const struct kube_type *type)
{
	json_auto_t *known = fields_copy(root, type->members);
	auto_free char *text = json_dumps(known, JSON_COMPACT);
	auto_kube_body struct kube_body read = { .root = NULL };
	struct err err = ERR_INIT;

	if (!text ||
		kube_body_parse(text, strlen(text), false, type, "v1", KUBE_STRICT, &read,
			&err) < 0)
		abort();
}

/* The object of a body, written as JSON; NULL if it is refused. */
static inline char *kube_object_read(const char *body, size_t len, bool is_protobuf,
	const struct kube_type *type, enum kube_validation validation, size_t *ret_warnings)
{
	auto_kube_body struct kube_body read = { .root = NULL };
	struct err err = ERR_INIT;
	char *text;

	if (kube_body_parse(body, len, is_protobuf, type, "v1", validation, &read, &err) < 0) {
		if (err.code != ERR_REFUSED || err.detail != KUBE_BAD_REQUEST ||
			err.text[0] == '\0' || read.root)
			abort();
		return NULL;
	}
	*ret_warnings = read.warning_count;
	text = json_dumps(read.root, JSON_COMPACT);
	if (!json_is_object(read.root) || !text)
		abort();
	kube_object_check_copy(read.root, type);
	return text;
}

static inline void kube_object_check(const uint8_t *data, size_t size, bool is_protobuf,
	const struct kube_type *type)
{
	const char *body = (const char *)data;
	size_t ignored = 0, warned = 0, strict = 0, again = 0;
	auto_free char *text =
		kube_object_read(body, size, is_protobuf, type, KUBE_WARN, &warned);
	auto_free char *lenient =
		kube_object_read(body, size, is_protobuf, type, KUBE_IGNORE, &ignored);
	auto_free char *exact =
		kube_object_read(body, size, is_protobuf, type, KUBE_STRICT, &strict);
	auto_free char *twice = NULL;

	if (!text != !lenient || ignored > 0 || strict > 0 || warned > KUBE_WARNINGS_MAX ||
		(exact != NULL) != (text && warned == 0) || (is_protobuf && warned > 0))
		abort();
	if (!text || !lenient)
		return;
	twice = kube_object_read(text, strlen(text), false, type, KUBE_WARN, &again);
	if (!twice || again > warned || strcmp(text, twice) != 0 ||
		strcmp(text, lenient) != 0 || (exact && strcmp(text, exact) != 0))
		abort();
}

#endif

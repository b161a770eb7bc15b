/* fields.h - JSON against the types of an API object: whether each member has the type it must
 * have, and a copy of what the type knows. Which it does not know: json_members.h.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef FIELDS_H
#define FIELDS_H

#include <jansson.h>

#include "base/err.h"

enum field_type {
	FIELD_STRING,
	FIELD_STRING_ALWAYS, /* written even if it is empty or absent */
	FIELD_INT64,
	FIELD_INT64_GIVEN, /* a pointer in Go: written if it is there, even if 0 */
	FIELD_BOOL,
	FIELD_BOOL_GIVEN,
	FIELD_TIME,       /* RFC 3339 */
	FIELD_STRINGS,    /* a list of strings */
	FIELD_STRING_MAP, /* an object whose members are strings */
	FIELD_OBJECT,
	FIELD_OBJECTS, /* a list of objects */
	FIELD_ANY,
};

/* A list of these ends with a NULL name. */
struct field {
	const char *name;
	enum field_type type;
	const struct field *members; /* of objects */
};

/* NULL for a member that the type does not know. */
const struct field *fields_find(const struct field *fields, const char *name);

/* `object` may be NULL or null: then there is nothing wrong. null stands for an absent member
 * everywhere; within a list or map of strings it stands for "", and becomes that in `object`,
 * as it does in Go. ERR_BAD_INPUT names the first member of a wrong type, and both types. */
int fields_check(json_t *object, const struct field *fields, struct err *err);

/* The members that the type knows, without those that are null or empty: what Go's omitempty
 * would write, and times in UTC to the second. A new reference. */
json_t *fields_copy(const json_t *object, const struct field *fields);

/* Of an object that was checked: NULL for what is absent or null. Borrowed. */
const char *fields_string(const json_t *object, const char *member);
json_t *fields_object(const json_t *object, const char *member);

/* "string", "number", ... of a value. */
const char *fields_type_name(const json_t *value);

#endif

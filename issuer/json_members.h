/* json_members.h - the names of a JSON text's members as they stand there, repeated ones
 * included, which jansson's tree no longer shows.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef JSON_MEMBERS_H
#define JSON_MEMBERS_H

#include <stddef.h>

/* Called for each member that stands in its object a second time, with its dotted path
 * ("spec.audiences"); members of objects within arrays have the array's path. */
typedef void json_members_fn(const char *path, void *ctx);

/* Walks a text that jansson has parsed already: its grammar is taken for granted, its size and
 * depth are whatever jansson let through. */
void json_members_repeated(const char *text, size_t len, json_members_fn *each, void *ctx);

#endif

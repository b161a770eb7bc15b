/* yamltree.h - the strict and small part of YAML that configuration files need, read into a
 * tree in which every setting knows its line. Scalars, lists and mappings only: anchors,
 * aliases, tags, a second document and duplicate keys are refused, and size and depth are
 * capped. What the settings mean is left to yaml.h. SPDX-License-Identifier: Apache-2.0 */
#ifndef YAMLTREE_H
#define YAMLTREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define YAMLTREE_BYTES_MAX 262144 /* of the whole text */
#define YAMLTREE_DEPTH_MAX 16     /* of lists and mappings within each other */
#define YAMLTREE_ITEMS_MAX 1024   /* of one list or mapping */

enum yamltree_kind { YAMLTREE_SCALAR, YAMLTREE_LIST, YAMLTREE_MAPPING };

struct yamltree {
	enum yamltree_kind kind;
	unsigned line; /* of the key, or of the value where there is none; counted from 1 */
	char *key;     /* in a mapping; NULL in a list and at the root */
	char *value;   /* of a scalar */
	bool is_null;  /* a scalar left empty, or written ~ or null */
	size_t count;  /* of a list's or mapping's items */
	struct yamltree *first;
	struct yamltree *next; /* behind this one in the same list or mapping */
};

/* Reads all of `bytes`; a text without any content is one null scalar. ERR_BAD_INPUT with
 * "NAME:LINE: what is wrong". yamltree_free releases the result. */
int yamltree_read(const char *name, const char *bytes, size_t len, struct yamltree **ret,
	struct err *err);

void yamltree_free(struct yamltree *node);
static inline void auto_yamltree_(struct yamltree **node)
{
	yamltree_free(*node);
}
#define auto_yamltree __attribute__((cleanup(auto_yamltree_)))

/* The setting at `path`, such as "listeners[1].tls.key", or its nearest parent that exists;
 * never NULL. *ret_exact (may be NULL) tells which. */
const struct yamltree *yamltree_find(const struct yamltree *root, const char *path,
	bool *ret_exact);

/* Sets ERR_BAD_INPUT with "NAME:LINE: " before the text, and returns -1. What the text quotes
 * from the input cannot break the line. */
int yamltree_refuse(struct err *err, const char *name, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif

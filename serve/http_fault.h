/* http_fault.h - requests that a proxy before us may have cut elsewhere, or read otherwise,
 * than we do (RFC 9112 §2.2, §5, §6.1, §6.3, §11.2), and such that are too large. libmicrohttpd
 * 0.9.75 lets them through; asked to be strict, it would answer some of them in a broken way.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_FAULT_H
#define HTTP_FAULT_H

#include <stdbool.h>
#include <stddef.h>

struct MHD_Connection;

/* The request line, in the memory of the library. */
struct http_line {
	const char *method, *path, *version;
	const char *after_uri; /* behind the NUL that ends path and query */
	bool has_blank_uri;
};

/* Are there more arguments in the query than any request may have? Asked before the library
 * takes it apart: if its memory does not suffice for that, it forgets so, and waits. */
bool http_fault_has_many(const char *uri, size_t head_max);

/* 0, or the status to refuse it with; the connection must end then. Once the headers are there.
 */
int http_fault(struct MHD_Connection *connection, const struct http_line *line,
	size_t head_max);

/* Is there a trailer behind the body? `method` is the head's first word, in its memory. */
bool http_fault_has_trailer(struct MHD_Connection *connection, const char *method);

#endif

/* http_library.h - the answers that libmicrohttpd gives by itself, before or instead of our
 * handler: to a head that is none, to one that is too large for it, to chunks that are none.
 * 0.9.75 sends them without a Content-Type, some of them twice, and has no option for that.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_LIBRARY_H
#define HTTP_LIBRARY_H

#include <stdbool.h>

struct MHD_Connection;
struct MHD_Response;

/* What MHD_queue_response is elsewhere. Under that name it is left to the library: see
 * http_library.c. */
bool http_library_queue(struct MHD_Connection *connection, unsigned status,
	struct MHD_Response *response);

#endif

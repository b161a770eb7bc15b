/* http_library.c - see http_library.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include <microhttpd.h>

#include "serve/http_exchange.h"
#include "serve/http_library.h"

typedef enum MHD_Result queue_fn(struct MHD_Connection *connection, unsigned status,
	struct MHD_Response *response);

static queue_fn *queue;

static void find_queue(void)
{
	*(void **)&queue = dlsym(RTLD_NEXT, "MHD_queue_response");
	if (!queue)
		abort(); /* we are linked with it */
}

bool http_library_queue(struct MHD_Connection *connection, unsigned status,
	struct MHD_Response *response)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, find_queue); /* fails for nothing */
	return queue(connection, status, response) == MHD_YES;
}

/* Has it read the whole head, but not shown it to us? If it refuses that (for its length, or
 * for cookies), it forgets that it has written the head of the answer, and sends another behind
 * it.
 */
static bool would_be_sent_twice(struct MHD_Connection *connection)
{
	const struct http_exchange *ex = http_exchange_on(connection);
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	return ex && ex->state == HTTP_ARRIVING && info && info->header_size > 0;
}

/* Stands before the library's function of that name, which it calls for its own answers as
 * anybody would, through the dynamic linker. Its texts are HTML. After MHD_NO it closes the
 * connection at once. */
enum MHD_Result MHD_queue_response(struct MHD_Connection *connection, unsigned int status_code,
	struct MHD_Response *response)
{
	if (would_be_sent_twice(connection) ||
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/html") !=
			MHD_YES)
		return MHD_NO;
	return http_library_queue(connection, status_code, response) ? MHD_YES : MHD_NO;
}

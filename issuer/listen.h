/* listen.h - listening sockets, from the configuration's addresses and paths.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LISTEN_H
#define LISTEN_H

#include "base/err.h"
#include "base/text.h"
#include "conf/conf.h"

/* A listening, non-blocking, close-on-exec socket. ret_name says where it really listens
 * ("127.0.0.1:40123", or the path). A stale Unix socket is replaced; one that answers is in
 * use. */
int listen_open(const struct conf_listener *listener, int *ret_fd, struct text *ret_name,
	struct err *err);

#endif

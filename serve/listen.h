/* listen.h - listening sockets, from the configuration's addresses and paths.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LISTEN_H
#define LISTEN_H

#include <sys/types.h>

#include "base/err.h"
#include "base/text.h"

/* A listening, non-blocking, close-on-exec socket, at an address as conf_address_split reads it
 * or, if `socket` is not NULL, at that path with that mode: who may connect; what they get is
 * another question. ret_name says where it really listens ("127.0.0.1:40123", or the path). A
 * stale Unix socket is replaced; one that answers is in use. */
int listen_open(const char *address, const char *socket, mode_t mode, int *ret_fd,
	struct text *ret_name, struct err *err);

#endif

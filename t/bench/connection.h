/* connection.h - one keep-alive connection of the load generator, with one request under way at
 * a time. Nothing waits: connection_advance goes as far as it can, epoll says when to go on.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

#define CONNECTION_REPLY_MAX 65536

struct connection;

/* Where all connections go, and what they say there. */
struct connection_target {
	struct sockaddr_in address;
	SSL_CTX *tls; /* NULL: plain HTTP */
	int epoll_fd;
	const char *request;
	size_t request_len;
	/* Called before a request is sent, and when its answer is complete. */
	void (*prepare)(void);
	void (*answered)(const struct connection *c, int status);
};

struct connection {
	const struct connection_target *target;
	int fd; /* -1: none */
	SSL *ssl;
	bool is_waiting; /* a request is under way */
	size_t sent;
	size_t got;
	int64_t since_us; /* when the request was started */
	char reply[CONNECTION_REPLY_MAX];
};

int64_t connection_now_us(void);

/* False if nobody is there. */
bool connection_dial(struct connection *c, const struct connection_target *target);
void connection_hang_up(struct connection *c);

/* The next request; connection_advance sends it. */
void connection_start(struct connection *c);
/* False once the connection is dead. With `sends_again` an answer starts the next request. */
bool connection_advance(struct connection *c, bool sends_again);

/* The value of a header of the complete answer, or NULL. */
const char *connection_header(const struct connection *c, const char *name);

#endif

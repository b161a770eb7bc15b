/* connection.c - see connection.h. Knows as much of HTTP as the servers of the bench speak.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "t/bench/connection.h"

int64_t connection_now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* ---- answers ---- */

static const char *header_value(const char *head, size_t head_len, const char *name)
{
	const char *line = head;
	const size_t name_len = strlen(name);

	while ((line = memmem(line, head_len - (size_t)(line - head), "\r\n", 2))) {
		line += 2;
		if (strncasecmp(line, name, name_len) == 0 && line[name_len] == ':')
			return line + name_len + 1;
	}
	return NULL;
}

/* With the empty line behind it; 0 while that has not come. */
static size_t head_len(const struct connection *c)
{
	const char *end = memmem(c->reply, c->got, "\r\n\r\n", 4);

	return end ? (size_t)(end - c->reply) + 4 : 0;
}

const char *connection_header(const struct connection *c, const char *name)
{
	return header_value(c->reply, head_len(c), name);
}

/* Of a complete answer, or 0 while it is not. */
static int reply_status(const struct connection *c)
{
	const size_t head = head_len(c);
	const char *value;

	if (head == 0)
		return 0;
	value = header_value(c->reply, head, "Content-Length");
	if (value && c->got < head + strtoul(value, NULL, 10))
		return 0;
	if (!value && header_value(c->reply, head, "Transfer-Encoding") &&
		(c->got < head + 5 || memcmp(c->reply + c->got - 5, "0\r\n\r\n", 5) != 0))
		return 0;
	return (int)strtol(c->reply + sizeof("HTTP/1.1"), NULL, 10);
}

/* ---- the socket ---- */

void connection_hang_up(struct connection *c)
{
	if (c->ssl)
		SSL_free(c->ssl);
	if (c->fd >= 0)
		(void)close(c->fd);
	*c = (struct connection){ .fd = -1 };
}

/* TLS without verification: the bench has made the server itself. */
static bool start_tls(struct connection *c)
{
	c->ssl = SSL_new(c->target->tls);
	if (!c->ssl || SSL_set_fd(c->ssl, c->fd) != 1)
		return false;
	SSL_set_connect_state(c->ssl);
	return true;
}

bool connection_dial(struct connection *c, const struct connection_target *target)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c };
	const int one = 1;

	c->target = target;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd >= 0 && setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0 &&
		(connect(c->fd, (const struct sockaddr *)&target->address,
			 sizeof(target->address)) == 0 ||
			errno == EINPROGRESS) &&
		(!target->tls || start_tls(c)) &&
		epoll_ctl(target->epoll_fd, EPOLL_CTL_ADD, c->fd, &event) == 0)
		return true;
	connection_hang_up(c);
	return false;
}

/* What can be read or written now; -1: not yet, 0: the end. */
static ssize_t transfer(struct connection *c, bool is_write, void *p, size_t len)
{
	int n;

	if (!c->ssl) {
		const ssize_t rc =
			is_write ? send(c->fd, p, len, MSG_NOSIGNAL) : recv(c->fd, p, len, 0);

		return rc >= 0 ? rc : errno == EAGAIN || errno == EINTR ? -1 : 0;
	}
	n = is_write ? SSL_write(c->ssl, p, (int)len) : SSL_read(c->ssl, p, (int)len);
	if (n > 0)
		return n;
	n = SSL_get_error(c->ssl, n);
	return n == SSL_ERROR_WANT_READ || n == SSL_ERROR_WANT_WRITE ? -1 : 0;
}

void connection_start(struct connection *c)
{
	c->target->prepare();
	c->is_waiting = true;
	c->sent = c->got = 0;
	c->since_us = connection_now_us();
}

/* Sends what is left of the request; false once the connection is dead. */
static bool send_rest(struct connection *c)
{
	const struct connection_target *t = c->target;

	while (c->sent < t->request_len) {
		const ssize_t n = transfer(c, true, (void *)(uintptr_t)(t->request + c->sent),
			t->request_len - c->sent);

		if (n <= 0)
			return n < 0;
		c->sent += (size_t)n;
	}
	return true;
}

bool connection_advance(struct connection *c, bool sends_again)
{
	for (;;) {
		ssize_t n;
		int status;

		if (!send_rest(c))
			return false;
		n = transfer(c, false, c->reply + c->got, CONNECTION_REPLY_MAX - c->got);
		if (n <= 0)
			return n < 0;
		c->got += (size_t)n;
		status = reply_status(c);
		if (status == 0)
			continue;
		c->target->answered(c, status);
		c->is_waiting = false;
		if (!sends_again)
			return true;
		connection_start(c);
	}
}

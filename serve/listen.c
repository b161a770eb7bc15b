/* listen.c - see listen.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "conf/conf.h"
#include "serve/listen.h"

#define LISTEN_BACKLOG 1024

static int resolve(const char *host, uint16_t port, struct sockaddr_storage *ret,
	socklen_t *ret_len, struct err *err)
{
	const struct addrinfo hints = {
		.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	/* Not a question for a resolver: what localhost is must not depend on one. */
	const char *numeric = strcmp(host, "localhost") == 0 ? "127.0.0.1"
		: host[0] == '\0'                            ? "::"
							     : host;
	struct addrinfo *ai = NULL;
	const int rc = getaddrinfo(numeric, text_num(port).s, &hints, &ai);

	if (rc != 0)
		return err_set(err, ERR_BAD_INPUT, "'%s' is not an address: %s", host,
			gai_strerror(rc));
	memcpy(ret, ai->ai_addr, ai->ai_addrlen);
	*ret_len = ai->ai_addrlen;
	freeaddrinfo(ai);
	return 0;
}

static int describe(int fd, struct text *ret_name, struct err *err)
{
	struct sockaddr_storage bound = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(bound);
	char host[INET6_ADDRSTRLEN];
	char port[8];

	if (getsockname(fd, (struct sockaddr *)&bound, &len) < 0)
		return err_errno(err, ERR_FAILED, "getsockname");
	if (getnameinfo((struct sockaddr *)&bound, len, host, sizeof(host), port, sizeof(port),
		    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return err_set(err, ERR_FAILED, "could not name a socket");
	text_addf(ret_name, bound.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
	return 0;
}

static int bind_and_listen(int fd, const void *addr, socklen_t len, const char *name,
	struct err *err)
{
	if (bind(fd, addr, len) < 0 || listen(fd, LISTEN_BACKLOG) < 0) {
		if (errno == EADDRINUSE)
			return err_set(err, ERR_CONFLICT,
				"could not listen on '%s': the address is in use; stop what uses it (ss -ltnp "
				"shows it) or choose another",
				name);
		return err_errno(err, ERR_FAILED, "could not listen on '%s'", name);
	}
	return 0;
}

static int open_tcp(const char *address, int *ret_fd, struct text *ret_name, struct err *err)
{
	const int on = 1;
	const int off = 0;
	auto_close int fd = -1;
	char host[256];
	uint16_t port;
	struct sockaddr_storage addr;
	socklen_t len;

	if (conf_address_split(address, host, sizeof(host), &port, err) < 0 ||
		resolve(host, port, &addr, &len, err) < 0)
		return -1;
	fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 && errno == EAFNOSUPPORT && host[0] == '\0') {
		/* All addresses, on a host without IPv6. */
		if (resolve("0.0.0.0", port, &addr, &len, err) < 0)
			return -1;
		fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	}
	if (fd < 0)
		return err_errno(err, ERR_FAILED, "could not make a socket for '%s'", address);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
		(addr.ss_family == AF_INET6 &&
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, host[0] ? &on : &off,
				sizeof(on)) < 0))
		return err_errno(err, ERR_FAILED, "could not set up the socket for '%s'",
			address);
	if (bind_and_listen(fd, &addr, len, address, err) < 0 ||
		describe(fd, ret_name, err) < 0)
		return -1;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

/* Is it certain that nobody listens at this path any more? */
static bool socket_is_stale(const struct sockaddr_un *addr)
{
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd >= 0 && connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0 &&
		errno == ECONNREFUSED;
}

static int open_unix(const char *path, mode_t mode, int *ret_fd, struct text *ret_name,
	struct err *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;

	if (fd < 0)
		return err_errno(err, ERR_FAILED, "could not make a socket for '%s'", path);
	if (!text_fit(addr.sun_path, sizeof(addr.sun_path), path))
		return err_set(err, ERR_BAD_INPUT, "socket path '%s' is too long", path);
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && socket_is_stale(&addr) &&
		unlink(path) < 0)
		return err_errno(err, ERR_FAILED, "could not remove the stale socket '%s'",
			path);
	if (bind_and_listen(fd, &addr, sizeof(addr), path, err) < 0)
		return -1;
	if (chmod(path, mode) < 0)
		return err_errno(err, ERR_FAILED, "could not set the mode of '%s'", path);
	text_add(ret_name, path);
	*ret_fd = fd;
	fd = -1;
	return 0;
}

int listen_open(const char *address, const char *socket, mode_t mode, int *ret_fd,
	struct text *ret_name, struct err *err)
{
	if (socket)
		return open_unix(socket, mode, ret_fd, ret_name, err);
	return open_tcp(address, ret_fd, ret_name, err);
}

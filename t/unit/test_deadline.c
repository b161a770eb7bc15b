/* test_deadline.c - serve/deadline.c: who takes too long is cut off, nobody else, and who has
 * left does not go unnoticed.
 * SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serve/deadline.h"
#include "t/unit/unit.h"

#define LONG_MS 3600000

/* A connection, and the client's end of it. */
struct pair {
	int server, client;
};

static struct pair connect_pair(void)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	return (struct pair){ fds[0], fds[1] };
}

static void close_pair(const struct pair *pair)
{
	assert_int_equal(close(pair->server), 0);
	assert_int_equal(close(pair->client), 0);
}

/* Was the connection shut down? Asks the kernel, does not wait. */
static bool is_cut(const struct pair *pair)
{
	struct pollfd pfd = { .fd = pair->client, .events = POLLIN };
	char byte;

	return poll(&pfd, 1, 0) == 1 && read(pair->client, &byte, 1) == 0;
}

/* Lets the clock pass the deadline, however fast it ticks. */
static void expire_until_cut(struct deadline_list *list, const struct pair *pair)
{
	struct pollfd pfd = { .fd = pair->client, .events = POLLIN };

	while (poll(&pfd, 1, 1) == 0)
		deadline_expire(list);
}

static void who_is_late_is_cut_off_and_the_others_are_not(void **state)
{
	struct deadline_list *list = deadline_list_new();
	const struct pair late = connect_pair();
	const struct pair early = connect_pair();
	struct deadline *one = deadline_add(list, late.server, 1);
	struct deadline *two = deadline_add(list, early.server, LONG_MS);

	(void)state;
	expire_until_cut(list, &late);
	assert_true(is_cut(&late));
	assert_false(is_cut(&early));
	deadline_remove(one);
	deadline_remove(two);
	deadline_list_free(list);
	close_pair(&late);
	close_pair(&early);
}

static void a_deadline_can_be_moved_and_taken_away(void **state)
{
	struct deadline_list *list = deadline_list_new();
	const struct pair ours = connect_pair();
	const struct pair witness = connect_pair();
	struct deadline *moved = deadline_add(list, ours.server, 1);
	struct deadline *late = deadline_add(list, witness.server, 1);

	(void)state;
	deadline_set(moved, LONG_MS);
	expire_until_cut(list, &witness);
	assert_false(is_cut(&ours));
	deadline_set(moved, 1);
	deadline_set(moved, 0); /* it is our turn now */
	deadline_expire(list);
	assert_false(is_cut(&ours));
	deadline_set(moved, 1);
	expire_until_cut(list, &ours);
	assert_true(is_cut(&ours));
	deadline_remove(late);
	deadline_remove(moved);
	deadline_list_free(list);
	close_pair(&ours);
	close_pair(&witness);
}

static void connections_come_and_go_in_any_order(void **state)
{
	struct deadline_list *list = deadline_list_new();
	const struct pair pair = connect_pair();
	struct deadline *all[5];

	(void)state;
	for (size_t round = 0; round < 5; round++) {
		for (size_t i = 0; i < 5; i++)
			all[i] = deadline_add(list, pair.server, LONG_MS);
		for (size_t i = 0; i < 5; i++)
			deadline_remove(all[(i * 2 + round) % 5]);
		deadline_expire(list);
	}
	assert_false(is_cut(&pair));
	deadline_remove(NULL);
	deadline_list_free(list);
	deadline_list_free(NULL);
	close_pair(&pair);
}

/* As connect_pair, by TCP. */
static struct pair connect_tcp(void)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) },
	};
	struct sockaddr *name = (struct sockaddr *)&addr;
	socklen_t len = sizeof(addr);
	const int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct pair pair = { .client = socket(AF_INET, SOCK_STREAM, 0) };

	assert_int_equal(bind(listener, name, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, name, &len), 0);
	assert_int_equal(connect(pair.client, name, len), 0);
	pair.server = accept(listener, NULL, NULL);
	assert_true(pair.server >= 0);
	assert_int_equal(close(listener), 0);
	return pair;
}

/* Watches the server's end as libmicrohttpd does, and returns the epoll. */
static int watch(const struct pair *pair)
{
	const int epoll = epoll_create1(0);
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, pair->server, &event), 0);
	return epoll;
}

/* Is there news of the server's end, by now? */
static bool is_told(int epoll)
{
	struct epoll_event event;

	return epoll_wait(epoll, &event, 1, 0) == 1;
}

/* The client sends a word and ends its side; the server gets one event, and reads the word. */
static void send_and_end(const struct pair *pair, int epoll)
{
	struct pollfd pfd = { .fd = pair->server, .events = POLLRDHUP };
	char bytes[8];

	assert_int_equal(write(pair->client, "word", 4), 4);
	assert_int_equal(shutdown(pair->client, SHUT_WR), 0);
	assert_int_equal(poll(&pfd, 1, -1), 1);
	assert_true(is_told(epoll));
	assert_int_equal(read(pair->server, bytes, sizeof(bytes)), 4);
	assert_false(is_told(epoll));
}

static void a_server_is_reminded_of_an_end_it_has_missed(void **state)
{
	struct deadline_list *list = deadline_list_new();
	const struct pair pair = connect_tcp();
	const int epoll = watch(&pair);
	struct deadline *deadline = deadline_add(list, pair.server, LONG_MS);
	char byte;

	(void)state;
	send_and_end(&pair, epoll);
	deadline_set(deadline, 0); /* while it is our turn, nobody waits for the client */
	deadline_expire(list);
	assert_false(is_told(epoll));
	deadline_set(deadline, LONG_MS);
	deadline_expire(list);
	assert_true(is_told(epoll));
	assert_int_equal(read(pair.server, &byte, 1), 0);
	/* A reply can still be sent. */
	assert_int_equal(write(pair.server, "x", 1), 1);
	assert_int_equal(read(pair.client, &byte, 1), 1);
	deadline_remove(deadline);
	deadline_list_free(list);
	assert_int_equal(close(epoll), 0);
	close_pair(&pair);
}

static void what_came_before_the_end_can_still_be_read(void **state)
{
	struct deadline_list *list = deadline_list_new();
	const struct pair pair = connect_tcp();
	struct pollfd pfd = { .fd = pair.server, .events = POLLRDHUP };
	struct deadline *deadline = deadline_add(list, pair.server, LONG_MS);
	char bytes[8];

	(void)state;
	assert_int_equal(write(pair.client, "word", 4), 4);
	assert_int_equal(shutdown(pair.client, SHUT_WR), 0);
	assert_int_equal(poll(&pfd, 1, -1), 1);
	deadline_expire(list);
	assert_int_equal(read(pair.server, bytes, sizeof(bytes)), 4);
	assert_int_equal(read(pair.server, bytes, sizeof(bytes)), 0);
	deadline_remove(deadline);
	deadline_list_free(list);
	close_pair(&pair);
}

UNIT_MAIN(cmocka_unit_test(who_is_late_is_cut_off_and_the_others_are_not),
	cmocka_unit_test(a_deadline_can_be_moved_and_taken_away),
	cmocka_unit_test(connections_come_and_go_in_any_order),
	cmocka_unit_test(a_server_is_reminded_of_an_end_it_has_missed),
	cmocka_unit_test(what_came_before_the_end_can_still_be_read));

/* test_deadline.c - issuer/deadline.c: who takes too long is cut off, nobody else.
 * SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "issuer/deadline.h"
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

UNIT_MAIN(cmocka_unit_test(who_is_late_is_cut_off_and_the_others_are_not),
	cmocka_unit_test(a_deadline_can_be_moved_and_taken_away),
	cmocka_unit_test(connections_come_and_go_in_any_order));

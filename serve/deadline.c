/* deadline.c - see deadline.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "serve/deadline.h"

struct deadline {
	struct deadline_list *list;
	struct deadline *next;
	struct deadline **link; /* what points here */
	int fd;
	int64_t due_ms; /* monotonic; 0: none */
};

struct deadline_list {
	pthread_mutex_t lock;
	struct deadline *first;
};

struct deadline_list *deadline_list_new(void)
{
	struct deadline_list *list = text_alloc(1, sizeof(*list));

	if (pthread_mutex_init(&list->lock, NULL) != 0)
		abort();
	return list;
}

void deadline_list_free(struct deadline_list *list)
{
	if (!list)
		return;
	(void)pthread_mutex_destroy(&list->lock); /* nobody holds it: all threads are gone */
	free(list);
}

struct deadline *deadline_add(struct deadline_list *list, int fd, int64_t ms)
{
	struct deadline *deadline = text_alloc(1, sizeof(*deadline));
	auto_unlock pthread_mutex_t *held = auto_lock(&list->lock);

	(void)held;
	deadline->list = list;
	deadline->fd = fd;
	deadline->due_ms = clock_monotonic_ms() + ms;
	deadline->next = list->first;
	deadline->link = &list->first;
	if (list->first)
		list->first->link = &deadline->next;
	list->first = deadline;
	return deadline;
}

void deadline_remove(struct deadline *deadline)
{
	if (!deadline)
		return;
	{
		auto_unlock pthread_mutex_t *held = auto_lock(&deadline->list->lock);

		(void)held;
		*deadline->link = deadline->next;
		if (deadline->next)
			deadline->next->link = deadline->link;
	}
	free(deadline);
}

void deadline_set(struct deadline *deadline, int64_t ms)
{
	auto_unlock pthread_mutex_t *held = auto_lock(&deadline->list->lock);

	(void)held;
	deadline->due_ms = ms == 0 ? 0 : clock_monotonic_ms() + ms;
}

/* Has the client said that nothing more will come? */
static bool has_hung_up(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLRDHUP };

	return poll(&pfd, 1, 0) == 1;
}

/* A server that asks epoll for edges, as libmicrohttpd does, has one event for what was sent
 * and for the end behind it. It reads less than it had room for, takes that for all there is,
 * and would not hear of the end again. Shutting down the reading side changes nothing once the
 * client has ended its own, what is still unread can be read and replies can be sent, but it
 * wakes the server: so it does no harm either if the request has just become whole. */
static void recall_end(int fd)
{
	if (has_hung_up(fd))
		(void)shutdown(fd, SHUT_RD); /* gone already is as good */
}

void deadline_expire(struct deadline_list *list)
{
	const int64_t now_ms = clock_monotonic_ms();
	auto_unlock pthread_mutex_t *held = auto_lock(&list->lock);

	(void)held;
	for (struct deadline *d = list->first; d; d = d->next)
		if (d->due_ms != 0 && d->due_ms <= now_ms) {
			(void)shutdown(d->fd, SHUT_RDWR); /* gone already is as good */
			d->due_ms = 0;
		} else if (d->due_ms != 0) {
			recall_end(d->fd);
		}
}

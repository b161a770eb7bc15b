/* deadline.c - see deadline.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "issuer/deadline.h"

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

void deadline_expire(struct deadline_list *list)
{
	const int64_t now_ms = clock_monotonic_ms();
	auto_unlock pthread_mutex_t *held = auto_lock(&list->lock);

	(void)held;
	for (struct deadline *d = list->first; d; d = d->next)
		if (d->due_ms != 0 && d->due_ms <= now_ms) {
			(void)shutdown(d->fd, SHUT_RDWR); /* gone already is as good */
			d->due_ms = 0;
		}
}

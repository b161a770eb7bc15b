/* deadline.h - connections that take too long to say what they want are cut off: a client that
 * drips a byte a second is never idle, and would hold its place for ever; so would one that has
 * left without the server's noticing. Any thread may call.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef DEADLINE_H
#define DEADLINE_H

#include <stdint.h>

/* All connections of a listener; and one of them. */
struct deadline_list;
struct deadline;

struct deadline_list *deadline_list_new(void);
/* Every deadline has been removed. */
void deadline_list_free(struct deadline_list *list);

/* Puts socket `fd` on the list, due in `ms` milliseconds. Until deadline_remove the descriptor
 * must stay this connection's. */
struct deadline *deadline_add(struct deadline_list *list, int fd, int64_t ms);
void deadline_remove(struct deadline *deadline);

/* Due in `ms` milliseconds from now; 0: not at all, it is our turn. */
void deadline_set(struct deadline *deadline, int64_t ms);

/* Shuts down every socket whose time is over; its server then closes it. Of the others with a
 * deadline, reminds the server of those whose client has ended its side; a request that had
 * come whole before is answered all the same. */
void deadline_expire(struct deadline_list *list);

#endif

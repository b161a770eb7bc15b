/* auto.h - values that clean up after themselves when their scope ends, and take(), which hands
 * such a value to a new owner. GNU `cleanup`, hidden here so that no other file spells it out.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTO_H
#define AUTO_H

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static inline void auto_free_(void *p)
{
	free(*(void **)p);
}
#define auto_free __attribute__((cleanup(auto_free_)))

static inline void auto_close_(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* only read from, or already synced: nothing left to lose */
}
#define auto_close __attribute__((cleanup(auto_close_)))

static inline void auto_unlock_(pthread_mutex_t **m)
{
	if (*m)
		(void)pthread_mutex_unlock(*m); /* fails only if we do not hold it: a bug */
}
/* auto_unlock pthread_mutex_t *held = auto_lock(&mutex); */
#define auto_unlock __attribute__((cleanup(auto_unlock_), unused))

static inline pthread_mutex_t *auto_lock(pthread_mutex_t *m)
{
	if (pthread_mutex_lock(m) != 0)
		abort();
	return m;
}

/* The value of pointer variable `p`, which forgets it: ownership moves to whoever gets it. */
#define take(p)                                                                                \
	__extension__({                                                                        \
		__typeof__(p) taken_ = (p);                                                    \
		(p) = NULL;                                                                    \
		taken_;                                                                        \
	})

#endif

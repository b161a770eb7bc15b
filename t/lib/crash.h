/* crash.h - asks whether a call may go on: see crash.c.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CRASH_H
#define CRASH_H

enum crash_call { CRASH_WRITE, CRASH_SYNC, CRASH_READ, CRASH_SEND };

/* 0 if the call may go on, or the error with which it fails; errno is that, too. Any thread. */
int crash_before(enum crash_call call);

/* With -Wl,--wrap=X the linker sends calls of X to __wrap_X, and __real_X is X. */
#define CRASH_WRAPPED(type, name, ...)                                                         \
	type real_##name(__VA_ARGS__) __asm__("__real_" #name);                                \
	type wrap_##name(__VA_ARGS__) __asm__("__wrap_" #name)

#endif

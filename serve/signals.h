/* signals.h - the signals that a daemon is told something by, as a descriptor.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNALS_H
#define SIGNALS_H

#include "base/err.h"

/* From now on SIGTERM, SIGINT and SIGHUP are read from *ret (signalfd(2)), by one thread, so
 * that no handler runs anywhere, and SIGPIPE is ignored. Call before threads start: they
 * inherit it. The caller closes the descriptor. */
int signals_open(int *ret, struct err *err);

#endif

/* signals.c - see signals.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "serve/signals.h"

int signals_open(int *ret, struct err *err)
{
	sigset_t set;

	(void)sigemptyset(&set); /* these four cannot fail with valid numbers */
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return err_set(err, ERR_FAILED, "could not set up signals");
	*ret = signalfd(-1, &set, SFD_CLOEXEC);
	return *ret >= 0 ? 0 : err_errno(err, ERR_FAILED, "could not set up signals");
}

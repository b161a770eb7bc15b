/* ready.c - see ready.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "serve/notify.h"
#include "serve/ready.h"

int ready_read_fd(const char *given, int *ret, struct err *err)
{
	int64_t fd;

	if (text_int(given, 0, 1023, &fd, err) < 0 || fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0)
		return err_set(err, ERR_BAD_INPUT, "-R: '%s' is not an open file descriptor",
			given);
	*ret = (int)fd;
	return 0;
}

void ready_tell(int fd, const struct text *lines)
{
	if (fd >= 0) {
		if (write(fd, lines->s, lines->len) < 0)
			log_event(LOG_WARN, "ready_fd.failed", "error", strerror(errno), NULL);
		(void)close(fd); /* the reader may wait for the end */
	}
	notify("READY=1");
}

/* notify.h - tells the service manager: one datagram to $NOTIFY_SOCKET, sd_notify(3).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef NOTIFY_H
#define NOTIFY_H

/* "READY=1", "STOPPING=1". Nothing happens where there is no such socket. */
void notify(const char *state);

#endif

/* dirs.h - where things are installed, as the build decides; a bare compiler run gets a
 * distribution's values.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef DIRS_H
#define DIRS_H

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif

#ifndef LOCALSTATEDIR
#define LOCALSTATEDIR "/var"
#endif

#ifndef RUNSTATEDIR
#define RUNSTATEDIR "/run"
#endif

#endif

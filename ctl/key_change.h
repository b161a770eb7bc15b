/* key_change.h - the verbs of issuerctl key that change something; the table is in cmd_key.c.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef KEY_CHANGE_H
#define KEY_CHANGE_H

#include "ctl/cmd.h"

int key_rotate(struct cmd_run *run, struct err *err);
int key_revoke(struct cmd_run *run, struct err *err);
int key_import(struct cmd_run *run, struct err *err);

#endif

/* help.h - --help at every level, from the command table.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HELP_H
#define HELP_H

#include <stdio.h>

#include "ctl/cmd.h"

extern const struct cmd *const help_nouns[];      /* all lists, NULL at the end */
extern const struct cmd_option help_common[];     /* of every command */
extern const struct cmd_option help_change[];     /* of every command that changes something */

void help_print_all(void);
void help_print_noun(const struct cmd *noun, FILE *out);
void help_print_command(const struct cmd *cmd);

#endif

/* help.h - --help at every level, from the command table.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HELP_H
#define HELP_H

#include <stdio.h>

#include "ctl/cmd.h"

void help_print_all(void);
void help_print_noun(const struct cmd *noun, FILE *out);
void help_print_command(const struct cmd *cmd);

#endif

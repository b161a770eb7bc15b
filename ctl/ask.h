/* ask.h - a question before something that cannot be undone.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ASK_H
#define ASK_H

#include "ctl/cmd.h"

/* 0 if the answer is yes: from --yes, or typed at the terminal. ERR_EARLY without a terminal
 * and without --yes; ERR_REFUSED after a no. The question goes to standard error. */
int ask_yes(const struct cmd_run *run, const char *question, struct err *err);

#define ASK_OPTION                                                                             \
	{                                                                                      \
		"yes", NULL, "answer yes to the question", 'y'                                 \
	}

#endif

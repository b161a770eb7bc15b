/* ask.h - a question before something that cannot be undone.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ASK_H
#define ASK_H

#include "ctl/cmd.h"

/* 0 if the answer is yes: from --yes, or typed at the terminal. ERR_EARLY without a terminal
 * and without --yes; ERR_REFUSED after a no. The question goes to standard error. */
int ask_yes(const struct cmd_run *run, const char *question, struct err *err);
/* Will it be asked? False with --yes; the same ERR_EARLY if nobody is there. */
int ask_needed(const struct cmd_run *run, const char *question, bool *ret, struct err *err);

#define ASK_OPTION                                                                             \
	{                                                                                      \
		"yes", NULL, "answer yes to the question", 'y'                                 \
	}

#endif

/* ask.c - see ask.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "ctl/ask.h"

int ask_needed(const struct cmd_run *run, const char *question, bool *ret, struct err *err)
{
	*ret = !cmd_value(run, "yes");
	if (*ret && (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)))
		return err_set(err, ERR_EARLY,
			"nobody is there to answer '%s'; add --yes if that is meant", question);
	return 0;
}

int ask_yes(const struct cmd_run *run, const char *question, struct err *err)
{
	char answer[16];
	bool is_needed;

	if (ask_needed(run, question, &is_needed, err) < 0)
		return -1;
	if (!is_needed)
		return 0;
	(void)fflush(stdout); /* what it is about comes before it */
	(void)fprintf(stderr, "%s [y/N] ", question);
	if (!fgets(answer, sizeof(answer), stdin))
		answer[0] = '\0';
	answer[strcspn(answer, "\n")] = '\0';
	if (strcasecmp(answer, "y") != 0 && strcasecmp(answer, "yes") != 0)
		return err_set(err, ERR_REFUSED, "nothing was done");
	return 0;
}

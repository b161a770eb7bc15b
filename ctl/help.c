/* help.c - see help.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "ctl/help.h"
#include "base/text.h"

#define HELP_WIDTH 46

static void print_summary(const struct cmd *cmd, FILE *out)
{
	auto_free char *line = text_format("%s%s%s %s", cmd->noun, cmd->verb ? " " : "",
		cmd->verb ? cmd->verb : "", cmd->args);

	(void)fprintf(out, "  %-*s %s\n", HELP_WIDTH, line, cmd->summary);
}

void help_print_all(void)
{
	(void)printf(
		"usage: issuerctl [-c FILE] COMMAND [ARGUMENT ...] [OPTION ...]\n"
		"\n"
		"Works on the store of an issuerd; a running daemon sees a change within a second.\n"
		"\n");
	for (size_t i = 0; cmd_nouns[i]; i++)
		for (const struct cmd *cmd = cmd_nouns[i]; cmd->noun; cmd++)
			print_summary(cmd, stdout);
	(void)printf(
		"\n"
		"issuerctl COMMAND --help tells more; issuerctl --version prints the version.\n"
		"Exit status: 0 done, 1 failed, 2 usage, 3 too early, 4 differs or unhealthy, 5 timeout.\n"
		"See issuerctl(8).\n");
}

void help_print_noun(const struct cmd *noun, FILE *out)
{
	(void)fprintf(out, "usage: issuerctl %s VERB ...\n\n", noun->noun);
	for (const struct cmd *cmd = noun; cmd->noun; cmd++)
		print_summary(cmd, out);
}

static void print_options(const struct cmd_option *options)
{
	for (; options && options->name; options++) {
		const char letter[] = { '-', options->letter, ',', ' ', '\0' };
		auto_free char *line = text_format("%s--%s%s%s",
			options->letter ? letter : "    ", options->name,
			options->metavar ? " " : "", options->metavar ? options->metavar : "");

		(void)printf("  %-28s %s\n", line, options->help);
	}
}

void help_print_command(const struct cmd *cmd)
{
	(void)printf("usage: issuerctl %s%s%s%s%s [OPTION ...]\n\n%s.\n\n", cmd->noun,
		cmd->verb ? " " : "", cmd->verb ? cmd->verb : "", *cmd->args ? " " : "",
		cmd->args, cmd->summary);
	print_options(cmd->options);
	print_options(cmd->kind == CMD_CHANGES ? cmd_change : NULL);
	print_options(cmd_common);
}

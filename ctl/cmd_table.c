/* cmd_table.c - all commands, and the options that are not of one alone.
 * SPDX-License-Identifier: Apache-2.0 */
#include "ctl/cmd.h"

const struct cmd *const cmd_nouns[] = { cmd_init, cmd_key, cmd_sa, cmd_node, cmd_pod,
	cmd_client, cmd_grant, cmd_token, cmd_audit, cmd_db, NULL };

const struct cmd_option cmd_common[] = {
	{ "config", "FILE", "configuration (else $ISSUERD_CONFIG, else the installed default)",
		'c' },
	{ "output", "FORMAT", "table, json or name", 'o' },
	{ "help", NULL, "print this and exit", 'h' },
	{ .name = NULL },
};

const struct cmd_option cmd_change[] = {
	{ "dry-run", NULL, "say what would be done, and do nothing", 0 },
	{ .name = NULL },
};

const struct cmd_option cmd_alone[] = {
	{ "version", NULL, "print the version and exit", 'V' },
	{ .name = NULL },
};

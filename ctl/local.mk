# ctl/local.mk - the admin's command.
# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libctl.a
sbin_PROGRAMS += issuerctl

libctl_a_SOURCES = \
	%D%/cmd.c %D%/cmd.h %D%/cmd_table.c \
	%D%/cmd_client.c %D%/cmd_grant.c %D%/cmd_init.c %D%/cmd_key.c %D%/cmd_sa.c \
	%D%/cmd_node.c %D%/cmd_token.c %D%/cmd_db.c \
	%D%/cmd_audit.c %D%/audit_export.c %D%/audit_record.c %D%/audit_record.h \
	%D%/ask.c %D%/ask.h \
	%D%/discover.c %D%/discover.h \
	%D%/fetch.c %D%/fetch.h \
	%D%/grant_explain.c %D%/grant_explain.h \
	%D%/help.c %D%/help.h \
	%D%/keys.c %D%/keys.h \
	%D%/key_change.h %D%/key_import.c %D%/key_revoke.c %D%/key_rotate.c \
	%D%/output.c %D%/output.h \
	%D%/progress.c %D%/progress.h \
	%D%/timeline.c %D%/timeline.h %D%/timeline_svg.c %D%/timeline_text.c \
	%D%/verifiers.c %D%/verifiers.h

issuerctl_SOURCES = %D%/main.c
issuerctl_LDADD = libctl.a $(room_libs) libclock.a $(outside_libs)

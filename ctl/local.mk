# ctl/local.mk - the admin's command.
# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libctl.a
sbin_PROGRAMS += issuerctl

libctl_a_SOURCES = \
	%D%/cmd.c %D%/cmd.h %D%/cmd_table.c \
	%D%/cmd_client.c %D%/cmd_grant.c %D%/cmd_init.c %D%/cmd_key.c %D%/cmd_sa.c \
	%D%/cmd_token.c \
	%D%/discover.c %D%/discover.h \
	%D%/fetch.c %D%/fetch.h \
	%D%/help.c %D%/help.h \
	%D%/keys.c %D%/keys.h \
	%D%/output.c %D%/output.h

issuerctl_SOURCES = %D%/main.c
issuerctl_LDADD = libctl.a $(room_libs) libclock.a $(outside_libs)

# access/local.mk - who may have what.
# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libaccess.a

libaccess_a_SOURCES = \
	%D%/access.c %D%/access.h \
	%D%/node_rule.c %D%/node_rule.h \
	%D%/policy.c %D%/policy.h

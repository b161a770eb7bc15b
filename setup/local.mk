# setup/local.mk - from the configuration to the rooms' own settings.
# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsetup.a

libsetup_a_SOURCES = \
	%D%/settings.c %D%/settings.h

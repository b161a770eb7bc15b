# base/local.mk - what every room may use. The clock is a library of its own, so that a test
# program can link another in its place.
# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libbase.a libclock.a

libbase_a_SOURCES = \
	%D%/auto.h \
	%D%/b64url.c %D%/b64url.h \
	%D%/clock.h \
	%D%/err.c %D%/err.h \
	%D%/file.c %D%/file.h \
	%D%/log.c %D%/log.h \
	%D%/metrics.c %D%/metrics.h \
	%D%/name.c %D%/name.h \
	%D%/num.h \
	%D%/secret.c %D%/secret.h \
	%D%/text.c %D%/text.h \
	%D%/thread.c %D%/thread.h

libclock_a_SOURCES = %D%/clock.c

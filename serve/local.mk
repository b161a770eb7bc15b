# serve/local.mk - how a daemon is reached: sockets, HTTP, and its service manager.
# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libserve.a

libserve_a_SOURCES = \
	%D%/deadline.c %D%/deadline.h \
	%D%/http.c %D%/http.h \
	%D%/http_call.c %D%/http_exchange.h \
	%D%/http_fault.c %D%/http_fault.h \
	%D%/http_library.c %D%/http_library.h \
	%D%/listen.c %D%/listen.h \
	%D%/notify.c %D%/notify.h \
	%D%/ready.c %D%/ready.h \
	%D%/signals.c %D%/signals.h

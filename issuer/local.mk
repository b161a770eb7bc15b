# issuer/local.mk - the daemon.
# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libissuer.a
sbin_PROGRAMS += issuerd

libissuer_a_SOURCES = \
	%D%/authn.c %D%/authn.h \
	%D%/daemon.c %D%/daemon.h \
	%D%/deadline.c %D%/deadline.h \
	%D%/gateway.h \
	%D%/health.c %D%/health.h \
	%D%/http.c %D%/http.h \
	%D%/json_members.c %D%/json_members.h \
	%D%/kube.c %D%/kube.h \
	%D%/listen.c %D%/listen.h \
	%D%/notify.c %D%/notify.h \
	%D%/policy.c %D%/policy.h \
	%D%/public.c %D%/public.h \
	%D%/route.c %D%/route.h \
	%D%/tokenrequest.c %D%/tokenrequest.h \
	%D%/tokenrequest_json.c %D%/tokenrequest_json.h

issuerd_SOURCES = %D%/main.c
issuerd_LDADD = $(room_libs) libclock.a $(outside_libs)

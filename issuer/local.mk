# issuer/local.mk - the daemon.
# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libissuer.a
sbin_PROGRAMS += issuerd

libissuer_a_SOURCES = \
	%D%/account_token.c %D%/account_token.h \
	%D%/api_index.c %D%/api_index.h \
	%D%/authn.c %D%/authn.h \
	%D%/bearer.c %D%/bearer.h \
	%D%/bound_object.c %D%/bound_object.h \
	%D%/certificate.c %D%/certificate.h \
	%D%/certificate_trust.c %D%/certificate_trust.h \
	%D%/daemon.c %D%/daemon.h \
	%D%/fields.c %D%/fields.h \
	%D%/gateway.h \
	%D%/go_quote.c %D%/go_quote.h \
	%D%/health.c %D%/health.h \
	%D%/json_members.c %D%/json_members.h \
	%D%/kube.c %D%/kube.h \
	%D%/kube_body.c %D%/kube_body.h \
	%D%/kube_metadata.c %D%/kube_metadata.h \
	%D%/kube_options.c %D%/kube_options.h \
	%D%/kube_protobuf.c %D%/kube_protobuf.h \
	%D%/kube_types.c %D%/kube_types.h \
	%D%/negotiate.c %D%/negotiate.h \
	%D%/public.c %D%/public.h \
	%D%/refusal.c %D%/refusal.h \
	%D%/reviews.c %D%/reviews.h \
	%D%/route.c %D%/route.h \
	%D%/stats.c %D%/stats.h \
	%D%/tokenrequest.c %D%/tokenrequest.h \
	%D%/user.c %D%/user.h

# What protoc-c writes is not held to our warnings.
noinst_LIBRARIES += libkube_pb.a
nodist_libkube_pb_a_SOURCES = issuer/kube.pb-c.c issuer/kube.pb-c.h
libkube_pb_a_CFLAGS = -std=gnu11 -pthread $(HARDEN_CFLAGS) $(SAN)
BUILT_SOURCES += issuer/kube.pb-c.h
CLEANFILES += issuer/kube.pb-c.c issuer/kube.pb-c.h
EXTRA_DIST += %D%/kube.proto

issuer/kube.pb-c.c: %D%/kube.proto
	$(AM_V_GEN)$(MKDIR_P) issuer && $(PROTOC_C) -I $(srcdir)/issuer --c_out=issuer \
		$(srcdir)/%D%/kube.proto
issuer/kube.pb-c.h: issuer/kube.pb-c.c
# Said outright: BUILT_SOURCES are made for "all" and "check" alone, not for "make issuerd".
%D%/kube_protobuf.$(OBJEXT): issuer/kube.pb-c.h

issuerd_SOURCES = %D%/main.c
issuerd_LDADD = $(room_libs) libclock.a $(outside_libs)

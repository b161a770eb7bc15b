# agent/local.mk - the agent that keeps token files. It links neither store nor keys.
# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libagent.a
bin_PROGRAMS += issuer-agent

libagent_a_SOURCES = \
	%D%/aws_env.c %D%/aws_env.h \
	%D%/credentials.c %D%/credentials.h \
	%D%/endpoint.c %D%/endpoint.h \
	%D%/exec.c %D%/exec.h \
	%D%/folder.c %D%/folder.h \
	%D%/held.c %D%/held.h \
	%D%/http_client.c %D%/http_client.h \
	%D%/issuer_client.c %D%/issuer_client.h \
	%D%/keeper.c %D%/keeper.h \
	%D%/once.c %D%/once.h \
	%D%/projector.c %D%/projector.h %D%/projector_state.h \
	%D%/projector_tell.c \
	%D%/refresh.c %D%/refresh.h \
	%D%/run.c %D%/run.h \
	%D%/state.c %D%/state.h \
	%D%/status.c %D%/status.h \
	%D%/sts.c %D%/sts.h \
	%D%/sts_answer.c %D%/sts_answer.h \
	%D%/token_file.c %D%/token_file.h \
	%D%/token_wire.c %D%/token_wire.h \
	%D%/volume.c %D%/volume.h

issuer_agent_SOURCES = %D%/main.c
issuer_agent_LDADD = $(agent_libs) libclock.a $(agent_outside_libs)

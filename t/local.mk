# t/local.mk - the tests. To add one:
#   unit test      write t/unit/test_NAME.c, then    unit_tests += t/unit/test_NAME
#   black box      write t/NNNN-NAME.t (mode 755)    shell_tests += t/NNNN-NAME.t
#   fuzz target    write t/fuzz/fuzz_NAME.c and t/fuzz/corpus/NAME/, then
#                                                    fuzz_targets += t/fuzz/fuzz_NAME
# here or in a room's local.mk; a program needs no _SOURCES unless it has a second file.
# SPDX-License-Identifier: Apache-2.0
unit_tests += \
	%D%/unit/test_access \
	%D%/unit/test_account_token \
	%D%/unit/test_agent_conf \
	%D%/unit/test_b64url \
	%D%/unit/test_bound_object \
	%D%/unit/test_certificate \
	%D%/unit/test_claims \
	%D%/unit/test_discover \
	%D%/unit/test_deadline \
	%D%/unit/test_err \
	%D%/unit/test_fields \
	%D%/unit/test_file \
	%D%/unit/test_folder \
	%D%/unit/test_http_values \
	%D%/unit/test_json_members \
	%D%/unit/test_jwk \
	%D%/unit/test_jws \
	%D%/unit/test_jws_claims \
	%D%/unit/test_keeper \
	%D%/unit/test_key \
	%D%/unit/test_key_pem \
	%D%/unit/test_keyring \
	%D%/unit/test_kube_body \
	%D%/unit/test_kube_protobuf \
	%D%/unit/test_log \
	%D%/unit/test_metrics \
	%D%/unit/test_mint \
	%D%/unit/test_name \
	%D%/unit/test_negotiate \
	%D%/unit/test_node_rule \
	%D%/unit/test_output \
	%D%/unit/test_plan \
	%D%/unit/test_plan_ask \
	%D%/unit/test_plan_property \
	%D%/unit/test_plan_verifiers \
	%D%/unit/test_policy \
	%D%/unit/test_refresh \
	%D%/unit/test_rotate \
	%D%/unit/test_sealing \
	%D%/unit/test_secret \
	%D%/unit/test_settings \
	%D%/unit/test_signer \
	%D%/unit/test_signer_batch \
	%D%/unit/test_signer_job \
	%D%/unit/test_signer_message \
	%D%/unit/test_sts_answer \
	%D%/unit/test_text \
	%D%/unit/test_token_wire

shell_tests += \
	%D%/0000-tap.t \
	%D%/0001-layers.t \
	%D%/0002-fuzz-replay.t \
	%D%/0004-port.t \
	%D%/0100-issuerctl.t \
	%D%/0101-conf.t \
	%D%/0102-discover.t \
	%D%/0103-output.t \
	%D%/0200-quickstart.t \
	%D%/0201-steps.t \
	%D%/0202-readme.t \
	%D%/0203-kubernetes-doc.t \
	%D%/1000-rotation.t \
	%D%/1001-sealing.t \
	%D%/1002-revocation.t \
	%D%/1003-import.t \
	%D%/1004-clock.t \
	%D%/1005-rewrap.t \
	%D%/1006-timeline.t \
	%D%/1007-runbooks.t \
	%D%/1008-live.t \
	%D%/1009-two-daemons.t \
	%D%/2000-discovery.t \
	%D%/3000-tokenrequest.t \
	%D%/3001-refusals.t \
	%D%/3002-clients.t \
	%D%/3003-verifiers.t \
	%D%/3004-sockets.t \
	%D%/3005-hostile.t \
	%D%/3006-hangups.t \
	%D%/3100-kubectl.t \
	%D%/3101-client-libraries.t \
	%D%/3102-protobuf.t \
	%D%/3103-callers.t \
	%D%/3104-node-rule.t \
	%D%/3105-reviews.t \
	%D%/3106-grant-explain.t \
	%D%/3200-golden.t \
	%D%/4000-audit.t \
	%D%/4100-alerts.t \
	%D%/4101-metrics.t \
	%D%/4290-agent-rights.t \
	%D%/5000-processes.t \
	%D%/5001-trouble.t \
	%D%/5002-stalled-tls.t \
	%D%/5003-crash-points.t \
	%D%/5004-crash-random.t \
	%D%/5005-batch-faults.t \
	%D%/5006-overload.t \
	%D%/6000-agent-once.t \
	%D%/6001-agent-run.t \
	%D%/6002-agent-exec.t \
	%D%/6003-agent-credentials.t \
	%D%/6004-agent-crash.t \
	%D%/6005-agent-sdks.t \
	%D%/6006-agent-scale.t \
	%D%/6200-agent-doc.t \
	%D%/6300-systemd.t

fuzz_targets += \
	%D%/fuzz/fuzz_agent_conf \
	%D%/fuzz/fuzz_b64url \
	%D%/fuzz/fuzz_bearer \
	%D%/fuzz/fuzz_jwk \
	%D%/fuzz/fuzz_kube_protobuf \
	%D%/fuzz/fuzz_pem \
	%D%/fuzz/fuzz_route \
	%D%/fuzz/fuzz_signer_message \
	%D%/fuzz/fuzz_sts_answer \
	%D%/fuzz/fuzz_text \
	%D%/fuzz/fuzz_token \
	%D%/fuzz/fuzz_token_wire \
	%D%/fuzz/fuzz_tokenrequest \
	%D%/fuzz/fuzz_tokenreview

# The random histories, and what is said of them.
%C%_unit_test_plan_property_SOURCES = %D%/unit/test_plan_property.c \
	%D%/unit/plan_history.c %D%/unit/plan_history.h %D%/unit/plan_rules.c

EXTRA_DIST += $(shell_tests) %D%/run %D%/unit/unit.h %D%/unit/jws_forge.h \
	%D%/unit/keys_fixture.h %D%/unit/objects_fixture.h %D%/unit/pki.h %D%/unit/chance.h %D%/unit/count_records.h %D%/unit/plan_world.h %D%/data/vectors.h \
	%D%/lib/tap.sh %D%/lib/certificates.sh %D%/lib/clock.sh %D%/lib/deps.sh \
	%D%/lib/step.sh %D%/lib/systemd_boot.sh %D%/lib/told.sh %D%/lib/answers.py %D%/lib/clients.py \
	%D%/lib/issuer.sh %D%/lib/agent.sh %D%/lib/sts.py %D%/lib/reader.py %D%/lib/runbook.sh %D%/lib/faults.sh %D%/lib/storm.py %D%/lib/callers.sh %D%/lib/forge.py %D%/lib/keep_alive.py \
	%D%/lib/monitoring.sh \
	%D%/lib/kube_pb.py %D%/lib/pki.py %D%/lib/post_hex.py %D%/lib/port.sh %D%/lib/search_numbers.py %D%/fuzz/corpus \
	%D%/fuzz/kube_object.h %D%/verifiers %D%/clients %D%/data/clients

# The recordings of a kube-apiserver, and what replays them.
EXTRA_DIST += %D%/golden-replay %D%/data/golden %D%/data/alerts-test.yml %D%/golden/recording.py %D%/golden/world.py \
	%D%/golden/server.py %D%/golden/compare.py %D%/golden/departures.py

# The command's own room, for tests of it.
%C%_unit_test_discover_LDADD = libctl.a $(LDADD)
%C%_unit_test_output_LDADD = libctl.a $(LDADD)

# How long a signer may be silent, without waiting for it.
%C%_unit_test_signer_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_gettime

# The agent's own room, which no other program has.
agent_test_libs = $(fuzz_main) $(agent_libs) libclock.a $(agent_outside_libs) $(CMOCKA_LIBS)
%C%_unit_test_folder_LDADD = $(agent_test_libs)
%C%_unit_test_keeper_LDADD = $(agent_test_libs)
%C%_unit_test_refresh_LDADD = $(agent_test_libs)
%C%_unit_test_sts_answer_LDADD = $(agent_test_libs)
%C%_unit_test_token_wire_LDADD = $(agent_test_libs)
%C%_fuzz_fuzz_sts_answer_LDADD = $(agent_test_libs)
%C%_fuzz_fuzz_token_wire_LDADD = $(agent_test_libs)

# A clock that tests set, in place of libclock.a.
check_LIBRARIES += %D%/libclock_file.a
%C%_libclock_file_a_SOURCES = %D%/lib/clock_file.c

# Both programs with that clock: the same objects, linked again.
check_PROGRAMS += %D%/issuerd-test %D%/issuerctl-test
%C%_issuerd_test_SOURCES = $(issuerd_SOURCES)
%C%_issuerd_test_LDADD = $(room_libs) %D%/libclock_file.a $(outside_libs)
%C%_issuerctl_test_SOURCES = $(issuerctl_SOURCES)
%C%_issuerctl_test_LDADD = libctl.a $(room_libs) %D%/libclock_file.a $(outside_libs)

check_PROGRAMS += %D%/issuer-agent-test
%C%_issuer_agent_test_SOURCES = $(issuer_agent_SOURCES)
%C%_issuer_agent_test_LDADD = $(agent_libs) %D%/libclock_file.a $(agent_outside_libs)

# And once more, to die, or to meet an error, at a call that the test chooses.
check_PROGRAMS += %D%/issuerd-crash %D%/issuerctl-crash
crash_sources = %D%/lib/crash.c %D%/lib/crash.h %D%/lib/crash_issuer.c
crash_ldflags = -Wl,--wrap=fsync,--wrap=link,--wrap=rename,--wrap=mkostemp,--wrap=send
%C%_issuerd_crash_SOURCES = $(issuerd_SOURCES) $(crash_sources)
%C%_issuerd_crash_LDADD = $(room_libs) %D%/libclock_file.a $(outside_libs)
%C%_issuerd_crash_LDFLAGS = $(AM_LDFLAGS) $(crash_ldflags)
%C%_issuerctl_crash_SOURCES = $(issuerctl_SOURCES) $(crash_sources)
%C%_issuerctl_crash_LDADD = libctl.a $(room_libs) %D%/libclock_file.a $(outside_libs)
%C%_issuerctl_crash_LDFLAGS = $(AM_LDFLAGS) $(crash_ldflags)

check_PROGRAMS += %D%/issuer-agent-crash
%C%_issuer_agent_crash_SOURCES = $(issuer_agent_SOURCES) %D%/lib/crash.c %D%/lib/crash.h %D%/lib/crash_agent.c
%C%_issuer_agent_crash_LDADD = $(agent_libs) %D%/libclock_file.a $(agent_outside_libs)
%C%_issuer_agent_crash_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=mkdirat,--wrap=symlinkat,--wrap=renameat \
	-Wl,--wrap=unlinkat,--wrap=fchmod,--wrap=fsync,--wrap=write

# Many versions of a directory, under the eyes of a reader.
check_PROGRAMS += %D%/folder-storm
%C%_folder_storm_SOURCES = %D%/lib/folder_storm.c
%C%_folder_storm_LDADD = $(agent_libs) libclock.a $(agent_outside_libs)

# Looks whether a store is whole.
check_PROGRAMS += %D%/store-check
%C%_store_check_SOURCES = %D%/lib/store_check.c
%C%_store_check_LDADD = $(room_libs) libclock.a $(outside_libs)

# Prints what must not be found where it does not belong.
check_PROGRAMS += %D%/key-secrets
%C%_key_secrets_SOURCES = %D%/lib/key_secrets.c
%C%_key_secrets_LDADD = $(room_libs) libclock.a $(outside_libs)

# The main of a fuzz target: libFuzzer's, or one that replays a corpus.
if FUZZ
fuzz_main = $(FUZZ_LDFLAGS)
check_PROGRAMS += $(fuzz_targets)
else !FUZZ
fuzz_main = %D%/libreplay.a
check_LIBRARIES += %D%/libreplay.a
%C%_libreplay_a_SOURCES = %D%/fuzz/replay.c
check_PROGRAMS += $(fuzz_targets)
if HAVE_CMOCKA
check_PROGRAMS += $(unit_tests)
endif HAVE_CMOCKA
endif !FUZZ

# What a program links that does not say otherwise: every test.
LDADD = $(fuzz_main) $(room_libs) libclock.a $(outside_libs) $(CMOCKA_LIBS)

if HAVE_CMOCKA
TESTS = $(unit_tests) $(shell_tests)
else !HAVE_CMOCKA
TESTS = $(shell_tests)
check-local: check-TESTS
	@echo "make check: the unit tests need cmocka: install it (Debian package libcmocka-dev)" >&2
	@echo "            and run configure again. Only the shell tests were run." >&2
	@exit 1
endif !HAVE_CMOCKA

TEST_EXTENSIONS = .t
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
T_LOG_DRIVER = $(LOG_DRIVER)

# A test that hangs fails, and all of its programs end with it.
TEST_SECONDS = 600
LOG_COMPILER = timeout --kill-after=60 $(TEST_SECONDS)
T_LOG_COMPILER = $(LOG_COMPILER)
AM_TESTS_ENVIRONMENT = \
	SRCDIR='$(abs_top_srcdir)'; export SRCDIR; \
	BUILDDIR='$(abs_top_builddir)'; export BUILDDIR; \
	CC='$(CC)'; export CC; \
	CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT;

clean-local:
	rm -rf %D%/work fuzz-build coverage-build

include %D%/tools.mk

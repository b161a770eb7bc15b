# conf/local.mk - the configuration, its sample, and what a service manager needs.
# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libconf.a

libconf_a_SOURCES = \
	%D%/agent_check.c %D%/agent_check.h \
	%D%/agent_conf.c %D%/agent_conf.h \
	%D%/check.c %D%/check.h \
	%D%/conf.c %D%/conf.h \
	%D%/dirs.h \
	%D%/rule.c %D%/rule.h \
	%D%/schema.c %D%/schema.h \
	%D%/url.c %D%/url.h \
	%D%/words.c %D%/words.h \
	%D%/yaml.c %D%/yaml.h \
	%D%/yamltree.c %D%/yamltree.h

# Examples: what is in force belongs to the operator, so nothing goes into $(sysconfdir).
examplesdir = $(docdir)/examples
dist_examples_DATA = %D%/issuerd.yaml %D%/issuer-agent.yaml %D%/sysusers.conf \
	%D%/prometheus-alerts.yml %D%/grafana-dashboard.json
nodist_examples_DATA = %D%/issuerd.service %D%/issuer-agent.service
EXTRA_DIST += %D%/issuerd.service.in %D%/issuer-agent.service.in
CLEANFILES += %D%/issuerd.service %D%/issuer-agent.service

# [@] keeps config.status from replacing the names in here.
fill_service = $(AM_V_GEN)$(MKDIR_P) %D% && sed -e 's|[@]sbindir[@]|$(sbindir)|g' \
	-e 's|[@]bindir[@]|$(bindir)|g' -e 's|[@]sysconfdir[@]|$(sysconfdir)|g'

%D%/issuerd.service: %D%/issuerd.service.in
	$(fill_service) $(srcdir)/%D%/issuerd.service.in >$@.tmp && mv $@.tmp $@

%D%/issuer-agent.service: %D%/issuer-agent.service.in
	$(fill_service) $(srcdir)/%D%/issuer-agent.service.in >$@.tmp && mv $@.tmp $@

unit_tests += t/unit/test_conf t/unit/test_yaml
fuzz_targets += t/fuzz/fuzz_conf

# doc/local.mk - manual pages and what to read before trusting the code.
# SPDX-License-Identifier: Apache-2.0
dist_man_MANS += %D%/issuerd.8 %D%/issuerctl.8 %D%/issuerd.yaml.5 \
	%D%/issuer-agent.1 %D%/issuer-agent.yaml.5

dist_doc_DATA = README CHANGELOG SECURITY \
	%D%/agent.md %D%/architecture.md %D%/audit.md %D%/key-rotation.md %D%/kubernetes.md %D%/monitoring.md \
	%D%/performance.md %D%/words.md

EXTRA_DIST += \
	%D%/decisions/0001-two-processes-by-exec.md \
	%D%/decisions/0002-libjwt-parses-openssl-signs.md \
	%D%/decisions/0003-poll-for-tls-epoll-for-plain.md \
	%D%/decisions/0004-sql-behind-a-door.md \
	%D%/decisions/0005-json-packets-to-the-signer.md \
	%D%/decisions/0006-key-states-from-times.md \
	%D%/decisions/0007-setup-room.md \
	%D%/decisions/0008-plain-hash-of-client-secrets.md \
	%D%/decisions/0009-strict-configuration.md \
	%D%/decisions/0010-one-grant-decides.md \
	%D%/decisions/0011-a-spare-for-revocation.md \
	%D%/decisions/0012-the-last-committed-time.md \
	%D%/decisions/0013-leads-of-the-past.md \
	%D%/decisions/0014-the-sealing-key-is-looked-for.md \
	%D%/decisions/0015-access-is-a-room.md \
	%D%/decisions/0016-certificates-are-judged-at-each-request.md \
	%D%/decisions/0017-protobuf-becomes-json.md \
	%D%/decisions/0018-only-what-we-would-sign.md \
	%D%/decisions/0019-the-node-rule-is-not-a-grant.md \
	%D%/decisions/0020-numbers-in-a-shared-page.md %D%/decisions/0021-serve-is-a-room.md \
	%D%/decisions/0022-a-held-token-is-the-proof.md %D%/decisions/0023-the-agent-has-a-user.md \
	%D%/decisions/0024-the-librarys-answers-pass-by-us.md

shell_tests += t/0003-docs.t

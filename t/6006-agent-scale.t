#!/bin/sh
# One agent for a whole host: as the node's own identity, for many workloads, each file its workload's; in
# little memory, and without work when nothing is due.
# SPDX-License-Identifier: Apache-2.0
. "${SRCDIR:-.}/t/lib/issuer.sh"
. "$SRCDIR/t/lib/agent.sh"
# Sanitizers take memory and time of their own.
WORKLOADS=${WORKLOADS:-$(is_sanitized && echo 200 || echo 1000)}
FEW=50
TLS_EXTRA='client_ca: tls/ca.pem'
issuer_make
(cd tls && certificates_request -subj /O=system:nodes/CN=system:node:host1 -keyout node.key -out node.csr &&
	printf 'extendedKeyUsage=clientAuth\n' >node.ext && openssl x509 -req -in node.csr -CA ca.pem -CAkey ca.key \
	-CAcreateserial -days 9 -extfile node.ext -out node.pem) >tls.log 2>&1 || bail "$(cat tls.log)"
clock_set "$(date +%s)" # not before the certificates
issuer_start
{
	issuerctl node create host1 && issuerctl node create host2 &&
		issuerctl sa create demo/app && issuerctl sa create demo/elsewhere &&
		issuerctl pod create demo/elsewhere --service-account elsewhere --node host2 --audience sts.amazonaws.com
} >setup.log 2>&1 || bail "$(cat setup.log)"
# Rows alone: a thousand calls of issuerctl would take longer than all else here.
sqlite3 -cmd '.timeout 5000' state/issuer.db "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $WORKLOADS)
	INSERT INTO service_account (issuer, namespace, name, uid, annotations, created_at)
	SELECT 'main', 'demo', 'w' || i, 'sa-' || i, '{}', 1 FROM n;
	INSERT INTO pod (issuer, namespace, name, uid, account, node, created_at)
	SELECT 'main', 'demo', 'p' || substr(name, 2), 'pod-' || name, name, 'host1', 1 FROM service_account WHERE name LIKE 'w%';
	INSERT INTO pod_audience (issuer, namespace, pod, audience)
	SELECT 'main', 'demo', name, 'sts.amazonaws.com' FROM pod WHERE name LIKE 'p%'" || bail "no pods"

SERVER="{url: $URL, ca: tls/ca.pem, certificate: tls/node.pem, key: tls/node.key}"
give=$([ "$(id -u)" -eq 0 ] && echo yes)
# workloads COUNT - as many projections.
workloads() {
	seq "$1" | while read -r i; do
		echo "{service_account: demo/w$i, directory: tokens/w$i, lifetime: 10m, bound: {kind: Pod, name: p$i, uid: pod-w$i}${give:+, owner: \"$((10000 + i))\", group: \"$((10000 + i))\"}}"
	done
}
agent_conf "$(workloads "$WORKLOADS")"
mkdir tokens
agent_start
is "one agent keeps $WORKLOADS tokens" "$(agent status -o json | jq '[.projections[] | select(.state == "fresh")] | length')" "$WORKLOADS"
is "each in its own file" "$(find tokens -name token -type l | wc -l | tr -d ' ')" "$WORKLOADS"
is "of its own account, bound to its pod" \
	"$(claims "$(cat "tokens/w$WORKLOADS/token")" | jq -r '.sub + " " + ."kubernetes.io".pod.name')" \
	"system:serviceaccount:demo:w$WORKLOADS p$WORKLOADS"
if [ -n "$give" ]; then
	is "and its own uid's alone" "$(stat -L -c '%u %g %a' tokens/w7/token)" "10007 10007 640"
else
	skip 1 "only root gives files away"
fi

# ---- memory and work ----

resident_kib() { awk '/^VmRSS/ { print $2 }' "/proc/$AGENT/status"; }
kib=$(resident_kib)
diag "$WORKLOADS projections: $kib KiB resident"
if is_sanitized; then
	skip 1 "a sanitizer takes memory of its own"
else
	ok "it takes 24 MiB at most" [ "$kib" -le 24576 ]
fi

# ---- most of them leave ----

before=$(readlink tokens/w1/..data)
agent_conf "$(workloads $FEW)"
kill -HUP "$AGENT"
few_are_left() { [ "$(find tokens -name token -type l | wc -l)" -eq "$FEW" ]; }
ok "those that are configured no more lose their files" until_true few_are_left
is "the others keep theirs" "$(readlink tokens/w1/..data)" "$before"
clock_forward 480
few_are_refreshed() { [ "$(audit "event = 'token.issued' AND actor = 'system:node:host1'")" -ge $((WORKLOADS + FEW)) ]; }
ok "all of them are refreshed when they are due" until_true few_are_refreshed
few_are_fresh() { agent status -o json | jq -e "[.projections[] | select(.state == \"fresh\" and .refresh_at > $(cut -d ' ' -f 1 "$TEST_CLOCK"))] | length == $FEW" >/dev/null; }
ok "and fresh" until_true few_are_fresh
is "each was asked for once" "$(audit "event = 'token.issued' AND actor = 'system:node:host1'")" $((WORKLOADS + FEW))
diag "after that: $(resident_kib) KiB resident"
agent_stop
is "it ends in good order" $? 0

# ---- the node's limits ----

agent_conf '{service_account: demo/elsewhere, directory: tokens/e, bound: {kind: Pod, name: elsewhere}}'
not_ok "a node gets nothing of another node's pods" agent once --wait 0s
agent_conf '{service_account: demo/app, directory: tokens/e}'
not_ok "nor what is bound to no pod" agent once --wait 0s
agent_conf "{service_account: demo/app, directory: tokens/e, bound: {kind: Pod, name: p1, uid: pod-w1}}"
not_ok "nor of an account that the pod does not run as" agent once --wait 0s
agent_conf "{service_account: demo/w1, directory: tokens/e, audience: elsewhere, bound: {kind: Pod, name: p1, uid: pod-w1}}"
not_ok "nor for an audience that the pod does not declare" agent once --wait 0s
is "no file is there" "$(ls tokens/e 2>/dev/null)" ""

# ---- idle ----

agent_conf '{service_account: demo/w1, directory: tokens/w1, bound: {kind: Pod, name: p1, uid: pod-w1}}'
AGENT_PROGRAM=../issuer-agent
agent_start
# is_idle - every thread waits without a timeout, and the first timer is due in a minute or later.
is_idle() {
	for idle_task in /proc/"$AGENT"/task/*; do
		# poll's number on x86-64, three arguments.
		grep -qE '^7 0x[0-9a-f]+ 0x[0-9a-f]+ 0xf{8,16} ' "$idle_task/syscall" || return 1
	done
	sed -n 's/^it_value: (\([0-9]*\),.*/\1/p' /proc/"$AGENT"/fdinfo/* | sort -n | head -n 1 |
		awk '{ found = $1 >= 60 } END { exit !found }'
}
if ! is_sanitized && [ "$(uname -m)" = x86_64 ] && [ -r "/proc/$AGENT/syscall" ] && cat "/proc/$AGENT/syscall" >/dev/null 2>&1; then
	ok "an agent with nothing to do sleeps, and has set no alarm for the next minute" until_true is_idle
else
	skip 1 "what it waits for cannot be seen here"
fi
agent_stop
done_testing

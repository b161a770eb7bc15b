#!/bin/sh
# The units that are installed, in the hands of a real systemd: it starts both daemons with all that
# the units forbid them, loads their credentials, hears that they are ready and alive, reloads them,
# and starts the agent again when it has stopped to answer.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/tap.sh
. "${SRCDIR:-.}/t/lib/tap.sh"
# shellcheck source=t/lib/certificates.sh
. "$SRCDIR/t/lib/certificates.sh"
# shellcheck source=t/lib/port.sh
. "$SRCDIR/t/lib/port.sh"
# shellcheck source=t/lib/runbook.sh
. "$SRCDIR/t/lib/runbook.sh"

# ---- outside: a systemd that has nothing to do but to run this script again ----

if [ -z "${BOOTED:-}" ]; then
	! is_sanitized || skip_all "the units' limits are for the programs that people run"
	[ "$(id -u)" -eq 0 ] || skip_all "not root: no namespaces to start systemd in"
	[ -x /lib/systemd/systemd ] || skip_all "no systemd"
	timeout --kill-after=5 180 unshare --mount --pid --ipc --uts --cgroup --fork --kill-child \
		sh "$SRCDIR/t/lib/systemd_boot.sh" "$WORK" "$SRCDIR/t/$(basename "$0")" >boot.log 2>&1
	[ -e out ] || skip_all "systemd does not start in namespaces here: $(tail -n 1 boot.log)"
	cat out
	diag "$(cat err)"
	tap_is_done=yes
	grep -q '^1\.\.' out && ! grep -q '^not ok' out
	exit
fi

# ---- inside ----

make -s -C "$BUILDDIR" install >/dev/null 2>&1 || bail "make install"
UNITS=$(find / -xdev -path '*/examples/issuerd.service' -not -path "$BUILDDIR/*" -exec dirname {} \; -quit)
cp "$UNITS/issuerd.service" "$UNITS/issuer-agent.service" /etc/systemd/system/
ETC=$(dirname "$(sed -n 's/^ExecStart=.* -c //p' "$UNITS/issuerd.service")")
PATH=$(dirname "$(sed -n 's/^ExecStart=\([^ ]*\) .*/\1/p' "$UNITS/issuerd.service")"):$PATH
PATH=$(dirname "$(sed -n 's/^ExecStart=\([^ ]*\) .*/\1/p' "$UNITS/issuer-agent.service")"):$PATH
ok "the users of sysusers.conf" systemd-sysusers "$UNITS/sysusers.conf"
ok "a group that may read a token, and a user in it" sh -c 'groupadd deploy && useradd -g deploy deploy'
ok "a user with a token of its own" useradd shop

# add UNIT LINE... - to the unit, in place of what was added before.
add() {
	add_unit=$1
	shift
	mkdir -p "/etc/systemd/system/$add_unit.service.d"
	printf '%s\n' '[Service]' "StandardError=append:$WORK/$add_unit.log" "$@" \
		>"/etc/systemd/system/$add_unit.service.d/added.conf"
	systemctl daemon-reload
}
# ctl VERB UNIT... - an error if nothing comes of it.
ctl() { timeout 20 systemctl "$@"; }
# of UNIT PROPERTY, of_process UNIT FIELD - as systemd and the kernel tell it.
of() { systemctl show -p "$2" --value "$1"; }
of_process() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$(of "$1" MainPID)/status"; }
is_confined() {
	is "$1: it has no capability" "$(of_process "$1" CapEff)" "${2:-0000000000000000}"
	is "$1: and can get no more" "$(of_process "$1" CapBnd) $(of_process "$1" NoNewPrivs)" "${2:-0000000000000000} 1"
	is "$1: its system calls are filtered" "$(of_process "$1" Seccomp)" 2
}
# read_by USER FILE - how many parts the token has that it reads there.
read_by() { runuser -u "$1" -- cat "$2" | tr . '\n' | grep -c .; }

# ---- the issuer ----

PORT=$(port_random)
OPS=$(port_random)
URL=https://localhost:$PORT
mkdir -p "$ETC"
{ certificates_ca test && certificates_localhost; } >tls.log 2>&1 || bail "certificates"
install -m 644 ca.pem "$ETC/ca.pem"
install -m 644 server.pem "$ETC/tls.crt"
install -m 600 server.key "$ETC/tls.key"
cat >"$ETC/issuerd.yaml" <<EOF
issuers:
  - {name: main, url: "$URL"}
store: /var/lib/issuer/issuer.db
listeners:
  - {address: "127.0.0.1:$PORT", serves: [public, api],
     tls: {certificate: $ETC/tls.crt, key: /run/credentials/issuerd.service/tls.key}}
  - {address: "127.0.0.1:$OPS", serves: [ops]}
EOF
add issuerd "LoadCredential=tls.key:$ETC/tls.key"
not_ok "without a store issuerd does not start" ctl start issuerd
ok "which leaves it a directory" [ "$(stat -L -c %U /var/lib/issuer)" = issuer ]
ctl stop issuerd
ok "a store and its sealing key" issuerctl init
ok "issuerd starts, and is ready" ctl start issuerd
is_confined issuerd
is "its store is its own" "$(stat -c '%U %a' /var/lib/private/issuer/issuer.db)" "issuer 600"
is "the key of its certificate is nobody's else" "$(stat -c '%U %a' "$ETC/tls.key" "$ETC/sealing.key" | tr '\n' ' ')" "root 600 root 600 "
is "it has the sealing key from systemd" "$(curl -sS "http://127.0.0.1:$OPS/readyz")" ok

# shellcheck disable=SC2034 # the runbooks' own names
STORE=/var/lib/issuer/issuer.db BACKUPS=/var/backups/issuer
run "Back up"
ctl stop issuerd
rm -f /var/lib/issuer/*
run "Restore"
is "a store that was lost is there again" "$(curl -sS "http://127.0.0.1:$OPS/readyz")" ok
ctl stop issuerd
chown root "$STORE"
not_ok "a store that is root's is refused" ctl start issuerd
like "with what to do" "$(cat issuerd.log)" "belongs to uid 0; run as root: chown $(id -u issuer) '/var/lib/issuer/issuer.db'"
ctl stop issuerd
chown issuer "$STORE"
ok "that helps" ctl start issuerd
: >issuerd.log # what went wrong was meant to

# ---- the agent, with a group ----

ok "a service account" issuerctl sa create ci/deploy
ok "a client" issuerctl client create vm-1 --secret-file agent.secret
ok "a grant" issuerctl grant add vm-1 ci/deploy --audience sts.amazonaws.com --max-ttl 1h
install -m 600 agent.secret "$ETC/agent.secret"
# agent_conf PROJECTION [MORE]
agent_conf() {
	cat >"$ETC/issuer-agent.yaml" <<EOF
state: /run/issuer-agent
server: {url: "$URL", ca: $ETC/ca.pem, secret_file: /run/credentials/issuer-agent.service/agent.secret}
projections:
  - {service_account: ci/deploy, $1}
${2:-}
EOF
}
agent_conf "directory: /run/issuer-agent/deploy, group: deploy"
TOKEN=/run/issuer-agent/deploy/token
add issuer-agent SupplementaryGroups=deploy WatchdogSec=6s TimeoutStopSec=2s
ok "issuer-agent starts, and is ready" ctl start issuer-agent
is "it says how it stands" "$(of issuer-agent StatusText)" "1 of 1 tokens are good"
is_confined issuer-agent
is "who is in the group reads the token" "$(read_by deploy $TOKEN)" 3
is "nobody else does" "$(read_by shop $TOKEN 2>/dev/null)" 0
cp $TOKEN before
ok "it reloads" ctl reload issuer-agent
is "and is the same process" "$(of issuer-agent NRestarts) $(of issuer-agent ActiveState)" "0 active"
ok "with the same token" cmp -s $TOKEN before
ok "it starts again" ctl restart issuer-agent
not_ok "with another token" cmp -s $TOKEN before
kill -STOP "$(of issuer-agent MainPID)"
replaced() { [ "$(of issuer-agent NRestarts)" = 1 ] && [ "$(of issuer-agent ActiveState)" = active ]; }
ok "it does not answer: the watchdog has it replaced" until_true replaced
is "all is well" "$(issuer-agent status -o json | jq -r '.projections[0].state')" fresh

# ---- with a user that systemd makes up ----

ctl stop issuer-agent
add issuer-agent DynamicUser=yes Group=deploy RuntimeDirectoryPreserve=no
ok "a dynamic user: it starts" ctl start issuer-agent
is_confined issuer-agent
is "a dynamic user: who is in the group reads the token" "$(read_by deploy $TOKEN)" 3
ok "a dynamic user: it ends" ctl stop issuer-agent
is "a dynamic user: in good order" "$(of issuer-agent Result)" success
not_ok "a dynamic user: the token is gone with it" test -e $TOKEN

# ---- with files that are others' ----

agent_conf 'directory: /run/issuer-agent/shop, owner: shop, mode: "0400"' \
	'listeners: [{socket: /run/issuer-agent/tokens.sock, serves: [tokens]}]'
add issuer-agent AmbientCapabilities=CAP_CHOWN CapabilityBoundingSet=CAP_CHOWN
ok "node mode: it starts" ctl start issuer-agent
is_confined issuer-agent 0000000000000001
is "node mode: the token is its workload's" "$(stat -L -c '%U %a' /run/issuer-agent/shop/token)" "shop 400"
is "node mode: who reads it" "$(read_by shop /run/issuer-agent/shop/token)" 3
is "node mode: or asks for it" "$(runuser -u shop -- curl -sS --unix-socket /run/issuer-agent/tokens.sock http://localhost/v1/token | jq -r .serviceAccount)" ci/deploy
is "node mode: nobody else's" "$(runuser -u deploy -- curl -sS -o /dev/null -w '%{http_code}' --unix-socket /run/issuer-agent/tokens.sock http://localhost/v1/token)" 404
ok "node mode: it reloads" ctl reload issuer-agent
ok "both end" ctl stop issuer-agent issuerd
is "in good order" "$(of issuer-agent Result) $(of issuerd Result)" "success success"
unlike "nothing went wrong" "$(grep -v event=signer.memory_not_locked issuerd.log)" 'level=(warn|error)'
done_testing

#!/bin/sh
# issuer-agent once: what it makes, by which identity, with which owner and mode; and every refusal.
# SPDX-License-Identifier: Apache-2.0
. "${SRCDIR:-.}/t/lib/issuer.sh"
. "$SRCDIR/t/lib/agent.sh"
TLS_EXTRA='client_ca: tls/ca.pem'
LISTENERS_EXTRA='  - {socket: api.sock, serves: [public, api]}'
issuer_make
issuer_start
demo
issuerctl sa create demo/other >/dev/null

# ---- what it makes ----

agent_conf '{service_account: demo/app, directory: tokens}'
ok "the configuration is good" agent -t
ok "it projects and exits" agent once --wait 0s
is "the file holds a token and nothing else" "$(tr -d 'A-Za-z0-9_.-' <tokens/token | wc -c | tr -d ' ')" 0
ok "which verifies" verifies "$(cat tokens/token)" --audience sts.amazonaws.com
is "it speaks of the service account" "$(claims "$(cat tokens/token)" | jq -r .sub)" system:serviceaccount:demo:app
is "its mode" "$(stat -L -c %a tokens/token)" 640
is "it is a link into ..data" "$(readlink tokens/token)" ..data/token
like "which is a link to a version" "$(readlink tokens/..data)" '^\.\.[0-9]{4}(_[0-9]{2}){5}\.[0-9]{10}$'
is "there is nothing else" "$(find tokens -mindepth 1 -maxdepth 1 | wc -l | tr -d ' ')" 3
is "no temporary directory is readable by group or others for longer than it takes" \
	"$(stat -c %a tokens)" 755
unlike "no token is in the log" "$(agent once 2>&1)" "$(cut -d . -f 3 tokens/token)"

agent_conf '{service_account: demo/app, path: plain/token, mode: "0400"}'
mkdir plain
ok "a plain file" agent once --wait 0s
is "is a file" "$(stat -c '%F %a' plain/token)" "regular file 400"
first=$(jti_in plain/token)
ok "again" agent once --wait 0s
ok "it is replaced" jti_is_not plain/token "$first"
is "and nothing is left beside it" "$(ls -A plain)" token

agent_conf '{service_account: demo/app, directory: two}
{service_account: demo/app, directory: two, file: second, lifetime: 15m}'
ok "two files in one directory" agent once --wait 0s
ok "first" verifies "$(cat two/token)"
ok "second" verifies "$(cat two/second)"
is "of their own life" "$(claims "$(cat two/second)" | jq '.exp - .iat')" 930

if [ "$(id -u)" -eq 0 ]; then
	agent_conf '{service_account: demo/app, directory: given, owner: daemon, group: "7", mode: "0440"}'
	ok "a file for somebody else" agent once --wait 0s
	is "is his" "$(stat -L -c '%u %g %a' given/token)" "$(id -u daemon) 7 440"
	agent_conf '{service_account: demo/app, directory: "gi ven", owner: daemon}'
	ok "an owner brings his group" agent once --wait 0s
	is "is his" "$(stat -L -c '%u %g %a' 'gi ven/token')" "$(id -u daemon) $(id -g daemon) 640"
else
	skip 4 "only root gives files away"
fi

# ---- who it is ----

# last_line CMD... - without what is logged: the last word alone.
last_line() {
	"$@" >out 2>err.all </dev/null
	last_status=$?
	grep -v ' level=' err.all >&2
	return "$last_status"
}

printf '%s\n' "$(cat ci.secret)" >line.secret && chmod 600 line.secret
SERVER="{url: $URL, ca: tls/ca.pem, secret_file: line.secret}"
agent_conf '{service_account: demo/app, directory: tokens}'
ok "a secret with a line's end" agent once --wait 0s
(cd tls && certificates_request -subj /CN=ci -keyout ci.key -out ci.csr && printf 'extendedKeyUsage=clientAuth\n' >ci.ext &&
	openssl x509 -req -in ci.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 9 -extfile ci.ext -out ci.pem) >tls.log 2>&1 ||
	bail "could not make a certificate: $(cat tls.log)"
issuerctl grant add user:ci demo/app --audience sts.amazonaws.com --max-ttl 1h >/dev/null
SERVER="{url: $URL, ca: tls/ca.pem, certificate: tls/ci.pem, key: tls/ci.key}"
agent_conf '{service_account: demo/app, directory: tokens}'
ok "a certificate" agent once --wait 0s
is "which the audit has" "$(audit_last "actor = 'ci' AND event = 'token.issued'")" 1
issuerctl client create local --unix-uid "$(id -u)" >/dev/null &&
	issuerctl grant add local demo/app --audience sts.amazonaws.com --max-ttl 1h >/dev/null
SERVER="{url: $URL, socket: api.sock}"
agent_conf '{service_account: demo/app, directory: tokens}'
ok "the uid behind a Unix socket" agent once --wait 0s
is "which the audit has" "$(audit_last "actor = 'local' AND event = 'token.issued'")" 1
chmod 644 tls/ci.key line.secret
SERVER="{url: $URL, ca: tls/ca.pem, certificate: tls/ci.pem, key: tls/ci.key}"
agent_conf '{service_account: demo/app, directory: tokens}'
one_line "a key that others can read" 1 "ci.key.*chmod 600" last_line agent once
SERVER="{url: $URL, ca: tls/ca.pem, secret_file: line.secret}"
agent_conf '{service_account: demo/app, directory: tokens}'
one_line "a secret that others can read" 1 'line.secret.*chmod 600' last_line agent once
SERVER="{url: $URL, ca: tls/ca.pem, secret_file: none}"
agent_conf '{service_account: demo/app, directory: tokens}'
one_line "a secret that is not there" 1 "could not open .*none'" last_line agent once
SERVER="{url: $URL, ca: issuerd.yaml, secret_file: ci.secret}"
agent_conf '{service_account: demo/app, directory: tokens}'
one_line "a CA that is none" 1 'certificates in .*issuerd.yaml' last_line agent once --wait 0s
SERVER="{url: $URL, secret_file: ci.secret}"
agent_conf '{service_account: demo/app, directory: tokens}'
one_line "a CA that nobody named" 1 'could not ask' last_line agent once --wait 0s
# trusting CMD... - on a host that trusts our issuer's CA as it trusts all others.
# shellcheck disable=SC2016 # for the shell in there
trusting() { unshare --mount sh -ec 'mount --bind trusted /etc/ssl/certs && exec "$@"' sh "$@"; }
mkdir trusted && cp tls/ca.pem trusted && cp tls/ca.pem trusted/ca-certificates.crt && openssl rehash trusted
if trusting true 2>/dev/null; then
	ok "with a host that trusts it, all is well" trusting "$BUILDDIR/t/issuer-agent-test" -c "$AGENT_CONF" once --wait 0s
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=other -keyout other.key -out other.pem 2>tls.log ||
		bail "$(cat tls.log)"
	SERVER="{url: $URL, ca: other.pem, secret_file: ci.secret}"
	agent_conf '{service_account: demo/app, directory: tokens}'
	one_line "but a CA that is named is the only one" 1 'could not ask' \
		last_line trusting "$BUILDDIR/t/issuer-agent-test" -c "$AGENT_CONF" once --wait 0s
else
	skip 2 "nothing can be mounted here"
fi
SERVER=

# ---- what the issuer refuses ----

before=$(readlink tokens/..data)
agent_conf '{service_account: demo/other, directory: tokens}'
one_line "an account without a grant" 1 'demo/other for sts.amazonaws.com: .*403: .*forbidden' last_line agent once
agent_conf '{service_account: demo/none, directory: tokens}'
one_line "an account that is not there" 1 'demo/none .*40[34]' last_line agent once
agent_conf '{service_account: demo/app, audience: elsewhere, directory: tokens}'
one_line "an audience without a grant" 1 'for elsewhere: .*403' last_line agent once
agent_conf '{service_account: demo/app, directory: tokens, bound: {kind: Pod, name: none}}'
one_line "a pod that is not there" 1 '404: .*pods' last_line agent once
is "what was there is there" "$(readlink tokens/..data)" "$before"
agent_conf '{service_account: demo/other, directory: lost}
{service_account: demo/app, directory: kept}'
not_ok "one is refused" agent once
ok "and the other is there" verifies "$(cat kept/token)"
is "and nothing of the first" "$(ls -A lost 2>/dev/null)" ""
agent_conf '{service_account: demo/app, directory: all}
{service_account: demo/other, directory: all, file: second}'
not_ok "of a directory, all or nothing" agent once
is "is there" "$(ls -A all 2>/dev/null)" ""

# ---- places that are not fit ----

agent_conf '{service_account: demo/app, directory: open}
{service_account: demo/app, directory: good}'
mkdir -m 777 open
one_line "a directory that all may write" 1 "mode 0777.*chmod go-w" last_line agent once
ok "keeps nobody else from his token" verifies "$(cat good/token)"
agent_conf '{service_account: demo/app, directory: link}'
ln -s good link
one_line "a link in its place" 1 "link' is a link" last_line agent once
agent_conf '{service_account: demo/app, directory: not/there}'
one_line "a directory nowhere" 1 "could not make the directory" last_line agent once
agent_conf '{service_account: demo/app, directory: good/token}'
one_line "a file in its place" 1 "good/token" last_line agent once
agent_conf '{service_account: demo/app, path: good}'
one_line "a directory in a file's place" 1 "is there and is no regular file" last_line agent once

# ---- time ----

agent_conf '{service_account: demo/app, directory: tokens}'
issuer_stop
clock_set "$(date +%s)" # for all from now on; one that stands still would tell the daemon lies before
one_line "an issuer that is away" 1 'could not ask' last_line agent once --wait 0s
agent once --wait 1h >once.log 2>&1 &
WAITER=$!
stop_on_exit "$WAITER"
ok "it waits" until_true grep -q event=server.failed once.log
issuer_start
tick_until() {
	for _ in $(seq 60); do
		clock_forward 10
		! kill -0 "$1" 2>/dev/null && return 0
		sleep 0.2
	done
	return 1
}
ok "and goes on when the issuer is back" tick_until "$WAITER"
wait "$WAITER"
is "well" $? 0

# ---- words ----

exits "no second agent with the same state" 1 flock -x agent-state/lock "$BUILDDIR/t/issuer-agent-test" -c "$AGENT_CONF" once
exits "an unknown command" 2 agent twice
exits "an unknown option" 2 agent --nonsense
exits "an option of another command" 2 agent once --role-arn x
exits "words too many" 2 agent once more
exits "a wait that is none" 2 agent once --wait soon
exits "no configuration" 1 env ISSUER_AGENT_CONFIG=none "$BUILDDIR/issuer-agent" -t
like "the variable names it" "$(ISSUER_AGENT_CONFIG=$AGENT_CONF "$BUILDDIR/issuer-agent" -t)" "agent.yaml: the configuration is good"
like "it is known which version" "$("$BUILDDIR/issuer-agent" -V)" '^issuer-agent \(issuerd\) [0-9]'
agent -T >printed.yaml
ok "what is in force reads back" "$BUILDDIR/issuer-agent" -c printed.yaml -t
is "what it prints for a shell" "$(agent env demo/app)" "export ISSUER_AGENT_TOKEN_FILE='$WORK/tokens/token'"
agent_conf "{service_account: demo/app, directory: \"it's\", role_arn: \"$ROLE\", region: eu-central-1, session_name: me}"
mkdir "it's"
is "with a role, and odd names" "$(eval "$(agent env demo/app)" && echo "$AWS_WEB_IDENTITY_TOKEN_FILE $AWS_ROLE_ARN $AWS_ROLE_SESSION_NAME $AWS_REGION $AWS_DEFAULT_REGION")" \
	"$WORK/it's/token $ROLE me eu-central-1 eu-central-1"
exits "of somebody else" 1 agent env demo/other
exits "of nobody" 2 agent env
done_testing

#!/bin/sh
# The agent that stays: refreshes in time, bears an issuer that is away, clocks that are set, a reload,
# a revoked key, places that go bad; and tells a service manager and its operator how it is.
# SPDX-License-Identifier: Apache-2.0
. "${SRCDIR:-.}/t/lib/issuer.sh"
. "$SRCDIR/t/lib/agent.sh"
clock_set "$(date +%s)"
issuer_make
issuer_start
demo
issuerctl sa create demo/later >/dev/null

# pass SECONDS - time passes, in steps that a token lives through, so that the agent keeps up.
agent_conf '{service_account: demo/app, directory: tokens, lifetime: 10m}' 'listeners: [{address: "127.0.0.1:0", serves: [metrics]}]'
agent_start
first=$(jti_in tokens/token)
ok "a file is there when it is ready" verifies "$(cat tokens/token)"
is "its state" "$(state_of 0)" fresh
ok "status is content" agent status
like "status is a table" "$(agent status)" '^demo/app +sts.amazonaws.com +fresh '
exits "no second agent" 1 agent once
like "it says why" "$(agent once 2>&1)" 'another issuer-agent is running'

# ---- in time ----

clock_forward 460
ok "nothing happens too early" state_is 0 fresh
is "the token is the same" "$(jti_in tokens/token)" "$first"
clock_forward 20
ok "after 80 % of its life comes another" until_true jti_is_not tokens/token "$first"
is "two questions were asked" "$(audit "event = 'token.issued'")" 2
second=$(jti_in tokens/token)
clock_jump 86400
ok "a clock that is set ahead brings one at once" until_true jti_is_not tokens/token "$second"
third=$(jti_in tokens/token)
ok "which is written down" until_true state_is 0 fresh
issuer_stop
clock_jump -86400
clock_forward 480
ok "a clock that is set back keeps nobody from asking" until_true has_logged 1 server.failed
is "the old token stays" "$(jti_in tokens/token)" "$third"
is "and is told to be stale" "$(until_true state_is 0 stale && state_of 0)" stale
exits "status is not content" 4 agent status
like "and says why" "$(agent status 2>&1)" "could not ask 'https"
clock_forward 130
ok "once it has expired" until_true state_is 0 expired
is "it stays all the same: who reads it is told by who takes it" "$(jti_in tokens/token)" "$third"

# Its clock went back before the last thing it did; an operator accepts that.
clock_jump 86400
issuer_start
clock_forward 300
ok "when the issuer is back, so are tokens" until_true jti_is_not tokens/token "$third"
ok "and all is well" until_true state_is 0 fresh
is "failures were told once, not each time" "$(logged server.failed)" 1

# ---- reload ----

version=$(readlink tokens/..data)
jti=$(jti_in tokens/token)
agent_conf '{service_account: demo/app, directory: tokens, lifetime: 10m}
{service_account: demo/app, directory: more, lifetime: 20m}'
kill -HUP "$AGENT"
ok "a new projection comes" until_true test -e more/token
is "the old one was not touched" "$(readlink tokens/..data) $(jti_in tokens/token)" "$version $jti"
agent_conf '{service_account: demo/app, directory: tokens, lifetime: 10m, mode: "0400"}
nonsense'
kill -HUP "$AGENT"
ok "a bad configuration is refused" until_true has_logged 1 reload.failed
is "and the one before stays" "$(stat -L -c %a tokens/token)" 640
agent_conf '{service_account: demo/app, directory: tokens, lifetime: 10m, mode: "0400"}'
kill -HUP "$AGENT"
mode_is() { [ "$(stat -L -c %a "$1")" = "$2" ]; }
ok "a mode is changed" until_true mode_is tokens/token 400
is "with the token there is" "$(jti_in tokens/token)" "$jti"
is "what is configured no more is removed" "$(until_true test ! -e more/token && ls -A more)" ""

# ---- a revoked key ----

kid=$(kid_of active)
clock_forward 90000
ok "a token of the time" until_true jti_is_not tokens/token "$jti"
kid=$(token_header "$(cat tokens/token)" | jq -r .kid)
issuerctl key revoke "$kid" --reason test --yes >revoke.log 2>&1 || bail "$(cat revoke.log)"
kids_lack() { ! jwks_kids | grep -q "$1"; }
ok "its key is not published" until_true kids_lack "$kid"
clock_forward 301
ok "the agent sees it" until_true has_logged 1 key.gone
kid_is_not() { [ "$(token_header "$(cat "$1")" | jq -r .kid)" != "$2" ]; }
ok "and has another token" until_true kid_is_not tokens/token "$kid"
ok "which verifies" verifies "$(cat tokens/token)"

# ---- what is refused, and comes back ----

agent_conf '{service_account: demo/app, directory: tokens, lifetime: 10m}
{service_account: demo/later, directory: late, lifetime: 10m}'
kill -HUP "$AGENT"
ok "one is refused" until_true has_logged 1 token.failed
ok "and told" until_true state_is 1 failing
is "the other is well" "$(state_of 0)" fresh
issuerctl grant add ci demo/later --audience sts.amazonaws.com --max-ttl 1h >/dev/null
clock_forward 120
ok "once it is granted, it comes" until_true test -e late/token

# ---- places that go bad ----

mv late gone && ln -s tokens late
clock_forward 480
ok "a link planted in a directory's place is refused" until_true has_logged 1 tokens.write_failed
ok "the other goes on" until_true state_is 0 fresh
says_link() { agent status 2>&1 | grep -q "late' is a link"; }
ok "status says why" until_true says_link
rm late
clock_forward 30
ok "a directory that is gone is made again" until_true test -e late/token
is "and nothing was written through the link" "$(find tokens -maxdepth 1 -type l | wc -l | tr -d ' ')" 2

rm -rf tokens
clock_forward 300
ok "files that somebody removed are put back at the next look" until_true test -s tokens/token
is "which is told" "$(logged tokens.gone)" 1

# ---- another CA, and the issuer with a certificate of it ----

jti=$(jti_in tokens/token)
(cd tls && certificates_ca 'another CA' && certificates_localhost) >tls.log 2>&1 || bail "$(cat tls.log)"
issuer_stop
issuer_start
clock_forward 480
ok "a CA that was replaced is the one that counts" until_true jti_is_not tokens/token "$jti"
ok "and all is well" settle 0

# ---- how it is told ----

curl -s "http://$METRICS/metrics" >metrics.txt
is "a gauge by state" "$(sed -n 's/^issuer_agent_projections{state="fresh"} //p' metrics.txt)" 2
like "a counter by result" "$(cat metrics.txt)" '^issuer_agent_token_requests_total\{result="refused"\} [1-9]'
like "a key that was gone" "$(cat metrics.txt)" '^issuer_agent_keys_gone_total 1$'
if command -v promtool >/dev/null; then
	ok "promtool takes them" promtool check metrics <metrics.txt
else
	skip 1 "no promtool"
fi
is "no account is in them" "$(grep -c demo metrics.txt)" 0
is "anything else is not there" "$(curl -s -o /dev/null -w '%{http_code}' "http://$METRICS/v1/token")" 404
is "nor written" "$(curl -s -o /dev/null -w '%{http_code}' -X POST "http://$METRICS/metrics")" 405
before=$(jti_in tokens/token)
agent_stop
is "it ends in good order" $? 0
is "files stay" "$(jti_in tokens/token)" "$before"
exits "status knows that it has ended" 4 agent status
like "and says so" "$(agent status 2>&1)" 'is not running'
unlike "no token was ever logged" "$(cat agent.log)" 'eyJ'

# ---- a configuration from standard input ----

"$BUILDDIR/t/issuer-agent-test" -c - -R 3 3>stdin-said <"$AGENT_CONF" >stdin.log 2>&1 &
AGENT=$!
stop_on_exit "$AGENT"
ok "is read once, and is enough" until_true grep -qx ready stdin-said
agent_stop

# ---- under a service manager ----

cat >manager.py <<'END'
import os, socket, subprocess, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("notify.sock")
s.settimeout(60)
p = subprocess.Popen(sys.argv[1:], env=dict(os.environ, NOTIFY_SOCKET=os.path.abspath("notify.sock"),
                     WATCHDOG_USEC="200000"))
seen = []
while seen.count("WATCHDOG=1") < 3 or "READY=1" not in seen:
    seen.append(s.recv(1000).decode())
p.terminate()
p.wait()
s.settimeout(1)
while "STOPPING=1" not in seen:
    seen.append(s.recv(1000).decode())
print(next(x for x in seen if x.startswith("STATUS=")))
print(" ".join(dict.fromkeys(x for x in seen if "STATUS" not in x and "WATCHDOG" not in x)))
END
/usr/bin/python3 manager.py "$BUILDDIR/t/issuer-agent-test" -c "$AGENT_CONF" >managed 2>managed.log
is "it is told what there is to be told" "$(cat managed)" "STATUS=2 of 2 tokens are good
READY=1 STOPPING=1"
issuer_stop
: >agent.log
agent_launch
ok "without an issuer" until_true has_logged 1 server.failed
not_ok "it is not ready" grep -q event=ready agent.log
ok "but tries" kill -0 "$AGENT"
stop "$AGENT"
mv ci.secret away.secret
: >agent.log
agent_launch
ok "nor without its own secret" until_true has_logged 1 server.failed
not_ok "it is" grep -q event=ready agent.log
stop "$AGENT"
done_testing

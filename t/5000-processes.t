#!/bin/sh
# Two processes: what each holds, what happens when one dies, and how both end.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
issuer_make
demo
issuer_start
SIGNER=$(signer_pid)

is "there are two processes" "$(ps -o pid= --pid "$DAEMON" --ppid "$DAEMON" | wc -l | tr -d ' ')" 2
like "the signer says what it is" "$(ps -o args= -p "$SIGNER")" '^issuerd .*--signer$'
is "the signer has no network" "$(find "/proc/$SIGNER/fd" -lname 'socket:*' -printf '%l\n' |
	tr -dc '0-9\n' | while read -r inode; do grep -h " $inode " /proc/net/tcp /proc/net/tcp6 /proc/net/udp; done)" ""
for pid in $DAEMON $SIGNER; do
	like "no core file of $(cat "/proc/$pid/comm")" \
		"$(grep 'Max core file size' "/proc/$pid/limits")" ' 0 +0 '
	is "no new privileges" "$(sed -n 's/^NoNewPrivs:[[:space:]]*//p' "/proc/$pid/status")" 1
	unlike "its environment and arguments hold no secret" \
		"$(tr '\0' '\n' <"/proc/$pid/environ"; tr '\0' '\n' <"/proc/$pid/cmdline")" 'isc_'
done

# ---- what the memory holds ----
ask_token demo app "$AWS" >/dev/null
# search PID - how many of the private numbers of all keys are in its memory?
search() { "$BUILDDIR/t/key-secrets" state/issuer.db state/sealing.key main | /usr/bin/python3 "$SRCDIR/t/lib/search_memory.py" "$1"; }
if [ -r "/proc/$DAEMON/mem" ] && [ "$(id -u)" -eq 0 ]; then
	like "the signer's memory holds private numbers, so the search can find them" "$(search "$SIGNER")" '^[1-9]'
	is "the gateway's memory holds none" "$(search "$DAEMON")" 0
else
	diag "not root: the memory of others cannot be searched"
fi

# ---- the signer dies ----
mint() { [ "$(ask_token demo app "$AWS")" = "$1" ]; }
kill -KILL "$SIGNER"
ok "minting is back by itself" until_true mint 201
unlike "by another signer" "$(signer_pid)" "^$SIGNER\$"
mv state/sealing.key away.key # so that the next one cannot start
kill -KILL "$(signer_pid)"
ok "without a signer a token request gets 503" until_true mint 503
is "with Retry-After" "$(header Retry-After)" 1
is "as a Status" "$(jq -r .reason body)" ServiceUnavailable
is "the JWKS is still served" "$(request "$URL/openid/v1/jwks")" 200
is "a refusal stays a refusal" "$(ask_token demo other "$AWS")" 403
is "livez says that it lives" "$(request "$OPS/livez")" 200
is "readyz says that it cannot mint" "$(request "$OPS/readyz")" 503
like "and what is missing" "$(cat body)" '^\[-\]signer failed'
like "the log says why" "$(cat issuerd.log)" 'event=signer.start_failed error=.*sealing key'
mv away.key state/sealing.key
ok "with the reason gone minting is back" until_true mint 201
is "readyz says so" "$(request "$OPS/readyz")" 200

# ---- under load: no answer is lost, no token without its row ----
SECRET=$(cat ci.secret)
for n in 1 2 3 4; do
	seq 50 | while read -r _; do
		curl -s --cacert "$CA" -H "Authorization: Bearer $SECRET" -H 'Content-Type: application/json' \
			-d "$AWS" "$URL/api/v1/namespaces/demo/serviceaccounts/app/token"
	done >"answers.$n" &
	stop_on_exit $!
	eval "load$n=$!"
done
until_true [ -s answers.1 ]
kill -KILL "$(signer_pid)"
# shellcheck disable=SC2154 # set by eval
wait "$load1" "$load2" "$load3" "$load4"
jq -r '.kind + " " + (.code | tostring)' answers.* | sort | uniq -c >kinds
unlike "every answer is a token or 503" "$(cat kinds)" '^ *[0-9]+ (Status (500|400|401|403|404)|[^ST])'
is "every request was answered" "$(jq -r .kind answers.* | wc -l | tr -d ' ')" 200
jq -r 'select(.kind == "TokenRequest") | .status.token | split(".")[1] | gsub("-"; "+") |
	gsub("_"; "/") | @base64d | fromjson | .jti' answers.* | sort >got
sqlite3 -readonly state/issuer.db "SELECT jti FROM audit WHERE event = 'token.issued'" | sort >recorded
is "each token that left has its row" "$(comm -23 got recorded)" ""

# ---- the end ----
until_true mint 201
SIGNER=$(signer_pid)
ok "SIGTERM ends it with status 0" issuer_stop
not_ok "the signer is gone, too" kill -0 "$SIGNER"
issuer_start
SIGNER=$(signer_pid)
kill -KILL "$DAEMON"
wait "$DAEMON"
is "a killed gateway is not status 0" $? 137
gone() { ! kill -0 "$SIGNER"; }
ok "its signer ends with it" until_true gone
ok "the store is sound" test "$(sqlite3 -readonly state/issuer.db 'PRAGMA integrity_check')" = ok
issuer_start
is "and the next start mints" "$(ask_token demo app "$AWS")" 201
done_testing

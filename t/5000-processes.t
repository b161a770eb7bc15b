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
if [ -r "/proc/$SIGNER/fd/3" ]; then
	is "the signer has no network" "$(find "/proc/$SIGNER/fd" -lname 'socket:*' -printf '%l\n' |
		tr -dc '0-9\n' | while read -r inode; do grep -h " $inode " /proc/net/tcp /proc/net/tcp6 /proc/net/udp; done)" ""
	is "its one socket is that to the gateway" "$(find "/proc/$SIGNER/fd" -lname 'socket:*' -printf '%f\n')" 3
	is "beside it there are standard descriptors, the store, a timer and a wake-up" \
		"$(find "/proc/$SIGNER/fd" -mindepth 1 -printf '%f %l\n' |
			grep -vE "^[0-3] |^[0-9]+ ($WORK/state/issuer\\.db(-wal|-shm)?|anon_inode:\\[(timerfd|eventfd)\\])\$")" ""
else
	skip 3 "not root: the signer's descriptors cannot be seen"
fi
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
search() { "$BUILDDIR/t/key-secrets" state/issuer.db state/sealing.key main | /usr/bin/python3 "$SRCDIR/t/lib/search_numbers.py" "$1"; }
if [ -r "/proc/$DAEMON/mem" ] && [ "$(id -u)" -eq 0 ]; then
	like "the signer's memory holds private numbers, so the search can find them" "$(search "$SIGNER")" '^[1-9]'
	is "the gateway's memory holds none" "$(search "$DAEMON")" 0
else
	skip 2 "not root: the memory of others cannot be searched"
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
start_failed() { grep -q 'event=signer.start_failed error=.*sealing key' issuerd.log; }
ok "the log says why" until_true start_failed
mv away.key state/sealing.key
ok "with the reason gone minting is back" until_true mint 201
is "readyz says so" "$(request "$OPS/readyz")" 200

# ---- in flight: what waits for the signer when it dies, or when the daemon is told to end ----
printf 'header = "Authorization: Bearer %s"\n' "$(cat ci.secret)" >curl.conf
# queue - how many bytes wait in the signer's socket, or, where that cannot be seen, connections.
queue() {
	queue_inode=$(readlink "/proc/$SIGNER/fd/3" | tr -dc 0-9)
	if [ -n "$queue_inode" ]; then
		ss -Hxn | awk -v inode="$queue_inode" '$6 == inode { print $3 }'
	else
		ss -Htn state established "sport = :$PORT" | wc -l
	fi
}
queue_grew() { [ "$(queue)" -gt "$QUEUE" ]; }
# request_in_flight FILE - sends a request that will wait for the stopped signer; FILE gets its status.
request_in_flight() {
	curl -s -o /dev/null -w '%{http_code}' --cacert "$CA" --config curl.conf \
		-H 'Content-Type: application/json' -d "$AWS" \
		"$URL/api/v1/namespaces/demo/serviceaccounts/app/token" >"$1" &
	stop_on_exit $!
	pids="$pids $!"
}
# eight_in_flight - stops the signer and returns when eight requests wait for it.
eight_in_flight() {
	pids=
	SIGNER=$(signer_pid)
	kill -STOP "$SIGNER"
	on_exit "kill -CONT $SIGNER 2>/dev/null"
	for n in 1 2 3 4 5 6 7 8; do
		QUEUE=$(queue)
		request_in_flight "flight.$n"
		until_true queue_grew || return 1
	done
}
# landed - waits for all eight; their statuses are in landed.
landed() {
	# shellcheck disable=SC2086 # a list of words
	wait $pids
	landed=$(cat flight.*)
}
if command -v ss >/dev/null; then
	until_true mint 201
	eight_in_flight
	is "eight requests wait for the signer" $? 0
	is "none is answered" "$(cat flight.*)" ""
	ROWS=$(audit "event='token.issued'")
	kill -KILL "$SIGNER"
	landed
	is "when it is killed all of them get 503" "$landed" 503503503503503503503503
	is "and no row was written for them" "$(audit "event='token.issued'")" "$ROWS"
	ok "minting is back by itself" until_true mint 201

	eight_in_flight
	is "again eight requests wait" $? 0
	kill -TERM "$DAEMON"
	stopping() { grep -q event=stopping issuerd.log; }
	ok "the daemon is told to end" until_true stopping
	refuses() { ! curl -s -o /dev/null --max-time 2 --cacert "$CA" "$URL/openid/v1/jwks"; }
	ok "it takes no new connection" until_true refuses
	is "those that wait are not given up" "$(cat flight.*)" ""
	kill -CONT "$SIGNER"
	landed
	is "once the signer goes on they are answered" "$landed" 201201201201201201201201
	ok "and the exit status is 0" issuer_stop
	issuer_start
else
	skip 10 "no ss(8)"
fi

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
ok "the load is on" until_true [ -s answers.1 ]
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

#!/bin/sh
# Listeners of every kind: a Unix socket, plain HTTP on loopback, several at once; and what becomes
# of the socket's file.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"

SOCKET=$WORK/api.sock
# listeners YAML - the configuration with these in place of the usual ones.
listeners() {
	conf_write
	sed -i '/^listeners:/,$d' "$CONF"
	printf 'listeners:\n%s\n' "$1" >>"$CONF"
}
# daemon - starts it; its ready lines are in lines.
daemon() {
	rm -f ready
	mkfifo ready || bail "mkfifo"
	"$BUILDDIR/t/issuerd-test" -c "$CONF" -R 3 3>ready >>issuerd.log 2>&1 </dev/null &
	DAEMON=$!
	stop_on_exit "$DAEMON"
	cat <ready >lines
	rm -f ready
	[ -s lines ] || bail "issuerd did not start: $(tail -n 3 issuerd.log)"
}
# of SERVES - the address in the ready line of the listener that serves just that.
of() { sed -n "s/^$1 //p" lines; }
by_socket() { ask_token demo app "$AWS" --unix-socket "$SOCKET"; }

issuer_make
demo

# ---- a socket for the API ----
API=http://issuer
listeners "  - address: 127.0.0.1:0
    serves: [public]
  - socket: $SOCKET
    serves: [api]"
daemon
PUBLIC=http://$(of public)
is "the ready line names the socket" "$(of api)" "$SOCKET"
is "the socket is for owner and group" "$(stat -c %a "$SOCKET")" 660
is "the API is served on it" "$(by_socket)" 201
token_of >token
ok "with a token in the answer" test -s token
is "authentication still decides" "$(AUTH=Authorization: by_socket)" 401
is "so do grants" "$(ask_token demo other "$AWS" --unix-socket "$SOCKET")" 403
is "no public document is there" "$(request --unix-socket "$SOCKET" "$API/openid/v1/jwks")" 404
is "which the other listener has" "$(request "$PUBLIC/openid/v1/jwks")" 200
is "that has no API" "$(API=$PUBLIC ask_token demo app "$AWS")" 404
like "the audit says where it came from: not from an address" \
	"$(audit "event='token.issued' AND jti='$(claims "$(cat token)" | jq -r .jti)'")" '^1$'

# ---- one socket, one daemon ----
"$BUILDDIR/t/issuerd-test" -c "$CONF" >second.log 2>&1 </dev/null
is "a socket that somebody serves is refused to another: status" $? 1
like "it says so" "$(cat second.log)" "api.sock': the address is in use"
is "and still serves" "$(by_socket)" 201

kill -KILL "$DAEMON"
wait "$DAEMON"
ok "a killed daemon leaves its socket" test -S "$SOCKET"
daemon
is "the next one replaces it" "$(by_socket)" 201
is "with the mode it must have" "$(stat -c %a "$SOCKET")" 660
ok "SIGTERM ends it well" issuer_stop
not_ok "and its socket is gone" test -e "$SOCKET"

echo mine >"$SOCKET"
"$BUILDDIR/t/issuerd-test" -c "$CONF" >second.log 2>&1 </dev/null
is "a file that is no socket is refused: status" $? 1
is "and left alone" "$(cat "$SOCKET")" mine
rm "$SOCKET"

# ---- plain HTTP on loopback: another poller than that of TLS ----
listeners "  - address: 127.0.0.1:0
    serves: [public, api]"
daemon
URL_PLAIN=http://$(of public,api)
API=$URL_PLAIN
is "plain HTTP serves the public documents" "$(request "$URL_PLAIN/openid/v1/jwks")" 200
is "and the API" "$(ask_token demo app "$AWS")" 201
is "and its refusals" "$(ask_token demo other "$AWS")" 403
is "a chunked body is read" "$(ask_token demo app "$AWS" -H 'Transfer-Encoding: chunked')" 201
printf 'header = "Authorization: Bearer %s"\n' "$(cat ci.secret)" >curl.conf
seq 50 | while read -r _; do
	echo "url = $API/api/v1/namespaces/demo/serviceaccounts/app/token"
	echo "output = /dev/null"
done >urls
for n in 1 2 3 4; do
	curl -sS --config curl.conf --config urls -H 'Content-Type: application/json' -d "$AWS" \
		-w '%{http_code} %{num_connects}\n' >"codes.$n" 2>&1 &
	stop_on_exit $!
	eval "load$n=$!"
done
# shellcheck disable=SC2154 # set by eval
wait "$load1" "$load2" "$load3" "$load4"
is "connections that are kept wait for the signer, one after another" \
	"$(cat codes.* | sort | uniq -c | tr -s ' ')" " 196 201 0
 4 201 1"
# While a request waits for the signer its connection is suspended; others are served.
SIGNER=$(signer_pid)
kill -STOP "$SIGNER"
on_exit "kill -CONT $SIGNER 2>/dev/null"
ask_token demo app "$AWS" >waiting &
WAITING=$!
stop_on_exit $WAITING
in_flight() { [ "$(ss -Htn state established "sport = :${URL_PLAIN##*:}" | wc -l)" -ge 1 ]; }
if command -v ss >/dev/null; then
	ok "a request waits" until_true in_flight
else
	skip 1 "no ss(8)"
fi
is "meanwhile others are served" "$(curl -s -o /dev/null -w '%{http_code}' "$URL_PLAIN/openid/v1/jwks")" 200
is "the one that waits has no answer" "$(cat waiting)" ""
kill -CONT "$SIGNER"
wait $WAITING
is "until the signer has one" "$(cat waiting)" 201
issuer_stop

# ---- several at once ----
listeners "  - address: localhost:$PORT
    serves: [public, api]
    tls: {certificate: tls/server.pem, key: tls/server.key}
  - address: 127.0.0.1:0
    serves: [api]
  - socket: $SOCKET
    serves: [api, ops]
  - address: 127.0.0.1:0
    serves: [public]"
daemon
is "there is a ready line for each" "$(cut -d ' ' -f 1 lines | tr '\n' ' ')" "public,api api api,ops public "
is "TLS" "$(API=$URL ask_token demo app "$AWS")" 201
is "plain" "$(API=http://$(of api) ask_token demo app "$AWS")" 201
is "socket" "$(API=http://x by_socket)" 201
is "ops on the socket" "$(request --unix-socket "$SOCKET" http://x/readyz)" 200
is "no JWKS where only the API is" "$(request "http://$(of api)/openid/v1/jwks")" 404
is "one JWKS" "$(curl -s "http://$(of public)/openid/v1/jwks")" "$(curl -s --cacert "$CA" "$URL/openid/v1/jwks")"
ok "it ends in good order" issuer_stop
not_ok "without leaving the socket" test -e "$SOCKET"
done_testing

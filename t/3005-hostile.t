#!/bin/sh
# Requests that nobody sends by mistake: framing that a proxy could read otherwise, bodies without
# end, texts that are no texts. Each gets an answer or an end, and leaves the issuer as it was.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2059 # requests are made of formats of our own
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
issuer_make
demo
issuer_start

# raw [PORT] - sends what stands on standard input over TLS, or plain to PORT; prints the status of
# the answer, and whether the connection ended after it; "broken" if what came is not all answers
# with a Content-Type and as long as they say. All that came is in answer. What stands behind "(next
# record)" is read apart from what stands before it, over TLS.
raw() {
	raw_ca=$CA
	[ $# = 0 ] || raw_ca=
	/usr/bin/python3 -c '
import re, socket, ssl, sys
port, ca = int(sys.argv[1]), sys.argv[2]
peer = socket.create_connection(("127.0.0.1", port), timeout=20)
if ca:
    peer = ssl.create_default_context(cafile=ca).wrap_socket(peer, server_hostname="localhost")
for record in sys.stdin.buffer.read().split(b"(next record)"):
    peer.sendall(record)
def is_whole(rest):
    while rest:
        head, _, rest = rest.partition(b"\r\n\r\n")
        length = re.search(rb"\r\nContent-Length: (\d+)(\r\n|$)", head)
        if not head.startswith(b"HTTP/1.1 ") or b"\r\nContent-Type: " not in head or not length:
            return False
        if len(rest) < int(length[1]):
            return False
        rest = rest[int(length[1]):]
    return True
answer = b""
try:
    while True:
        data = peer.recv(65536)
        if not data:
            break
        answer += data
    end = "closed"
except socket.timeout:
    end = "open"
except OSError:
    end = "closed"
open("answer", "wb").write(answer)
status = (answer.split() + [b"", b"-"])[1].decode("latin-1")
print(status if is_whole(answer) else "broken", end)
' "${1:-$PORT}" "$raw_ca"
}

POST='POST /api/v1/namespaces/demo/serviceaccounts/app/token HTTP/1.1\r\nHost: x\r\n'
while IFS='|' read -r desc head; do
	is "$desc" "$(printf "$POST$head\r\n\r\n0\r\n\r\n" | raw)" "400 closed"
done <<'EOF'
a length and a transfer coding|Content-Length: 4\r\nTransfer-Encoding: chunked
two lengths|Content-Length: 4\r\nContent-Length: 5
two hosts|Host: y\r\nContent-Length: 0
a transfer coding that nobody knows|Transfer-Encoding: xchunked
a NUL behind a length|Content-Length: 0\0
a NUL and more behind a secret|Authorization: Bearer x\0junk\r\nContent-Length: 0
a bare CR in a value|X: a\rb\r\nContent-Length: 0
a folded value|X: a\r\n b\r\nContent-Length: 0
a folded value that completes a name|Transfer: chunked\r\n -Encoding
a line that ends with LF only|X: a\nContent-Length: 0
a blank before the colon|Content-Length : 0
no name|: a\r\nContent-Length: 0
EOF
while IFS='|' read -r desc line; do
	is "$desc" "$(printf "$line\r\nHost: x\r\nConnection: close\r\n\r\n" | raw)" "400 closed"
done <<'EOF'
a NUL behind the path|GET /openid/v1/jwks\0 HTTP/1.1
a NUL before the query|GET /openid/v1/jwks\0?a HTTP/1.1
a NUL in the query|GET /openid/v1/jwks?a\0b HTTP/1.1
a NUL at the end of the query|GET /openid/v1/jwks?a\0 HTTP/1.1
a NUL behind the method|GET\0 /openid/v1/jwks HTTP/1.1
a bare CR in the query|GET /openid/v1/jwks?a\rb HTTP/1.1
two blanks before the path|GET  /openid/v1/jwks HTTP/1.1
two blanks behind the path|GET /openid/v1/jwks  HTTP/1.1
a blank in the path|GET /openid/v1/jwks x HTTP/1.1
a blank in the query|GET /openid/v1/jwks?a b HTTP/1.1
EOF
# What libmicrohttpd refuses by itself, it refuses in one answer, or closes the connection.
while IFS='|' read -r desc answers request; do
	is "$desc, over TLS" "$(printf "$request\r\n\r\n" | raw)" "$answers closed"
	is "$desc, plain" "$(printf "$request\r\n\r\n" | raw "${OPS##*:}")" "$answers closed"
done <<'EOF'
no host|400|GET /version HTTP/1.1
no host in HTTP/1.7|400|GET /version HTTP/1.7
a signed length|-|POST /version HTTP/1.1\r\nHost: x\r\nContent-Length: +44
a list of lengths|-|POST /version HTTP/1.1\r\nHost: x\r\nContent-Length: 44, 44
a length beyond numbers|-|POST /version HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999
a negative length|-|POST /version HTTP/1.1\r\nHost: x\r\nContent-Length: -1
no length|-|POST /version HTTP/1.1\r\nHost: x\r\nContent-Length:
a line without a colon|400|GET /version HTTP/1.1\r\nHost: x\r\nX
a first line without a colon|400|GET /version HTTP/1.1\r\nX\r\nHost: x
no HTTP|-|junk
HTTP/2|505|PRI * HTTP/2.0\r\n\r\nSM
HTTP/0.9|505|GET / HTTP/0.9
no version|400|GET / HTTPS
chunks that are none|400|POST /version HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz
chunks beyond numbers|413|POST /version HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff
EOF
while IFS='|' read -r desc line; do
	is "$desc is fine" "$(printf "$line\r\nHost: x\r\nConnection: close\r\n\r\n" | raw)" \
		"200 closed"
done <<'EOF'
a query|GET /openid/v1/jwks?a=b&c&&d=+&=e&=&f=%%00&g= HTTP/1.1
an empty query|GET /openid/v1/jwks? HTTP/1.1
an open query|GET /openid/v1/jwks?a& HTTP/1.1
an empty line before the request|\r\nGET /openid/v1/jwks HTTP/1.1
an empty value|GET /openid/v1/jwks HTTP/1.1\r\nX:\r\nY: \r\nZ:z
blanks around a value|GET /openid/v1/jwks HTTP/1.1\r\nX: \t x\t
another request before|GET /openid/v1/jwks?a=b HTTP/1.1\r\nHost: x\r\n\r\nGET /openid/v1/jwks?c=d HTTP/1.1
EOF
is "a request without headers is fine" \
	"$(printf 'GET /openid/v1/jwks HTTP/1.0\r\n\r\n' | raw)" "200 closed"
POST10='POST /openid/v1/jwks HTTP/1.0\r\nConnection: keep-alive\r\n'
is "HTTP/1.0 has no transfer codings" \
	"$(printf "${POST10}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" | raw)" "400 closed"

# ---- bodies beyond the limit are not read ----
is "a length beyond the limit is answered before the body" \
	"$(printf "${POST}Authorization: Bearer %s\r\nContent-Length: 10000000000\r\n\r\n" "$(cat ci.secret)" | raw)" \
	"413 closed"
is "so is one beyond 63 bits" \
	"$(printf "${POST}Authorization: Bearer %s\r\nContent-Length: 9223372036854775808\r\n\r\n" "$(cat ci.secret)" | raw)" \
	"413 closed"
is "to a stranger as a stranger" \
	"$(printf "${POST}Content-Length: 10000000000\r\n\r\n" | raw)" "401 closed"
not_ok "a body without end is cut off" request -m 20 -H "Authorization: Bearer $(cat ci.secret)" \
	-H 'Transfer-Encoding: chunked' -H 'Expect:' -T /dev/zero \
	"$API/api/v1/namespaces/demo/serviceaccounts/app/token" -X POST

# ---- there is room for the reply beside the largest request ----
# large HEAD-BYTES ENTRIES [COOKIE] - a request for a token with a head of that size, of so many
# headers and arguments, in large.head; in large.rest a body that brings as many and as long warnings as
# there can be, and behind it what could be the next request.
large() {
	/usr/bin/python3 -c '
import json, sys
size, entries, cookie, secret = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
spec = {"audiences": ["sts.amazonaws.com"], "expirationSeconds": 86400}
spec.update({"\"" * 300 + str(n): 1 for n in range(20)})
body = json.dumps({"spec": spec})
headers = ["Host: x", "Connection: close", "Authorization: Bearer " + secret, "Content-Type: application/json",
    "Content-Length: %d" % len(body), "Audit-Id: " + "a" * 64]
if cookie:
    headers.append("Cookie: " + cookie)
arguments = "&".join("a" for _ in range(entries - len(headers) - 1))
head = "POST /api/v1/namespaces/demo/serviceaccounts/app/token?%s HTTP/1.1\r\n%s\r\nX: " % (
    arguments, "\r\n".join(headers))
head += "x" * (size - len(head) - 4) + "\r\n\r\n"
open("large.head", "w").write(head)
open("large.rest", "w").write(body + "GET /" + "x" * 7900)
' "$1" "$2" "${3:-}" "$(cat ci.secret)"
}
granted() { large "$@" && cat large.head large.rest | raw; }
refused() { large "$@" && raw <large.head; } # before there is a body
tokens() { audit "event='token.issued'"; }
before=$(tokens)
is "the largest request is answered" "$(granted 8192 64)" "201 closed"
is "with warnings as far as they fit" "$(grep -ac '^Warning: ' answer)" 2
is "of which the last is not of fields" "$(grep -a '^Warning: ' answer | tail -n 1 | grep -c shortened)" 1
is "and headers" "$(grep -acE '^(Cache-Control|X-Content-Type-Options|Audit-Id): ' answer)" 3
like "and the token" "$(tail -n 1 answer)" '"token":"ey'
is "which is recorded" "$(tokens)" $((before + 1))
is "one byte more is refused" "$(refused 8193 64)" "431 closed"
is "so is one argument more" "$(refused 8192 65)" "431 closed"
is "and a cookie in its place" "$(refused 8192 63 c=d)" "431 closed"
is "cookies that fit are fine" \
	"$(granted 8192 30 "$(head -c 1900 /dev/zero | tr '\0' c)")" "201 closed"
for head in 12000 16000 20000 31000; do
	is "a head of $head bytes is refused" "$(refused $head 64)" "431 closed"
done
is "with cookies as large: an end" "$(large 12000 30 "$(head -c 11000 /dev/zero | tr '\0' c)" &&
	raw <large.head)" "- closed"
for entries in 120 1000 1800; do
	like "$entries arguments get an answer or an end" "$(refused 8192 $entries)" '^(431|-) closed'
done
is "trailers are refused" "$(printf \
	"${POST}Authorization: Bearer %s\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: y\r\n\r\n" \
	"$(cat ci.secret)" | raw)" "400 closed"
is "nothing of that made a token" "$(tokens)" $((before + 2))
is "the last CR and LF may come one by one" "$(printf \
	"${POST}Authorization: Bearer %s\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2c\r\n$AWS\r\n0\r\n\r(next record)\n" \
	"$(cat ci.secret)" | raw)" "201 closed"

# ---- texts that are no texts ----
LONG=$(head -c 254 /dev/zero | tr '\0' a)
is "a refusal that ends within a character is one all the same" \
	"$(ask_token demo app "{\"spec\":{\"audiences\":[\"${LONG}é\"]}}") $(jq -r .reason body)" "403 Forbidden"
is "and has its row" "$(audit "event='token.refused' AND audience LIKE '[\"aaaa%'")" 1
is "a path that is no UTF-8 gets a Status" "$(ask_token demo %ff "$AWS") $(jq -r .reason body)" "404 NotFound"
is "so does a kind" "$(ask_token demo app "{\"kind\":\"$(head -c 63 /dev/zero | tr '\0' a)é\"}") $(jq -r .reason body)" \
	"400 BadRequest"

# ---- a signer that hangs ----
SIGNER=$(signer_pid)
kill -STOP "$SIGNER"
is "a signer that does not answer costs a 503" "$(ask_token demo app "$AWS" -m 120)" 503
replaced() { [ -n "$(signer_pid)" ] && [ "$(signer_pid)" != "$SIGNER" ]; }
ok "and is replaced" until_true replaced
mint() { [ "$(ask_token demo app "$AWS")" = 201 ]; }
ok "after which tokens flow again" until_true mint
# What is refused is recorded, however much was asked for.
many='["x"'
for i in $(seq 999); do many=$many,\"a$i\"; done
is "a thousand audiences, none of them granted" \
	"$(ask_token demo app "{\"spec\":{\"audiences\":$many]}}") $(jq -r .reason body)" "403 Forbidden"
is "are in the audit, as far as a record goes" \
	"$(sqlite3 -readonly state/issuer.db "SELECT json_array_length(audience) || json_extract(audience, '\$[16]') FROM audit ORDER BY seq DESC LIMIT 1")" \
	'17... 1000 in all'
odd=$(printf '\\u0001%.0s' $(seq 10000))
is "an audience of ten thousand control characters" \
	"$(ask_token demo app "{\"spec\":{\"audiences\":[\"$odd\"]}}")" 403
is "is there, too, cut and clean" \
	"$(sqlite3 -readonly state/issuer.db "SELECT length(json_extract(audience, '\$[0]')) FROM audit WHERE seq = (SELECT max(seq) FROM audit WHERE event = 'token.refused')")" 255
issuerctl grant add ci demo/app --audience '*' >/dev/null
is "a token longer than verifiers take" \
	"$(ask_token demo app "{\"spec\":{\"audiences\":[\"$odd\"]}}") $(jq -r .message body | cut -c1-30)" \
	"400 the token would be longer than"
is "is recorded, too" \
	"$(audit_last "event='token.refused' AND outcome='BadRequest'")" 1
unlike "no record was lost" "$(cat issuerd.log)" refusal_lost
issuer_stop

# ---- other limits: so large a head, so many entries ----
while read -r head entries; do
	echo "limits: {header_bytes: $head}" >>issuerd.yaml
	issuer_start
	is "of $head bytes: the largest request is answered" "$(granted "$head" "$entries")" \
		"201 closed"
	is "with headers" "$(grep -acE '^(Cache-Control|X-Content-Type-Options|Audit-Id): ' answer)" 3
	is "one byte more is refused" "$(refused $((head + 1)) "$entries")" "431 closed"
	is "so is one argument more" "$(refused "$head" $((entries + 1)))" "431 closed"
	issuer_stop
	sed -i '/^limits:/d' issuerd.yaml
done <<'EOF'
4096 32
32768 256
EOF
done_testing

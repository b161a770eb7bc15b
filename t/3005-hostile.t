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

# raw NAME - sends what stands on standard input over TLS; prints the status of the answer, and
# whether the connection ended after it.
raw() {
	/usr/bin/python3 -c '
import socket, ssl, sys
port, ca = int(sys.argv[1]), sys.argv[2]
plain = socket.create_connection(("127.0.0.1", port), timeout=20)
tls = ssl.create_default_context(cafile=ca).wrap_socket(plain, server_hostname="localhost")
tls.sendall(sys.stdin.buffer.read())
answer = b""
try:
    while True:
        data = tls.recv(65536)
        if not data:
            break
        answer += data
    end = "closed"
except socket.timeout:
    end = "open"
except OSError:
    end = "closed"
print((answer.split() + [b"", b"-"])[1].decode("latin-1"), end)
' "$PORT" "$CA"
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
is "to a stranger as a stranger" \
	"$(printf "${POST}Content-Length: 10000000000\r\n\r\n" | raw)" "401 closed"
not_ok "a body without end is cut off" request -m 20 -H "Authorization: Bearer $(cat ci.secret)" \
	-H 'Transfer-Encoding: chunked' -H 'Expect:' -T /dev/zero \
	"$API/api/v1/namespaces/demo/serviceaccounts/app/token" -X POST

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
is "a signer that does not answer costs a 503" "$(ask_token demo app "$AWS" -m 30)" 503
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
	"$(sqlite3 -readonly state/issuer.db "SELECT length(json_extract(audience, '\$[0]')) FROM audit WHERE seq = (SELECT max(seq) FROM audit) AND event = 'token.refused'")" 255
issuerctl grant add ci demo/app --audience '*' >/dev/null
is "a token longer than verifiers take" \
	"$(ask_token demo app "{\"spec\":{\"audiences\":[\"$odd\"]}}") $(jq -r .message body | cut -c1-30)" \
	"400 the token would be longer than"
is "is recorded, too" \
	"$(audit "seq = (SELECT max(seq) FROM audit) AND event='token.refused' AND outcome='BadRequest'")" 1
unlike "no record was lost" "$(cat issuerd.log)" refusal_lost
done_testing

# issuer.sh - the words of black box tests that need an issuer: a configuration, certificates, both
# programs with a clock that tests set, and requests as clients make them.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh

# shellcheck source=t/lib/tap.sh
. "${SRCDIR:-.}/t/lib/tap.sh"
# shellcheck source=t/lib/clock.sh
. "$SRCDIR/t/lib/clock.sh"
# shellcheck source=t/lib/port.sh
. "$SRCDIR/t/lib/port.sh"
# shellcheck source=t/lib/certificates.sh
. "$SRCDIR/t/lib/certificates.sh"

unset ISSUERD_CONFIG NOTIFY_SOCKET CREDENTIALS_DIRECTORY
CONF=$WORK/issuerd.yaml
CA=$WORK/tls/ca.pem
DAEMON=
is_port_ours=no # may issuer_start choose another?

issuerd() { "$BUILDDIR/t/issuerd-test" -c "$CONF" "$@"; }
issuerctl() { "$BUILDDIR/t/issuerctl-test" -c "$CONF" "$@"; }

# certificates - a CA and one for localhost in tls/.
certificates() {
	mkdir -p tls
	(cd tls && certificates_ca 'test CA' && certificates_localhost) >tls.log 2>&1 ||
		bail "could not make certificates: $(cat tls.log)"
}

# conf_write [EXTRA] - a configuration for https://localhost:$PORT$URL_PATH; EXTRA is appended.
# TLS_EXTRA goes into the first listener's tls, LISTENERS_EXTRA behind the listeners.
conf_write() {
	CONF_EXTRA=${1:-}
	URL=https://localhost:$PORT${URL_PATH:-}
	cat >"$CONF" <<EOF
issuers:
  - name: main
    url: $URL
store: state/issuer.db
sealing_key: state/sealing.key
listeners:
  - address: localhost:$PORT
    serves: [public, api]
    tls: {certificate: tls/server.pem, key: tls/server.key${TLS_EXTRA:+, $TLS_EXTRA}}
  - address: 127.0.0.1:0
    serves: [ops]${LISTENERS_EXTRA:+
$LISTENERS_EXTRA}
${1:-}
EOF
}

# one_line DESC STATUS PATTERN CMD... - CMD ends with STATUS and one line on standard error like
# PATTERN; its output is in out and err.
one_line() {
	one_desc=$1 one_status=$2 one_pattern=$3
	shift 3
	"$@" >out 2>err </dev/null
	is "$one_desc: status" $? "$one_status"
	like "$one_desc: it says so" "$(cat err)" "$one_pattern"
	is "$one_desc: in one line" "$(wc -l <err | tr -d ' ')" 1
}

# issuer_make [EXTRA] - certificates, configuration and an initialised store.
issuer_make() {
	PORT=$(port_random)
	certificates
	conf_write "${1:-}"
	issuerctl init >init.log 2>&1 || bail "issuerctl init failed: $(cat init.log)"
	is_port_ours=yes
}

# issuer_move - to another port, configuration and store: somebody took ours before we did.
issuer_move() {
	PORT=$(port_random)
	conf_write "$CONF_EXTRA"
	sqlite3 state/issuer.db "UPDATE issuer SET url = '$URL'" || bail "could not move the issuer"
}

# issuer_try - one start of issuer_start; fails if the daemon ends before it can serve.
issuer_try() {
	rm -f ready
	mkfifo ready || bail "mkfifo"
	"$BUILDDIR/t/${ISSUERD_PROGRAM:-issuerd-test}" -c "$CONF" -R 3 3>ready >>issuerd.log 2>&1 </dev/null &
	DAEMON=$!
	stop_on_exit "$DAEMON"
	{
		read -r _ API
		read -r _ OPS
		cat >/dev/null # of LISTENERS_EXTRA
	} <ready
	rm -f ready
	[ -n "$API" ]
}

# issuer_start - runs the daemon until the script ends; waits until it can serve. The first time
# after issuer_make it takes another port if that one was taken meanwhile.
# Sets DAEMON, API and OPS.
issuer_start() {
	for _ in 1 2 3 4 5; do
		! issuer_try || break
		if [ $is_port_ours = no ] ||
			! tail -n 1 issuerd.log | grep -q 'address is in use'; then
			break
		fi
		diag "port $PORT was taken; trying another"
		issuer_move
	done
	[ -n "$API" ] || bail "issuerd did not start: $(tail -n 3 issuerd.log)"
	is_port_ours=no
	API=$URL
	OPS=http://$OPS
}

# issuer_stop - ends it in good order; its exit status.
issuer_stop() {
	stop "$DAEMON"
}

# signer_pid - the pid of the daemon's signer, empty while there is none.
signer_pid() {
	pgrep -P "$DAEMON"
}

# demo - a service account demo/app, a client `ci` (its secret in ci.secret) and a grant of 1 h.
demo() {
	{
		issuerctl sa create demo/app &&
			issuerctl client create ci --secret-file ci.secret &&
			issuerctl grant add ci demo/app --audience sts.amazonaws.com --max-ttl 1h
	} >demo.log 2>&1 || bail "could not make the demo: $(cat demo.log)"
}

# request CURL-ARG... - prints the status; the answer is in body, its headers in headers.
request() {
	curl -sS --cacert "$CA" -o body -D headers -w '%{http_code}' "$@"
}

# header NAME - of the last answer, all values.
header() {
	tr -d '\r' <headers | sed -n "s/^$1: //Ip"
}

# shellcheck disable=SC2034 # for who sources this
AWS='{"spec":{"audiences":["sts.amazonaws.com"]}}'

# ask_token NS NAME BODY [CURL-ARG...] - as client ci, in JSON. AUTH and TYPE replace the two
# headers; "Authorization:" and "Content-Type:" leave them out.
ask_token() {
	ask_url=$API/api/v1/namespaces/$1/serviceaccounts/$2/token
	ask_body=$3
	shift 3
	request -H "${AUTH-Authorization: Bearer $(cat ci.secret)}" \
		-H "${TYPE-Content-Type: application/json}" --data-raw "$ask_body" "$@" "$ask_url"
}

# token_of - the token in the last answer.
token_of() {
	jq -j -e .status.token body
}

# claims TOKEN, token_header TOKEN - decoded, as JSON.
claims() {
	printf %s "$1" | issuerctl token inspect | jq -S .claims
}

token_header() {
	printf %s "$1" | issuerctl token inspect | jq -S .header
}

# verifies TOKEN [ARG...] - does it, for a stranger?
verifies() {
	verifies_token=$1
	shift
	printf %s "$verifies_token" | issuerctl token verify --issuer "$URL" --ca-file "$CA" "$@"
}

# kid_of STATE - the kids of all keys in that state, a line each.
kid_of() {
	issuerctl key list -o json | jq -r ".[] | select(.state == \"$1\") | .kid"
}

# jwks_kids - those in the JWKS, on one line.
jwks_kids() {
	request "$URL/openid/v1/jwks" >/dev/null && jq -r '.keys[].kid' body | tr '\n' ' '
}

# signer_is KID - does it sign the next token?
signer_is() {
	ask_token demo app "$AWS" >/dev/null && [ "$(token_header "$(token_of)" | jq -r .kid)" = "$1" ]
}

# store_is_whole [STORE] - every page, reference and audit record; one key signs, and opens.
store_is_whole() {
	"$BUILDDIR/t/store-check" "${1:-state/issuer.db}" state/sealing.key main \
		"$(cut -d ' ' -f 1 "$TEST_CLOCK")"
}

# audit SQL-WHERE - how many audit rows there are.
audit() {
	sqlite3 -readonly -cmd '.timeout 5000' state/issuer.db "SELECT count(*) FROM audit WHERE $1"
}

# audit_last CONDITION - 1 if it holds for the last row that is about a token. (A checkpoint comes
# when its hour is over, and may come in between.)
audit_last() {
	audit "seq = (SELECT max(seq) FROM audit WHERE event LIKE 'token.%') AND $1"
}

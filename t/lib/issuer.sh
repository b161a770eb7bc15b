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

unset ISSUERD_CONFIG NOTIFY_SOCKET CREDENTIALS_DIRECTORY
CONF=$WORK/issuerd.yaml
CA=$WORK/tls/ca.pem
DAEMON=

issuerd() { "$BUILDDIR/t/issuerd-test" -c "$CONF" "$@"; }
issuerctl() { "$BUILDDIR/t/issuerctl-test" -c "$CONF" "$@"; }

# certificates - a CA and one for localhost in tls/.
certificates() {
	mkdir -p tls
	(
		cd tls && umask 077 &&
			openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
				-subj '/CN=test CA' -keyout ca.key -out ca.pem &&
			openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
				-subj '/CN=localhost' -keyout server.key -out server.csr &&
			echo 'subjectAltName=DNS:localhost,IP:127.0.0.1' >server.ext &&
			openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial \
				-days 3650 -extfile server.ext -out server.pem
	) >tls.log 2>&1 || bail "could not make certificates: $(cat tls.log)"
}

# conf_write [EXTRA] - a configuration for https://localhost:$PORT$URL_PATH; EXTRA is appended.
conf_write() {
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
    tls: {certificate: tls/server.pem, key: tls/server.key}
  - address: 127.0.0.1:0
    serves: [ops]
${1:-}
EOF
}

# issuer_make [EXTRA] - certificates, configuration and an initialised store.
issuer_make() {
	PORT=$(port_random)
	certificates
	conf_write "${1:-}"
	issuerctl init >init.log 2>&1 || bail "issuerctl init failed: $(cat init.log)"
}

# issuer_start - runs the daemon until the script ends; waits until it can serve.
# Sets DAEMON, API and OPS.
issuer_start() {
	rm -f ready
	mkfifo ready || bail "mkfifo"
	"$BUILDDIR/t/issuerd-test" -c "$CONF" -R 3 3>ready >>issuerd.log 2>&1 </dev/null &
	DAEMON=$!
	stop_on_exit "$DAEMON"
	{
		read -r _ API
		read -r _ OPS
	} <ready
	rm -f ready
	[ -n "$API" ] || bail "issuerd did not start: $(tail -n 3 issuerd.log)"
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

# until_true CMD... - waits for an event that CMD can see: at most ten seconds.
until_true() {
	until_tries=100
	until "$@" >/dev/null 2>&1; do
		until_tries=$((until_tries - 1))
		[ "$until_tries" -gt 0 ] || return 1
		sleep 0.1
	done
}

# audit SQL-WHERE - how many audit rows there are.
audit() {
	sqlite3 -readonly state/issuer.db "SELECT count(*) FROM audit WHERE $1"
}

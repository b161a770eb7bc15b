# callers.sh - the words of tests about who calls: certificates, a Unix socket, reviews of tokens.
# Source it instead of issuer.sh; then callers_make instead of issuer_make.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh

# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"

# shellcheck disable=SC2034 # for who sources this
REVIEWS=/apis/authentication.k8s.io/v1/tokenreviews
SELF=/apis/authentication.k8s.io/v1/selfsubjectreviews

# pki ARG... - see pki.py; in tls/.
pki() {
	(cd tls && /usr/bin/python3 "$SRCDIR/t/lib/pki.py" "$@") || bail "pki $*"
}

# callers_make [EXTRA] - issuer_make, whose API takes certificates of the CA tls/callers.
callers_make() {
	mkdir -p tls
	pki ca callers 'callers CA'
	TLS_EXTRA="client_ca: tls/callers.pem${TLS_EXTRA:+, $TLS_EXTRA}"
	issuer_make "${1:-}"
}

# client NAME [OPTION...] - a client whose secret is in NAME.secret.
client() {
	client_name=$1
	shift
	issuerctl client create "$client_name" --secret-file "$client_name.secret" "$@" >/dev/null ||
		bail "client $client_name"
}

# with SECRET-FILE CMD... - CMD, with that for a credential; "-": with none.
with() {
	with_file=$1
	shift
	if [ "$with_file" = - ]; then
		AUTH=Authorization: "$@"
	else
		AUTH="Authorization: Bearer $(cat "$with_file")" "$@"
	fi
}

# by NAME CMD... CURL-ARG - CMD without secret, with the certificate tls/NAME.
by() {
	by_name=$1
	shift
	with - "$@" --cert "tls/$by_name.pem" --key "tls/$by_name.key"
}

# post PATH BODY [CURL-ARG...] - to the API, as client ci or AUTH says; prints the status.
post() {
	post_path=$1 post_body=$2
	shift 2
	request -H "${AUTH-Authorization: Bearer $(cat ci.secret)}" \
		-H 'Content-Type: application/json' --data-raw "$post_body" "$@" "$API$post_path"
}

# review TOKEN [AUDIENCE...] - has it reviewed; the answer is in body.
review() {
	review_token=$1
	shift
	post "$REVIEWS" "$(jq -cn --arg token "$review_token" \
		'{spec: {token: $token, audiences: $ARGS.positional}}' --args "$@")"
}

# whoami [CURL-ARG...] - status and user name of SelfSubjectReview.
whoami() {
	echo "$(post "$SELF" '{}' "$@") $(jq -r 'if .reason then .reason else .status.userInfo.username end' body)"
}

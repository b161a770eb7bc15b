#!/bin/sh
# Kubernetes' own client libraries, for Node and Python: tokens, reviews and refusals as their users
# see them.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/callers.sh
. "${SRCDIR:-.}/t/lib/callers.sh"
callers_make
demo
pki caller callers alice --cn alice --o readers
pki caller callers old --cn alice --o readers --expired
issuerctl grant add group:readers demo/app --audience sts.amazonaws.com >/dev/null
issuerctl grant add ci 'demo/no*' --audience sts.amazonaws.com >/dev/null
client reviewer
issuerctl grant add reviewer --tokenreviews >/dev/null
POD=66666666-7777-4888-8999-000000000000
issuerctl node create n1 --uid 11111111-2222-4333-8444-555555555555 >/dev/null
issuerctl pod create demo/p --service-account app --node n1 --uid $POD >/dev/null
printf isc_nonsense >nobody.secret
issuer_start

cp "$SRCDIR"/t/clients/*.js "$SRCDIR"/t/clients/package*.json .
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >npm.log 2>&1 ||
	bail "npm ci failed: $(tail -n 5 npm.log)"
client_node() { node client_node.js "$URL" "$CA"; }
# Debian's, which python3-kubernetes belongs to.
client_python() { /usr/bin/python3 "$SRCDIR/t/clients/client_python.py" "$URL" "$CA"; }

# call LINE... - all of them; answer N is that of line N.
call() {
	printf '%s\n' "$@" | $library >answers 2>library.err ||
		diag "$(head -n 5 library.err)"
}
status() { sed -n "$1s/ .*//p" answers; }
answer() { sed -n "$1s/^[^ ]* //p" answers | jq -cS "$2"; }
# refusal N - status, reason and message of a Status.
refusal() { echo "$(status "$1") $(answer "$1" '[.reason, .message]')"; }

UID_OF=$(issuerctl sa show demo/app -o json | jq -r .uid)
for library in client_node client_python; do
	call 'ci.secret token demo app {"audiences":["sts.amazonaws.com"],"expirationSeconds":600}' \
		'ci.secret token demo app {"audiences":["sts.amazonaws.com"],"expirationSeconds":7200,"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"p","uid":"'$POD'"}}' \
		'cert:tls/alice token demo app {"audiences":["sts.amazonaws.com"]}' \
		'ci.secret token demo other {"audiences":["sts.amazonaws.com"]}' \
		'ci.secret token demo nobody {"audiences":["sts.amazonaws.com"]}' \
		'ci.secret token demo app {"audiences":["sts.amazonaws.com"],"expirationSeconds":599}' \
		'ci.secret token demo app {"audiences":["sts.amazonaws.com"],"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"p","uid":"x"}}' \
		'ci.secret token demo app {"audiences":["sts.amazonaws.com"],"boundObjectRef":{"kind":"Secret","apiVersion":"v1","name":"p"}}' \
		'nobody.secret token demo app {"audiences":["sts.amazonaws.com"]}' \
		'cert:tls/old token demo app {"audiences":["sts.amazonaws.com"]}'
	is "$library gets a token" "$(status 1) $(answer 1 '[.spec.expirationSeconds, .spec.audiences]')" \
		'0 [600,["sts.amazonaws.com"]]'
	answer 1 .status.token | tr -d '"\n' >token
	ok "$library: which a stranger accepts" verifies "$(cat token)" --audience sts.amazonaws.com
	like "$library: and whose end it knows" "$(answer 1 .status.expirationTimestamp)" '^"20[0-9-]*T[0-9:.]*(Z|\+00:00)"$'
	is "$library gets one bound to a pod" "$(status 2) $(answer 2 '[.spec.expirationSeconds, .spec.boundObjectRef]')" \
		"0 [3600,{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"p\",\"uid\":\"$POD\"}]"
	answer 2 .status.token | tr -d '"\n' >bound
	is "$library gets one by a certificate" "$(status 3) $(answer 3 .metadata.name)" '0 "app"'
	is "$library: no grant is 403" "$(refusal 4)" \
		'403 ["Forbidden","serviceaccounts \"other\" is forbidden: User \"ci\" cannot create resource \"serviceaccounts/token\" in API group \"\" in the namespace \"demo\": no grant covers this service account"]'
	is "$library: no service account is 404" "$(refusal 5)" \
		'404 ["NotFound","serviceaccounts \"nobody\" not found"]'
	is "$library: too short a time is 422" "$(status 6) $(answer 6 '.details.causes[0].field')" \
		'422 "spec.expirationSeconds"'
	is "$library: another pod of that name is 409" "$(status 7) $(answer 7 .reason)" '409 "Conflict"'
	is "$library: a secret to be bound to is 400" "$(status 8) $(answer 8 .reason)" '400 "BadRequest"'
	is "$library: an unknown secret is 401" "$(status 9)" 401
	is "$library: so is a certificate that has expired" "$(status 10)" 401

	call "reviewer.secret review {\"token\":\"$(cat token)\",\"audiences\":[\"vault\",\"sts.amazonaws.com\"]}" \
		"reviewer.secret review {\"token\":\"$(cat bound)\",\"audiences\":[\"sts.amazonaws.com\"]}" \
		"reviewer.secret review {\"token\":\"$(cat token)\"}" \
		'reviewer.secret review {"token":"nonsense"}' \
		'ci.secret review {"token":"nonsense"}' \
		'reviewer.secret review {"token":""}'
	is "$library has a token reviewed" "$(status 1) $(answer 1 '[.status.authenticated, .status.audiences, .status.user.username, .status.user.uid, .status.user.groups]')" \
		"0 [true,[\"sts.amazonaws.com\"],\"system:serviceaccount:demo:app\",\"$UID_OF\",[\"system:serviceaccounts\",\"system:serviceaccounts:demo\",\"system:authenticated\"]]"
	is "$library learns what it is bound to" "$(answer 2 '.status.user.extra | del(."authentication.kubernetes.io/credential-id")')" \
		"{\"authentication.kubernetes.io/node-name\":[\"n1\"],\"authentication.kubernetes.io/node-uid\":[\"11111111-2222-4333-8444-555555555555\"],\"authentication.kubernetes.io/pod-name\":[\"p\"],\"authentication.kubernetes.io/pod-uid\":[\"$POD\"]}"
	is "$library: a token for others is not good here" "$(status 3) $(answer 3 '.status.authenticated // false')" "0 false"
	like "$library: and it is said why" "$(answer 3 .status.error)" 'audience'
	is "$library: nor is nonsense" "$(status 4) $(answer 4 '.status.authenticated // false')" "0 false"
	is "$library: not everybody may ask" "$(status 5) $(answer 5 .reason)" '403 "Forbidden"'
	is "$library: no token is 400" "$(status 6) $(answer 6 .reason)" '400 "BadRequest"'
done

library=client_node
call 'ci.secret self' 'cert:tls/alice self' 'bound self' 'nobody.secret self'
is "client_node learns who it is" "$(answer 1 .status.userInfo)" \
	'{"groups":["system:authenticated"],"username":"ci"}'
is "by a certificate" "$(answer 2 '[.status.userInfo.username, .status.userInfo.groups]')" \
	'["alice",["readers","system:authenticated"]]'
is "a token for others is no credential here" "$(status 3)" 401
is "nor is nonsense" "$(status 4)" 401
done_testing

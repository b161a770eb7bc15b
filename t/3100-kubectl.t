#!/bin/sh
# kubectl, whichever is installed, or the one in $KUBECTL: tokens, reviews, discovery, refusals; by
# options and by a kubeconfig; with secrets, certificates and our own tokens.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/callers.sh
. "${SRCDIR:-.}/t/lib/callers.sh"
KUBECTL=${KUBECTL:-kubectl}
command -v "$KUBECTL" >/dev/null || skip_all "no kubectl"
callers_make
demo
pki caller callers alice --cn alice --o readers
issuerctl grant add user:alice demo/app --audience sts.amazonaws.com >/dev/null
issuerctl grant add ci 'demo/no*' --audience sts.amazonaws.com >/dev/null
issuerctl grant add ci --tokenreviews >/dev/null
issuer_start

# kube ARG... - kubectl, without anything from this machine's user.
kube() { env -i PATH="$PATH" HOME="$WORK" "$KUBECTL" "$@" </dev/null; }
# as_ci ARG... - as client ci; its output is in out and err.
as_ci() {
	kube --server "$URL" --certificate-authority "$CA" --token "$(cat ci.secret)" "$@" \
		>out 2>err
}
# has WORDS - does this kubectl know that command? Old ones show another's help instead.
has() {
	# shellcheck disable=SC2086 # words
	kube $1 --help 2>/dev/null | grep -q "kubectl $1"
}
# says DESC PATTERN ARG... - it fails, and says so on standard error.
says() {
	says_desc=$1 says_pattern=$2
	shift 2
	exits "$says_desc" 1 as_ci "$@"
	like "... and kubectl says why" "$(cat err)" "$says_pattern"
}
# is_token DESC TOKEN [AUDIENCE] - it is one of demo/app.
is_token() {
	is "$1" "$(claims "$2" | jq -c '[.sub, .aud]')" \
		"[\"system:serviceaccount:demo:app\",[\"${3:-sts.amazonaws.com}\"]]"
}
TOKENS=/api/v1/namespaces/demo/serviceaccounts
# create NAME JSON - a token by create --raw.
create() {
	echo "$2" >tokenrequest.json
	as_ci create --raw "$TOKENS/$1/token" -f tokenrequest.json
}

# ---- create --raw ----
ok "create --raw makes a token" create app "$AWS"
is_token "it is printed as a TokenRequest" "$(jq -r .status.token out)"
ok "a stranger accepts it" verifies "$(jq -r .status.token out)" --audience sts.amazonaws.com
ok "with all that one may say" create app '{"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","metadata":{"name":"app","namespace":"demo"},"spec":{"audiences":["sts.amazonaws.com"],"expirationSeconds":600}}'
is "it lives as long as asked" "$(jq .spec.expirationSeconds out)" 600
ok "a lifetime that is shortened is no error" create app '{"spec":{"audiences":["sts.amazonaws.com"],"expirationSeconds":7200}}'

# ---- get --raw ----
ok "the version" as_ci get --raw /version
is "it is that of the API" "$(jq -r '.major + "." + .minor' out)" 1.36
while read -r path filter want; do
	ok "$path" as_ci get --raw "$path"
	is "... has what it needs" "$(jq -c "$filter" out)" "$want"
done <<EOF
/api .versions ["v1"]
/api/v1 [.resources[]|.name] ["serviceaccounts","serviceaccounts/token"]
/apis [.groups[].versions[].version] ["v1","v1beta1"]
/apis/authentication.k8s.io .preferredVersion.version "v1"
/apis/authentication.k8s.io/v1 [.resources[].kind] ["SelfSubjectReview","TokenReview"]
/.well-known/openid-configuration .issuer "$URL"
/openid/v1/jwks .keys|length 2
EOF
ok "kubectl version takes it" as_ci version
like "and shows it" "$(cat out)" 'Server Version:.*1\.36'
ok "api-versions lists what is here" as_ci api-versions
is "all of it" "$(tr '\n' ' ' <out)" "authentication.k8s.io/v1 authentication.k8s.io/v1beta1 v1 "
ok "api-resources lists what can be done" as_ci api-resources --no-headers
like "reviews of tokens" "$(cat out)" '^tokenreviews +authentication.k8s.io/v1 +false +TokenReview'
says "what is not here is not found" '^Error from server \(NotFound\): ' get --raw /api/v1/pods
says "rights cannot be asked for: there is no such API" 'could not find the requested resource|no matches for kind' \
	auth can-i create serviceaccounts/token

# ---- a review, by its manifest ----
create app "$AWS"
jq -r .status.token out >token
cat >review.yaml <<EOF
apiVersion: authentication.k8s.io/v1
kind: TokenReview
spec: {token: $(cat token), audiences: [sts.amazonaws.com]}
EOF
ok "create -f finds by discovery where a TokenReview goes" as_ci create --validate=false -o json -f review.yaml
is "and shows the answer" "$(jq -c '[.status.authenticated, .status.user.username, .status.audiences]' out)" \
	'[true,"system:serviceaccount:demo:app",["sts.amazonaws.com"]]'
sed -i 's/audiences: .*/audiences: [vault]}/' review.yaml
ok "a token that is not good is no failure" as_ci create --validate=false -o json -f review.yaml
is "but not authenticated" "$(jq -c '[.status.authenticated, .status.user]' out)" '[null,{}]'

# ---- commands of newer kubectls ----
if has "create token"; then
	ok "create token" as_ci create token app -n demo --audience sts.amazonaws.com --duration 20m
	is_token "prints it" "$(cat out)"
	is "with its lifetime" "$(claims "$(cat out)" | jq '.exp - .iat')" 1230
	issuerctl pod create demo/p --service-account app --uid 66666666-7777-4888-8999-000000000000 >/dev/null
	ok "bound to a pod" as_ci create token app -n demo --audience sts.amazonaws.com \
		--bound-object-kind Pod --bound-object-name p -o json
	is "which is echoed" "$(jq -cS .spec.boundObjectRef out)" '{"apiVersion":"v1","kind":"Pod","name":"p"}'
	is "and in the token" "$(claims "$(jq -r .status.token out)" | jq -c '."kubernetes.io".pod')" \
		'{"name":"p","uid":"66666666-7777-4888-8999-000000000000"}'
	ok "a lifetime that is shortened" as_ci create token app -n demo --audience sts.amazonaws.com --duration 2h
	like "is warned of" "$(cat err)" '^Warning: requested expiration of 7200 seconds shortened to 3600 seconds$'
	says "without a grant" '^error: failed to create token: serviceaccounts "other" is forbidden: User "ci" cannot' \
		create token other -n demo
	says "of a service account that is not there" '^error: failed to create token: serviceaccounts "nobody" not found$' \
		create token nobody -n demo --audience sts.amazonaws.com
	says "for too short a time" 'spec.expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes' \
		create token app -n demo --audience sts.amazonaws.com --duration 1s
	says "for another pod of that name" 'Operation cannot be fulfilled on Pod "p": the UID' \
		create token app -n demo --audience sts.amazonaws.com --bound-object-kind Pod \
		--bound-object-name p --bound-object-uid x
else
	skip 16 "this kubectl has no create token"
fi
if has "auth whoami"; then
	ok "auth whoami" as_ci auth whoami -o json
	is "knows who" "$(jq -c .status.userInfo out)" '{"username":"ci","groups":["system:authenticated"]}'
else
	skip 2 "this kubectl has no auth whoami"
fi

# ---- refusals ----
refused() { # DESC PATTERN NAME JSON
	echo "$4" >tokenrequest.json
	says "$1" "$2" create --raw "$TOKENS/$3/token" -f tokenrequest.json
}
refused "403 by its words" '^Error from server \(Forbidden\): serviceaccounts "other" is forbidden: User "ci" cannot create resource "serviceaccounts/token" in API group "" in the namespace "demo": no grant covers this service account$' \
	other "$AWS"
refused "403 for an audience" '^Error from server \(Forbidden\): .*no grant covers audience "vault"$' \
	app '{"spec":{"audiences":["vault"]}}'
refused "404 by its words" '^Error from server \(NotFound\): serviceaccounts "nobody" not found$' nobody "$AWS"
refused "400 by its words" '^Error from server \(BadRequest\): .*JSON' app '{'
refused "409 by its words" '^Error from server \(Conflict\): Operation cannot be fulfilled' \
	app '{"metadata":{"uid":"x"},"spec":{"audiences":["sts.amazonaws.com"]}}'
refused "422 by its cause" 'spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes' \
	app '{"spec":{"audiences":["sts.amazonaws.com"],"expirationSeconds":599}}'
echo "$AWS" >tokenrequest.json
# stranger ARG... - with a secret that nobody has.
stranger() { kube --server "$URL" --certificate-authority "$CA" --token isc_nonsense "$@" >out 2>err; }
exits "401 for an unknown secret" 1 stranger create --raw "$TOKENS/app/token" -f tokenrequest.json
is "in kubectl's words" "$(cat err)" "error: You must be logged in to the server (Unauthorized)"
exits "a bad credential is refused even where none is needed" 1 stranger get --raw /version

# ---- certificates ----
# with_certificate NAME - a token of demo/app by that certificate.
with_certificate() {
	kube --server "$URL" --certificate-authority "$CA" --client-certificate "tls/$1.pem" \
		--client-key "tls/$1.key" create --raw "$TOKENS/app/token" -f tokenrequest.json >out 2>err
}
ok "a certificate is as good as a secret" with_certificate alice
is "the audit has its CN" "$(audit "event='token.issued' AND actor='alice' AND jti='$(claims "$(jq -r .status.token out)" | jq -r .jti)'")" 1
pki caller callers bob --cn bob
exits "another's gets nothing" 1 with_certificate bob
like "and is told so" "$(cat err)" 'Error from server \(Forbidden\): .* User "bob" cannot'
(cd tls && certificates_for stranger stranger DNS:x) >tls.log 2>&1
exits "one of another CA" 1 with_certificate stranger
like "is nobody's" "$(cat err)" 'You must be logged in to the server|certificate'

# ---- a kubeconfig ----
issuerctl token create demo/app >own.token
issuerctl grant add user:system:serviceaccount:demo:app demo/app --audience sts.amazonaws.com >/dev/null
cat >kubeconfig <<EOF
apiVersion: v1
kind: Config
current-context: secret
clusters:
  - {name: issuer, cluster: {server: "$URL", certificate-authority: tls/ca.pem}}
contexts:
  - {name: secret, context: {cluster: issuer, user: secret, namespace: demo}}
  - {name: certificate, context: {cluster: issuer, user: certificate, namespace: demo}}
  - {name: own, context: {cluster: issuer, user: own, namespace: demo}}
users:
  - {name: secret, user: {token: $(cat ci.secret)}}
  - {name: certificate, user: {client-certificate: tls/alice.pem, client-key: tls/alice.key}}
  - {name: own, user: {tokenFile: own.token}}
EOF
for context in secret certificate own; do
	kube --kubeconfig kubeconfig --context "$context" create --raw "$TOKENS/app/token" -f tokenrequest.json >out 2>err
	is_token "a kubeconfig with $context" "$(jq -r .status.token out)"
done
is "the audit tells them apart" "$(sqlite3 -readonly state/issuer.db "SELECT group_concat(actor, ' ') FROM (SELECT actor FROM audit WHERE event='token.issued' ORDER BY seq DESC LIMIT 3)")" \
	"system:serviceaccount:demo:app alice ci"
done_testing

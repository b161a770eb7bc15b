#!/bin/sh
# What doc/kubernetes.md tells people to type does what it says, taken from there: grants, kubectl,
# client libraries, pods, and a cluster that asks us by webhook. Only URLs and paths are others.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/callers.sh
. "${SRCDIR:-.}/t/lib/callers.sh"
# shellcheck source=t/lib/told.sh
. "$SRCDIR/t/lib/told.sh"
! is_sanitized || skip_all "what is written is held to the programs that people run"
KUBECTL=$(command -v "${KUBECTL:-kubectl}") || skip_all "no kubectl"
DOC=$SRCDIR/doc/kubernetes.md
issuer_make
issuerctl sa create demo/app >/dev/null
client demo --group demo
issuerctl grant add group:demo demo/app --audience sts.amazonaws.com --max-ttl 24h >/dev/null
issuer_start

# What quickstart would have written; t/0200-quickstart.t holds it to these names.
mkdir -p build/dev
cat >build/dev/env <<EOF
API_URL='$URL'
CA_FILE='$CA'
CLIENT_TOKEN_FILE='$WORK/demo.secret'
EOF
told_program kubectl "$KUBECTL"
told_issuerctl

# has WORDS - does this kubectl know that command? Old ones show another's help instead.
has() {
	# shellcheck disable=SC2086 # words
	as_told kubectl $1 --help 2>/dev/null | grep -q "kubectl $1"
}
# without_news - standard input without the commands that this kubectl is too old for.
without_news() {
	for words in "create token" "auth whoami"; do
		has "$words" || echo "/^kubectl $words/d"
	done >news.sed
	sed -f news.sed
}
# is_good DESC TOKEN - one of demo/app for AWS, which a stranger accepts.
is_good() {
	ok "$1" verifies "$2" --audience sts.amazonaws.com
	is "... of the service account" "$(claims "$2" | jq -r .sub)" system:serviceaccount:demo:app
}

# ---- grants ----
client runner
block '^Whoever asks' '^A certificate beside' >grants.sh
like "there are grants to add" "$(cat grants.sh)" '^issuerctl grant add runner .*'
as_told sh -e grants.sh >out 2>&1
is "they are added" $? 0 || diag "$(cat out)"
like "and explained" "$(cat out)" '^allowed +yes$'

# ---- kubectl ----
block '^Any kubectl will do' '^The secret stays' | without_news >kubectl.sh
like "there are commands of kubectl's" "$(cat kubectl.sh)" '^kubectl .*create --raw'
as_told sh -e kubectl.sh >out 2>err
is "they succeed" $? 0 || diag "$(cat err)"
is_good "the first makes a token" "$(head -n 1 out | jq -r .status.token)"
if has "create token"; then
	is "the second, too" "$(audit "event='token.issued' AND actor='demo' AND asked=600 AND lifetime=600")" 1
else
	skip 1 "this kubectl has no create token"
fi
if has "auth whoami"; then
	like "the third says who we are" "$(cat out)" '^Username +demo$'
else
	skip 1 "this kubectl has no auth whoami"
fi
unlike "the secret is in its file alone" "$(cat kubeconfig)" "$(cat demo.secret)"
KUBECONFIG=$WORK/kubeconfig

# ---- libraries ----
block '^it is what kubectl does, and' '^\*\*python3' >try.mjs
like "there is something for Node" "$(cat try.mjs)" "^import .*client-node"
cp "$SRCDIR"/t/clients/package*.json .
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >npm.log 2>&1 ||
	bail "npm ci failed: $(tail -n 5 npm.log)"
as_told node try.mjs >token 2>err || diag "$(head -n 5 err)"
is_good "Node gets a token" "$(cat token)"
block '^\*\*python3' '^\*\*curl' >try.py
like "there is something for Python" "$(cat try.py)" "^from kubernetes import"
# Debian's, which python3-kubernetes belongs to.
as_told /usr/bin/python3 try.py >token 2>err || diag "$(tail -n 5 err)"
is_good "Python gets a token" "$(cat token)"

# ---- pods ----
block '^A token can be bound' '^\*\*The node rule' >pods.sh
like "there is a pod to bind to" "$(cat pods.sh)" '^issuerctl pod create'
if has "create token"; then
	as_told sh -e pods.sh >out 2>&1
	is "a token is bound to it" $? 0 || diag "$(cat out)"
	is "as the audit says" "$(audit "event='token.issued' AND subject='system:serviceaccount:ci:deploy' AND bound LIKE 'pod build-17 (%'")" 1
else
	skip 2 "this kubectl has no create token"
fi

# ---- a cluster asks us ----
block '^kube-apiserver sends tokens' '# issuerd-webhook' | grep '^issuerctl' >webhook.sh
as_told sh -e webhook.sh >out 2>&1
is "the cluster's client may review" $? 0 || diag "$(cat out)"
# webhook SED-SCRIPT - its kubeconfig, here.
webhook() {
	sed -n '/^    # issuerd-webhook/,/^    current-context/s/^    //p' "$DOC" |
		sed -e "s|https://oidc.example.org|$URL|; s|/etc/kubernetes/issuerd-ca.crt|$CA|" \
			-e "s|/etc/kubernetes/cluster-1.secret|$WORK/cluster-1.secret|" -e "$1"
}
CLUSTER=https://kubernetes.default.svc
issuerctl grant add demo demo/app --audience "$CLUSTER" >/dev/null
# mint AUDIENCE - a token for it.
mint() {
	with demo.secret ask_token demo app "{\"spec\":{\"audiences\":[\"$1\"]}}" >/dev/null
	token_of
}
mint "$CLUSTER" >token
mint sts.amazonaws.com >elsewhere
echo nonsense >nonsense

webhook 's|\(server: .*\)/apis/.*|\1|' >cut.yaml
block '^Ask as the cluster will' '^## A cluster trusts us' >ask.sh
KUBECONFIG=$WORK/cut.yaml as_told sh -e ask.sh >out 2>&1
is "kubectl reads the webhook's kubeconfig" $? 0 || diag "$(cat out)"
is "and asks as the cluster will" "$(jq -c '[.status.authenticated, .status.user.username, .status.audiences]' out)" \
	"[true,\"system:serviceaccount:demo:app\",[\"$CLUSTER\"]]"

# of_webhook WHAT - from the kubeconfig, as kubectl reads it.
of_webhook() { as_told kubectl --kubeconfig webhook.yaml config view --raw -o "jsonpath=$1"; }
# asked VERSION FILE - what kube-apiserver's webhook client sends of a token, to the URL in its
# kubeconfig: status, version, and what it looks at of the answer.
asked() {
	jq -cjn --arg version "authentication.k8s.io/$1" --rawfile token "$2" --arg audience "$CLUSTER" \
		'{kind: "TokenReview", apiVersion: $version, metadata: {creationTimestamp: null},
			spec: {token: $token, audiences: [$audience]}, status: {user: {}}}' >review.json
	request -H 'Accept: application/json, */*' -H 'Content-Type: application/json' \
		-H 'User-Agent: kube-apiserver/v1.36' -H 'Accept-Encoding: gzip' \
		-H "Authorization: Bearer $(cat "$(of_webhook '{.users[0].user.tokenFile}')")" \
		--data-binary @review.json "$(of_webhook '{.clusters[0].cluster.server}')"
	jq -cr 'if .kind == "Status" then " \(.reason)" else " \(.kind) \(.apiVersion) \([.status.authenticated // false, .status.audiences, .status.user.username])" end' body
}
for version in v1 v1beta1; do
	webhook "s|/v1/tokenreviews|/$version/tokenreviews|" >webhook.yaml
	is "$version: a good token" "$(asked $version token)" \
		"201 TokenReview authentication.k8s.io/$version [true,[\"$CLUSTER\"],\"system:serviceaccount:demo:app\"]"
	is "$version: its groups" "$(jq -c .status.user.groups body)" \
		'["system:serviceaccounts","system:serviceaccounts:demo","system:authenticated"]'
	for file in elsewhere nonsense; do
		is "$version: one that is $file" "$(asked $version $file)" \
			"201 TokenReview authentication.k8s.io/$version [false,null,null]"
		like "... with the reason" "$(jq -r .status.error body)" '^\[invalid bearer token, (the token is not for audience|unknown secret)'
	done
done
issuerctl client revoke cluster-1 >/dev/null
is "without its client the cluster learns nothing" "$(asked v1beta1 token)" "401 Unauthorized"
done_testing

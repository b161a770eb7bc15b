#!/bin/sh
# TokenReview: who may ask, what is said of good tokens, of those that have become bad, and of
# forgeries; SelfSubjectReview.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/callers.sh
. "${SRCDIR:-.}/t/lib/callers.sh"
clock_set 1900000000
callers_make
demo
clock_forward 1000 # so that it can go back
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out sa.key
openssl pkey -in sa.key -pubout -out sa.pub
issuerctl key import sa.pub --until 100d >/dev/null
NODE=11111111-2222-4333-8444-555555555555
POD=66666666-7777-4888-8999-000000000000
issuerctl sa create demo/web >/dev/null
issuerctl node create n1 --uid $NODE >/dev/null
issuerctl pod create demo/p --service-account web --node n1 --uid $POD >/dev/null
issuerctl grant add ci 'demo/*' --audience '*' --max-ttl 1h >/dev/null
client reviewer
client loner --group reviewers
issuerctl grant add reviewer --tokenreviews >/dev/null
pki caller callers proxy --cn proxy --o reviewers
issuerctl sa create demo/gate >/dev/null
issuer_start

# mint NAME [REF [AUDIENCES]] - a token of demo/NAME, into the file NAME.
mint() {
	[ "$(ask_token demo "$1" "{\"spec\":{\"boundObjectRef\":${2:-null},\"audiences\":${3:-null}}}")" = 201 ] ||
		bail "no token of $1: $(cat body)"
	token_of >"$1"
}
# reviewed FILE [AUDIENCE...] - by the reviewer: the status, and whether it is authenticated.
reviewed() {
	reviewed_token=$(cat "$1")
	shift
	echo "$(with reviewer.secret review "$reviewed_token" "$@") $(jq -r '.status.authenticated // false' body)"
}
error() { jq -r '.status.error' body; }
# bad DESC WHY FILE [AUDIENCE...] - not authenticated, which is no error of the request, and why.
bad() {
	bad_desc=$1 bad_why=$2
	shift 2
	is "$bad_desc is not authenticated" "$(reviewed "$@") $(jq -c .status.user body)" "201 false {}"
	like "... and it is said why" "$(error)" "^\[invalid bearer token, .*($bad_why).*\]\$"
}

# ---- good ones ----
mint app
is "a good token is authenticated" "$(reviewed app)" "201 true"
is "the answer is a TokenReview that repeats the question" "$(jq -c '[.kind, .apiVersion, .spec.token == $token]' --arg token "$(cat app)" body)" \
	'["TokenReview","authentication.k8s.io/v1",true]'
UID_OF=$(issuerctl sa show demo/app -o json | jq -r .uid)
is "the user is the service account" "$(jq -c '[.status.user.username, .status.user.uid]' body)" \
	"[\"system:serviceaccount:demo:app\",\"$UID_OF\"]"
is "its groups are Kubernetes', in order" "$(jq -c .status.user.groups body)" \
	'["system:serviceaccounts","system:serviceaccounts:demo","system:authenticated"]'
is "the jti is the credential's id, and all of extra" "$(jq -c .status.user.extra body)" \
	"{\"authentication.kubernetes.io/credential-id\":[\"JTI=$(claims "$(cat app)" | jq -r .jti)\"]}"
is "the audiences are the API's" "$(jq -c .status.audiences body)" "[\"$URL\"]"
is "nothing is wrong" "$(jq -c '.status | has("error")' body)" false
mint web "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"name\":\"p\"}"
is "one bound to a pod" "$(reviewed web) $(jq -cS '.status.user.extra | del(."authentication.kubernetes.io/credential-id")' body)" \
	"201 true {\"authentication.kubernetes.io/node-name\":[\"n1\"],\"authentication.kubernetes.io/node-uid\":[\"$NODE\"],\"authentication.kubernetes.io/pod-name\":[\"p\"],\"authentication.kubernetes.io/pod-uid\":[\"$POD\"]}"
cp web of-pod
mint web '{"kind":"Node","apiVersion":"v1","name":"n1"}'
cp web of-node
is "one bound to a node" "$(reviewed of-node) $(jq -cS '.status.user.extra | del(."authentication.kubernetes.io/credential-id")' body)" \
	"201 true {\"authentication.kubernetes.io/node-name\":[\"n1\"],\"authentication.kubernetes.io/node-uid\":[\"$NODE\"]}"
is "v1beta1 answers in v1beta1" "$(REVIEWS=/apis/authentication.k8s.io/v1beta1/tokenreviews reviewed app) $(jq -r .apiVersion body)" \
	"201 true authentication.k8s.io/v1beta1"
is "what has no kind is that of the path" "$(with reviewer.secret post /apis/authentication.k8s.io/v1beta1/tokenreviews "{\"spec\":{\"token\":\"$(cat app)\"}}") $(jq -r .apiVersion body)" \
	"201 authentication.k8s.io/v1beta1"
# in_version PATH BODY - a TokenReview of one version, sent to the path of another or the same.
in_version() {
	echo "$(with reviewer.secret post "/apis/authentication.k8s.io/$1/tokenreviews" \
		"{\"kind\":\"TokenReview\",\"apiVersion\":\"authentication.k8s.io/$2\",\"spec\":{\"token\":\"$(cat app)\"}}") $(jq -r '.message // .apiVersion' body)"
}
for version in v1 v1beta1; do
	is "$version to its path" "$(in_version $version $version)" "201 authentication.k8s.io/$version"
done
is "v1beta1 to the path of v1" "$(in_version v1 v1beta1)" \
	"400 the API version in the data (authentication.k8s.io/v1beta1) does not match the expected API version (authentication.k8s.io/v1)"
is "v1 to the path of v1beta1" "$(in_version v1beta1 v1)" \
	"400 the API version in the data (authentication.k8s.io/v1) does not match the expected API version (authentication.k8s.io/v1beta1)"
# around FORMAT - the review of app's token within that, as printf has it: status, whether it is
# authenticated, and the error.
around() {
	# shellcheck disable=SC2059
	around_token=$(printf "$1x" "$(cat app)")
	echo "$(with reviewer.secret review "${around_token%x}") $(jq -r '.status | "\(.authenticated // false) \(.error)"' body)"
}
is "line ends around it are taken off" "$(around '\n%s\r\n')" "201 true null"
is "blanks behind it, too" "$(around '%s  ')" "201 true null"
is "and what comes behind a blank" "$(around '%s x')" "201 true null"
is "one behind a blank is none, as in a header, and nothing is wrong" "$(around ' %s') $(jq -c .status.user body)" \
	"201 false null {}"
is "... behind a blank and a line end" "$(around ' \n%s\n ')" "201 false null"
is "... behind a word" "$(around 'x %s')" "201 false [invalid bearer token, unknown secret]"
is "... behind the scheme" "$(around 'Bearer %s')" "201 false [invalid bearer token, unknown secret]"
is "only blanks are none, either" "$(around '  %.0s')" "201 false null"
is "only line ends" "$(around '\n\t%.0s')" "201 false null"
is "the answer has the token as it came" "$(around ' %s ')$(jq -r .spec.token body)" "201 false null $(cat app) "
is "a client's secret can be reviewed, too" "$(reviewed ci.secret) $(jq -r .status.user.username body)" "201 true ci"
bad "but not for others" "for this API" ci.secret sts.amazonaws.com

# ---- audiences ----
mint web null '["vault","a","b"]'
is "those that both have, in the order of the question" "$(reviewed web x b vault) $(jq -c .status.audiences body)" \
	'201 true ["b","vault"]'
bad "one that the token has not" audience web x
bad "nor in another case" audience web VAULT
bad "the API's, which it has not" "audience" web
is "asked for twice, told twice" "$(reviewed web a a) $(jq -c .status.audiences body)" '201 true ["a","a"]'
is "null in their list is an empty one, which it has not" \
	"$(with reviewer.secret post "$REVIEWS" "{\"spec\":{\"token\":\"$(cat web)\",\"audiences\":[null]}}") $(jq -c '[.spec.audiences, .status.authenticated]' body)" \
	'201 [[""],null]'

# ---- what becomes bad ----
echo nonsense >nonsense
bad "nonsense" "unknown secret" nonsense
printf '%s' "isc_$(head -c 43 /dev/zero | tr '\0' x)" >nobody
bad "a secret that nobody has" "unknown secret" nobody
clock_jump -90
is "a token may be a minute early" "$(reviewed app)" "201 true"
clock_jump -1
bad "and no more" "not valid before|in the future" app
clock_jump 91
issuerctl pod delete demo/p >/dev/null
bad "one whose pod is deleted" "has been invalidated" of-pod
issuerctl pod create demo/p --service-account web --node n1 >/dev/null
bad "one whose pod is another now" "pod UID .* does not match" of-pod
issuerctl node delete n1 >/dev/null
bad "one whose node is deleted" "has been invalidated" of-node
issuerctl node create n1 >/dev/null
bad "one whose node is another now" "node UID .* does not match" of-node
issuerctl pod delete demo/p >/dev/null
issuerctl pod create demo/p --service-account web --node n1 --uid $POD >/dev/null
is "a pod's token does not ask for its node" "$(reviewed of-pod)" "201 true"
mint gate
issuerctl sa delete demo/gate >/dev/null
bad "one whose service account is deleted" 'serviceaccounts "gate" not found' gate
issuerctl sa create demo/gate >/dev/null
bad "one whose service account is another now" 'service account UID .* does not match' gate
clock_forward 3659
is "a token may be a minute late" "$(reviewed app)" "201 true"
clock_forward 1
bad "nor later than that" expired app
bad "one for others that has expired, too" expired web a
bad "but first comes the audience" "not for audience" web x

# ---- forgeries ----
mint app
STANDBY=$(kid_of standby)
issuerctl key export --public -- "$(kid_of active)" >active.pub
/usr/bin/python3 "$SRCDIR/t/lib/forge.py" app active.pub "$STANDBY" sa.key forged || bail "forge.py"
while IFS='|' read -r file why; do
	bad "a stranger's $file" "$why" "forged/stranger/$file"
done <<'EOF'
blank|unknown secret
crit|critical header extensions
cut-signature|part 3 is not base64url
dots|unknown secret
empty-kid|unknown key ''
empty-parts|does not have three parts
es256|algorithm is 'ES256', but its key is for RS256
five-parts|unknown secret
four-parts|unknown secret
hs256-der|algorithm is 'HS256', but its key is for RS256
hs256-empty|algorithm is 'HS256', but its key is for RS256
hs256-pem|algorithm is 'HS256', but its key is for RS256
hs256-stripped|algorithm is 'HS256', but its key is for RS256
huge|signature is not good
jku|unknown key
jwk|signature is not good
jwk-own-kid|unknown key
list-kid|names no key
list-payload|part 2 is not a JSON object
lower-alg|algorithm is 'rs256', but its key is for RS256
nested|part 2 is not a JSON object
no-alg|algorithm
no-kid|names no key
no-signature|signature is not good
none|names no key
none-case|algorithm is 'nOnE', but its key is for RS256
none-kid|algorithm is 'none', but its key is for RS256
none-signed|algorithm is 'none', but its key is for RS256
number-kid|names no key
own-key|signature is not good
own-kid|unknown key
padded|part 1 is not base64url
path-kid|unknown key '\.\./
payload|signature is not good
ps256|algorithm
rs512|algorithm is 'RS512', but its key is for RS256
sql-kid|unknown key '' OR
short-signature|signature is not good
standard-base64|part 3 is not base64url
swapped-kid|signature is not good
twice-alg|part 1 is not a JSON object that says each thing once
twice-kid|part 1 is not a JSON object that says each thing once
two-parts|unknown secret
x5c|signature is not good
x5u|signature is not good
EOF
is "no stranger's is left out" "$(find forged/stranger -type f | wc -l | tr -d ' ')" 45
for file in forged/stranger/*; do
	[ "$(wc -c <"$file")" -gt 8000 ] || with "$file" whoami # longer headers get 431
done >as_credential 2>&1
is "none of them is a credential" "$(sort -u as_credential)" "401 Unauthorized"
is "what is signed well is good" "$(reviewed forged/ours/good)" "201 true"
while IFS='|' read -r file why; do
	bad "signed well: $file" "$why" "forged/ours/$file"
done <<'EOF'
crit|critical header extensions
crit-b64|critical header extensions
crit-empty|critical header extensions
twice-alg|says each thing once
twice-kid|says each thing once
twice-sub|says each thing once
twice-aud|says each thing once
twice-exp|says each thing once
twice-within|says each thing once
no-exp|no whole-number 'exp'
text-exp|no whole-number 'exp'
float-exp|no whole-number 'exp'
huge-exp|part 2 is not a JSON object
no-nbf|no whole-number 'nbf'
future-nbf|not valid before
no-iat|no whole-number 'iat'
future-iat|in the future
no-iss|issuer is
other-iss|issuer is
slash-iss|issuer is
no-aud|not for audience
empty-aud|not for audience
other-aud|not for audience
aud-with-nul|part 2 is not a JSON object
no-sub|names no service account
other-sub|sub is not the service account
other-name|sub is not the service account
other-namespace|sub is not the service account
other-uid|service account UID .* does not match
no-uid|names no service account
not-kubernetes|names no service account
text-kubernetes|names no service account
pod-without-uid|binding is malformed
text-pod|binding is malformed
null-pod|binding is malformed
other-pod|has been invalidated
other-node|has been invalidated
secret|has been invalidated
EOF
is "none is left out" "$(find forged/ours -type f | wc -l | tr -d ' ')" 39

# ---- who may ask ----
is "not everybody" "$(review "$(cat app)")" 403
is "in Kubernetes' words" "$(jq -r .message body)" \
	'tokenreviews.authentication.k8s.io is forbidden: User "ci" cannot create resource "tokenreviews" in API group "authentication.k8s.io" at the cluster scope: no grant allows it (issuerctl grant add USER --tokenreviews)'
is "with its details" "$(jq -c .details body)" '{"group":"authentication.k8s.io","kind":"tokenreviews"}'
is "it is in the audit, who and why" "$(audit "event='review.refused' AND actor='ci' AND subject='tokenreviews' AND rule='grants' AND outcome='Forbidden' AND auth='secret' AND detail LIKE 'tokenreviews.authentication.k8s.io is forbidden:%no grant allows it%'")" 1
is "the token is not" "$(audit "instr(coalesce(detail, ''), '$(cat app)')")" 0
is "a stranger is one" "$(with - review "$(cat app)") $(jq -r .message body)" "401 Unauthorized"
# by_proxy - the status of a review, asked for by a certificate.
by_proxy() { by proxy post "$REVIEWS" "{\"spec\":{\"token\":\"$(cat app)\"}}"; }
is "without a grant for its group a certificate is nobody" "$(by_proxy)" 403
GRANT=$(issuerctl grant add group:reviewers --tokenreviews -o name)
is "a grant for a group is for certificates of it" "$(by_proxy)" 201
is "and for clients in it" "$(with loner.secret review "$(cat app)")" 201
mint gate
is "a token of ours needs one, too" "$(with gate review "$(cat app)")" 403
issuerctl grant add user:system:serviceaccount:demo:gate --tokenreviews >/dev/null
is "and may have it" "$(with gate review "$(cat app)")" 201
issuerctl grant remove "$GRANT" >/dev/null
is "a grant that is gone is gone at once" "$(with loner.secret review "$(cat app)")" 403
is "to review is not to mint" "$(with reviewer.secret ask_token demo app "$AWS")" 403

# ---- requests that are none ----
while IFS='|' read -r desc want body; do
	is "$desc" "$(with reviewer.secret post "$REVIEWS" "$body") $(jq -r .reason body)" "$want"
done <<'EOF'
no token|400 BadRequest|{"spec":{}}
an empty one|400 BadRequest|{"spec":{"token":""}}
no spec|400 BadRequest|{}
a number|400 BadRequest|{"spec":{"token":1}}
audiences that are no list|400 BadRequest|{"spec":{"token":"x","audiences":"x"}}
no JSON|400 BadRequest|{
another kind|400 BadRequest|{"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","spec":{"token":"x"}}
another version|400 BadRequest|{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v2","spec":{"token":"x"}}
EOF
is "they are in the audit, and the two of the wrong version above" "$(audit "event='review.refused' AND actor='reviewer' AND subject='tokenreviews' AND rule='request' AND outcome='BadRequest'")" 10
is "GET" "$(with reviewer.secret request -H "Authorization: Bearer $(cat reviewer.secret)" "$API$REVIEWS") $(header Allow)" "405 POST"
is "another version's path" "$(with reviewer.secret post /apis/authentication.k8s.io/v2/tokenreviews '{}')" 404

# ---- metadata ----
META='{"name":"n","namespace":"ns","uid":"u","generateName":"g","labels":{"a":"b"},"creationTimestamp":"2030-01-01T00:00:00Z","deletionTimestamp":"2030-01-01T00:00:00Z","deletionGracePeriodSeconds":0,"selfLink":"x","ownerReferences":[{"uid":"1"},{"uid":"1"}]}'
is "a TokenReview echoes what is not the server's to say" \
	"$(with reviewer.secret post "$REVIEWS" "{\"metadata\":$META,\"spec\":{\"token\":\"x\"}}") $(jq -cS .metadata body)" \
	'201 {"generateName":"g","labels":{"a":"b"},"name":"n","ownerReferences":[{"apiVersion":"","kind":"","name":"","uid":"1"}]}'
like "an owner told twice is told once, with a warning" "$(header Warning)" 'contains duplicate entries; .*: 1"$'
is "a SelfSubjectReview echoes nothing" \
	"$(with reviewer.secret post "$SELF" "{\"metadata\":$META}") $(jq -c '.metadata | keys' body)" '201 ["creationTimestamp"]'

# ---- SelfSubjectReview ----
is "a client learns who it is" "$(with loner.secret whoami) $(jq -cS '[.kind, .apiVersion, .status.userInfo]' body)" \
	'201 loner ["SelfSubjectReview","authentication.k8s.io/v1",{"groups":["reviewers","system:authenticated"],"username":"loner"}]'
is "and a service account" "$(with app whoami) $(jq -r .status.userInfo.uid body)" "201 system:serviceaccount:demo:app $UID_OF"
is "a stranger does not" "$(with - whoami)" "401 Unauthorized"
is "what is no review of oneself is refused" "$(with loner.secret post "$SELF" '{"kind":"TokenReview"}') $(jq -r .reason body)" "400 BadRequest"
is "... and not taken for a TokenReview" "$(audit "event='review.refused' AND actor='loner' AND subject='selfsubjectreviews' AND rule='request' AND outcome='BadRequest'")" 1
is "every refusal has an object and a rule" "$(audit "event LIKE '%.refused' AND (subject IS NULL OR rule IS NULL)")" 0
is "what one says of oneself does not count" "$(with loner.secret post "$SELF" '{"status":{"userInfo":{"username":"admin"}}}') $(jq -r .status.userInfo.username body)" \
	"201 loner"

# ---- a key that is revoked ----
is "before the key is revoked the token is good" "$(reviewed app)" "201 true"
issuerctl key revoke "$(kid_of active)" --reason test --yes >/dev/null 2>&1 || bail "key revoke"
revoked() { [ "$(reviewed app)" = "201 false" ]; }
ok "then it is not" until_true revoked
like "... because its key is none of ours" "$(error)" 'unknown key'
mint app
is "the next key's are" "$(reviewed app)" "201 true"
done_testing

#!/bin/sh
# Requests in Kubernetes' protobuf: what kubectls sent, byte for byte; what client-go would send; and
# what is broken.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/callers.sh
. "${SRCDIR:-.}/t/lib/callers.sh"
PROTOBUF=application/vnd.kubernetes.protobuf
ACCEPT="Accept: $PROTOBUF,application/json"
BODIES=$SRCDIR/t/data/clients/kubectl-protobuf
issuer_make
client ci
issuerctl sa create default/sa1 >/dev/null
issuerctl grant add ci default/sa1 --audience '*' --max-ttl 1h >/dev/null
issuerctl grant add ci --tokenreviews >/dev/null
POD=66666666-7777-4888-8999-000000000000
NODE=11111111-2222-4333-8444-555555555555
issuerctl node create n1 --uid $NODE >/dev/null
issuerctl pod create default/p --service-account sa1 --node n1 --uid $POD >/dev/null
issuer_start
TOKENS=/api/v1/namespaces/default/serviceaccounts/sa1/token

# hex TEXT - the bytes. recorded NAME - the body of that name, in hex.
hex() { /usr/bin/python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.argv[1]))' "$1"; }
recorded() { sed -n "s/^$1 [^ ]* //p" "$BODIES"; }
# send PATH FILE [CURL-ARG...] - a body, as client-go sends it; prints the status.
send() {
	send_path=$1 send_file=$2
	shift 2
	request -H "${AUTH-Authorization: Bearer $(cat ci.secret)}" -H "Content-Type: ${MEDIA-$PROTOBUF}" \
		-H "$ACCEPT" --data-binary "@$send_file" "$@" "$API$send_path"
}
# recall NAME [PATH] - sends what was recorded.
recall() { hex "$(recorded "$1")" >sent && send "${2:-$TOKENS}" sent; }
# encode KIND JSON [API-VERSION] - into the file sent.
encode() { printf %s "$2" | /usr/bin/python3 "$SRCDIR/t/lib/kube_pb.py" "$1" ${3:+"$3"} >sent; }
# request_pb JSON, review_pb JSON [VERSION] - as client-go would; prints the status.
request_pb() { encode TokenRequest "$1" && send "$TOKENS" sent; }
review_pb() { encode TokenReview "$1" "authentication.k8s.io/${2:-v1}" && send "/apis/authentication.k8s.io/${2:-v1}/tokenreviews" sent; }
reason() { jq -r .reason body; }

# ---- recorded ----
is "kubectl 1.32's and 1.33's create token is served" "$(recall create-token)" 201
is "it has a hundred bytes" "$(wc -c <sent | tr -d ' ')" 100
is "the answer is JSON, and says so" "$(header Content-Type)" application/json
is "a TokenRequest" "$(jq -r '.kind + " " + .apiVersion' body)" "TokenRequest authentication.k8s.io/v1"
is "its spec is whole" "$(jq -cS .spec body)" \
	'{"audiences":["sts.amazonaws.com"],"boundObjectRef":null,"expirationSeconds":3600}'
is "its metadata is filled in" "$(jq -r '.metadata | .namespace + "/" + .name' body)" default/sa1
is "nothing is warned of" "$(header Warning)" ""
ok "a stranger accepts the token" verifies "$(token_of)" --audience sts.amazonaws.com
is "without options" "$(recall create-token-plain) $(jq -c '[.spec.audiences, .spec.expirationSeconds]' body)" \
	"201 [[\"$URL\"],3600]"
is "bound to a pod" "$(recall create-token-pod) $(jq -cS .spec body)" \
	"201 {\"audiences\":[\"a\",\"b\"],\"boundObjectRef\":{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"p\",\"uid\":\"$POD\"},\"expirationSeconds\":3600}"
is "the token says so" "$(claims "$(token_of)" | jq -cS '."kubernetes.io" | [.pod, .node]')" \
	"[{\"name\":\"p\",\"uid\":\"$POD\"},{\"name\":\"n1\",\"uid\":\"$NODE\"}]"
is "bound to a node; an empty uid stays empty" "$(recall create-token-node) $(jq -cS '.spec.boundObjectRef | [.kind, .name, .uid // ""]' body)" \
	'201 ["Node","n1",""]'
is "the token has the node's uid" "$(claims "$(token_of)" | jq -cS '."kubernetes.io".node')" \
	"{\"name\":\"n1\",\"uid\":\"$NODE\"}"
is "auth whoami" "$(recall auth-whoami $SELF) $(jq -cS .status body)" \
	'201 {"userInfo":{"groups":["system:authenticated"],"username":"ci"}}'
is "a stranger is one in protobuf, too" "$(AUTH=Authorization: recall create-token) $(header Content-Type)" \
	"401 application/json"

# ---- the encoder of our own writes what kubectl writes ----
encode TokenRequest '{"spec":{"audiences":["sts.amazonaws.com"],"expirationSeconds":3600}}'
is "our encoder agrees with kubectl" "$(od -An -v -tx1 sent | tr -d ' \n')" "$(recorded create-token)"
encode SelfSubjectReview '{}'
is "of SelfSubjectReview, too" "$(od -An -v -tx1 sent | tr -d ' \n')" "$(recorded auth-whoami)"

# ---- the same checks as of JSON ----
is "399 s more than the grant" "$(request_pb '{"spec":{"audiences":["a"],"expirationSeconds":3999}}') $(header Warning)" \
	'201 299 - "requested expiration of 3999 seconds shortened to 3600 seconds"'
is "599 s" "$(request_pb '{"spec":{"audiences":["a"],"expirationSeconds":599}}') $(reason)" "422 Invalid"
is "less than nothing" "$(request_pb '{"spec":{"audiences":["a"],"expirationSeconds":-1}}') $(reason)" "422 Invalid"
is "no seconds at all are some" "$(request_pb '{"spec":{"audiences":["a"],"expirationSeconds":0}}') $(reason)" "422 Invalid"
is "2^32 s" "$(request_pb '{"spec":{"audiences":["a"],"expirationSeconds":4294967296}}')" 201
is "2^32 + 1 s" "$(request_pb '{"spec":{"audiences":["a"],"expirationSeconds":4294967297}}') $(reason)" "422 Invalid"
is "metadata that fits" "$(request_pb '{"metadata":{"name":"sa1","namespace":"default"},"spec":{"audiences":["a"]}}')" 201
is "another name" "$(request_pb '{"metadata":{"name":"sa2"},"spec":{"audiences":["a"]}}') $(reason)" "422 Invalid"
is "another namespace" "$(request_pb '{"metadata":{"namespace":"x"},"spec":{"audiences":["a"]}}') $(reason)" "400 BadRequest"
is "another uid" "$(request_pb '{"metadata":{"uid":"x"},"spec":{"audiences":["a"]}}') $(reason)" "409 Conflict"
is "a binding to nothing in particular" "$(request_pb '{"spec":{"audiences":["a"],"boundObjectRef":{}}}') $(reason)" "400 BadRequest"
is "a pod that is not there" "$(request_pb '{"spec":{"audiences":["a"],"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"q"}}}') $(reason)" \
	"404 NotFound"
issuerctl grant add ci 'default/only' --audience a >/dev/null
is "a grant is needed" "$(encode TokenRequest '{}' && send "${TOKENS%/sa1/token}/sa2/token" sent) $(reason)" "403 Forbidden"

# ---- TokenReview ----
request_pb '{"spec":{"audiences":["a","b"]}}' >/dev/null
token_of >token
for version in v1 v1beta1; do
	is "TokenReview $version" "$(review_pb "{\"spec\":{\"token\":\"$(cat token)\",\"audiences\":[\"x\",\"b\"]}}" $version) $(jq -cS '[.apiVersion, .kind, .status.authenticated, .status.audiences]' body)" \
		"201 [\"authentication.k8s.io/$version\",\"TokenReview\",true,[\"b\"]]"
done
is "the token is echoed" "$(jq -r .spec.token body)" "$(cat token)"
is "of a token for others" "$(review_pb "{\"spec\":{\"token\":\"$(cat token)\"}}") $(jq -cS '[.status.authenticated, .status.user]' body)" \
	"201 [null,{}]"
is "of nonsense" "$(review_pb '{"spec":{"token":"nonsense"}}') $(jq -r .status.authenticated body)" "201 null"
is "of nothing" "$(review_pb '{}') $(reason)" "400 BadRequest"

# ---- kinds and types ----
is "another kind in the envelope" "$(recall auth-whoami) $(reason)" "400 BadRequest"
encode TokenRequest '{}' authentication.k8s.io/v2
is "another version" "$(send "$TOKENS" sent) $(reason)" "400 BadRequest"
encode TokenRequest '{}' v1
is "another group" "$(send "$TOKENS" sent) $(reason)" "400 BadRequest"
printf '%s' "$AWS" >json
is "JSON that says it is protobuf" "$(send "$TOKENS" json) $(reason)" "400 BadRequest"
hex "$(recorded create-token)" >sent
is "protobuf that says it is JSON" "$(MEDIA=application/json send "$TOKENS" sent) $(reason)" "400 BadRequest"
is "protobuf that says nothing" "$(MEDIA='' send "$TOKENS" sent) $(reason)" "400 BadRequest"
is "a parameter to the type" "$(MEDIA="$PROTOBUF; charset=x" send "$TOKENS" sent)" 201
is "a type in another case" "$(MEDIA=Application/VND.Kubernetes.Protobuf send "$TOKENS" sent)" 201
is "a type that begins so" "$(MEDIA="${PROTOBUF}x" send "$TOKENS" sent) $(reason)" "415 UnsupportedMediaType"
is "who takes protobuf alone gets none" "$(ACCEPT="Accept: $PROTOBUF" send "$TOKENS" sent) $(reason)" "406 NotAcceptable"
is "and is told in JSON" "$(header Content-Type)" application/json
is "a chunked body" "$(send "$TOKENS" sent -H 'Transfer-Encoding: chunked')" 201

# ---- what is broken ----
# answers - of the bodies on standard input, in hex: their statuses, counted.
statuses() { /usr/bin/python3 "$SRCDIR/t/lib/post_hex.py" "$API$TOKENS" "$CA" ci.secret "$PROTOBUF"; }
counted() { sort | uniq -c | awk '{ printf "%s%s x %s", NR > 1 ? ", " : "", $1, $2 }'; }
WHOLE=$(recorded create-token)
ENVELOPE=6b387300
META=0a280a1861757468656e7469636174696f6e2e6b38732e696f2f7631120c546f6b656e52657175657374
# Spec with the audience "a", alone.
SPEC=12030a0161
while IFS='|' read -r want desc body; do
	is "$desc" "$(echo "$body" | tr -d ' ' | statuses)" "$want"
done <<EOF
400|nothing|
400|the four bytes alone|$ENVELOPE
400|other four bytes|6b387301 $META 1205 $SPEC
400|in another order|00736b38 $META 1205 $SPEC
400|an envelope that is longer than the body|$ENVELOPE $META 12ff
400|a length of 2^31|$ENVELOPE $META 1280808080 08 $SPEC
400|a length of 2^64 - 1|$ENVELOPE $META 12ffffffffffffffffff01 $SPEC
400|a varint of eleven bytes|$ENVELOPE $META 1280808080808080808080 01
400|a field of wire type 7|$ENVELOPE $META 17
400|an object that ends in a field|$ENVELOPE $META 1204 12030a01
400|an audience that is no UTF-8|$ENVELOPE $META 1205 12030a01ff
400|a spec that is a number|$ENVELOPE $META 1202 1001
201|the least that says something|$ENVELOPE 1205 $SPEC
201|unknown fields of every type|$ENVELOPE $META 121c $SPEC f80101 f90100000000 00000000 fa010178 fd0100000000
201|a spec in two parts is one|$ENVELOPE $META 120a $SPEC 12030a0162
EOF
is "two parts have two audiences" "$(hex "$(echo "$ENVELOPE $META 120a $SPEC 12030a0162" | tr -d ' ')" >sent; send "$TOKENS" sent >/dev/null; jq -c .spec.audiences body)" \
	'["a","b"]'
# 96 and 98 lack only what is empty in it anyway.
end=0
while [ $end -lt 100 ]; do
	printf '%.*s\n' $((end * 2)) "$WHOLE"
	end=$((end + 1))
done | statuses >truncated
is "cut off anywhere it is refused, or whole" "$(grep -nv 400 truncated | awk -F: '{ printf "%s:%s ", $1 - 1, $2 }')" \
	"96:201 98:201 "
/usr/bin/python3 -c 'import sys
whole = bytes.fromhex(sys.argv[1])
for at in range(len(whole)):
    for other in (0x01, 0x80, 0xff):
        changed = bytearray(whole)
        changed[at] ^= other
        print(changed.hex())' "$WHOLE" >changed
statuses <changed >answers
is "changed anywhere it gets an answer" "$(wc -l <answers | tr -d ' ')" "$(wc -l <changed | tr -d ' ')"
is "and never one of trouble" "$(grep -c '^5' answers)" 0
is "after all that kubectl is served" "$(recall create-token)" 201
done_testing

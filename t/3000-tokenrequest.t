#!/bin/sh
# TokenRequest: what a client gets, to the letter of Kubernetes' API.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
NOW=1900000000
clock_set $NOW
issuer_make
demo
issuer_start

is "a token is created" "$(ask_token demo app "$AWS")" 201
is "the answer is JSON" "$(header Content-Type)" application/json
is "it must not be cached" "$(header Cache-Control)" "no-cache, private"
is "it is a TokenRequest" "$(jq -r '.kind + " " + .apiVersion' body)" \
	"TokenRequest authentication.k8s.io/v1"
UID_OF=$(issuerctl sa show demo/app -o json | jq -r .uid)
is "metadata is filled in" "$(jq -cS .metadata body)" \
	"{\"creationTimestamp\":\"2030-03-17T17:46:40Z\",\"name\":\"app\",\"namespace\":\"demo\",\"uid\":\"$UID_OF\"}"
is "spec is echoed whole, defaults filled in" "$(jq -cS .spec body)" \
	'{"audiences":["sts.amazonaws.com"],"boundObjectRef":null,"expirationSeconds":3600}'
is "it expires an hour from now" "$(jq -r .status.expirationTimestamp body)" 2030-03-17T18:46:40Z
TOKEN=$(token_of)
KID=$(issuerctl key list -o json | jq -r '.[] | select(.state == "active") | .kid')
is "the header has alg and kid alone" "$(token_header "$TOKEN" | jq -c .)" \
	"{\"alg\":\"RS256\",\"kid\":\"$KID\"}"
JTI=$(claims "$TOKEN" | jq -r .jti)
like "jti is a random UUID" "$JTI" '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'
is "the payload is laid out as Kubernetes does, byte for byte" \
	"$(printf %s "$TOKEN" | cut -d. -f2 | tr '_-' '/+' | sed 's/$/==/' | base64 -d 2>/dev/null)" \
	"{\"aud\":[\"sts.amazonaws.com\"],\"exp\":$((NOW + 3600)),\"iat\":$((NOW - 30)),\"iss\":\"$URL\",\"jti\":\"$JTI\",\"kubernetes.io\":{\"namespace\":\"demo\",\"serviceaccount\":{\"name\":\"app\",\"uid\":\"$UID_OF\"}},\"nbf\":$((NOW - 30)),\"sub\":\"system:serviceaccount:demo:app\"}"
ok "a stranger accepts it" verifies "$TOKEN" --audience sts.amazonaws.com
is "its audit row is there" \
	"$(audit "event='token.issued' AND jti='$JTI' AND kid='$KID' AND actor='ci' AND exp=$((NOW + 3600)) AND subject='system:serviceaccount:demo:app' AND audience='[\"sts.amazonaws.com\"]' AND outcome='ok'")" 1
is "no row holds the token or the secret" \
	"$(audit "instr(coalesce(detail,'')||coalesce(actor,''), '$(cat ci.secret)') OR instr(coalesce(detail,''), '$TOKEN')")" 0

META='{"generation":0,"deletionTimestamp":"2030-01-01T01:00:00.5+01:00","deletionGracePeriodSeconds":0,"selfLink":"x","ownerReferences":[{"uid":"1","controller":false},{"kind":"Pod"},{"uid":"1","controller":false}]}'
is "metadata is echoed as Go writes it" \
	"$(ask_token demo app "{\"metadata\":$META,\"spec\":{\"audiences\":[\"sts.amazonaws.com\"]}}") $(jq -cS '.metadata | del(.uid, .creationTimestamp)' body)" \
	'201 {"deletionGracePeriodSeconds":0,"deletionTimestamp":"2030-01-01T00:00:00Z","name":"app","namespace":"demo","ownerReferences":[{"apiVersion":"","controller":false,"kind":"","name":"","uid":"1"},{"apiVersion":"","kind":"Pod","name":"","uid":""}],"selfLink":"x"}'
like "an owner told twice is told once, with a warning" "$(header Warning)" '^299 - "\.metadata\.ownerReferences contains duplicate entries; .*: 1"$'
is "explicit nulls are what kubectl 1.31 sends" "$(ask_token demo app '{"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","metadata":{"creationTimestamp":null},"spec":{"audiences":["sts.amazonaws.com"],"expirationSeconds":null,"boundObjectRef":null},"status":{"token":"","expirationTimestamp":null}}')" 201
is "600 s is the least" "$(ask_token demo app '{"spec":{"audiences":["sts.amazonaws.com"],"expirationSeconds":600}}') $(jq .spec.expirationSeconds body)" "201 600"
is "nothing is warned of" "$(header Warning)" ""
is "more than the grant's lifetime is shortened" "$(ask_token demo app '{"spec":{"audiences":["sts.amazonaws.com"],"expirationSeconds":3601}}') $(jq .spec.expirationSeconds body)" "201 3600"
is "and a warning says so" "$(header Warning)" \
	'299 - "requested expiration of 3601 seconds shortened to 3600 seconds"'
is "the token lives as long as the answer says" \
	"$(claims "$(token_of)" | jq .exp)" $((NOW + 3600))
is "2^32 s may be asked for" "$(ask_token demo app '{"spec":{"audiences":["sts.amazonaws.com"],"expirationSeconds":4294967296}}')" 201
is "unknown members are warned of, in the order of the text" "$(ask_token demo app '{"spec":{"audiences":["sts.amazonaws.com"],"x":1},"y":{}}') $(header Warning | tr '\n' ';')" \
	'201 299 - "unknown field \"spec.x\"";299 - "unknown field \"y\"";'
is "their names are quoted twice, as %q and as a header" "$(ask_token demo app '{"spec":{"audiences":["sts.amazonaws.com"]},"a\"\nb":1}') $(header Warning)" \
	'201 299 - "unknown field \"a\\\"\\nb\""'
is "a repeated member is warned of, and the last one counts" "$(ask_token demo app '{"spec":{"audiences":["evil"],"audiences":["sts.amazonaws.com"]}}') $(header Warning)" \
	'201 299 - "duplicate field \"spec.audiences\""'

# The audience defaults to the issuer itself.
issuerctl grant add ci demo/app --audience "$URL" >/dev/null
is "without an audience it is the issuer" "$(ask_token demo app '{}') $(jq -c .spec.audiences body)" \
	"201 [\"$URL\"]"
is "an empty list is the same" "$(ask_token demo app '{"spec":{"audiences":[]}}') $(jq -c .spec.audiences body)" \
	"201 [\"$URL\"]"
is "a body of null is the same" "$(ask_token demo app null)" 201
is "no Content-Type means JSON" "$(TYPE=Content-Type: ask_token demo app "$AWS")" 201
is "JSON is indented for who asks" "$(ask_token demo app "$AWS" -A x -H 'Accept: application/json;pretty=1') $(head -n 1 body)" "201 {"
is "and for nobody else" "$(ask_token demo app "$AWS" -A x) $(wc -l <body)" "201 1"
is "a charset may be named" "$(TYPE='Content-Type: application/json; charset=utf-8' ask_token demo app "$AWS")" 201
is "a chunked body is read" "$(ask_token demo app "$AWS" -H 'Transfer-Encoding: chunked')" 201
is "a trailing slash is forgiven" "$(ask_token demo app/token/? "$AWS")" 201
is "dots in a path are not resolved" "$(ask_token demo x/../app "$AWS" --path-as-is)" 404
is "an encoded name is decoded" "$(ask_token demo %61pp "$AWS")" 201
is "the scheme is not case-sensitive" "$(AUTH="authorization: bearer $(cat ci.secret)" ask_token demo app "$AWS")" 201

# A token is bound to the account that was, not to the next of that name.
issuerctl sa delete demo/app >/dev/null
is "a deleted service account is gone at once" "$(ask_token demo app "$AWS")" 404
issuerctl sa create demo/app >/dev/null
ask_token demo app "$AWS" >/dev/null
unlike "a new one has another uid" "$(jq -r .metadata.uid body)" "^$UID_OF\$"
done_testing

#!/bin/sh
# Everything a token request can be refused for, and how.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
issuer_make 'limits:
  body_bytes: 2048'
demo
issuer_start

# refused DESC WANT - the last answer, as "STATUS REASON"; a Status in every way.
refused() {
	is "$1" "$status $(jq -r .reason body)" "$2"
	is "... as a Status" "$(jq -c '[.kind, .apiVersion, .status, .code]' body)" \
		"[\"Status\",\"v1\",\"Failure\",${2%% *}]"
}

# ---- who are you ----
status=$(AUTH=Authorization: ask_token demo app "$AWS")
refused "no credential" "401 Unauthorized"
is "401 names the scheme" "$(header WWW-Authenticate)" Bearer
is "401 says no more" "$(jq -r .message body)" Unauthorized
status=$(AUTH='Authorization: Bearer isc_nonsense' ask_token demo app "$AWS")
refused "an unknown secret" "401 Unauthorized"
status=$(AUTH='Authorization: Bearer ' ask_token demo app "$AWS")
refused "an empty secret" "401 Unauthorized"
status=$(AUTH="Authorization: Bearer $(cat ci.secret)x" ask_token demo app "$AWS")
refused "a secret with one character more" "401 Unauthorized"
status=$(ask_token demo app "$AWS" -H "Authorization: Bearer $(cat ci.secret)")
refused "two credentials" "401 Unauthorized"
status=$(AUTH="Authorization: Basic $(cat ci.secret)" ask_token demo app "$AWS")
refused "another scheme" "401 Unauthorized"
status=$(AUTH=Authorization: ask_token demo "app/token?access_token=$(cat ci.secret)&x=" "$AWS")
refused "a secret in the query" "401 Unauthorized"
issuerctl client create gone --secret-file gone.secret >/dev/null
issuerctl grant add gone demo/app --audience sts.amazonaws.com >/dev/null
is "a client works until it is revoked" "$(AUTH="Authorization: Bearer $(cat gone.secret)" ask_token demo app "$AWS")" 201
issuerctl client revoke gone >/dev/null
status=$(AUTH="Authorization: Bearer $(cat gone.secret)" ask_token demo app "$AWS")
refused "a revoked client, at once" "401 Unauthorized"

# ---- may you ----
status=$(ask_token demo other "$AWS")
refused "no grant for this service account" "403 Forbidden"
like "403 speaks as Kubernetes does, and says which rule was missing" "$(jq -r .message body)" \
	'^serviceaccounts "other" is forbidden: User "ci" cannot create resource "serviceaccounts/token" in API group "" in the namespace "demo": no grant covers this service account$'
is "403 says what about" "$(jq -c .details body)" '{"name":"other","kind":"serviceaccounts"}'
is "403 is audited" "$(audit "event='token.refused' AND actor='ci' AND subject='system:serviceaccount:demo:other' AND outcome='Forbidden' AND detail LIKE '%no grant covers this service account'")" 1
status=$(ask_token other app "$AWS")
refused "no grant for this namespace" "403 Forbidden"
status=$(ask_token demo app '{"spec":{"audiences":["vault"]}}')
refused "an audience beyond the grant" "403 Forbidden"
like "the audience is named" "$(jq -r .message body)" 'no grant covers audience "vault"$'
is "that is audited, too" "$(audit "event='token.refused' AND audience='[\"vault\"]'")" 1
status=$(ask_token demo app '{"spec":{"audiences":["sts.amazonaws.com","vault"]}}')
refused "one audience of two beyond the grant" "403 Forbidden"
status=$(ask_token demo app '{}')
refused "the default audience beyond the grant" "403 Forbidden"
status=$(ask_token demo app '{"spec":{"audiences":[""]}}')
refused "an empty audience" "403 Forbidden"
status=$(ask_token demo app '{"spec":{"audiences":[null]}}')
refused "null as audience, which is an empty one" "403 Forbidden"
like "that is what it is called" "$(jq -r .message body)" 'no grant covers audience ""$'
status=$(ask_token demo app '{"spec":{"audiences":["sts.amazonaws.com\u0000.evil"]}}')
refused "an audience with a zero byte" "403 Forbidden"
status=$(ask_token demo app '{"spec":{"audiences":["STS.amazonaws.com"]}}')
refused "an audience in another case" "403 Forbidden"
issuerctl grant add ci demo/app --audience vault >/dev/null
status=$(ask_token demo app '{"spec":{"audiences":["sts.amazonaws.com","vault"]}}')
refused "two grants do not add up" "403 Forbidden"
status=$(ask_token demo other '{')
refused "who may not ask is not told what else is wrong" "403 Forbidden"

# ---- does it exist ----
issuerctl grant add ci 'demo/no*' --audience sts.amazonaws.com >/dev/null
status=$(ask_token demo nobody "$AWS")
refused "an unknown service account, for one who may ask" "404 NotFound"
is "404 in Kubernetes' words" "$(jq -r .message body)" 'serviceaccounts "nobody" not found'
is "404 says what about" "$(jq -c .details body)" '{"name":"nobody","kind":"serviceaccounts"}'
status=$(ask_token demo NO_body "$AWS")
refused "a name that no service account can have" "404 NotFound"
for name in a%25b %25 . ..; do
	status=$(ask_token demo "$name" "$AWS" --path-as-is)
	refused "the name $name" "400 BadRequest"
	like "... in Kubernetes' words" "$(jq -r .message body)" '^Name parameter invalid: "[^"]*": may not (be|contain) .[%.]*.$'
done
status=$(ask_token demo a%2fb "$AWS")
refused "a slash in disguise" "404 NotFound"
status=$(ask_token demo app%00 "$AWS")
refused "a zero byte in the path" "404 NotFound"
status=$(ask_token demo nobody '{')
refused "a malformed body comes before the lookup" "400 BadRequest"

# ---- what did you say ----
while IFS='|' read -r desc body; do
	status=$(ask_token demo app "$body")
	refused "$desc" "400 BadRequest"
done <<'EOF'
malformed JSON|{"spec":
an empty body|
trailing data|{"spec":{}} x
two documents|{} {}
a list|[]
a string|"x"
another kind|{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1"}
a kind in another case|{"kind":"tokenrequest"}
another version|{"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1beta1"}
the core group|{"kind":"TokenRequest","apiVersion":"v1"}
a number as kind|{"kind":1}
a list as spec|{"spec":[]}
a string as audiences|{"spec":{"audiences":"a"}}
a number as audience|{"spec":{"audiences":[1]}}
a string as lifetime|{"spec":{"expirationSeconds":"600"}}
a fraction as lifetime|{"spec":{"expirationSeconds":600.5}}
an exponent as lifetime|{"spec":{"expirationSeconds":6e2}}
a lifetime beyond 64 bits|{"spec":{"expirationSeconds":9223372036854775808}}
a boolean as lifetime|{"spec":{"expirationSeconds":true}}
another namespace in metadata|{"metadata":{"namespace":"other"}}
a string as metadata|{"metadata":"x"}
a string as boundObjectRef|{"spec":{"boundObjectRef":"x"}}
a number as the name of a bound object|{"spec":{"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":1}}}
EOF

# ---- bound to what ----
# bound REF - the status of a request for a token bound to that.
bound() { ask_token demo app "{\"spec\":{\"audiences\":[\"sts.amazonaws.com\"],\"boundObjectRef\":$1}}"; }
UID_WRONG=11111111-1111-4111-8111-111111111111
issuerctl sa create demo/second >/dev/null
issuerctl pod create demo/theirs --service-account second >/dev/null
issuerctl pod create demo/ours --service-account app >/dev/null
issuerctl node create n1 >/dev/null
while IFS='|' read -r desc want ref message; do
	status=$(bound "$ref")
	refused "$desc" "$want"
	is "... in Kubernetes' words" "$(jq -r .message body)" "$message"
done <<EOF
a pod that is not there|404 NotFound|{"kind":"Pod","apiVersion":"v1","name":"p"}|pods "p" not found
a pod of another namespace|400 BadRequest|{"kind":"Pod","apiVersion":"v1","name":"other/ours"}|Name parameter invalid: "other/ours": may not contain '/'
a pod without a name|400 BadRequest|{"kind":"Pod","apiVersion":"v1"}|Name parameter required.
a node with an empty one|400 BadRequest|{"kind":"Node","apiVersion":"v1","name":""}|Name parameter required.
a secret of no group and version|400 BadRequest|{"kind":"Secret","apiVersion":"a/b/c","name":"s"}|cannot bind token to object of type /, Kind=Secret
a node that is not there|404 NotFound|{"kind":"Node","apiVersion":"v1","name":"n2"}|nodes "n2" not found
a pod of another service account|400 BadRequest|{"kind":"Pod","apiVersion":"v1","name":"theirs"}|cannot bind token for serviceaccount "app" to pod running with different serviceaccount name.
a secret: there are none|400 BadRequest|{"kind":"Secret","apiVersion":"v1","name":"s"}|cannot bind token to object of type /v1, Kind=Secret
a pod of another group|400 BadRequest|{"kind":"Pod","apiVersion":"apps/v1","name":"ours"}|cannot bind token to object of type apps/v1, Kind=Pod
a kind in another case|400 BadRequest|{"kind":"pod","apiVersion":"v1","name":"ours"}|cannot bind token to object of type /v1, Kind=pod
nothing in particular|400 BadRequest|{}|cannot bind token to object of type /, Kind=
a pod that has been replaced|409 Conflict|{"kind":"Pod","apiVersion":"v1","name":"ours","uid":"$UID_WRONG"}|Operation cannot be fulfilled on Pod "ours": the UID in the bound object reference ($UID_WRONG) does not match the UID in record. The object might have been deleted and then recreated
a node that has been replaced|409 Conflict|{"kind":"Node","apiVersion":"v1","name":"n1","uid":"$UID_WRONG"}|Operation cannot be fulfilled on Node "n1": the UID in the bound object reference ($UID_WRONG) does not match the UID in record. The object might have been deleted and then recreated
EOF
is "what is there is bound to" "$(bound '{"kind":"Pod","apiVersion":"v1","name":"ours"}')" 201
for version in /v1 / a/b/c; do
	is "$version is of the core group, as Kubernetes reads it" "$(bound "{\"kind\":\"Pod\",\"apiVersion\":\"$version\",\"name\":\"ours\"}")" 201
done

# ---- is it sensible ----
status=$(ask_token demo app '{"spec":{"audiences":["sts.amazonaws.com"],"expirationSeconds":599}}')
refused "less than ten minutes" "422 Invalid"
is "the cause is told" "$(jq -c .details body)" \
	'{"group":"authentication.k8s.io","kind":"TokenRequest","causes":[{"reason":"FieldValueInvalid","message":"Invalid value: 599: may not specify a duration less than 10 minutes","field":"spec.expirationSeconds"}]}'
status=$(ask_token demo app '{"spec":{"audiences":["sts.amazonaws.com"],"expirationSeconds":4294967297}}')
refused "more than 2^32 s" "422 Invalid"
like "the message says so" "$(jq -r .message body)" 'may not specify a duration larger than 2\^32 seconds$'
status=$(ask_token demo app '{"spec":{"expirationSeconds":-1}}')
refused "a negative lifetime" "422 Invalid"
status=$(ask_token demo app '{"metadata":{"name":"other"},"spec":{"audiences":["sts.amazonaws.com"]}}')
refused "another name in metadata" "422 Invalid"
is "its cause names the member" "$(jq -r '.details.causes[0].field' body)" metadata.name
status=$(ask_token demo app '{"metadata":{"uid":"11111111-1111-1111-1111-111111111111"},"spec":{"audiences":["sts.amazonaws.com"]}}')
refused "another uid in metadata" "409 Conflict"

# ---- the options of the query ----
# option QUERY - the status of a good request with that.
option() {
	request -H "Authorization: Bearer $(cat ci.secret)" -H 'Content-Type: application/json' \
		--data-raw "$AWS" "$API/api/v1/namespaces/demo/serviceaccounts/app/token?$1"
}
long=$(head -c 128 /dev/zero | tr '\0' m)
is "a fieldManager of 128 bytes" "$(option "fieldManager=$long")" 201
is "an empty one" "$(option fieldManager=)" 201
is "one of any letters" "$(option 'fieldManager=m%20%C3%BC-%F0%9F%98%80')" 201
is "one that is no text, which Go takes for a sign" "$(option 'fieldManager=m%FF%C3%ED%A0%80%EF%BF%BD')" 201
# causes QUERY - the fields of the causes, and the end of the message.
causes() { echo "$(option "$1") $(jq -c '[.details.causes[].field]' body) $(jq -r .message body)"; }
is "all that is wrong is told, in Kubernetes' order" "$(causes 'fieldValidation=y&dryRun=x')" \
	'422 ["dryRun","fieldValidation"] CreateOptions.meta.k8s.io "" is invalid: [dryRun: Unsupported value: ["x"]: supported values: "All", fieldValidation: Unsupported value: "y": supported values: "", "Ignore", "Strict", "Warn"]'
is "each character" "$(causes 'fieldManager=a%01%E2%80%8B')" \
	'422 ["fieldManager","fieldManager"] CreateOptions.meta.k8s.io "" is invalid: [fieldManager: Invalid value: "a?​": invalid character U+0001 (at position 1), fieldManager: Invalid value: "a?​": invalid character U+200B (at position 2)]'
is "too long, and a character" "$(option "fieldManager=$long%C2%AD") $(jq -c '[.details.causes[].reason]' body)" \
	'422 ["FieldValueTooLong","FieldValueInvalid"]'
controls=$(head -c 400 /dev/zero | tr '\0' x | sed 's/x/%01/g')
is "no more than 16 causes" "$(option "fieldManager=$controls") $(jq '.details.causes | length' body)" "422 16"
is "they are recorded as one refusal" "$(audit_last "event='token.refused' AND rule='request' AND outcome='Invalid' AND detail LIKE '%(at position 1), fieldManager%'")" 1
while IFS='|' read -r desc query reason field message; do
	status=$(option "$query")
	refused "$desc" "422 Invalid"
	# shellcheck disable=SC2016 # jq's
	is "... as an option's" "$(jq -cS .details body)" \
		"$(jq -cnS --arg reason "$reason" --arg field "$field" --arg message "$message" \
			'{group: "meta.k8s.io", kind: "CreateOptions", causes: [{reason: $reason, message: $message, field: $field}]}')"
	is "... in Kubernetes' words" "$(jq -r .message body)" \
		"CreateOptions.meta.k8s.io \"\" is invalid: $field: $message"
done <<EOF
a fieldManager of 129 bytes|fieldManager=m$long|FieldValueTooLong|fieldManager|Too long: may not be more than 128 bytes
a control character in it|fieldManager=a%07b|FieldValueInvalid|fieldManager|Invalid value: "a?b": invalid character U+0007 (at position 1)
one of the others|fieldManager=%C3%BC%C2%85|FieldValueInvalid|fieldManager|Invalid value: "ü??": invalid character U+0085 (at position 2)
an unknown dryRun|dryRun=None|FieldValueNotSupported|dryRun|Unsupported value: ["None"]: supported values: "All"
an unknown one behind a known one|dryRun=All&dryRun=%ff|FieldValueNotSupported|dryRun|Unsupported value: ["All","?"]: supported values: "All"
a blank that is none in ASCII|fieldManager=a%C2%A0|FieldValueInvalid|fieldManager|Invalid value: "a ": invalid character U+00A0 (at position 1)
an unknown fieldValidation|fieldValidation=foo|FieldValueNotSupported|fieldValidation|Unsupported value: "foo": supported values: "", "Ignore", "Strict", "Warn"
EOF

# ---- in which order: wrong in two neighbouring rows of the table in doc/kubernetes.md ----
# first DESC WANT MESSAGE NAME[/...][?QUERY] BODY [CURL-ARG...] - the earlier one is told.
first() {
	first_desc=$1 first_want=$2 first_message=$3
	first_url=$API/api/v1/namespaces/demo/serviceaccounts/$4 first_body=$5
	shift 5
	is "$first_desc" "$(request -H "${AUTH-Authorization: Bearer $(cat ci.secret)}" \
		-H "${TYPE-Content-Type: application/json}" --data-raw "$first_body" "$@" "$first_url") $(jq -r .reason body)" "$first_want"
	like "... in its words" "$(jq -r .message body)" "$first_message"
}
big=$(head -c 3000 /dev/zero | tr '\0' ' ')
AUTH=Authorization: first "the path before who" "404 NotFound" 'could not find' app/tokens "$AWS"
AUTH=Authorization: first "who before the method" "401 Unauthorized" '^Unauthorized$' app/token "$AWS" -X PUT
first "the method before Impersonate-*" "405 MethodNotAllowed" 'does not allow this method' \
	app/token "$AWS" -X PUT -H 'Impersonate-User: x'
first "Impersonate-* before the name" "403 Forbidden" 'cannot impersonate' \
	NO_body/token "$AWS" -H 'Impersonate-User: x'
first "the name before grants" "404 NotFound" '"OTHER" not found' OTHER/token "$AWS"
first "grants before Accept" "403 Forbidden" 'no grant covers this' other/token "$AWS" -H 'Accept: text/plain'
TYPE='Content-Type: text/plain' first "Accept before Content-Type" "406 NotAcceptable" 'Available representations' \
	app/token "$AWS" -H 'Accept: text/plain'
is "... which stand on a line of their own" "$(jq -r .message body | tr '\n' '|')" \
	'406: Not Acceptable||Available representations: application/json|'
TYPE='Content-Type: application/json; foo' first "a parameter without a value" "415 UnsupportedMediaType" \
	'unknown format' app/token "$AWS"
TYPE='Content-Type: text/plain' first "Content-Type before the size" "415 UnsupportedMediaType" 'unknown format' \
	app/token "$AWS$big"
first "the size before options" "413 RequestEntityTooLarge" 'limit is 2048' "app/token?dryRun=x" "$AWS$big"
first "options before JSON" "422 Invalid" 'dryRun' "app/token?dryRun=x" '{'
first "fieldManager before dryRun" "422 Invalid" 'fieldManager' "app/token?dryRun=x&fieldManager=%07" '{'
first "types before metadata.namespace" "400 BadRequest" 'field spec, which has type object' \
	app/token '{"metadata":{"namespace":"other"},"spec":[]}'
first "unknown members, if Strict, too" "400 BadRequest" 'unknown field "x"' \
	"app/token?fieldValidation=Strict" '{"metadata":{"namespace":"other"},"x":1}'
first "metadata.namespace before metadata.name" "400 BadRequest" 'namespace of the provided object' \
	app/token '{"metadata":{"namespace":"other","name":"other"}}'
first "metadata.name before the service account" "422 Invalid" 'metadata.name' \
	nobody/token '{"metadata":{"name":"other"}}'
first "the service account before metadata.uid" "404 NotFound" '"nobody" not found' \
	nobody/token "{\"metadata\":{\"uid\":\"$UID_WRONG\"}}"
first "metadata.uid before expirationSeconds" "409 Conflict" 'UID of the service account' \
	app/token "{\"metadata\":{\"uid\":\"$UID_WRONG\"},\"spec\":{\"expirationSeconds\":1}}"
first "expirationSeconds before boundObjectRef" "422 Invalid" 'spec.expirationSeconds' \
	app/token '{"spec":{"expirationSeconds":1,"boundObjectRef":{"kind":"Secret"}}}'
# of_pod NAME UID - a request that no grant covers, and whose pod is wrong, too.
of_pod() { echo "{\"spec\":{\"audiences\":[\"x\"],\"boundObjectRef\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"name\":\"$1\",\"uid\":\"$2\"}}}"; }
first "a kind that cannot be before its existence" "400 BadRequest" 'cannot bind token to object of type' \
	app/token '{"spec":{"audiences":["x"],"boundObjectRef":{"kind":"Secret","name":"s"}}}'
first "existence before audiences" "404 NotFound" 'pods "p" not found' app/token "$(of_pod p "$UID_WRONG")"
first "the pod's service account before its uid" "400 BadRequest" 'different serviceaccount name' \
	app/token "$(of_pod theirs "$UID_WRONG")"
first "its uid before audiences" "409 Conflict" 'bound object reference' app/token "$(of_pod ours "$UID_WRONG")"
first "audiences before the lifetime" "403 Forbidden" 'no grant covers audience "x"' \
	app/token '{"spec":{"audiences":["x"],"expirationSeconds":86400}}'
is "the lifetime last, which is shortened" "$(ask_token demo app '{"spec":{"audiences":["sts.amazonaws.com"],"expirationSeconds":86400}}') $(header Warning)" \
	'201 299 - "requested expiration of 86400 seconds shortened to 3600 seconds"'

# ---- is it HTTP ----
big=$(head -c 2048 /dev/zero | tr '\0' ' ')
fit=$(head -c $((2048 - ${#AWS})) /dev/zero | tr '\0' ' ')
is "a body of just the limit" "$(ask_token demo app "$AWS$fit")" 201
status=$(ask_token demo app "$AWS$fit ")
refused "a byte more" "413 RequestEntityTooLarge"
status=$(ask_token demo app "$AWS$big$big$big" -H 'Transfer-Encoding: chunked')
refused "more, without a length" "413 RequestEntityTooLarge"
for method in GET PUT DELETE PATCH; do
	status=$(ask_token demo app "$AWS" -X $method)
	refused "$method" "405 MethodNotAllowed"
	is "405 names what is allowed" "$(header Allow)" POST
done
status=$(AUTH=Authorization: ask_token demo app "$AWS" -X GET)
refused "a stranger's GET" "401 Unauthorized"
for type in text/plain application/x-www-form-urlencoded application/jsonx application/xml; do
	status=$(TYPE="Content-Type: $type" ask_token demo app "$AWS")
	refused "a body of type $type" "415 UnsupportedMediaType"
done
# Each check that refuses has a name: detail is for people, rule for programs.
while IFS='|' read -r rule outcome detail; do
	ok "refused by '$rule' ($outcome)" \
		[ "$(audit "event='token.refused' AND rule='$rule' AND outcome='$outcome' AND detail LIKE '%$detail'")" -gt 0 ]
done <<'EOF'
name|NotFound|serviceaccounts "NO_body" not found
grants|Forbidden|no grant covers this service account
grants|Forbidden|no grant covers audience "vault"
request|BadRequest|
request|Invalid|
request|NotAcceptable|
request|UnsupportedMediaType|
request|RequestEntityTooLarge|
metadata|BadRequest|the namespace of the provided object does not match the namespace sent on the request
metadata|Invalid|must match the service account name if specified
metadata|Conflict|
service account|NotFound|serviceaccounts "nobody" not found
lifetime|Invalid|may not specify a duration less than 10 minutes
bound object|BadRequest|Kind=Secret
EOF
is "no refusal lacks caller, object or rule" "$(audit "event LIKE '%.refused' AND (actor IS NULL OR subject IS NULL OR rule IS NULL)")" 0
is "a header beyond the limit" "$(ask_token demo app "$AWS" -H "X: $(head -c 20000 /dev/zero | tr '\0' x)")" 431
is "plain HTTP to a TLS port gets no answer" \
	"$(curl -s -o /dev/null -w '%{http_code}' "http://localhost:$PORT/openid/v1/jwks")" 000
is "after all that the issuer still serves" "$(ask_token demo app "$AWS")" 201
unlike "no secret is in the log" "$(cat issuerd.log)" "$(cat ci.secret)"
done_testing

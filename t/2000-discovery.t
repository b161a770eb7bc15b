#!/bin/sh
# The two public documents: who may have them, how they may be cached, what is in them.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
issuer_make
issuer_start
DISCOVERY=$URL/.well-known/openid-configuration
JWKS=$URL/openid/v1/jwks

is "discovery is for everybody" "$(request "$DISCOVERY")" 200
is "it is JSON" "$(header Content-Type)" application/json
is "it has exactly Kubernetes' members, in order" "$(jq -c 'keys_unsorted' body)" \
	'["issuer","jwks_uri","response_types_supported","subject_types_supported","id_token_signing_alg_values_supported"]'
is "the issuer is the configured URL" "$(jq -r .issuer body)" "$URL"
is "the keys are below it" "$(jq -r .jwks_uri body)" "$JWKS"
is "the algorithm is named" "$(jq -c .id_token_signing_alg_values_supported body)" '["RS256"]'
is "it may be cached for max_age" "$(header Cache-Control)" "public, max-age=300"
is "browsers may read it" "$(header Access-Control-Allow-Origin)" "*"
is "its length is given" "$(header Content-Length)" "$(wc -c <body | tr -d ' ')"
is "no newline ends it" "$(tail -c 1 body | od -An -c | tr -d ' ')" "}"

is "the JWKS is for everybody" "$(request "$JWKS")" 200
is "it says that it is a JWKS" "$(header Content-Type)" application/jwk-set+json
is "it may be cached, too" "$(header Cache-Control)" "public, max-age=300"
is "a first start publishes the active key and a standby" "$(jq '.keys | length' body)" 2
is "a key has exactly the members that all verifiers take" "$(jq -c '.keys[0] | keys_unsorted' body)" \
	'["use","kty","kid","alg","n","e"]'
is "the active key comes first" "$(jq -r '.keys[0].kid' body)" \
	"$(issuerctl key list -o json | jq -r '.[] | select(.state == "active") | .kid')"
cp body jwks

ETAG=$(header ETag)
like "the ETag is strong" "$ETAG" '^"[A-Za-z0-9_-]+"$'
is "who has it gets 304" "$(request -H "If-None-Match: $ETAG" "$JWKS")" 304
is "304 has no body" "$(curl -sS --cacert "$CA" -H "If-None-Match: $ETAG" "$JWKS")" ""
is "304 repeats the ETag" "$(header ETag)" "$ETAG"
is "304 repeats Cache-Control" "$(header Cache-Control)" "public, max-age=300"
is "a weak or listed ETag counts" "$(request -H "If-None-Match: \"x\", W/$ETAG" "$JWKS")" 304
is "another ETag does not" "$(request -H 'If-None-Match: "x"' "$JWKS")" 200
is "HEAD answers like GET" "$(request --head "$JWKS")" 200
is "with GET's length" "$(header Content-Length)" "$(wc -c <jwks | tr -d ' ')"
is "a query is ignored" "$(request "$JWKS?x=1")" 200
is "an Authorization header is ignored" "$(request -H 'Authorization: Bearer nonsense' "$JWKS")" 200

for method in POST PUT DELETE PATCH OPTIONS; do
	is "$method is not allowed" "$(request -X "$method" "$JWKS")" 405
done
is "405 names what is" "$(header Allow)" "GET, HEAD"
is "405 is a Status" "$(jq -r .reason body)" MethodNotAllowed
for path in / /.well-known /openid/v1/jwks/x /openid/v1/jwk /openid//v1/jwks /nope; do
	is "$path is not found" "$(request "$URL$path")" 404
done
is "404 is a Status" "$(jq -r '.kind + " " + .reason' body)" "Status NotFound"
is "operators' paths are not served to the public" "$(request "$URL/readyz")" 404
is "nor is the API to the operators' listener" \
	"$(request -X POST "$OPS/api/v1/namespaces/demo/serviceaccounts/app/token")" 404
is "livez" "$(request "$OPS/livez") $(cat body)" "200 ok"
is "readyz" "$(request "$OPS/readyz") $(cat body)" "200 ok"
request "$OPS/readyz?verbose" >/dev/null
like "readyz?verbose names the checks" "$(cat body)" '^\[\+\]signer ok$'

ok "it ends in good order on SIGTERM" issuer_stop

# The same rows give the same bytes in another process.
issuer_start
is "the ETag outlives a restart" "$(request "$JWKS") $(header ETag)" "200 $ETAG"
issuer_stop

# An issuer below a path, as EKS has one per cluster.
rm -rf state
URL_PATH=/tenant/a
conf_write
ok "an issuer may have a path" issuerctl init
issuer_start
is "its documents are below it" "$(request "$URL/.well-known/openid-configuration")" 200
is "its issuer has the path" "$(jq -r .issuer body)" "https://localhost:$PORT/tenant/a"
is "nothing is at the root" "$(request "https://localhost:$PORT/.well-known/openid-configuration")" 404
is "nor beside it" "$(request "https://localhost:$PORT/tenant/ab/openid/v1/jwks")" 404
done_testing

#!/bin/sh
# `issuerctl token verify` against issuers that answer in every wrong way: status 4, one line that
# says what is wrong, and nothing believed.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
certificates
mkdir answers
mkfifo port
/usr/bin/python3 "$SRCDIR/t/lib/answers.py" tls/server.pem tls/server.key answers >port 2>server.log &
stop_on_exit $!
read -r PORT <port || bail "no server: $(cat server.log)"
BASE=https://localhost:$PORT

# The issuer's documents come from an issuerd that is nowhere near its URL.
URL_PATH=/good
conf_write
sed -i 's/address: localhost:.*/address: 127.0.0.1:0/; /tls:/d' "$CONF"
issuerctl init >init.log 2>&1 || bail "init: $(cat init.log)"
issuerctl sa create demo/app >/dev/null
TOKEN=$(issuerctl token create demo/app --audience vault)
echo "$TOKEN" >token
issuer_try || bail "issuerd did not start: $(tail -n 3 issuerd.log)"

DISCOVERY=.well-known/openid-configuration
# case_make NAME [DISCOVERY-FILTER [JWKS-FILTER]] - the good documents for $BASE/NAME, changed by jq.
case_make() {
	mkdir -p "answers/$1/.well-known" "answers/$1/openid/v1"
	curl -sS "http://$API/good/$DISCOVERY" | jq --arg url "$BASE/$1" \
		".issuer = \$url | .jwks_uri = \$url + \"/openid/v1/jwks\" | ${2:-.}" >"answers/$1/$DISCOVERY"
	curl -sS "http://$API/good/openid/v1/jwks" | jq "${3:-.}" >"answers/$1/openid/v1/jwks"
}
verify() { issuerctl token verify token --ca-file "$CA" --issuer "$BASE/$1"; }
# bad DESC NAME PATTERN - the issuer at $BASE/NAME is found wanting.
bad() {
	one_line "$1" 4 "$3" verify "$2"
	is "$1: nothing is printed" "$(cat out)" ""
}

case_make good
ok "a good issuer" verify good
is "two documents are fetched" "$(tr '\n' ' ' <answers/requests)" "/good/$DISCOVERY /good/openid/v1/jwks "

# ---- discovery ----
n=0
for body in '[]' '"x"' 'null' '' '{' '<html>' '{"a":1,"a":2}' '{} x'; do
	n=$((n + 1))
	case_make "json$n"
	printf %s "$body" >"answers/json$n/$DISCOVERY"
	bad "discovery of '$body'" "json$n" "/json$n/$DISCOVERY' did not answer with a JSON object"
done
bad "no discovery" nowhere "/nowhere/$DISCOVERY' answered 404 instead of 200"
case_make broken
echo 500 >"answers/broken/$DISCOVERY.status"
bad "an error with a good body" broken 'answered 500 instead of 200'
case_make moved
echo "302 $BASE/good/$DISCOVERY" >"answers/moved/$DISCOVERY.status"
: >answers/requests
bad "a redirect" moved 'answered 302 instead of 200'
is "is not followed" "$(cat answers/requests)" "/moved/$DISCOVERY"
case_make large
{
	head -c 1048575 /dev/zero | tr '\0' ' '
	echo '{}'
} >"answers/large/$DISCOVERY"
bad "a document of more than a mebibyte" large 'answered with more than 1048576 bytes'
case_make largest
{
	head -c $((1048576 - $(wc -c <"answers/largest/$DISCOVERY"))) /dev/zero | tr '\0' ' '
	cat "answers/largest/$DISCOVERY"
} >padded
mv padded "answers/largest/$DISCOVERY"
one_line "one of just a mebibyte is read" 4 "issuer" verify largest
unlike "it is" "$(cat err)" 'more than'
case_make other ".issuer = \"$BASE/good\""
bad "another issuer" other "says it is issuer '$BASE/good', not '$BASE/other'"
case_make slash '.issuer += "/"'
bad "an issuer with a slash more" slash 'says it is issuer'
case_make nobody 'del(.issuer)'
bad "no issuer" nobody "says it is issuer '\\(none\\)'"
case_make keyless 'del(.jwks_uri)'
bad "no jwks_uri" keyless 'has no jwks_uri'
case_make number '.jwks_uri = 1'
bad "a number as jwks_uri" number 'has no jwks_uri'
for uri in "http://localhost:$PORT/good/openid/v1/jwks" "file://$WORK/answers/good/openid/v1/jwks" /good/openid/v1/jwks; do
	case_make clear ".jwks_uri = \"$uri\""
	bad "a jwks_uri of $(echo "$uri" | cut -d / -f 1)" clear "jwks_uri that is not https: '$uri'"
done
case_make control '.jwks_uri = "http://x\u001b[2J\n"'
bad "control characters" control 'jwks_uri that is not https'
unlike "do not reach the terminal" "$(tr -d '\n' <err | tr '\033' '!')" '!'

# ---- keys ----
case_make list . '.keys'
bad "keys that are a list" list "/list/openid/v1/jwks' did not answer with a JSON object"
for keys in '[]' '{}' 'null' '"x"' '[1, null, []]'; do
	case_make none . ".keys = $keys"
	bad "keys of $keys" none "/none/openid/v1/jwks' holds no key that can be used"
done
case_make kinds . '.keys[] |= (.kty = "oct")'
bad "keys of another kind" kinds 'holds no key that can be used'
case_make nameless . 'del(.keys[].kid)'
bad "keys without kid" nameless 'holds no key that can be used'
case_make encryption . '.keys[].use = "enc"'
bad "keys for another use" encryption 'holds no key that can be used'
rm answers/good/openid/v1/jwks
bad "no keys at all" good "/good/openid/v1/jwks' answered 404"
case_make good . '.keys |= [{"kty":"oct","k":"eA","kid":"x"}] + .'
ok "keys we cannot use do not hurt the others" verify good
case_make good . '.keys = [.keys[1]]'
bad "the token's key is not among them" good 'kid|key'
# shellcheck disable=SC2016 # jq's variables
case_make good . '.keys[0].kid as $a | .keys[1].kid as $b | .keys[0].kid = $b | .keys[1].kid = $a'
bad "another key under the token's kid" good 'signature'
done_testing

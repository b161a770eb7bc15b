#!/bin/sh
# Keys from elsewhere: a cluster's sa.key and sa.pub move in, in every form they are kept in, and
# what is no key is told what it is.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
DAY=86400
clock_set 1900000000
issuer_make 'keys: {algorithm: ES256}'
demo

umask 077
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out sa.key
openssl rsa -in sa.key -traditional -out sa1.key 2>/dev/null
openssl pkey -in sa.key -pubout -out sa.pub
openssl rsa -in sa.key -RSAPublicKey_out -out sa1.pub 2>/dev/null
openssl req -x509 -key sa.key -subj /CN=sa -days 30 -out sa.crt 2>/dev/null
openssl ecparam -name prime256v1 -genkey -out ec.key
openssl pkey -in ec.key -out ec8.key
# kid_by_openssl FILE - as Kubernetes computes it, from a public key.
kid_by_openssl() { openssl pkey -pubin -in "$1" -outform DER | openssl dgst -sha256 -binary | openssl base64 -A | tr '+/' '-_' | tr -d =; }
SA=$(kid_by_openssl sa.pub)

# ---- every form ----
for file in sa.pub sa1.pub sa.crt; do
	is "$file is read" "$(issuerctl key import --dry-run --until 1d -o name "$file")" "$SA"
done
for file in sa.key sa1.key; do
	is "$file is read" "$(issuerctl key import --dry-run -o name "$file")" "$SA"
done
is "ec.key, with its parameters, and ec8.key are one key" \
	"$(issuerctl key import --dry-run -o name ec.key)" "$(issuerctl key import --dry-run -o name ec8.key)"
is "a dry run imports nothing" "$(issuerctl key list -o name | wc -l | tr -d ' ')" 2

# ---- what is refused ----
refused() { # DESC PATTERN ARG...
	refused_desc=$1 refused_pattern=$2
	shift 2
	not_ok "$refused_desc is refused" issuerctl key import "$@"
	like "and told why" "$(cat .output)" "$refused_pattern"
}
refused "a public key without an end" 'say with --until how long' sa.pub
refused "an end that is past" 'is not ahead' sa.pub --until 2030-03-17T17:46:40Z
refused "an end that is no time" 'not a time; write one like' sa.pub --until tomorrow
refused "a publication in the future" 'is not in the past' sa.key --published-since 2031-01-01T00:00:00Z
refused "a file that is not there" 'nope.pem' nope.pem --until 1d
echo hello >text.pem
refused "text" 'there is no PEM block' text.pem --until 1d
cat sa.pub sa1.pub >two.pem
refused "two keys in one file" 'holds 2 PEM blocks; put each key into a file of its own' two.pem --until 1d
openssl pkey -in sa.key -aes256 -passout pass:x -out locked.key
refused "an encrypted key" 'is encrypted; decrypt it first: openssl pkey' locked.key
openssl rsa -in sa.key -traditional -aes256 -passout pass:x -out locked1.key 2>/dev/null
refused "the old way of encrypting, too" 'is encrypted' locked1.key
sed '5y/ABCDEFGHIJKLMNOPQRSTUVWXYZ/BCDEFGHIJKLMNOPQRSTUVWXYZA/' sa.key >damaged.key
refused "a damaged key" 'cannot be read as a key|does not belong|no sound key' damaged.key
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out small.key
refused "a small key" '1024 bits is not supported; use 2048 to 4096' small.key
openssl ecparam -name secp384r1 -genkey -noout -out p384.key
refused "another curve" 'neither RSA nor EC P-256' p384.key
openssl genpkey -quiet -algorithm ed25519 -out ed.key
refused "another kind" 'neither RSA nor EC P-256|cannot be read' ed.key
chmod 644 sa1.key
refused "a private key that others can read" "chmod 600 'sa1.key'" sa1.key
chmod 600 sa1.key
head -c 70000 /dev/zero | tr '\0' A >big.pem
refused "a large file" 'larger than' big.pem --until 1d
is "none of it was imported" "$(issuerctl key list -o name | wc -l | tr -d ' ')" 2

# ---- to verify only ----
ok "a public key is imported" issuerctl key import sa.pub --until 10d
is "it is published, and signs nothing" "$(issuerctl key show -o json -- "$SA" | jq -c '[.state, .in_jwks, .imported, .remove_at]')" \
	'["retiring",true,true,"2030-03-27T17:46:40Z"]'
ok "again changes nothing" issuerctl key import sa.pub --until 9d
is "it may only stay longer" "$(issuerctl key show -o json -- "$SA" | jq -r .remove_at)" 2030-03-27T17:46:40Z
exits "with its private half it is refused" 1 issuerctl key import sa.key
like "and told" "$(cat .output)" "key $SA is here already: it is retiring"
is "the audit has it" "$(audit "event='key.imported' AND kid='$SA'")" 1
issuer_start
like "the JWKS has it last" "$(jwks_kids)" "$SA \$"
# A token as the cluster signed it.
unsigned=$(printf '{"alg":"RS256","kid":"%s"}' "$SA" | openssl base64 -A | tr '+/' '-_' | tr -d =).$(
	printf '{"iss":"%s","aud":["x"],"sub":"system:serviceaccount:a:b","iat":1899999990,"nbf":1899999990,"exp":1900003600}' "$URL" |
		openssl base64 -A | tr '+/' '-_' | tr -d =)
LEGACY=$unsigned.$(printf %s "$unsigned" | openssl dgst -sha256 -sign sa.key | openssl base64 -A | tr '+/' '-_' | tr -d =)
ok "a token that the cluster signed verifies" verifies "$LEGACY" --audience x
issuer_stop
clock_forward $((10 * DAY - 1))
is "it stays to the last second" "$(issuerctl key show -o json -- "$SA" | jq -r .state)" retiring
clock_forward 1
is "and leaves then" "$(issuerctl key show -o json -- "$SA" | jq -r .state)" removed

# ---- to sign: a store that takes over from a cluster ----
rm -rf state && clock_set 1900000000 && issuerctl init >/dev/null && demo_again() { rm -f ci.secret && demo; } && demo_again
ok "the cluster's key is imported" issuerctl key import sa.key --published-since 30d --until 365d
is "it is a standby that is trusted already" "$(issuerctl key show -o json -- "$SA" | jq -c '[.state, .trusted_at < "2030-03-17"]')" '["standby",true]'
is "and signs at once" "$(issuerctl key rotate --now -o json | jq -r .signer)" "$SA"
issuer_start
ok "the daemon signs with it" signer_is "$SA"
ok "what it signs verifies" verifies "$(token_of)"
ok "what the cluster signed, too" verifies "$LEGACY" --audience x
is "its private half is sealed like any other" "$(sqlite3 -readonly state/issuer.db "SELECT typeof(sealed) FROM signing_key WHERE kid='$SA'")" blob
clock_forward $((31 * DAY))
rotated() { [ "$(kid_of active)" != "$SA" ]; }
ok "it hands over by schedule" until_true rotated
like "and stays for tokens of a year" "$(issuerctl key show -o json -- "$SA" | jq -r .remove_at)" '^2031-0[34]'
issuer_stop

# ---- out again: public halves only ----
not_ok "export without --public is refused" issuerctl key export
like "and told that private halves stay" "$(cat .output)" 'never leave the store'
issuerctl key export --public >all.pem
is "all published keys come out" "$(grep -c 'BEGIN PUBLIC KEY' all.pem)" "$(issuerctl key list -o json | jq '[.[] | select(.in_jwks)] | length')"
issuerctl key export --public -- "$SA" >one.pem
is "or one" "$(kid_by_openssl one.pem)" "$SA"
is "show -o pem prints the same" "$(issuerctl key show -o pem -- "$SA")" "$(cat one.pem)"
is "show -o jwk has what the JWKS has" "$(issuerctl key show -o jwk -- "$SA" | jq -c '[.kid, .kty, .alg, .use]')" "[\"$SA\",\"RSA\",\"RS256\",\"sig\"]"
exits "pem is for keys alone" 2 issuerctl key list -o pem
unlike "nothing private was printed" "$(cat all.pem one.pem)" PRIVATE

# ---- ten keys ----
for n in 1 2 3 4 5 6 7 8 9; do
	openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 | openssl pkey -pubout -out "many$n.pub"
	issuerctl key import "many$n.pub" --until 5d >import.log 2>&1
	echo "$? $(issuerctl key list -o json 2>/dev/null | jq '[.[] | select(.in_jwks)] | length')" >>counts
done
is "up to nine are imported" "$(sort -k 2n counts | tail -n 1)" "3 9"
like "one more is refused with advice" "$(cat import.log)" 'with the next standby, this import would publish more than 10 keys.*the next key leaves at'
like "before that there is a warning" "$(issuerctl key list 2>&1)" 'warning: 9 keys are published'
clock_forward 86400
ok "the tenth place is for a rotation" issuerctl key rotate --now
exits "another is refused" 3 issuerctl key rotate
done_testing

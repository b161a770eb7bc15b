#!/bin/sh
# From a clean start to a token that verifiers accept which know nothing but the issuer's URL, and
# which others wrote: PyJWT, jose, openid-client; and the AWS CLI brings the file to STS unharmed.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
PYTHON=/usr/bin/python3 # Debian's, which python3-jwt belongs to
issuer_make
demo
issuer_start

cp "$SRCDIR"/t/verifiers/*.js "$SRCDIR"/t/verifiers/package*.json .
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >npm.log 2>&1 ||
	bail "npm ci failed: $(tail -n 5 npm.log)"
NODE_EXTRA_CA_CERTS=$CA
export NODE_EXTRA_CA_CERTS

pyjwt() { $PYTHON "$SRCDIR/t/verifiers/pyjwt.py" "$URL" "$CA" "$1" "$2"; }
jose() { node jose.js "$URL" "$1" "$2"; }
openid_client() { node openid_client.js "$URL" "$1" "$2"; }

# Each verifier accepts what is good and refuses the rest, so none is asleep.
judge() {
	for verifier in pyjwt jose openid_client; do
		is "$verifier accepts $1" "$($verifier "$2" sts.amazonaws.com 2>&1)" \
			system:serviceaccount:demo:app
	done
}

ask_token demo app "$AWS" >/dev/null
token_of >token
judge "a token, knowing only the issuer's URL" token
# forge TOKEN - the same with another payload: one character, so that all lengths stay.
forge() {
	/usr/bin/python3 -c 'import sys
head, payload, signature = sys.argv[1].split(".")
middle = len(payload) // 2
other = "A" if payload[middle] != "A" else "B"
print(".".join([head, payload[:middle] + other + payload[middle + 1:], signature]), end="")' "$1"
}
forge "$(cat token)" >forged
is "a forgery is as long as the token" "$(wc -c <forged)" "$(wc -c <token)"
unlike "and is another" "$(cat forged)" "^$(cat token)\$"
for verifier in pyjwt jose openid_client; do
	not_ok "$verifier refuses a forged signature" $verifier forged sts.amazonaws.com
	not_ok "$verifier refuses another audience" $verifier token vault
done

# ---- AWS ----
(cd tls && certificates_for sts sts DNS:sts.eu-west-1.amazonaws.com) >tls.log 2>&1 || bail "could not make a certificate: $(cat tls.log)"
mkfifo sts.port
$PYTHON "$SRCDIR/t/verifiers/sts.py" tls/sts.pem tls/sts.key "$WORK/token" "$WORK/sts.log" >sts.port 2>sts.err &
stop_on_exit $!
read -r STS_PORT <sts.port
aws_cli() {
	env -i PATH="$PATH" HOME="$WORK" AWS_REGION=eu-west-1 AWS_STS_REGIONAL_ENDPOINTS=regional \
		AWS_EC2_METADATA_DISABLED=true AWS_CA_BUNDLE="$CA" HTTPS_PROXY="http://127.0.0.1:$STS_PORT" \
		AWS_ROLE_ARN=arn:aws:iam::123456789012:role/demo AWS_WEB_IDENTITY_TOKEN_FILE="$1" \
		AWS_ROLE_SESSION_NAME=test /usr/bin/aws sts get-caller-identity --output json
}
is "the AWS CLI reads the file and is let in by STS" "$(aws_cli "$WORK/token" 2>aws.err | jq -r .Account)" 123456789012
is "STS got the token byte for byte" "$(cat sts.log)" \
	"AssumeRoleWithWebIdentity arn:aws:iam::123456789012:role/demo ok
GetCallerIdentity - ok"
rm -rf .aws # the CLI keeps credentials
exits "another token would have been noticed" 254 aws_cli "$WORK/forged"

# ---- the other algorithm ----
issuer_stop
rm -rf state
conf_write 'keys:
  algorithm: ES256'
issuerctl init >/dev/null
rm -f ci.secret
demo
issuer_start
ask_token demo app "$AWS" >/dev/null
token_of >token
is "ES256 says so in its header" "$(token_header "$(cat token)" | jq -r .alg)" ES256
for verifier in pyjwt jose; do
	is "$verifier accepts an ES256 token" "$($verifier token sts.amazonaws.com 2>&1)" \
		system:serviceaccount:demo:app
done
done_testing

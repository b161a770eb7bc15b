#!/bin/sh
# What it is all for: SDKs of AWS that others wrote read the projected file for the length of many
# refreshes, each token is taken to an STS that verifies it through discovery, and none is ever missing,
# cut or expired: not while the issuer is away, restarted, rotated or its key revoked.
# SPDX-License-Identifier: Apache-2.0
. "${SRCDIR:-.}/t/lib/issuer.sh"
. "$SRCDIR/t/lib/agent.sh"
# Sanitizers take time of their own, and find in few refreshes what they find in many.
REFRESHES=${REFRESHES:-$(is_sanitized && echo 2 || echo 6)}
# Debian's, if it is there.
AWS_CLI=$(PATH=/usr/bin:$PATH command -v aws)
clock_set "$(date +%s)"
issuer_make
issuer_start
demo
sts_start
SERVER="{url: $URL, ca: tls/ca.pem, secret_file: ci.secret, keys_check: 30s}"
agent_conf "{service_account: demo/app, directory: tokens, lifetime: 10m, role_arn: \"$ROLE\", region: eu-central-1}" \
	"listeners: [{address: \"127.0.0.1:0\", serves: [credentials]}]
sts: {url: \"$STS\"}"
cp "$SRCDIR"/t/clients/aws/*.js* .
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >npm.log 2>&1 ||
	bail "npm ci failed: $(tail -n 5 npm.log)"
agent_start
eval "$(agent env demo/app)"
AWS_EC2_METADATA_DISABLED=true
AWS_CONFIG_FILE=$WORK/none
AWS_SHARED_CREDENTIALS_FILE=$WORK/none
export AWS_EC2_METADATA_DISABLED AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE

# aws_cli - reads the file as a script would.
aws_cli() {
	"$AWS_CLI" --endpoint-url "$STS" --region eu-central-1 sts assume-role-with-web-identity \
		--role-arn "$AWS_ROLE_ARN" --role-session-name cli --web-identity-token "file://$AWS_WEB_IDENTITY_TOKEN_FILE"
}
is "the AWS CLI assumes the role" "$(aws_cli | jq -r .SubjectFromWebIdentityToken)" system:serviceaccount:demo:app
cli_reader() {
	cli_reads=0
	while [ ! -e stop ]; do
		aws_cli >cli.out 2>&1 || cat cli.out >>cli.failures
		cli_reads=$((cli_reads + 1))
	done
	echo "$cli_reads reads"
	cat cli.failures 2>/dev/null
}
node --no-warnings reader.js "$STS" stop >js.out 2>&1 &
JS=$!
/usr/bin/python3 "$SRCDIR/t/clients/aws/reader.py" "$STS" stop >boto.out 2>&1 &
BOTO=$!
cli_reader >cli.out.all 2>&1 &
CLI=$!
stop_on_exit "$JS" "$BOTO" "$CLI"
has_read() { [ "$(sts_count ok)" -gt "$1" ]; }

# step SECONDS - so much time passes, and the readers have read since.
step() {
	clock_forward "$1"
	step_seen=$(sts_count ok)
	until_true has_read $((step_seen + 6)) || bail "nobody reads any more: $(tail -n 2 sts.log)"
}
# due_in - seconds until the next refresh.

due_in() { agent status -o json | jq ".projections[0].refresh_at - $(cut -d ' ' -f 1 "$TEST_CLOCK")"; }

refreshes=0
jti=$(jti_in tokens/token)
while [ $refreshes -lt "$REFRESHES" ]; do
	step 60
	# Away for a tenth of a token's life, just when the next one is due.
	if [ $((refreshes % 3)) -eq 1 ] && [ "$refreshes" != "${away:-}" ]; then
		away=$refreshes
		settle 0
		step $(($(due_in) - 5))
		issuer_stop
		step 60
		issuer_start
		clock_forward 20 # what the agent waits at most until it tries again
	fi
	settle 0 || bail "the agent does not get on: $(tail -n 2 agent.log)"
	[ "$(jti_in tokens/token)" = "$jti" ] || refreshes=$((refreshes + 1))
	jti=$(jti_in tokens/token)
	[ -n "${rotated:-}" ] || [ $refreshes -lt 4 ] ||
		rotated=$(issuerctl key rotate --now --accept-verifier-outage 2>&1) || bail "$rotated"
done
pass "$REFRESHES refreshes went by"
is "the issuer was away when one was due" "$(($(logged server.failed) >= REFRESHES / 3))" 1
is "STS refused nothing" "$(grep -cv '"result": "ok"' sts.log)" 0

# ---- a key that is revoked ----

old=$(token_header "$(cat tokens/token)" | jq -r .kid)
issuerctl key revoke "$old" --reason test --yes >revoke.log 2>&1 || bail "$(cat revoke.log)"
kids_lack() { ! jwks_kids | grep -q "$1"; }
until_true kids_lack "$old"
refused=$(wc -l <sts.log)
clock_forward 31
another_key() { [ "$(token_header "$(cat tokens/token)" | jq -r .kid)" != "$old" ]; }
ok "its tokens are replaced within the time between two looks" until_true another_key
before=$(sts_count ok)
ok "and the readers go on" until_true has_read $((before + 6))
# What STS may have refused meanwhile is the revoked key alone.
is "nothing was ever expired, cut or missing" "$(grep -v '"result": "ok"' sts.log | grep -v 'no OpenIDConnect key')" ""
touch stop
wait "$JS"
wait "$BOTO"
wait "$CLI"
for reader in js.out:JavaScript boto.out:botocore cli.out.all:CLI; do
	file=${reader%%:*} name=${reader#*:}
	like "$name read many times" "$(head -n 1 "$file")" '^[1-9][0-9]* reads$'
	is "$name never failed" "$(sed 1d "$file" | grep -v 'no OpenIDConnect key')" ""
	diag "$name: $(head -n 1 "$file")"
done
diag "STS: $(wc -l <sts.log) requests, $refused before the key was revoked"

# ---- by the endpoint, as EKS Pod Identity has it ----

unset AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE AWS_ROLE_SESSION_NAME
AWS_CONTAINER_CREDENTIALS_FULL_URI=http://$CREDENTIALS/v1/credentials
AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=$WORK/tokens/token
export AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE
for client in "$AWS_CLI" "$(command -v aws)"; do
	# Only newer ones read the token from a file; older ones take it from the environment.
	AWS_CONTAINER_AUTHORIZATION_TOKEN=$(cat tokens/token) "$client" configure list >configured 2>&1
	like "$client finds credentials there" "$(cat configured)" 'access_key +\*+[0-9A-F]{4} +container-role'
done
agent exec --service-account demo/app --role-arn "$ROLE" -- "$AWS_CLI" --endpoint-url "$STS" --region eu-central-1 sts \
	assume-role-with-web-identity --role-arn "$ROLE" --role-session-name run --web-identity-token "file://$WORK/tokens/token" >exec.out 2>&1
is "issuer-agent exec runs the AWS CLI" "$?: $(jq -r .AssumedRoleUser.Arn exec.out)" \
	"0: arn:aws:sts::123456789012:assumed-role/app/run"
done_testing

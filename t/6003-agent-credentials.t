#!/bin/sh
# The container-credentials endpoint and tokens over a socket: what a workload gets, by which proof, how
# often STS is asked, and that nobody gets what is another's.
# SPDX-License-Identifier: Apache-2.0
. "${SRCDIR:-.}/t/lib/issuer.sh"
. "$SRCDIR/t/lib/agent.sh"
clock_set "$(date +%s)"
issuer_make
issuer_start
demo
issuerctl sa create demo/web >/dev/null
issuerctl grant add ci demo/web --audience sts.amazonaws.com --max-ttl 1h >/dev/null
issuerctl grant add ci demo/web --audience elsewhere --max-ttl 1h >/dev/null
sts_start
WEB_ROLE=arn:aws:iam::123456789012:role/web
agent_conf "{service_account: demo/app, directory: app, lifetime: 10m, role_arn: \"$ROLE\"}
{service_account: demo/web, directory: web, lifetime: 10m, role_arn: \"$WEB_ROLE\", session_name: web-1}
{service_account: demo/web, directory: web, file: other, lifetime: 10m, audience: elsewhere}" \
	"listeners:
- {address: \"127.0.0.1:0\", serves: [credentials, metrics]}
- {socket: agent.sock, serves: [tokens, credentials]}
sts: {url: \"$STS\", lifetime: 1h}"
agent_start

# settle_all - has all that is due by the clock of now been done? Before the clock goes on, or the agent
# is overtaken on its way through its projections.
settle_all() { settle 0 && settle 1 && settle 2; }

# credentials TOKEN-FILE [CURL-ARG...] - the status; the answer is in body.
credentials() {
	cred_file=$1
	shift
	printf 'header = "Authorization: %s"\n' "$(cat "$cred_file")" >cred.curl
	curl -sS -o body -D headers -w '%{http_code}' -K cred.curl "$@" "http://$CREDENTIALS/v1/credentials"
}

# ---- what it gives ----

is "a token brings credentials" "$(credentials app/token)" 200
is "of these members" "$(jq -r 'keys | join(" ")' body)" "AccessKeyId AccountId Expiration SecretAccessKey Token"
is "of the role's account" "$(jq -r .AccountId body)" 123456789012
like "that nobody keeps" "$(header Cache-Control)" no-store
like "as JSON" "$(header Content-Type)" application/json
is "by one call of STS" "$(wc -l <sts.log | tr -d ' ')" 1
is "for the role" "$(jq -r .role sts.log)" "$ROLE"
is "in a session of the account's name" "$(jq -r .session sts.log)" demo.app
is "with its own token" "$(jq -r .jti sts.log)" "$(jti_in app/token)"
cp body first
is "again" "$(credentials app/token)" 200
ok "they are the same" cmp -s first body
is "and STS was not asked" "$(wc -l <sts.log | tr -d ' ')" 1
is "another workload gets its own" "$(credentials web/token) $(tail -n 1 sts.log | jq -r '.role + " " + .session')" \
	"200 $WEB_ROLE web-1"
not_ok "not the first's" cmp -s first body
is "over a Unix socket, too" "$(credentials app/token --unix-socket agent.sock)" 200
ok "the same" cmp -s first body

# many N - as many ask at once for credentials of a role; prints how many different ones they get.
many() {
	printf 'header = "Authorization: %s"\nurl = "http://%s/v1/credentials"\n' "$(cat app/token)" "$CREDENTIALS" >many.curl
	for _ in $(seq "$1"); do
		curl -sS -K many.curl -o "many.$_" &
		many_pids="${many_pids:-} $!"
	done
	# shellcheck disable=SC2086 # a list of words
	wait $many_pids
	cat many.[0-9]* | jq -r .AccessKeyId | sort -u | wc -l | tr -d ' '
}
clock_forward 3000
calls=$(sts_count ok)
ok "all tokens are renewed" settle_all
ok "the workload's is another by now" jti_is_not app/token "$(jq -r .jti sts.log | head -n 1)"
is "when they are about to expire, many ask at once: all get one" "$(many 30)" 1
is "by one more call" "$(($(sts_count ok) - calls))" 1
not_ok "which are new" grep -q "$(jq -r .AccessKeyId first)" many.1

# ---- the token before the last refresh ----

cp app/token before
jti=$(jti_in app/token)
clock_forward 480
ok "a refresh" settle_all
ok "which gives another token" jti_is_not app/token "$jti"
is "whoever read the file just before it is served" "$(credentials before)" 200
clock_forward 125
is "not when it has expired" "$(credentials before)" 401

# ---- who gets nothing ----

is "a token that is for no role" "$(credentials web/other)" 404
printf 'nonsense' >nonsense
is "what is no token" "$(credentials nonsense)" 401
printf %s "$(cat app/token)x" >changed
is "a token with a byte more" "$(credentials changed)" 401
cut -c 2- app/token >changed
is "with one less" "$(credentials changed)" 401
printf 'Bearer %s' "$(cat app/token)" >bearer
is "with a word before it" "$(credentials bearer)" 401
ask_token demo app "$AWS" >/dev/null
token_of >foreign
ok "a good token of the issuer's" verifies "$(cat foreign)"
is "that this agent does not keep" "$(credentials foreign)" 401
is "none" "$(curl -sS -o body -w '%{http_code}' "http://$CREDENTIALS/v1/credentials")" 401
like "is told what to set" "$(cat body)" AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE
is "two" "$(credentials app/token -H "Authorization: $(cat web/token)")" 401
is "another method" "$(credentials app/token -X POST)" 405
is "another path" "$(curl -sS -o /dev/null -w '%{http_code}' -K cred.curl "http://$CREDENTIALS/")" 404
is "tokens are not served over TCP" "$(curl -sS -o /dev/null -w '%{http_code}' "http://$CREDENTIALS/v1/token")" 404
unlike "no token is in an answer that refuses" "$(cat body)" 'eyJ'

# ---- an STS that does not do well ----

rm -f many.[0-9]*
echo 503 >sts.mode
is "credentials that are good for long need no STS" "$(credentials app/token)" 200
clock_forward 2500
ok "tokens of now" settle_all
is "those that are good for a while serve when STS is away" "$(credentials app/token)" 200
clock_forward 1100
settle_all
is "those that are not, do not" "$(credentials app/token)" 503
like "the answer says why" "$(cat body)" "'$STS' answered 503: Told: as told"
calls=$(wc -l <sts.log)
is "nor is STS asked at each request" "$(credentials app/token) $(($(wc -l <sts.log) - calls))" "503 0"
rm sts.mode
clock_forward 300
settle_all
is "it is asked again some time later" "$(credentials app/token)" 200
for how in garbage stall; do
	clock_forward 3600
	settle_all
	echo $how >sts.mode
	is "an answer that is $how is none" "$(credentials web/token)" 503
	rm sts.mode
	clock_forward 300
	settle_all
	is "the next one is" "$(credentials web/token)" 200
done
agent_conf "{service_account: demo/web, directory: web, lifetime: 10m, role_arn: \"$ROLE\"}" \
	"listeners: [{address: \"127.0.0.1:0\", serves: [credentials]}]
sts: {url: \"$STS\"}"
kill -HUP "$AGENT"
ok "somebody writes another's role into the configuration" until_true has_logged 1 tokens.removed
is "STS refuses it" "$(credentials web/token)" 403
like "and says so" "$(cat body)" 'AccessDenied: Not authorized'
unlike "no secret was logged" "$(cat agent.log)" "eyJ|$(jq -r .SecretAccessKey first)"
like "who got what was" "$(cat agent.log)" "event=credentials.obtained sa=demo/app role=$ROLE session=demo.app key=ASIA"
agent_stop
is "it ends in good order" $? 0

# ---- two roles of one service account ----

A='{service_account: demo/app, directory: one, role_arn: "arn:aws:iam::123456789012:role/one/app"}'
B='{service_account: demo/app, directory: two, role_arn: "arn:aws:iam::123456789012:role/two/app"}'
TWO="listeners: [{address: \"127.0.0.1:0\", serves: [credentials]}]
sts: {url: \"$STS\"}"
agent_conf "$A
$B" "$TWO"
: >agent.log
agent_start
cp one/token one.before
cp two/token two.before
agent_conf "$B
$A" "$TWO"
kill -HUP "$AGENT"
ok "their order in the configuration changes" until_true has_logged 1 reloaded
is "each token stays good" "$(credentials one.before) $(credentials two.before)" "200 200"
is "for its own role" "$(tail -n 2 sts.log | jq -r .role | sed 's/.*role//' | tr '\n' ' ')" "/one/app /two/app "
ok "and in its own file" cmp -s one/token one.before
agent_conf "$B" "$TWO"
kill -HUP "$AGENT"
ok "one is taken out" until_true has_logged 1 tokens.removed
is "its token is good for nothing" "$(credentials one.before)" 401
agent_conf "{service_account: demo/app, directory: three, role_arn: \"arn:aws:iam::123456789012:role/three/app\"}" "$TWO"
kill -HUP "$AGENT"
ok "another comes in the other's place" until_true has_logged 2 tokens.removed
ok "it gets a token" until_true test -e three/token
is "of its own" "$(credentials two.before) $(credentials three/token)" "401 200"
agent_stop

# ---- tokens over a socket ----

uid=$(id -u)
agent_conf "{service_account: demo/app, directory: app}
{service_account: demo/web, directory: web, owner: \"4711\", group: \"$(id -g)\"}" \
	"listeners: [{socket: agent.sock, serves: [tokens]}]"
if [ "$uid" -eq 0 ] && command -v setpriv >/dev/null; then
	agent_start
	# as UID [QUERY] - asks as that uid; prints the status.
	as() {
		setpriv --reuid "$1" --regid 4711 --clear-groups curl -sS -w '%{http_code}' --unix-socket agent.sock "http://agent/v1/token${2:-}"
	}
	chmod 711 "$WORK" "$WORK"/..
	as 0 >answer
	like "root gets root's" "$(cat answer)" '"serviceAccount":"demo/app".*200$'
	ok "which verifies" verifies "$(sed 's/200$//' answer | jq -r .token)"
	like "a workload gets its own" "$(as 4711)" '"serviceAccount":"demo/web".*200$'
	like "and not another's, by asking" "$(as 4711 '?service_account=demo/app')" '404$'
	like "nor for another audience" "$(as 4711 '?audience=elsewhere')" '404$'
	like "a stranger gets nothing" "$(as 4712)" 'uid 4712 has no such token here.*404$'
	like "nor does who asks twice" "$(as 4711 '?audience=a&audience=b')" '400$'
	is "anybody may connect" "$(stat -c %a agent.sock)" 666
	agent_stop
	is "the socket goes with the agent" "$(ls agent.sock 2>/dev/null)" ""
else
	skip 9 "it takes root to be several users"
fi
done_testing

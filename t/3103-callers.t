#!/bin/sh
# Who is it? Certificates, the uid behind a Unix socket, our own tokens; good ones and all others,
# and two at once.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/callers.sh
. "${SRCDIR:-.}/t/lib/callers.sh"
clock_set 1900000000
SOCKET=$WORK/api.sock
TLS_EXTRA="client_crl: tls/callers.crl"
LISTENERS_EXTRA="  - socket: $SOCKET
    serves: [api]"
callers_make
pki crl callers callers.crl
demo
# certify FILE OPTION... - a certificate of the callers' CA.
certify() { pki caller callers "$@"; }
certify alice --cn alice --o readers --o writers
certify bob --cn bob
issuerctl grant add group:readers demo/app --audience sts.amazonaws.com >/dev/null
issuer_start
ask() { ask_token demo app "$AWS" "$@"; }
# said - why requests were refused, as the log has it.
said() { sed -n 's/.*event=request.unauthorized .*reason=//p' issuerd.log; }

# ---- certificates ----
is "a certificate gets a token" "$(by alice ask)" 201
is "the audit has its CN, and how it was known" \
	"$(audit "event='token.issued' AND actor='alice' AND auth='certificate'")" 1
is "its Os are groups" "$(by alice whoami) $(jq -c .status.userInfo.groups body)" \
	'201 alice ["readers","writers","system:authenticated"]'
like "it is named by its hash" "$(jq -r '.status.userInfo.extra["authentication.kubernetes.io/credential-id"][0]' body)" \
	"^X509SHA256=$(openssl x509 -in tls/alice.pem -outform DER | openssl dgst -sha256 -r | cut -d ' ' -f 1)\$"
is "over TLS 1.2" "$(by alice ask --tls-max 1.2)" 201
is "over TLS 1.3" "$(by alice ask --tlsv1.3)" 201
is "one without O is in no group" "$(by bob ask)" 403
is "which has its audit row" \
	"$(audit "event='token.refused' AND actor='bob' AND subject='system:serviceaccount:demo:app' AND rule='grants' AND outcome='Forbidden' AND auth='certificate' AND detail LIKE '% no grant covers this service account'")" 1
certify any --cn alice --o readers --usage none
is "one for everything is for clients, too, as in Kubernetes" "$(by any ask)" 201
pki ca between 'between' callers
pki caller between chained --cn alice --o readers --chain
is "one of a CA below ours brings that along" "$(by chained ask)" 201
is "where a certificate may be shown a secret will do" "$(ask)" 201
is "and who shows neither is nobody" "$(with - ask) $(header WWW-Authenticate)" "401 Bearer"

pki ca others 'other CA'
pki ca twin 'callers CA'
certify expired --cn alice --o readers --expired
certify early --cn alice --o readers --early
certify of-server --cn alice --o readers --usage server
certify nameless --o readers
certify twice --cn bob --cn alice --o readers
certify blank --cn 'al ice' --o readers
certify line --cn 'al
ice' --o readers
certify zero --cn "alice$(printf '\302\200')" --o readers
pki caller others others-alice --cn alice --o readers
pki caller twin twin-alice --cn alice --o readers
pki caller alice child --cn admin --o readers --chain
while IFS='|' read -r file desc why; do
	is "$desc is refused" "$(by "$file" ask) $(jq -r .message body)" "401 Unauthorized"
	like "... and the log says why" "$(said)" "$why"
	: >issuerd.log
done <<'EOF'
expired|a certificate that has expired|expired
early|one of tomorrow|not yet valid
of-server|one for servers|purpose
others-alice|one of another CA|issuer is unknown
twin-alice|one of another CA of the same name|not trusted
child|one signed by a caller|not trusted
nameless|one without CN|does not have one CN
twice|one with two|does not have one CN
blank|a CN with a blank|CN
line|a CN of two lines|CN
zero|a CN that is not printable|CN
EOF
is "it is refused even where everybody may look" "$(by expired request "$URL/version")" 401
is "but what is public is public" "$(by expired request "$URL/openid/v1/jwks")" 200
is "with a good secret, too: each has to be good" "$(ask --cert tls/expired.pem --key tls/expired.key)" 401

# ---- clients that are known ----
issuerctl client create alice --certificate --group admins --expires-in 1h >/dev/null
is "a certificate of a client here is in its groups, too" "$(by alice whoami) $(jq -c .status.userInfo.groups body)" \
	'201 alice ["readers","writers","admins","system:authenticated"]'
clock_forward 3599
is "it works to the client's last second" "$(by alice ask)" 201
clock_forward 1
is "when the client has expired so has its certificate" "$(by alice ask)" 401
like "... and the log says so" "$(said | tail -n 1)" "client 'alice' has expired"
issuerctl client revoke alice >/dev/null
is "when it is revoked so is its certificate" "$(by alice ask)" 401
like "... and the log says so" "$(said | tail -n 1)" "client 'alice' is revoked"
client bearer
certify bearer --cn bearer --o readers
is "a certificate may have the name of a client with a secret" "$(by bearer ask)" 201

# ---- two at once ----
is "certificate and secret of one user agree" "$(with bearer.secret whoami --cert tls/bearer.pem --key tls/bearer.key)" "201 bearer"
is "then the secret speaks: its groups count" "$(jq -c .status.userInfo.groups body)" '["system:authenticated"]'
is "those of two do not" "$(with ci.secret ask --cert tls/bearer.pem --key tls/bearer.key)" 401
like "... and the log says so" "$(said | tail -n 1)" '^"two credentials that disagree"$'
printf isc_nonsense >nobody.secret
is "a wrong secret spoils a good certificate" "$(with nobody.secret ask --cert tls/bearer.pem --key tls/bearer.key)" 401
is "so does a scheme that is none" "$(AUTH='Authorization: Basic eDp5' ask --cert tls/bearer.pem --key tls/bearer.key)" 401
is "and an empty one" "$(AUTH='Authorization;' ask --cert tls/bearer.pem --key tls/bearer.key)" 401
for header in User:\ bearer Group:\ x Uid:\ 1 Extra-scopes:\ x; do
	is "nobody becomes somebody else by Impersonate-${header%%:*}" \
		"$(ask -H "Impersonate-$header") $(jq -r .reason body)" "403 Forbidden"
	is "... which is in the audit" \
		"$(audit_last "event='token.refused' AND outcome='Forbidden' AND subject LIKE '%/serviceaccounts/app/token' AND rule='impersonation' AND detail LIKE '%cannot impersonate%'")" 1
done

# ---- revoked, on a connection that stays open ----
mkfifo asks answers
certify carol --cn carol --o readers
certify dave --cn dave --o readers
/usr/bin/python3 "$SRCDIR/t/lib/keep_alive.py" "$URL" "$CA" tls/carol.pem tls/carol.key <asks >answers &
stop_on_exit $!
exec 4>asks 5<answers
# again - the status of one more request on that connection.
again() {
	echo "$SELF {}" >&4
	read -r again_status <&5
	echo "$again_status"
}
again_is() { [ "$(again)" = "$1" ]; }
is "a connection stays open" "$(again) $(again)" "201 201"
pki crl callers callers.crl carol
ok "once its certificate is on the list it is refused" until_true again_is 401
is "new ones, too" "$(by carol ask)" 401
is "all others are served" "$(by dave ask)" 201
pki crl callers callers.crl
ok "one that is off the list again is served" until_true again_is 201
echo nonsense >tls/callers.crl.new && mv tls/callers.crl.new tls/callers.crl
complains() { grep -q 'event=clients.trust_failed' issuerd.log; }
ok "a list that is none is complained of" until_true complains
is "and the last one stays in force" "$(again)" 201
pki crl callers callers.crl carol
ok "until there is a good one" until_true again_is 401
: >issuerd.log
pki crl twin callers.crl
ok "a list by somebody else is none" until_true complains
is "so whoever is revoked stays so" "$(by carol ask)" 401
pki crl callers callers.crl --outdated
refused_all() { [ "$(by dave ask)" = 401 ]; }
ok "a list that is out of date lets nobody in: it may lack what it should have" until_true refused_all
like "... and the log says so" "$(said | tail -n 1)" 'revocation list .* is out of date'
pki crl callers callers.crl
exec 4>&- 5<&-
served_again() { [ "$(by dave ask)" = 201 ]; }
ok "a new one does" until_true served_again

# ---- the CA itself changes ----
cp tls/others.pem tls/callers.pem.new && mv tls/callers.pem.new tls/callers.pem
pki crl others callers.crl
pki caller others erin --cn erin
by_others() { [ "$(by erin whoami)" = "201 erin" ]; }
ok "another CA is taken without a restart" until_true by_others
is "and the old one is none any more" "$(by dave whoami)" "401 Unauthorized"

# Whom we trust no more is out at once, even if the lists were not changed with it.
pki ca third 'third CA'
pki caller third fred --cn fred
cp tls/third.pem tls/callers.pem.new && mv tls/callers.pem.new tls/callers.pem
distrusted() { [ "$(by erin whoami)" = "401 Unauthorized" ]; }
ok "a CA that left the file is trusted no more, whatever lists there are" until_true distrusted
is "the one that came is" "$(by fred whoami)" "201 fred"
said_of_lists() { tail -n 20 issuerd.log | grep -q 'clients.trust_failed .*is not signed by a CA'; }
ok "what is wrong with the lists is said" until_true said_of_lists
rm tls/callers.crl && mkfifo tls/callers.crl
is "a pipe in a list's place keeps nobody waiting" "$(by fred whoami)" "201 fred"
rm tls/callers.crl
cp tls/others.pem tls/callers.pem.new && mv tls/callers.pem.new tls/callers.pem
pki crl others callers.crl
ok "with lists that fit, all is well again" until_true by_others

# ---- the uid behind a socket ----
socket() { "$@" --unix-socket "$SOCKET"; }
API_TLS=$API
API=http://issuer
is "a uid that nobody knows is nobody" "$(with - socket whoami)" "401 Unauthorized"
is "a secret works" "$(socket whoami)" "201 ci"
issuerctl client create local --unix-uid "$(id -u)" --group staff --expires-in 1h >/dev/null
issuerctl grant add group:staff demo/app --audience sts.amazonaws.com >/dev/null
is "a uid that is known needs no secret" "$(with - socket whoami) $(jq -c .status.userInfo.groups body)" \
	'201 local ["staff","system:authenticated"]'
is "it gets tokens" "$(with - socket ask)" 201
is "the audit says how it was known" "$(audit "event='token.issued' AND actor='local' AND auth='unix socket'")" 1
is "a secret of somebody else disagrees" "$(socket ask)" 401
is "a wrong one is wrong" "$(with nobody.secret socket ask)" 401
is "over TCP a uid is nothing" "$(API=$API_TLS; with - ask)" 401
exits "a uid has one name" 1 issuerctl client create double --unix-uid "$(id -u)"
clock_forward 3599
is "it works to its last second" "$(with - socket ask)" 201
clock_forward 1
is "a client that has expired" "$(with - socket ask)" 401
is "is one that no secret helps" "$(socket ask)" 401
like "... for that reason" "$(said | tail -n 1)" "client 'local' has expired"
issuerctl client revoke local >/dev/null
is "one that is revoked is none" "$(with - socket ask)" 401
is "its uid is nobody's again, and a secret will do" "$(socket whoami)" "201 ci"
ok "and may have another name" issuerctl client create again --unix-uid "$(id -u)"
is "which it then has" "$(with - socket whoami)" "201 again"
# Somebody else's uid, if we can become somebody else, who can come here.
as_other() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
chmod 711 . && chmod 666 "$SOCKET"
if [ "$(id -u)" = 0 ] && as_other test -w "$SOCKET"; then
	as_other_curl() {
		as_other curl -s -H 'Content-Type: application/json' -d '{}' --unix-socket "$SOCKET" "$API$SELF" |
			jq -r 'if .reason then .reason else .status.userInfo.username end'
	}
	is "another uid is another" "$(as_other_curl)" Unauthorized
	issuerctl client create other --unix-uid 65534 >/dev/null
	is "with a name of its own" "$(as_other_curl)" other
else
	skip 2 "needs root, and a directory that others may enter"
fi
chmod 700 .
API=$API_TLS

# ---- our own tokens ----
issuerctl sa create demo/robot >/dev/null
ROBOT=system:serviceaccount:demo:robot
# robot_token [ARG...] - one of demo/robot, into the file robot.
robot_token() { issuerctl token create demo/robot "$@" >robot; }
robot_token
is "a token of ours for our API is a credential" "$(with robot whoami)" "201 $ROBOT"
is "its groups are those of Kubernetes" "$(jq -c .status.userInfo.groups body)" \
	'["system:serviceaccounts","system:serviceaccounts:demo","system:authenticated"]'
is "its jti is the credential's id" "$(jq -r '.status.userInfo.extra["authentication.kubernetes.io/credential-id"][0]' body)" \
	"JTI=$(claims "$(cat robot)" | jq -r .jti)"
is "without a grant it gets nothing" "$(with robot ask)" 403
issuerctl grant add "user:$ROBOT" demo/app --audience sts.amazonaws.com --max-ttl 20m >/dev/null
is "with one it does" "$(with robot ask) $(jq .spec.expirationSeconds body)" "201 1200"
is "the audit has its name" "$(audit "event='token.issued' AND actor='$ROBOT' AND auth='service account token'")" 1
issuerctl grant add group:system:serviceaccounts:demo demo/robot --audience sts.amazonaws.com >/dev/null
is "a grant for its namespace counts" "$(with robot ask_token demo robot "$AWS")" 201
is "blanks around it do not" "$(AUTH="Authorization:   Bearer $(cat robot) " ask)" 201
token_of >for_aws
is "what it got is none for here" "$(with for_aws whoami)" "401 Unauthorized"
like "... because of its audience" "$(said | tail -n 1)" "not for audience '$URL'"
robot_token --audience vault --audience "$URL"
is "one for others and for us is" "$(with robot whoami)" "201 $ROBOT"
is "two at once are none" "$(with robot ask -H "Authorization: Bearer $(cat ci.secret)")" 401
robot_token --ttl 10m
clock_forward 659
is "it may be a minute late" "$(with robot whoami)" "201 $ROBOT"
clock_forward 1
is "and no more" "$(with robot whoami)" "401 Unauthorized"
like "... because it has expired" "$(said | tail -n 1)" expired
robot_token
clock_jump -91
is "one from the future is none" "$(with robot whoami)" "401 Unauthorized"
like "... because it is" "$(said | tail -n 1)" 'not valid before'
clock_jump 91
sed 's/.\{4\}$/AAAA/' robot >forged
is "a forged one is none" "$(with forged whoami)" "401 Unauthorized"
issuerctl sa delete demo/robot >/dev/null
is "when the service account is deleted, so is the token" "$(with robot whoami)" "401 Unauthorized"
issuerctl sa create demo/robot >/dev/null
is "another of that name does not bring it back" "$(with robot whoami)" "401 Unauthorized"
like "... because it is another" "$(said | tail -n 1)" 'UID .* does not match'

# ---- the handshake ----
openssl s_client -connect "localhost:$PORT" -CAfile "$CA" </dev/null >handshake 2>&1
like "no CA is named in it: whom we trust may change" "$(cat handshake)" \
	'No client certificate CA names sent'
like "but a certificate is asked for" "$(cat handshake)" 'Client Certificate Types|Requested Signature Algorithms'

# ---- audiences of the API ----
issuer_stop
conf_write 'tokens: {audiences: [https://api.example.org, inside]}'
issuer_start
for audience in https://api.example.org inside; do
	robot_token --audience "$audience"
	is "a token for $audience" "$(with robot whoami)" "201 $ROBOT"
done
robot_token --audience "$URL"
is "the issuer is no audience of the API then" "$(with robot whoami)" "401 Unauthorized"
robot_token
is "who names none gets all of them" "$(claims "$(cat robot)" | jq -c .aud)" '["https://api.example.org","inside"]'
is "which are good here" "$(with robot whoami)" "201 $ROBOT"

# ---- many CAs ----
issuer_stop
for _ in $(seq 150); do cat tls/callers.pem; done >tls/many.pem
ok "a large bundle of CAs" test "$(wc -c <tls/many.pem)" -gt 65536
mv tls/many.pem tls/callers.pem
pki caller others zoe --cn zoe --o readers
issuer_start
is "is no obstacle at the start" "$(by zoe whoami)" "201 zoe"
done_testing

#!/bin/sh
# issuerctl as people and scripts use it: help, forms of output, exit status, refusals.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"

# says DESC STATUS PATTERN CMD... - CMD ends with STATUS and one line on standard error like PATTERN.
says() {
	says_desc=$1 says_status=$2 says_pattern=$3
	shift 3
	"$@" >out 2>err </dev/null
	is "$says_desc: status" $? "$says_status"
	like "$says_desc: it says so" "$(cat err)" "$says_pattern"
	is "$says_desc: in one line" "$(wc -l <err | tr -d ' ')" 1
}

issuer_make

# ---- help ----
for ask in --help -h help; do
	ok "issuerctl $ask" issuerctl $ask
done
HELP=$(issuerctl --help)
for noun in init key sa client grant token; do
	like "help names $noun" "$HELP" "^  $noun "
done
for noun in key sa client grant token; do
	ok "issuerctl $noun --help" issuerctl $noun --help
done
ok "help of a command" issuerctl grant add --help
like "it names its options" "$(issuerctl grant add --help)" '--max-ttl DURATION'
like "and --dry-run where something changes" "$(issuerctl grant add --help)" '--dry-run'
unlike "only there" "$(issuerctl grant list --help)" '--dry-run'
like "--version" "$(issuerctl --version)" '^issuerctl [0-9]'

# ---- usage ----
exits "no command" 2 issuerctl
says "an unknown command" 2 "unknown command 'keys'" issuerctl keys
exits "a noun without verb" 2 issuerctl key
exits "an unknown verb" 2 issuerctl key lst
says "an unknown option" 2 "unknown option '--foo'" issuerctl key list --foo
says "an option without its value" 2 "no value for option '--max-ttl'" issuerctl grant add a b/c --max-ttl
says "too few arguments" 2 'too few arguments; usage: issuerctl sa create NAMESPACE/NAME' issuerctl sa create
says "too many arguments" 2 'too many arguments' issuerctl sa create a/b c/d
says "an unknown output" 2 'takes table, json or name' issuerctl key list -o yaml
says "dry run where nothing changes" 2 "unknown option '--dry-run'" issuerctl key list --dry-run

# ---- service accounts ----
ok "sa create" issuerctl sa create ci/deploy --annotation team=core
is "-o json" "$(issuerctl sa show ci/deploy -o json | jq -c '[.namespace,.name,.annotations]')" \
	'["ci","deploy",{"team":"core"}]'
is "-o name" "$(issuerctl sa list -o name)" ci/deploy
like "a table has a head" "$(issuerctl sa list | head -n 1)" '^NAMESPACE +NAME +UID'
says "create again" 1 "exists already" issuerctl sa create ci/deploy
ok "annotate" issuerctl sa annotate ci/deploy team- owner=me
is "annotations are changed one by one" "$(issuerctl sa show ci/deploy -o json | jq -c .annotations)" '{"owner":"me"}'
says "a bad annotation" 1 'neither KEY=VALUE nor KEY-' issuerctl sa annotate ci/deploy nonsense
for name in ci 'CI/deploy' 'ci/De' 'ci/' '/x' 'ci/a/b' 'ci/-a' 'ci/a_b' "ci/$(printf '%0254d' 0)"; do
	not_ok "no service account '$(echo "$name" | cut -c1-20)'" issuerctl sa create "$name"
done
says "show of none" 1 "no service account 'ci/nobody'|service account 'ci/nobody'" issuerctl sa show ci/nobody
ok "a dry run of delete" issuerctl sa delete ci/deploy --dry-run
is "deletes nothing" "$(issuerctl sa list -o name)" ci/deploy
is "the list of another namespace is empty" "$(issuerctl sa list --namespace other -o json)" '[]'

# ---- clients ----
issuerctl client create robot --group bots -o json >client.json
like "a secret is shown once" "$(jq -r .secret client.json)" '^isc_[A-Za-z0-9_-]{43}$'
is "the store holds its hash, not it" \
	"$(sqlite3 -readonly state/issuer.db .dump | grep -c "$(jq -r .secret client.json)")" 0
is "nor does any file of the store" "$(cat state/issuer.db* | grep -c "$(jq -r .secret client.json)")" 0
ok "a secret may go to a file" issuerctl client create filed --secret-file filed.secret
is "which is for the owner alone" "$(stat -c %a filed.secret)" 600
is "and ends without a newline" "$(wc -l <filed.secret | tr -d ' ')" 0
says "an existing file is not overwritten" 1 "could not create 'filed.secret'" issuerctl client create more --secret-file filed.secret
not_ok "then there is no such client" sh -c 'issuerctl client list -o name | grep -qx more'
says "a client exists once" 1 'exists already' issuerctl client create robot
says "a bad expiry" 1 "'soon' is not a duration" issuerctl client create x --expires-in soon
is "groups are listed" "$(issuerctl client list -o json | jq -c '.[] | select(.name == "robot") | .groups')" '["bots"]'
is "revoke" "$(issuerctl client revoke robot -o json | jq -r .state)" revoked
ok "revoke again is no error" issuerctl client revoke robot
says "revoke of none" 1 "no client 'nobody'|client 'nobody'" issuerctl client revoke nobody

# ---- grants ----
ID=$(issuerctl grant add filed 'ci/*' --audience sts.amazonaws.com --audience vault --max-ttl 15m -o name)
is "a grant has a number" "$ID" 1
is "it is listed as given" "$(issuerctl grant list -o json | jq -c '.[0] | [.for,.subject,.audiences,.max_ttl]')" \
	'["filed","ci/*",["sts.amazonaws.com","vault"],"15m"]'
ok "for a group" issuerctl grant add group:bots ci/deploy --audience vault
says "no audience" 1 'needs --audience' issuerctl grant add filed ci/deploy
says "an unknown client" 1 "no client 'nobody'|client 'nobody'" issuerctl grant add nobody ci/deploy --audience vault
for pattern in 'ci' 'ci/[a]' 'ci/a?b' 'CI/*' 'ci/a b'; do
	not_ok "no pattern '$pattern'" issuerctl grant add filed "$pattern" --audience vault
done
says "an audience with a blank" 1 'printable ASCII' issuerctl grant add filed ci/x --audience 'a b'
says "a lifetime of nothing" 1 'out of range' issuerctl grant add filed ci/x --audience vault --max-ttl 0
ok "remove" issuerctl grant remove "$ID"
says "remove again" 1 "no grant|grant $ID" issuerctl grant remove "$ID"
says "remove of no number" 1 "is not a whole number" issuerctl grant remove x
unlike "a number is not used again" "$(issuerctl grant add filed ci/x --audience vault -o name)" "^$ID\$"

# ---- tokens ----
TOKEN=$(issuerctl token create ci/deploy --audience vault --ttl 10m)
is "an admin's token" "$(claims "$TOKEN" | jq -r '[.sub, .aud[0], .exp - .iat] | @csv')" \
	'"system:serviceaccount:ci:deploy","vault",630'
is "is audited under the admin's name" "$(audit "event='token.issued' AND actor LIKE 'uid:$(id -u)%' AND jti='$(claims "$TOKEN" | jq -r .jti)'")" 1
says "a lifetime beyond the maximum" 1 'out of range' issuerctl token create ci/deploy --ttl 25h
says "a token for nobody" 1 "service account 'ci/nobody'" issuerctl token create ci/nobody
echo "$TOKEN" >token
ok "inspect reads a file" issuerctl token inspect token
is "and says that it has not judged it" "$(issuerctl token inspect token -o json | jq .verified)" false
says "inspect of nonsense" 1 'not a JWT' issuerctl token inspect "$CONF"
says "verify without an issuer that answers" 4 'could not fetch' issuerctl token verify token --ca-file "$CA"
issuer_start
ok "verify" issuerctl token verify token --ca-file "$CA" --audience vault
says "verify for another audience" 4 "not for audience 'x'" issuerctl token verify token --ca-file "$CA" --audience x
says "verify without the CA" 4 'name the CA with --ca-file' issuerctl token verify token
says "verify by another issuer" 4 "says it is issuer" issuerctl token verify token --ca-file "$CA" --issuer "https://127.0.0.1:$PORT"
says "verify over plain HTTP" 4 'could not fetch' issuerctl token verify token --issuer "http://localhost:$PORT"
is "every admin's change has its row" "$(audit "actor LIKE 'uid:%' AND event NOT LIKE 'token.%'")" \
	"$(audit "event IN ('issuer.created','key.created','account.created','account.annotated','client.created','client.revoked','grant.added','grant.removed')")"
done_testing

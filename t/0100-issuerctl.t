#!/bin/sh
# issuerctl as people and scripts use it: help, forms of output, exit status, refusals.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"

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
one_line "an unknown command" 2 "unknown command 'keys'" issuerctl keys
exits "a noun without verb" 2 issuerctl key
exits "an unknown verb" 2 issuerctl key lst
one_line "an unknown option" 2 "unknown option '--foo'" issuerctl key list --foo
one_line "an option without its value" 2 "no value for option '--max-ttl'" issuerctl grant add a b/c --max-ttl
one_line "too few arguments" 2 'too few arguments; usage: issuerctl sa create NAMESPACE/NAME' issuerctl sa create
one_line "too many arguments" 2 'too many arguments' issuerctl sa create a/b c/d
one_line "a mistake before the command" 2 "unknown option '--foo'; run issuerctl --help" issuerctl --foo key list
one_line "the version is asked for without a command" 2 "unknown option '--version'" issuerctl key list --version
one_line "an unknown output" 2 'takes table, json or name' issuerctl key list -o yaml
one_line "dry run where nothing changes" 2 "unknown option '--dry-run'" issuerctl key list --dry-run

# ---- service accounts ----
ok "sa create" issuerctl sa create ci/deploy --annotation team=core
is "-o json" "$(issuerctl sa show ci/deploy -o json | jq -c '[.namespace,.name,.annotations]')" \
	'["ci","deploy",{"team":"core"}]'
is "-o name" "$(issuerctl sa list -o name)" ci/deploy
like "a table has a head" "$(issuerctl sa list | head -n 1)" '^NAMESPACE +NAME +UID'
one_line "create again" 1 "exists already" issuerctl sa create ci/deploy
ok "annotate" issuerctl sa annotate ci/deploy team- owner=me
is "annotations are changed one by one" "$(issuerctl sa show ci/deploy -o json | jq -c .annotations)" '{"owner":"me"}'
one_line "a bad annotation" 1 'neither KEY=VALUE nor KEY-' issuerctl sa annotate ci/deploy nonsense
for name in ci 'CI/deploy' 'ci/De' 'ci/' '/x' 'ci/a/b' 'ci/-a' 'ci/a_b' "ci/$(printf '%0254d' 0)"; do
	not_ok "no service account '$(echo "$name" | cut -c1-20)'" issuerctl sa create "$name"
done
# many N OPTION - OPTION, with a value of its own each time.
many() { seq "$1" | sed "s/.*/$2=v&=x/" | tr '\n' ' '; }
# shellcheck disable=SC2046 # lists of words
ok "as many annotations as there may be" issuerctl sa create ci/most $(many 32 --annotation)
is "are all kept" "$(issuerctl sa show ci/most -o json | jq '.annotations | length')" 32
# shellcheck disable=SC2046
one_line "one more" 2 '--annotation was given more than 32 times' issuerctl sa create ci/more $(many 33 --annotation)
not_ok "makes nothing" issuerctl sa show ci/more
issuerctl sa delete ci/most >/dev/null
one_line "show of none" 1 "no service account 'ci/nobody'|service account 'ci/nobody'" issuerctl sa show ci/nobody
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
one_line "an existing file is not overwritten" 1 "could not create 'filed.secret'" issuerctl client create more --secret-file filed.secret
not_ok "then there is no such client" sh -c 'issuerctl client list -o name | grep -qx more'
one_line "a client exists once" 1 'exists already' issuerctl client create robot
one_line "a bad expiry" 2 "'soon' is not a duration" issuerctl client create x --expires-in soon
# shellcheck disable=SC2046
one_line "too many groups" 2 '--group was given more than 32 times' issuerctl client create more $(many 33 --group)
ok "a dry run of create" issuerctl client create dry --secret-file dry.secret --dry-run
not_ok "writes no secret" test -e dry.secret
is "groups are listed" "$(issuerctl client list -o json | jq -c '.[] | select(.name == "robot") | .groups')" '["bots"]'
is "revoke" "$(issuerctl client revoke robot -o json | jq -r .state)" revoked
ok "revoke again is no error" issuerctl client revoke robot
one_line "revoke of none" 1 "no client 'nobody'|client 'nobody'" issuerctl client revoke nobody

# ---- a sealing key from elsewhere ----
mkdir credentials && cp state/sealing.key credentials/ && mv state kept
OUT=$(CREDENTIALS_DIRECTORY=$WORK/credentials issuerctl init -o json)
is "init uses the sealing key of CREDENTIALS_DIRECTORY" "$(echo "$OUT" | jq -r .sealing_key)" "$WORK/credentials/sealing.key"
not_ok "and makes no other" test -e state/sealing.key
rm -rf state && mv kept state
sed 's|^    url:.*|    url: https://elsewhere.example|' "$CONF" >other.yaml
one_line "init with another URL" 1 "has the URL '$URL' in the store, but 'https://elsewhere.example'" \
	"$BUILDDIR/t/issuerctl-test" -c other.yaml init

# ---- grants ----
ID=$(issuerctl grant add filed 'ci/*' --audience sts.amazonaws.com --audience vault --max-ttl 15m -o name)
is "a grant has a number" "$ID" 1
is "it is listed as given" "$(issuerctl grant list -o json | jq -c '.[0] | [.for,.subject,.audiences,.max_ttl]')" \
	'["filed","ci/*",["sts.amazonaws.com","vault"],"15m"]'
ok "for a group" issuerctl grant add group:bots ci/deploy --audience vault
one_line "no audience" 2 'needs --audience' issuerctl grant add filed ci/deploy
one_line "an unknown client" 1 "no client 'nobody'|client 'nobody'" issuerctl grant add nobody ci/deploy --audience vault
for pattern in 'ci' 'ci/[a]' 'ci/a?b' 'CI/*' 'ci/a b'; do
	not_ok "no pattern '$pattern'" issuerctl grant add filed "$pattern" --audience vault
done
one_line "an audience with a blank" 2 'printable ASCII' issuerctl grant add filed ci/x --audience 'a b'
one_line "a lifetime of nothing" 2 'out of range' issuerctl grant add filed ci/x --audience vault --max-ttl 0
ok "remove" issuerctl grant remove "$ID"
one_line "remove again" 1 "no grant|grant $ID" issuerctl grant remove "$ID"
one_line "remove of no number" 1 "is not a whole number" issuerctl grant remove x
unlike "a number is not used again" "$(issuerctl grant add filed ci/x --audience vault -o name)" "^$ID\$"

# ---- tokens ----
TOKEN=$(issuerctl token create ci/deploy --audience vault --ttl 10m)
is "an admin's token" "$(claims "$TOKEN" | jq -r '[.sub, .aud[0], .exp - .iat] | @csv')" \
	'"system:serviceaccount:ci:deploy","vault",630'
is "is audited under the admin's name" "$(audit "event='token.issued' AND actor LIKE 'uid:$(id -u)%' AND jti='$(claims "$TOKEN" | jq -r .jti)'")" 1
# shellcheck disable=SC2046
TOKEN16=$(issuerctl token create ci/deploy $(many 16 --audience))
is "as many audiences as there may be are all in it" "$(claims "$TOKEN16" | jq '.aud | length')" 16
# shellcheck disable=SC2046
one_line "one more" 2 '--audience was given more than 16 times' issuerctl token create ci/deploy $(many 17 --audience)
for audience in 'a b' '' "$(printf 'a\377')" "$(printf '%0256d' 0)"; do
	one_line "no audience '$(printf %.8s "$audience" | tr -dc ' -~')'" 2 audience issuerctl token create ci/deploy --audience "$audience"
done
one_line "nor in a dry run" 2 audience issuerctl token create ci/deploy --audience 'a b' --dry-run
is "none of them minted anything" "$(audit "event='token.issued'")" 2
one_line "a lifetime beyond the maximum" 2 'out of range' issuerctl token create ci/deploy --ttl 25h
one_line "a token for nobody" 1 "service account 'ci/nobody'" issuerctl token create ci/nobody
echo "$TOKEN" >token
ok "inspect reads a file" issuerctl token inspect token
is "and says that it has not judged it" "$(issuerctl token inspect token -o json | jq .verified)" false
one_line "inspect of nonsense" 1 'not a JWT' issuerctl token inspect "$CONF"
one_line "verify without an issuer that answers" 4 'could not fetch' issuerctl token verify token --ca-file "$CA"
issuer_start
ok "verify" issuerctl token verify token --ca-file "$CA" --audience vault
one_line "verify for another audience" 4 "not for audience 'x'" issuerctl token verify token --ca-file "$CA" --audience x
one_line "verify without the CA" 4 'name the CA with --ca-file' issuerctl token verify token
one_line "verify by another issuer" 4 "says it is issuer" issuerctl token verify token --ca-file "$CA" --issuer "https://127.0.0.1:$PORT"
one_line "verify over plain HTTP" 4 'could not fetch' issuerctl token verify token --issuer "http://localhost:$PORT"
is "every admin's change has its row" "$(audit "actor LIKE 'uid:%' AND event NOT LIKE 'token.%'")" \
	"$(audit "event IN ('issuer.created','key.created','account.created','account.annotated','account.deleted','client.created','client.revoked','grant.added','grant.removed')")"
done_testing

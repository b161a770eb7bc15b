#!/bin/sh
# Revoking a key: what it would hit is shown, nobody is without tokens, and what comes out afterwards
# was not signed by it.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
DAY=86400
clock_set 1900000000
issuer_make
demo
issuer_start
has() { jwks_kids | grep -qF -e "$1"; }
has_not() { ! has "$1"; }

FIRST=$(kid_of active)
SECOND=$(kid_of standby)
ask_token demo app "$AWS" >/dev/null
OLD=$(token_of)
ask_token demo app "$AWS" >/dev/null
issuerctl sa create demo/batch >/dev/null
issuerctl token create demo/batch --audience vault --ttl 20m >/dev/null
BEFORE=$(issuerctl key list -o json)

# ---- refusals change nothing ----
exits "without a reason it is refused" 2 issuerctl key revoke "$FIRST" --yes
like "and told what is missing" "$(cat .output)" '--reason'
exits "without a terminal it needs --yes" 3 issuerctl key revoke "$FIRST" --reason x
like "which is said" "$(cat .output)" 'add --yes'
not_ok "a reason is one line" issuerctl key revoke "$FIRST" --yes --reason 'a
b'
not_ok "and not a novel" issuerctl key revoke "$FIRST" --yes --reason "$(printf %0257d 0)"
not_ok "a key that is not there" issuerctl key revoke nope --reason x --yes
if command -v script >/dev/null; then
	echo n | script -qec "$BUILDDIR/t/issuerctl-test -c $CONF key revoke $FIRST --reason x" /dev/null >asked 2>&1
	is "who answers no gets status 1" $? 1
	like "was asked" "$(cat asked)" "Revoke key $FIRST for good\\? \\[y/N\\]"
	like "and is told that nothing was done" "$(cat asked)" 'nothing was done'
else
	skip 3 "no script(1)"
fi
exits "a reason that nobody could show is refused" 2 issuerctl key revoke --reason "$(printf 'caf\351')" --yes -- "$FIRST"
like "and told" "$(cat .output)" 'takes UTF-8'
exits "so is a terminal's command" 2 issuerctl key revoke --reason "$(printf 'x\302\233y')" --yes -- "$FIRST"
exits "a kid like an option is no call for help" 2 issuerctl key revoke -hx --reason x --yes
like "and told which word it was" "$(cat .output)" "unknown option '-hx'"
exits "nor is another a call for anything" 2 issuerctl key revoke --yes --reason x -Abc
like "and which word that was" "$(cat .output)" "unknown option '-Abc'"
OUT=$(issuerctl key revoke "$FIRST" --reason x --dry-run)
is "a dry run needs no answer" $? 0
like "it counts the tokens that would die" "$OUT" 'have not expired: 3$'
like "by subject and audience, the most frequent first" "$OUT" '^ +2 .*system:serviceaccount:demo:app \["sts.amazonaws.com"\]$'
like "all of them" "$OUT" '^ +1  2030-03-17T18:06:40Z  system:serviceaccount:demo:batch \["vault"\]$'
like "it says who would sign" "$OUT" "Key $SECOND would sign in its place"
like "and what verifiers need" "$OUT" 'MinIO'
is "nothing has changed" "$(issuerctl key list -o json)" "$BEFORE"

# ---- the key that signs; its standby was published together with it ----
issuerctl key revoke "$FIRST" --reason 'found in a log' --yes -o json >revoked.json
is "the key that signs is revoked" $? 0
is "JSON says so" "$(jq -c '[.kid, .was, .changed, .tokens_alive, .signer, (.alive | length), (.verifiers_behind | length)]' revoked.json)" \
	"[\"$FIRST\",\"active\",true,3,\"$SECOND\",2,0]"
ok "it is out of the JWKS within a second" until_true has_not "$FIRST"
ok "the standby signs" until_true signer_is "$SECOND"
ask_token demo app "$AWS" >/dev/null
ok "what it signs verifies" verifies "$(token_of)"
not_ok "what the old key signed does not" verifies "$OLD"
is "its private half is gone" "$(sqlite3 -readonly state/issuer.db "SELECT count(*) FROM signing_key WHERE kid='$FIRST' AND sealed IS NOT NULL")" 0
is "the audit has it, with the reason" "$(audit "event='key.revoked' AND kid='$FIRST' AND detail LIKE '%reason: found in a log%'")" 1
is "the list says since when" "$(issuerctl key show -o json -- "$FIRST" | jq -r '.state + " " + .leaves_at + " " + .reason')" \
	"revoked 2030-03-17T17:46:40Z found in a log"
exits "a second time it is told that it is done" 1 issuerctl key revoke "$FIRST" --reason x --yes
like "and when it was" "$(cat .output)" 'was revoked already, at 2030-03-17T17:46:40Z'

# ---- the standby is young: the key before it signs again ----
clock_forward $((3 * DAY))
has_standby() { [ "$(kid_of standby | wc -l)" -eq 1 ]; }
until_true has_standby
issuerctl key rotate >/dev/null
THIRD=$(kid_of active)
FOURTH=$(kid_of standby)
ok "after a rotation another signs" until_true signer_is "$THIRD"
clock_forward 3600
OUT=$(issuerctl key revoke "$THIRD" --reason 'a test' --yes)
is "an hour after a switch the new key is revoked" $? 0
like "the key before it is named" "$OUT" "Key $SECOND signs in its place"
ok "and signs" until_true signer_is "$SECOND"
is "readyz is content" "$(request "$OPS/readyz")" 200
ask_token demo app "$AWS" >/dev/null
ok "its tokens verify" verifies "$(token_of)"

# ---- nobody is left whom verifiers know ----
exits "now a revocation would be an outage, and is refused" 3 issuerctl key revoke "$SECOND" --reason 'a test' --yes
like "with who would be next, and when it is safe" "$(cat .output)" "next one $FOURTH until 2030-03-21T17:46:40Z \\(in 23h\\)"
ok "the key signs on" signer_is "$SECOND"
OUT=$(issuerctl key revoke "$SECOND" --reason 'a test' --yes --accept-verifier-outage)
is "unless the outage is accepted" $? 0
like "then it says who may refuse, and until when" "$OUT" 'until 2030-03-21T17:46:40Z'
ok "the young one signs" until_true signer_is "$FOURTH"

# ---- keys that do not sign ----
FIFTH=$(kid_of standby)
OUT=$(issuerctl key revoke "$FIFTH" --reason 'a test' --yes)
is "a standby is revoked" $? 0
like "which is no matter" "$OUT" "minting goes on with key $FOURTH"
ok "there is another" until_true has_standby
clock_forward $((10 * DAY))
is "keys are read as they are: one is active" "$(kid_of active | wc -l | tr -d ' ')" 1
done_testing

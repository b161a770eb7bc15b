#!/bin/sh
# A rotation: planned at once, in effect when verifiers can have the key, and never at the cost of a
# token that is still alive.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
DAY=86400
NOW=1900000000
clock_set $NOW
issuer_make
demo
issuer_start

has_standby() { [ -n "$(kid_of standby)" ]; }
jwks_is() { [ "$(jwks_kids)" = "$1" ]; }

OLD=$(kid_of active)
NEW=$(kid_of standby)
is "a first start makes an active key and a standby" "$(issuerctl key list -o json | jq -c '[.[].state]')" '["active","standby"]'
is "both are published" "$(jwks_kids)" "$OLD $NEW "
is "kid is Kubernetes' hash of the public key" "$(request "$URL/openid/v1/jwks" >/dev/null
	/usr/bin/python3 - body <<'EOF'
import base64, hashlib, json, sys
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
key = json.load(open(sys.argv[1]))["keys"][0]
n, e = (int.from_bytes(base64.urlsafe_b64decode(key[m] + "=="), "big") for m in "ne")
der = RSAPublicNumbers(e, n).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
print(base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("="))
EOF
)" "$OLD"
ok "the active key signs" signer_is "$OLD"
TOKEN=$(token_of)

# ---- right after init ----
OUT=$(issuerctl key rotate --dry-run)
like "a dry run says when" "$OUT" "would sign at 2030-03-18T17:46:40Z \(in 1d\)"
is "and changes nothing" "$(issuerctl key list -o json | jq -r '.[1].activate_at')" 2030-04-16T17:46:40Z
OUT=$(issuerctl key rotate)
is "key rotate right after init exits 0" $? 0
like "it says when it will take effect" "$OUT" "key $NEW will sign at 2030-03-18T17:46:40Z \(in 1d\)"
like "and why not sooner" "$OUT" "Why not sooner: verifiers may go without the key for 1d"
like "asked again it says that it is planned" "$(issuerctl key rotate)" '^Planned already: '
is "JSON says the same" "$(issuerctl key rotate -o json | jq -r '[.immediate, .takes_effect_at, .signer] | @csv')" \
	"false,\"2030-03-18T17:46:40Z\",\"$NEW\""
ok "the old key still signs" signer_is "$OLD"
clock_set $((NOW + DAY - 1))
ok "a second before the lead is over, too" signer_is "$OLD"
clock_set $((NOW + DAY))
ok "once it is over, the new key signs" until_true signer_is "$NEW"
names_first() { [ "$(jwks_kids | cut -d" " -f1-2)" = "$NEW $OLD" ]; }
ok "and the JWKS names it first" until_true names_first
ok "the daemon makes the next standby by itself" until_true has_standby
NEXT=$(kid_of standby)
ok "which is published at once" until_true jwks_is "$NEW $NEXT $OLD "
ok "the old token verifies by discovery while it lives" verifies "$(ask_token demo app "$AWS" >/dev/null; token_of)"
clock_jump $((3599 - DAY))
ok "the token of before the rotation is good until it expires" verifies "$TOKEN"
clock_jump 62
not_ok "and not a minute longer than that" verifies "$TOKEN"
clock_set $((NOW + DAY + 60 + DAY + 300 - 1))
ok "the old key stays until its last token is dead to every verifier" until_true jwks_is "$NEW $NEXT $OLD "
clock_forward 1
ok "and leaves then" until_true jwks_is "$NEW $NEXT "
half_is_gone() { [ "$(sqlite3 -readonly state/issuer.db "SELECT count(*) FROM signing_key WHERE kid='$OLD' AND sealed IS NOT NULL")" = 0 ]; }
ok "its private half is gone from the store" until_true half_is_gone

# ---- a standby that is old enough ----
is "with an old standby a rotation takes effect at once" "$(issuerctl key rotate -o json | jq .immediate)" true
ok "the daemon follows without a restart" until_true signer_is "$NEXT"
is "a successor is there already" "$(kid_of standby | wc -l | tr -d ' ')" 1

# ---- nobody rotates: the schedule does ----
STANDBY=$(kid_of standby)
clock_forward $((30 * DAY))
ok "after the period the standby signs by itself" until_true signer_is "$STANDBY"
like "key show takes the start of a kid" "$(issuerctl key show -o json -- "$(echo "$STANDBY" | cut -c1-12)" | jq -r .state)" '^active$'
not_ok "key show of an unknown key fails" issuerctl key show nope
exits "key list takes no argument" 2 issuerctl key list x

# ---- at once or not at all ----
issuer_stop
clock_forward $((33 * DAY)) # the standby took over; nobody made another
BEFORE=$(issuerctl key list -o json 2>/dev/null | jq -c '[.[] | [.kid, .activate_at]]')
exits "without a standby --now does nothing" 3 issuerctl key rotate --now
like "and says what it would take" "$(cat .output)" 'a new key has been published for 0s only'
is "nothing was planned either" "$(issuerctl key list -o json 2>/dev/null | jq -c '[.[] | [.kid, .activate_at]]')" "$BEFORE"
like "key list says what is missing" "$(issuerctl key list 2>&1)" 'warning: there is no standby'
done_testing

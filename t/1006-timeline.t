#!/bin/sh
# Pictures of the past and the plan, for terminals and as SVG; and waiting for what they show.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
DAY=86400
clock_set 1796083200 # 2026-12-01T00:00:00Z
issuer_make
demo

# ---- the worked example of doc/key-rotation.md ----
keys() { issuerctl key list -o json; }
# example N - its row of the table: published, signs from, leaves.
example() { sed -n "s/^| $1 | \\(20[^ ]*\\) | \\(20[^ ]*\\) | 20[^ ]* | \\(20[^ ]*\\) |\$/\\1 \\2 \\3/p" "$SRCDIR/doc/key-rotation.md"; }
row() { keys | jq -r ".[$1] | .publish_at + \" \" + .activate_at + \" \" + .remove_at"; }
clock_tick() { clock_set "$1" && issuerctl init >/dev/null; } # what is due is done
clock_tick $((1796083200 + 30 * DAY))
is "key 1 lives as the document says" "$(row 0)" "$(example 1)"
clock_tick $((1796083200 + 60 * DAY))
is "key 2, too" "$(row 1)" "$(example 2)"
clock_tick $((1796083200 + 90 * DAY))
is "and key 3" "$(row 2)" "$(example 3)"

# ---- files that are none ----
mkfifo pipe
exits "a pipe is not replaced by a picture" 1 issuerctl key timeline --svg pipe
ok "it is still one" test -p pipe

# ---- the terminal ----
issuerctl key revoke --reason test --yes -- "$(kid_of retiring)" >/dev/null
clock_forward $((10 * DAY))
LC_ALL=C.UTF-8 issuerctl key timeline >utf8
for kid in $(issuerctl key list -o json | jq -r '.[] | select(.in_jwks) | .kid'); do
	like "the picture has $kid" "$(cat utf8)" "^$(echo "$kid" | cut -c 1-12) +[0-9]+  "
done
like "an active bar" "$(cat utf8)" '█'
like "a standby's" "$(cat utf8)" '░'
like "and now" "$(cat utf8)" '│'
like "the moments follow, with time and distance" "$(cat utf8)" '^  2027-.*Z +in [0-9]+d.* signs$'
LC_ALL=C issuerctl key timeline >ascii
is "in a plain locale it is plain" "$(LC_ALL=C grep -c -P '[^\x00-\x7f]' ascii)" 0
like "with the same bars" "$(cat ascii)" '---.*###'
unlike "no colours where nobody sees them" "$(cat utf8)" "$(printf '\033')"
is "no line is wider than a page" "$(awk '{ if (length($0) > 120) print }' ascii)" ""
is "JSON is that of key list" "$(issuerctl key timeline -o json)" "$(issuerctl key list -o json)"
if command -v script >/dev/null; then
	script -qec "stty cols 70; LC_ALL=C.UTF-8 NO_COLOR=1 $BUILDDIR/t/issuerctl-test -c $CONF key timeline" /dev/null >narrow
	unlike "NO_COLOR is obeyed" "$(cat narrow)" "$(printf '\033')"
	script -qec "stty cols 70; LC_ALL=C.UTF-8 $BUILDDIR/t/issuerctl-test -c $CONF key timeline" /dev/null >colour
	like "else there are colours" "$(cat colour)" "$(printf '\033')\\[32m"
else
	skip 2 "no script(1)"
fi

# ---- SVG ----
ok "a picture is drawn" issuerctl key timeline --svg keys.svg
ok "again over itself" issuerctl key timeline --svg keys.svg
is "nothing else is left" "$(find . -maxdepth 1 -name 'keys.svg*' | wc -l | tr -d ' ')" 1
is "or to standard output" "$(issuerctl key timeline --svg -)" "$(cat keys.svg)"
is "it is XML, and SVG" "$(/usr/bin/python3 -c '
import sys, xml.etree.ElementTree as e
t = e.parse("keys.svg").getroot()
print(t.tag, len([r for r in t.iter("{http://www.w3.org/2000/svg}rect")]) > 5)')" "{http://www.w3.org/2000/svg}svg True"
is "bars lie within the picture" "$(/usr/bin/python3 -c '
import xml.etree.ElementTree as e
t = e.parse("keys.svg").getroot(); w = int(t.get("width")); h = int(t.get("height"))
for r in t.iter("{http://www.w3.org/2000/svg}rect"):
    if r.get("x") and not (0 <= int(r.get("x")) and int(r.get("x")) + int(r.get("width")) <= w and int(r.get("y")) + int(r.get("height")) <= h): print(r.attrib)')" ""
exits "where it cannot be written, that is said" 1 issuerctl key timeline --svg nowhere/keys.svg
like "with the name" "$(cat .output)" 'nowhere/keys.svg'

# ---- waiting ----
STANDBY=$(kid_of standby)
ACTIVE=$(kid_of active)
ok "what is so already is not waited for" issuerctl key wait --for active -- "$ACTIVE"
ok "a standby is published" issuerctl key wait --for published -- "$STANDBY"
exits "what takes too long ends with 5" 5 issuerctl key wait --for active --timeout 1s -- "$STANDBY"
like "and says so" "$(cat .output)" 'was not active within 1s'
issuerctl key wait --for active --timeout 60s -- "$STANDBY" >waited &
WAIT=$!
stop_on_exit $WAIT
clock_forward $((40 * DAY))
wait $WAIT
is "it ends when the moment comes" $? 0
like "and says what is so" "$(cat waited)" "^key $STANDBY is active\$"
exits "what will never be so ends with 4" 4 issuerctl key wait --for active -- "$ACTIVE"
exits "an empty KID is no beginning of all" 2 issuerctl key show ""
like "and says so" "$(cat .output)" 'the KID is empty'
exits "a goal must be given" 2 issuerctl key wait -- "$ACTIVE"
exits "and be one" 2 issuerctl key wait --for signing -- "$ACTIVE"
is "JSON tells of the key" "$(issuerctl key wait --for removed -o json -- "$(issuerctl key list -o json | jq -r '.[] | select(.state == "removed") | .kid' | head -n 1)" | jq -r .state)" removed

# ---- what is short, beside what is long ----
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 | openssl pkey -pubout -out long.pub
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 | openssl pkey -pubout -out short.pub
issuerctl key import long.pub --until 400d >/dev/null
SHORT=$(issuerctl key import short.pub --until 1d -o json | jq -r .kid)
LC_ALL=C.UTF-8 issuerctl key timeline >short
like "a day in a year is seen" "$(cat short)" "^$(echo "$SHORT" | cut -c 1-12) +[0-9]+ +▒"
like "the axis says which year" "$(cat short)" '^ +[0-9]+ [A-Z][a-z][a-z] 20[0-9][0-9] '
issuerctl key revoke --reason test --yes -- "$SHORT" >/dev/null
LC_ALL=C.UTF-8 issuerctl key timeline >short
like "a revocation is where now is" "$(cat short)" "^$(echo "$SHORT" | cut -c 1-12) +[0-9]+ +×"
done_testing

#!/bin/sh
# Two daemons on one store, and an admin: each period has one successor, whoever makes it, and both
# daemons publish the same bytes and sign with the same key. No one of them leads.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
DAY=86400
clock_set 1900000000
issuer_make
demo
issuer_start

# second_start - another one, with a port of its own. Sets OTHER to its URL and SECOND to its pid.
second_start() {
	first=$DAEMON first_api=$API
	for _ in 1 2 3 4 5; do
		other_port=$(port_random)
		sed "s/- address: localhost:$PORT/- address: localhost:$other_port/" "$CONF" >second.yaml
		! CONF=$WORK/second.yaml issuer_try || break
	done
	[ -n "$API" ] || bail "the second issuerd did not start: $(tail -n 3 issuerd.log)"
	OTHER=https://localhost:$other_port
	SECOND=$DAEMON
	DAEMON=$first API=$first_api
}
second_start

rows() { sqlite3 -readonly -cmd '.timeout 5000' state/issuer.db "SELECT $1 FROM signing_key"; }
# etag_of URL - of its JWKS.
etag_of() { request "$1/openid/v1/jwks" >/dev/null && header ETag; }
# has_successor N - so many keys were ever made, and one of them is the standby.
has_successor() { [ "$(rows 'count(*)')" -ge "$1" ] && [ -n "$(kid_of standby)" ]; }
agree() {
	agreed=$(etag_of "$URL")
	[ "$(etag_of "$OTHER")" = "$agreed" ] && [ "$(jq -r '.keys[1].kid' body)" = "$(kid_of standby)" ]
}
# other_signs KID - a token of the second daemon is of that key.
other_signs() { (API=$OTHER && signer_is "$1"); }

for period in 1 2 3; do
	count=$(rows 'count(*)')
	next=$(kid_of standby)
	clock_forward $((30 * DAY))
	ok "period $period: there is a successor" until_true has_successor $((count + 1))
	ok "period $period: both publish the same" until_true agree
	ok "period $period: the first signs with the key whose turn it is" until_true signer_is "$next"
	ok "period $period: and so does the second" until_true other_signs "$next"
	is "period $period: one key was made" "$(rows 'count(*)')" $((count + 1))
done

# All three at once: whoever is second finds it done, or reloads.
count=$(rows 'count(*)')
next=$(kid_of standby)
clock_forward $((30 * DAY))
issuerctl key rotate -o json >rotated.json
is "an admin comes in between" $? 0
ok "there is a successor" until_true has_successor $((count + 1))
ok "both publish the same" until_true agree
ok "the first signs with the key whose turn it is" until_true signer_is "$next"
ok "and so does the second" until_true other_signs "$next"
is "one key was made" "$(rows 'count(*)')" $((count + 1))
is "no generation was used twice" "$(rows 'count(*) - count(DISTINCT generation)')" 0
unlike "nobody had trouble" "$(cat issuerd.log)" 'level=(warn|error)'
ok "the second ends in good order" stop "$SECOND"
ok "so does the first" issuer_stop
ok "and the audit is proven" issuerctl audit verify
done_testing

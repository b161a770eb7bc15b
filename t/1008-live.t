#!/bin/sh
# Fifty tokens a second, and verifiers that obey max-age, while keys are rotated twice, one is
# revoked, the sealing key is changed and the store is backed up: no token is refused but those of
# the revoked key, and no request fails. The timers are short, and real: they are configuration.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
issuer_make 'keys: {max_age: 1s, clock_skew: 3s, verifier_cache: 0s}' # a lead of four seconds
demo
issuer_start

/usr/bin/python3 "$SRCDIR/t/lib/clients.py" "$URL" "$CA" ci.secret 50 3 >events 2>clients.err &
CLIENTS=$!
stop_on_exit $CLIENTS
minted() { [ "$(grep -c '"status": 201' events)" -ge "$1" ]; }
more() { until_true minted $(($(grep -c '"status": 201' events) + 50)); }
until_true minted 50

FIRST=$(kid_of active)
SECOND=$(issuerctl key rotate -o json | jq -r .signer)
ok "the first rotation takes effect" issuerctl key wait "$SECOND" --for active --timeout 20s
ok "tokens go on" more
THIRD=$(issuerctl key rotate -o json | jq -r .signer)
ok "the second, too" issuerctl key wait "$THIRD" --for active --timeout 20s
ok "tokens go on" more
BEFORE=$(date +%s.%N)
ok "the key that signs is revoked" issuerctl key revoke "$THIRD" --reason 'a test' --yes
AFTER=$(date +%s.%N)
ok "tokens go on" more
ok "the sealing key is changed" issuerctl db rewrap
ok "tokens go on" more
ok "the store is backed up" issuerctl db backup backup.db
ok "tokens go on" more
NEXT=$(issuerctl key rotate -o json | jq -r .signer)
ok "keys sealed with the new one sign" issuerctl key wait "$NEXT" --for active --timeout 20s
ok "tokens go on" more
ok "all that fifty a second make in sixteen seconds were made" until_true minted 800
ok "the clients end well" stop "$CLIENTS"
diag "$(jq -s '[.[] | select(.jti) | .at] | length / (max - min) | floor' events) tokens a second"

is "no request failed" "$(jq -c 'select(.status != null and .status != 201)' events | head -n 3)" ""
is "no verifier refused a token, but of the revoked key" \
	"$(jq -c --arg kid "$THIRD" --argjson before "$BEFORE" \
		'select(.refused and (.kid != $kid or .at < $before))' events | head -n 3)" ""
is "no token asked for after the revocation is of that key" \
	"$(jq -c --arg kid "$THIRD" --argjson after "$AFTER" \
		'select(.status == 201 and .kid == $kid and .at > $after)' events | head -n 3)" ""
ok "its tokens were refused in the end" test "$(jq -c --arg kid "$THIRD" 'select(.refused and .kid == $kid)' events | wc -l)" -gt 0
ok "all four signed" test "$(jq -r 'select(.jti) | .kid' events | sort -u | grep -cFx -e "$FIRST" -e "$SECOND" -e "$THIRD" -e "$NEXT")" -eq 4
ok "and there were enough checks to tell" test "$(jq -r '.checks // empty' events)" -ge 3000
jq -r 'select(.jti) | .jti' events | sort >got
sqlite3 -readonly state/issuer.db "SELECT jti FROM audit WHERE event = 'token.issued'" | sort >recorded
is "each token has its record" "$(comm -23 got recorded)" ""
issuer_stop
clock_set "$(date +%s)"
ok "the store is whole" store_is_whole
ok "so is the backup, which opens with its own sealing key" \
	"$BUILDDIR/t/store-check" backup.db state/sealing.key main "$(date +%s)"
done_testing

#!/bin/sh
# A clock that jumps: back stops minting and rotation and leaves the documents as they are; far ahead
# stops rotation. Time that passes is something else.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
HOUR=3600
DAY=86400
NOW=1900000000
clock_set $NOW
issuer_make
demo
issuer_start
status() { ask_token demo app "$AWS"; }
mints() { [ "$(status)" = "$1" ]; }
ready() { [ "$(request "$OPS/readyz")" = "$1" ]; }
logged() { grep -Eq "$1" issuerd.log; }
keys() { sqlite3 -readonly state/issuer.db 'SELECT count(*) FROM signing_key'; }

is "all is well" "$(status)" 201
request "$URL/openid/v1/jwks" >/dev/null
JWKS=$(cat body)
ETAG=$(header ETag)

# ---- back ----
clock_jump -60
is "a clock a minute behind is within the skew" "$(status)" 201
clock_jump -1
ok "a second more, and nothing is minted" until_true mints 503
is "with Retry-After" "$(header Retry-After)" 1
ok "readyz says so" until_true ready 503
like "it is the clock" "$(cat body)" '^\[-\]clock failed'
like "the log has both times" "$(cat issuerd.log)" 'the clock says 2030-03-17T17:45:39Z, but the store was last written at 2030-03-17T17:46:40Z'
request "$URL/openid/v1/jwks" >/dev/null
is "the JWKS stays as it is" "$(cat body) $(header ETag)" "$JWKS $ETAG"
clock_jump -$((40 * DAY))
request "$URL/openid/v1/jwks" >/dev/null
is "also forty days back" "$(cat body)" "$JWKS"
exits "an admin cannot rotate either" 3 issuerctl key rotate
like "and is told what to do" "$(cat .output)" 'set it right, or if it is right now run: issuerctl db accept-clock'
exits "nor mint" 3 issuerctl token create demo/app
like "key list warns" "$(issuerctl key list 2>&1)" 'warning: the clock says'
clock_jump $((40 * DAY + 61))
ok "with the clock right again tokens are minted" until_true mints 201
ok "and readyz is content" until_true ready 200

# ---- ahead ----
SIGNER=$(kid_of active)
clock_jump $((30 * DAY + HOUR + 120))
clock_forward 10 # what failed for another reason is tried again
ok "far ahead, tokens are minted all the same" until_true mints 201
ok "by the key that signed" signer_is "$SIGNER"
request "$URL/openid/v1/jwks" >/dev/null
is "and the JWKS has all it had" "$(cat body)" "$JWKS"
is "by the admin's list, too" "$(kid_of active)" "$SIGNER"
ok "but the log says that rotation stopped" until_true logged 'keys.rotation_failed error="the clock says 20.*this machine has not been running that long'
is "no key was made" "$(keys)" 2
exits "an admin cannot rotate" 3 issuerctl key rotate
ok "init, which has nothing to do, goes well" issuerctl init
like "and warns" "$(issuerctl init 2>&1)" 'warning: the clock says'
like "and is told what to do" "$(cat .output)" 'if the clock is right run: issuerctl db accept-clock'
OUT=$(issuerctl db accept-clock --dry-run -o json)
is "accept-clock says what it would accept" "$(echo "$OUT" | jq -c '[.dry_run, .clock_was]')" '[true,"ahead"]'
exits "a dry run accepts nothing" 3 issuerctl key rotate
ok "accepted" issuerctl db accept-clock
made() { [ "$(keys)" = 3 ]; }
is "it is recorded" "$(audit "event='clock.accepted' AND actor LIKE 'uid:%'")" 1
issuer_stop
issuer_start
ok "rotation goes on: the switch that was due has its new standby" until_true made

# ---- a wrong clock that was accepted is taken back the same way ----
clock_jump -$((2 * HOUR))
ok "back again" until_true mints 503
ok "accepted, too" issuerctl db accept-clock
ok "tokens are minted" until_true mints 201

# ---- a month that never was: accepted, lived, and taken back ----
clock_forward $((2 * DAY)) # verifiers have the standby
LIVED=$(kid_of active)
clock_jump $((40 * DAY))
issuerctl db accept-clock >/dev/null
handed_over() { [ "$(kid_of active)" != "$LIVED" ]; }
ok "keys go on by it" until_true handed_over
NEXT=$(kid_of active)
clock_forward $((2 * DAY))
erased() { [ "$(sqlite3 -readonly state/issuer.db "SELECT sealed IS NULL FROM signing_key WHERE kid='$LIVED'")" = 1 ]; }
ok "the old half is erased" until_true erased
clock_jump -$((42 * DAY))
issuerctl db accept-clock >/dev/null
ok "back again, the key that verifiers have signs" until_true mints 201
is "and not one without a half" "$(kid_of active)" "$NEXT"
is "none waits to be published" "$(issuerctl key list -o json | jq -r '.[].state' | grep -c staged)" 0
ok "readyz is content" until_true ready 200

# ---- wrong for a moment ----
clock_forward $HOUR
# noted N - the signer has noted the time N.
noted() { [ "$(sqlite3 -readonly state/issuer.db "SELECT clock_at FROM issuer")" -ge "$1" ]; }
read -r now _ <"$TEST_CLOCK"
ok "the signer notes the time" until_true noted "$now"
: >issuerd.log
clock_jump $((40 * DAY))
ok "a clock that is wrong for a moment" until_true logged 'keys.rotation_failed'
clock_jump -$((40 * DAY))
clock_forward 120
ok "does not keep it from that" until_true noted $((now + 120))

# ---- a signer that cannot write ----
kill -STOP "$(signer_pid)"
clock_forward 200
ok "readyz fails if the signer does not write" until_true ready 503
like "at the store" "$(cat body)" '^\[-\]store failed'
kill -CONT "$(signer_pid)"
ok "until it does" until_true ready 200

# ---- time that passes ----
BEFORE=$(keys)
clock_forward $((31 * DAY))
passed() { [ "$(keys)" -gt "$BEFORE" ]; }
ok "a month that the machine has been running is no jump" until_true passed
issuer_stop
BEFORE=$(keys)
clock_forward $((35 * DAY))
issuer_start
ok "nor is one in which the daemon was stopped" until_true passed
issuer_stop

# ---- a machine that was switched off ----
clock_forward $((3 * DAY))
read -r now _ <"$TEST_CLOCK"
clock_write "$now" 30
: >issuerd.log
issuer_start
is "after a weekend without power tokens are minted at once" "$(status)" 201
ok "rotation waits for a word" logged 'keys.rotation_failed'
ok "which is given" issuerctl db accept-clock
ok "and then an admin can rotate" issuerctl key rotate
done_testing

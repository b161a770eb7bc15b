#!/bin/sh
# A hundred times ($ROUNDS; twenty in a sanitized build), under load, somebody is killed at a random
# moment: the signer, the gateway, or a command that rotates, revokes, rewraps or backs up. $SEED
# repeats the dice, not the scheduler. The store stays whole, exactly one key signs, and every token
# that a client got has its audit record.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
ROUNDS=${ROUNDS:-$(is_sanitized && echo 20 || echo 100)}
SEED=${SEED:-20261124}
diag "SEED=$SEED ROUNDS=$ROUNDS repeat the dice"
clock_set "$(date +%s)"
issuer_make 'keys: {algorithm: ES256, max_age: 1s, clock_skew: 0s, verifier_cache: 0s}'
demo
issuer_start

/usr/bin/python3 "$SRCDIR/t/lib/clients.py" "$URL" "$CA" ci.secret 100 0 >events 2>clients.err &
CLIENTS=$!
stop_on_exit $CLIENTS

# Everything random at once: victim, act, and when, in milliseconds.
awk -v seed="$SEED" -v rounds="$ROUNDS" 'BEGIN {
	srand(seed)
	split("signer gateway command", victim); split("rotate revoke rewrap backup", act)
	for (i = 0; i < rounds; i++)
		print victim[int(rand() * 3) + 1], act[int(rand() * 4) + 1], int(rand() * 60) / 1000
}' >dice

# begin ACT - as a command in the background.
begin() {
	case $1 in
	rotate) set -- key rotate --now --accept-verifier-outage ;;
	revoke) set -- key revoke --reason test --yes --accept-verifier-outage -- "$(kid_of active 2>/dev/null)" ;;
	rewrap) set -- db rewrap ;;
	backup) rm -f backup.db && set -- db backup backup.db ;;
	esac
	"$BUILDDIR/t/issuerctl-test" -c "$CONF" "$@" >command.log 2>&1 &
	COMMAND=$!
}

mint() { [ "$(ask_token demo app "$AWS")" = 201 ]; }
round=0
: >broken
while read -r victim act moment; do
	round=$((round + 1))
	clock_forward 2 # so that leads are over now and then
	begin "$act"
	sleep "$moment" # the dice's moment, not one to wait for
	case $victim in
	signer) kill -KILL "$(signer_pid)" 2>/dev/null ;;
	gateway) kill -KILL "$DAEMON" ;;
	command) kill -KILL "$COMMAND" 2>/dev/null ;;
	esac
	wait "$COMMAND"
	if [ "$victim" = gateway ]; then
		wait "$DAEMON"
		until_true issuer_try || echo "round $round: no daemon" >>broken
		OPS=http://$OPS API=$URL
	fi
	until_true mint || echo "round $round: $victim killed during $act: no token" >>broken
	store_is_whole >/dev/null 2>why || echo "round $round: $victim killed during $act: $(cat why)" >>broken
	[ "$act" != backup ] || [ ! -e backup.db ] || store_is_whole backup.db >/dev/null 2>why ||
		echo "round $round: half a backup: $(cat why)" >>broken
done <dice
is "$round rounds" "$round" "$ROUNDS"
is "after each the store is whole and tokens are minted" "$(cat broken)" ""
ok "the clients end well" stop "$CLIENTS"
ok "the load was on: $(cat clients.err)" test "$(grep -c '"status": 201' events)" -gt "$ROUNDS"
jq -r 'select(.jti) | .jti' events | sort >got
sqlite3 -readonly state/issuer.db "SELECT jti FROM audit WHERE event = 'token.issued'" | sort >recorded
is "each token that a client got has its record" "$(comm -23 got recorded)" ""
ok "the last command can be done again" issuerctl db rewrap
ok "and the store is whole" store_is_whole
done_testing

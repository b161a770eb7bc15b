#!/bin/sh
# kill -9 at every write of a rotation, a revocation, a rewrap and a backup, and of the daemon's own
# rotation: its signer, and its gateway while the signer writes. Afterwards the store opens clean,
# exactly one key signs, and whatever was begun can be done again.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
# shellcheck source=t/lib/faults.sh
. "$SRCDIR/t/lib/faults.sh"
DAY=86400
NOW=1900000000
KEYS='keys: {algorithm: ES256}' # quickly made
MOST=200 # writes; no act takes so many
# The plain build dies at each of them; one that is slow at everything at some.
EACH=${EACH:-$(is_sanitized && echo 7 || echo 1)}

clock_set $NOW
issuer_make "$KEYS"
demo
cp -a state pristine

crashing() { "$BUILDDIR/t/issuerctl-crash" -c "$CONF" "$@"; }

# begin_anew NOW - the store of the beginning, at that time.
begin_anew() {
	rm -rf state backup.db*
	cp -a pristine state
	clock_set "$1"
}

# whole WHAT - after write $n: says what is wrong, once.
whole() {
	store_is_whole >kid 2>why || { echo "write $n of $1: $(cat why)" >>broken && return; }
	issuerctl token create demo/app >minted 2>why2 || { echo "write $n of $1: $(cat why2)" >>broken && return; }
	[ "$(token_header "$(cat minted)" | jq -r .kid)" = "$(cat kid)" ] ||
		echo "write $n of $1: another key signs than the rows say" >>broken
}

# each_write WHAT NOW STATUS CMD... - CMD dies at its first write, at its second, and so on until it
# ends by itself; then again without dying, which must end with one of the statuses STATUS.
each_write() {
	what=$1 when=$2 again=$3
	shift 3
	: >broken
	n=$((1 - EACH))
	died=yes
	while [ $died = yes ] && [ $n -lt $MOST ]; do
		n=$((n + EACH))
		begin_anew "$when"
		arm $n
		"$@" >out 2>&1
		status=$?
		disarm
		[ $status -eq 137 ] || died=no
		[ $died = yes ] || [ $status -eq 0 ] || echo "write $n of $what: status $status: $(cat out)" >>broken
		whole "$what"
		if [ $died = yes ]; then
			"$@" >out 2>&1
			status=$?
			case " $again " in
			*" $status "*) ;;
			*) echo "after write $n of $what: status $status: $(cat out)" >>broken ;;
			esac
			whole "$what, done again"
		fi
	done
	is "$what: killed at its writes 1 to $((n - 1)), by $EACH" "$(cat broken)" ""
	ok "$what: there were some, and an end" [ $n -gt 5 -a $n -lt $MOST ]
}

each_write "a rotation" $((NOW + DAY)) "0" crashing key rotate
STANDBY=$(kid_of standby)
ok "it was done in the end" [ -n "$STANDBY" ]

revoke_active() {
	# Who signs may have been revoked before the crash: it is the one of the beginning that is meant.
	crashing key revoke "$FIRST" --reason test --yes
}
begin_anew $NOW
FIRST=$(kid_of active)
each_write "a revocation" $((NOW + DAY)) "0 1" revoke_active
is "it was done in the end" "$(issuerctl key show -o json -- "$FIRST" | jq -r .state)" revoked

each_write "a rewrap" $NOW "0" crashing db rewrap
ok "the new sealing key is in place, and the old one beside it" test -f state/sealing.key -a -f state/sealing.key.old
not_ok "nothing is left half done" test -e state/sealing.key.new

# A backup is there whole, or not at all.
backup() {
	crashing db backup backup.db
	backup_status=$?
	if [ "$backup_status" -eq 137 ] && [ -e backup.db ]; then
		store_is_whole backup.db >/dev/null 2>why || echo "write $n: half a backup: $(cat why)" >>broken
		rm -f backup.db
	fi
	return "$backup_status"
}
each_write "a backup" $NOW "0" backup
ok "it is whole in the end" store_is_whole backup.db

# ---- the daemon rotates by itself ----
ISSUERD_PROGRAM=issuerd-crash
mint() { [ "$(ask_token demo app "$AWS")" = 201 ]; }
three_keys() { [ "$(sqlite3 -readonly state/issuer.db 'SELECT count(*) FROM signing_key')" = 3 ]; }
# With the checkpoint that is due as well, nothing more is written.
all_done() { three_keys && [ "$(audit "event='audit.checkpoint'")" -gt 0 ]; }
signer_died() { grep -q event=signer.died issuerd.log; }
died_or_done() { signer_died || all_done; }
gateway_died() { ! kill -0 "$DAEMON" 2>/dev/null; }
gateway_died_or_done() { gateway_died || all_done; }

# each_daemon_write WHAT ORDER HAS_DIED - the same for a daemon whose rotation is due.
each_daemon_write() {
	what=$1
	: >broken
	n=$((1 - EACH))
	died=yes
	while [ $died = yes ] && [ $n -lt $MOST ]; do
		n=$((n + EACH))
		begin_anew $NOW
		: >issuerd.log
		issuer_start
		arm "$n$2"
		clock_set $((NOW + 30 * DAY))
		until_true "${3}_or_done" || echo "write $n of $what: nothing came of it" >>broken
		disarm # so that nobody dies once it is asked who did
		case $3 in
		died) signer_died || died=no ;;
		gateway_died) gateway_died || died=no ;;
		esac
		if [ "$3" = gateway_died ] && [ $died = yes ]; then
			wait "$DAEMON"
			issuer_start
		fi
		until_true mint || echo "write $n of $what: no token: $(cat body)" >>broken
		until_true three_keys || echo "write $n of $what: the rotation was not finished" >>broken
		whole "$what"
		issuer_stop || echo "write $n of $what: the end had status $?" >>broken
	done
	is "$what: killed at its writes 1 to $((n - 1)), by $EACH" "$(cat broken)" ""
	ok "$what: there were some, and an end" [ $n -gt 5 -a $n -lt $MOST ]
}

each_daemon_write "the signer's own rotation" "" died
each_daemon_write "the gateway while the signer rotates" " parent" gateway_died
done_testing

# faults.sh - the words of tests that break things: calls that kill or fail, a store that somebody
# else holds, and many clients at once. Sourced after issuer.sh.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
TEST_CRASH=$WORK/crash
export TEST_CRASH

# arm ORDER, disarm - see t/lib/crash.c.
arm() { echo "$1" >"$TEST_CRASH.new" && mv "$TEST_CRASH.new" "$TEST_CRASH"; }
disarm() { rm -f "$TEST_CRASH"; }

# hold, release - the store's write lock, by another process: the signer gathers, and commits nothing.
hold() {
	rm -f hold held
	mkfifo hold || bail "mkfifo"
	sqlite3 state/issuer.db <hold >held 2>&1 &
	HOLDER=$!
	stop_on_exit $HOLDER
	exec 4>hold
	printf '.timeout 5000\nBEGIN IMMEDIATE; SELECT 1;\n' >&4
	until_true [ -s held ] || bail "could not hold the store"
}
release() {
	printf 'ROLLBACK;\n' >&4
	exec 4>&-
	wait "$HOLDER"
}

# PLAIN_LISTENER - for LISTENERS_EXTRA: many connections without TLS cost their client little.
# shellcheck disable=SC2034 # for who sources this
PLAIN_LISTENER='  - {address: "127.0.0.1:0", serves: [public, api]}'
# plain - its address.
plain() { sed -n 's/.*event=listening address=\([^ ]*\) serves=public,api tls=no$/\1/p' issuerd.log | tail -n 1; }

# storm COUNT [EARLY] - as many clients ask for a token at once: begins it, and waits until all have
# asked and EARLY of them have an answer.
# storm_end - and until all have their answers, which are in the file storm: see t/lib/storm.py.
storm() {
	rm -f storm.sent
	/usr/bin/python3 "$SRCDIR/t/lib/storm.py" "$(plain)" ci.secret "$1" "${2:-0}" storm.sent \
		>storm 2>storm.err &
	STORM=$!
	stop_on_exit $STORM
	until_true [ -e storm.sent ] || bail "the clients could not ask: $(cat storm.err)"
}
storm_end() { wait "$STORM" || bail "the clients failed: $(cat storm.err)"; }
# answered STATUS - how many had it.
answered() { grep -c "\"status\": $1," storm; }
# unrecorded - the jti of each token that a client got and that has no record.
unrecorded() {
	jq -r 'select(.jti) | .jti' storm | sort >storm.got
	sqlite3 -readonly -cmd '.timeout 5000' state/issuer.db "SELECT jti FROM audit WHERE event = 'token.issued'" | sort |
		comm -23 storm.got -
}

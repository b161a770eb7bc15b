#!/bin/sh
# Tokens are signed by several threads, recorded in one commit and only then answered. kill -9 at each
# step of that; a disk that is full or fails; and what is left: each token that a client got has its
# record, the audit is proven, and all goes on by itself.
# SPDX-License-Identifier: Apache-2.0
# The full disk is a real one, if we may mount one.
if [ -z "${IN_NAMESPACE:-}" ] && [ "$(id -u)" -eq 0 ] && unshare --mount true 2>/dev/null; then
	IN_NAMESPACE=yes
	export IN_NAMESPACE
	exec unshare --mount "$0"
fi
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
# shellcheck source=t/lib/faults.sh
. "$SRCDIR/t/lib/faults.sh"
CLIENTS=6
MOST=100 # steps; a batch has not so many

clock_set 1900000000
LISTENERS_EXTRA=$PLAIN_LISTENER
issuer_make 'keys: {algorithm: ES256}' # quickly made
demo
ISSUERD_PROGRAM=issuerd-crash
issuer_start

mint() { [ "$(ask_token demo app "$AWS")" = 201 ]; }
ready() { [ "$(request "$OPS/readyz")" = 200 ]; }
issued() { audit "event = 'token.issued'"; }

# ---- kill -9 ----

# back - is it? The service manager's part is ours.
back() {
	if ! kill -0 "$DAEMON" 2>/dev/null; then
		wait "$DAEMON"
		issuer_start
	fi
	mint
}

# whole - what is wrong after step $n, once.
whole() {
	[ -z "$(unrecorded)" ] || echo "$what $n: tokens without a record: $(unrecorded)" >>broken
	issuerctl audit verify >/dev/null 2>why || echo "$what $n: $(cat why)" >>broken
	store_is_whole >/dev/null 2>why || echo "$what $n: $(cat why)" >>broken
}

# each_step CALL [parent] - several clients ask while another process holds the store, so that their
# tokens wait for one commit; once it may go on the signer dies at its first CALL, at its second, and
# so on until it lives. With `parent` the gateway dies when the signer is there.
each_step() {
	what=$*
	: >broken
	n=0 died=yes most_unsent=0
	while [ $died = yes ] && [ $n -lt $MOST ]; do
		n=$((n + 1))
		pid=$(signer_pid)
		before=$(issued)
		hold
		storm $CLIENTS
		arm "$n $what $pid"
		release
		storm_end
		disarm
		unsent=$(($(issued) - before - $(answered 201)))
		[ $unsent -le $most_unsent ] || most_unsent=$unsent
		[ "$(answered 201)" -eq $CLIENTS ] || [ "$(answered 0)$(answered 503)" != 00 ] ||
			echo "$what $n: answers: $(cat storm)" >>broken
		until_true back || echo "$what $n: no token: $(cat body)" >>broken
		[ "$(signer_pid)" != "$pid" ] || died=no
		whole
	done
	is "$what: killed at each of $((n - 1)) steps" "$(cat broken)" ""
	ok "$what: there were some, and an end" [ $n -gt 1 -a $n -lt $MOST ]
	unlike "$what: no signer had anything to repair" "$(cat issuerd.log)" 'event=signer.start_failed'
}

each_step write
each_step sync
each_step send
# Before the first answer of a batch is sent all its rows are there.
ok "several tokens shared a commit ($most_unsent)" [ "$most_unsent" -gt 1 ]
each_step write parent
each_step sync parent
each_step send parent

# ---- a disk that fails ----

# troubled DESC REASON - what a client, an operator and a verifier see meanwhile.
troubled() {
	before=$(issued)
	is "$1: no token" "$(ask_token demo app "$AWS")" 503
	is "$1: but when to come back" "$(header Retry-After)" 1
	unlike "$1: and nothing of a token" "$(cat body)" 'eyJ'
	storm $CLIENTS
	storm_end
	is "$1: nor for several at once" "$(answered 503)" $CLIENTS
	is "$1: who are told when, too" "$(grep -c '"retry_after": "1"' storm)" $CLIENTS
	not_ok "$1: we are not ready" ready
	like "$1: because of a file, by its name" "$(cat body)" "^\\[-\\](audit|store) failed: $2"
	like "$1: the log says it, too" "$(cat issuerd.log)" "event=(audit|request).failed .*error=.*$2"
	like "$1: and the metrics" "$(curl -sS "$OPS/metrics" | tr '\n' ' ')" \
		'issuerd_check\{check="(audit|store)"\} 0 .*issuerd_tokens_total\{[^}]*reason="ServiceUnavailable"\} [1-9]'
	is "$1: the JWKS is served" "$(request "$URL/openid/v1/jwks")" 200
	is "$1: nothing was recorded" "$(issued)" "$before"
}
# over DESC - it goes on without a start, and without anybody asking for a token.
over() {
	ok "$1: when it is over we are ready" until_true ready
	is "$1: and mint" "$(ask_token demo app "$AWS")" 201
	is "$1: with the same signer" "$(signer_pid)" "$SIGNER"
	ok "$1: the audit is proven" issuerctl audit verify
	ok "$1: the store is whole" store_is_whole
}

SIGNER=$(signer_pid)
FILE="'[^']*state/issuer.db'"
fails() { # DESC ORDER REASON
	# What another process has changed is read anew.
	issuerctl sa create "demo/$(echo "$1" | tr ' ' -)" >/dev/null || bail "no account"
	arm "1 $2"
	troubled "$1" "$3"
	disarm
	over "$1"
}
fails "no space" "write full $SIGNER" "could not write $FILE: disk full; free some space"
fails "failing writes" "write io $SIGNER" "could not read or write $FILE: Input/output error"
fails "failing syncs" "sync io $SIGNER" "could not read or write $FILE: Input/output error"
fails "failing reads" "read io" "could not read or write $FILE: Input/output error"

# ---- the hour is over while the disk fails ----
logged() { grep -q "event=$1" issuerd.log; }
signed() { [ "$(audit "event = 'audit.checkpoint'")" -gt "$before" ]; }
before=$(audit "event = 'audit.checkpoint'")
arm "1 write full $SIGNER"
clock_forward 3600
ok "a head that cannot be signed is told" until_true logged audit.checkpoint_failed
disarm
clock_forward 10
ok "and signed soon, not after another hour" until_true signed
issuer_stop

# ---- a full disk ----
if [ -n "${IN_NAMESPACE:-}" ]; then
	mv state kept
	mkdir state
	mount -t tmpfs -o size=4m none state || bail "mount"
	on_exit 'umount state'
	cp -a kept/. state/
	ISSUERD_PROGRAM=issuerd-test
	issuer_start
	SIGNER=$(signer_pid)
	head -c 10M /dev/zero >state/filler 2>/dev/null
	: >partly
	no_room() { # the WAL has some of its own, for large commits or for small ones
		storm 50
		storm_end
		unrecorded >>partly
		[ "$(answered 201)" -eq 0 ] && ! mint && ! ready
	}
	ok "a full disk: soon nothing is minted" until_true no_room
	is "a full disk: until then each token has its record" "$(cat partly)" ""
	troubled "a full disk" "could not write $FILE: disk full; free some space"
	rm state/filler
	over "a full disk"
	issuer_stop
else
	skip 18 "a full disk: not root, or no mount namespaces"
fi
done_testing

#!/bin/sh
# The runbooks of doc/key-rotation.md, word for word: every fenced line is run, in the order of the
# document. systemctl starts and stops the test's daemon; the paths are the test's.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
# shellcheck source=t/lib/runbook.sh
. "$SRCDIR/t/lib/runbook.sh"
issuer_make 'keys: {algorithm: ES256, max_age: 1s, clock_skew: 0s, verifier_cache: 0s}'
demo
issuer_start

systemctl() {
	case $1 in
	start) issuer_start ;;
	stop) issuer_stop ;;
	restart) issuer_stop && issuer_start ;;
	esac
}
# shellcheck disable=SC2034 # the runbooks' own names
STORE=$WORK/state/issuer.db SEALING=$WORK/state/sealing.key BACKUPS=$WORK/backups VAULT=$WORK/vault
# Names by the second: here each is another.
echo 1896000000 >stamps
date() {
	read -r stamp <stamps
	echo $((stamp + 60)) >stamps
	command date -u -d "@$stamp" "$@"
}
mint() { [ "$(ask_token demo app "$AWS")" = 201 ]; }

run "Routine"
like "the list and the picture were shown" "$(cat out)" 'TOKENS ALIVE'
like "the key that was waited for is active" "$(cat out)" '^key .* is active$'
ok "tokens are minted" mint
run "Back up"
SIGNED=$(kid_of active)
run "Compromise"
is "the key that signed is revoked" "$(issuerctl key show -o json -- "$SIGNED" | jq -r .state)" revoked
like "what verifiers need was listed" "$(cat out)" 'MinIO'
ok "tokens are minted" mint
run "Restore"
is "the store is that of the backup: the key is not revoked there" "$(issuerctl key show -o json -- "$SIGNED" | jq -r .state)" active
ok "tokens are minted" mint
ok "the damaged store was put aside" test -f "$STORE.damaged"
run "Change the sealing key"
is "the old key is kept, and not with the backups" "$(find "$BACKUPS" -name '*.key*' | wc -l | tr -d ' ')$(find "$VAULT" -name 'sealing-*.key' | wc -l | tr -d ' ')" 01
ok "tokens are minted" mint
# Again: nothing is in the way of a second time, and nothing of the first is lost.
issuerctl key revoke --reason test --yes -- "$(kid_of standby)" >/dev/null
REVOKED=$(kid_of revoked | tail -n 1)
run "Change the sealing key"
is "both old keys are kept" "$(cat "$VAULT"/sealing-*.key | wc -c | tr -d ' ')" 64
rm -f "$STORE".damaged*
run "Restore"
is "the newest backup was put back" "$(issuerctl key show -o json -- "$REVOKED" | jq -r .state)" revoked
like "and opens" "$(cat out)" 'the sealing key opens the keys'
ok "tokens are minted" mint
# One from before the sealing key was changed needs the one of then.
systemctl stop
cp "$SEALING" today.key
cp "$(find "$BACKUPS" -name '*.db' | sort | sed -n 1p)" "$STORE"
rm -f "$STORE-wal" "$STORE-shm"
exits "an old backup does not open with today's sealing key" 1 issuerctl db check
like "and says so" "$(cat .output)" 'does not open with this sealing key'
install -m 600 "$(find "$VAULT" -name '*.key' | sort | sed -n 1p)" "$SEALING"
ok "with that of its time it does" issuerctl db check
issuerctl db accept-clock >/dev/null
systemctl start
ok "tokens are minted" mint
run "The clock jumped"
ok "tokens are minted" mint

# ---- moving in, into an empty place ----
issuer_stop
rm -rf state ci.secret
umask 077
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out sa.key
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 | openssl pkey -pubout -out sa-old.pub
run "Move in"
like "the cluster's key is among those that were listed" "$(cat out)" "^$(issuerctl key list -o json | jq -r '.[] | select(.imported) | .kid' | sed -n 1p)\$"
is "it signs" "$(issuerctl key list -o json | jq -c '[.[] | select(.state == "active") | [.imported, .alg]]')" '[[true,"RS256"]]'
demo
ok "tokens are minted" mint
ok "and verify" verifies "$(token_of)"
done_testing

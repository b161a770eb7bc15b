#!/bin/sh
# The sealing key is changed while the daemon mints, backups are restored, and nowhere, in no copy of
# the store, in no log and no memory of the gateway, is a private number to be found.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
DAY=86400
clock_set 1900000000
issuer_make
demo
issuer_start
mint() { [ "$(ask_token demo app "$AWS")" = 201 ]; }
cp state/sealing.key first.key
ok "the store is backed up" issuerctl db backup first.db
is "with mode 0600" "$(stat -c %a first.db)" 600
is "as one file" "$(find . -maxdepth 1 -name 'first.db*' | wc -l | tr -d ' ')" 1
exits "over nothing that is there" 1 issuerctl db backup first.db
like "which is said" "$(cat .output)" 'exists already; give another name'
exits "into nothing that is not there" 1 issuerctl db backup nowhere/first.db
exits "a dry run knows it" 1 issuerctl db backup --dry-run nowhere/first.db
exits "under no name that SQLite would take for its own" 1 issuerctl db backup state/issuer.db-journal
exits "nor one that nobody could show" 1 issuerctl db backup "$(printf 'x\351.db')"
is "a dry run for scripts is JSON" "$(issuerctl db backup --dry-run -o json other.db | jq .dry_run)" true
is "it is recorded" "$(audit "event='store.backup'")" 1

# ---- rewrap ----
is "a dry run changes nothing" "$(issuerctl db rewrap --dry-run >/dev/null; cmp state/sealing.key first.key && find state -name 'sealing*' | wc -l | tr -d ' ')" 1
OUT=$(issuerctl db rewrap)
is "the sealing key is changed" $? 0
like "it says where the old one is" "$OUT" "old_sealing_key +$WORK/state/sealing.key.old"
not_ok "the new one is another" cmp -s state/sealing.key first.key
ok "the old one is kept" cmp state/sealing.key.old first.key
is "both are ours alone" "$(stat -c %a state/sealing.key state/sealing.key.old | tr '\n' ' ')" "600 600 "
ok "tokens are minted meanwhile" mint
clock_forward $((30 * DAY))
three() { [ "$(issuerctl key list -o name | wc -l)" = 3 ]; }
ok "and the daemon, which was not restarted, rotates" until_true three
ok "the store is whole" store_is_whole
kill -KILL "$(signer_pid)"
ok "a new signer finds the new key" until_true mint
head -c 32 /dev/urandom >third.key
exits "a given key that others can read is refused" 1 issuerctl db rewrap --new-key third.key
like "with the chmod to run" "$(cat .output)" "chmod 600 'third.key'"
chmod 600 third.key
ok "a given key is taken" issuerctl db rewrap --new-key third.key
ok "as it is" cmp state/sealing.key third.key
ok "and the one before is kept under another name" test -f state/sealing.key.old.1
ok "tokens are minted" mint

# ---- interrupted: the new key is there, and nothing is sealed with it yet; or all is ----
head -c 32 /dev/urandom >state/sealing.key.new
chmod 600 state/sealing.key.new
ok "a new key that waits disturbs nobody" issuerctl token create demo/app
exits "another is not begun" 1 issuerctl db rewrap --new-key first.key
like "the first is finished first" "$(cat .output)" 'run it again without --new-key to finish it'
is "it is finished" "$(issuerctl db rewrap -o json | jq .resumed)" true
not_ok "nothing waits any more" test -e state/sealing.key.new
mv state/sealing.key state/sealing.key.new
cp state/sealing.key.old state/sealing.key
chmod 600 state/sealing.key
ok "with all sealed by the one that waits, commands find it" issuerctl token create demo/app
issuer_stop
issuer_start
ok "so does a daemon that starts" mint
is "and it is finished" "$(issuerctl db rewrap -o json | jq -c '[.resumed, .keys]')" '[true,0]'

# ---- wrong owners and modes ----
issuer_stop
chmod 644 state/sealing.key
exits "a sealing key that others can read is refused" 1 issuerctl token create demo/app
like "with the chmod to run" "$(cat .output)" "chmod 600 '$WORK/state/sealing.key'"
one_line "the daemon says the same" 1 "chmod 600 '$WORK/state/sealing.key'" issuerd
chmod 600 state/sealing.key
if [ "$(id -u)" -eq 0 ]; then
	chown 12345 state/sealing.key
	ok "root helps a daemon whose key it is" issuerctl token create demo/app
	ok "and changes it" issuerctl db rewrap
	is "the new one is the daemon's again" "$(stat -c %u:%a state/sealing.key)" 12345:600
	chown 0 state/sealing.key
else
	skip 3 "not root: files of others cannot be made"
fi

# ---- the sealing key in systemd's hands: the daemon sees no other ----
mkdir credentials
cp state/sealing.key credentials/
sed 's|^sealing_key: .*|sealing_key: nowhere/sealing.key|' "$CONF" >unit.yaml
CREDENTIALS_DIRECTORY=$WORK/credentials
export CREDENTIALS_DIRECTORY
issuerctl_conf=$CONF
CONF=$WORK/unit.yaml issuer_start
CONF=$issuerctl_conf
unset CREDENTIALS_DIRECTORY
ok "a daemon with credentials mints" mint
: >issuerd.log
ok "the sealing key is changed under it" issuerctl db rewrap
ok "and it goes on minting" mint
STANDBY=$(kid_of standby)
clock_forward $((30 * DAY))
ok "also over a switch" until_true signer_is "$STANDBY"
# said_once EVENT - one line of the log.
said_once() { [ "$(grep -c "event=$1 " issuerd.log)" = 1 ]; }
ok "what it cannot do it says, once" until_true said_once keys.rotation_failed
ok "a command that reads the new one makes the standby" issuerctl init
ok "which it cannot open, and says so once" until_true said_once keys.not_opened
ok "tokens are minted all the same" mint
unlike "nothing else is wrong" "$(cat issuerd.log)" 'refresh_failed|audit.failed'
issuer_stop

# ---- what can be found where ----
issuer_start
ok "the daemon mints" mint
issuerctl db backup last.db >/dev/null
"$BUILDDIR/t/key-secrets" state/issuer.db state/sealing.key main >secrets
ok "there are private numbers to search for" [ -s secrets ]
# found FILE... - how many of the private numbers are in these files, in any notation.
found() { /usr/bin/python3 "$SRCDIR/t/lib/search_numbers.py" "$@" <secrets; }
cp secrets control
is "the search finds what is there" "$(found control)" "$(wc -l <secrets | tr -d ' ')"
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out control.pem
openssl pkey -in control.pem -noout -text >control.txt
openssl pkey -in control.pem -outform DER -out control.der
# The private exponent and both primes.
awk '/^[a-z]/ { wanted = /^(privateExponent|prime[12]):/; if (wanted) print ""; next } wanted { gsub(/[ :]/, ""); printf "%s", $0 }
	END { print "" }' control.txt | sed 's/^00//' >control.numbers
for file in control.pem control.txt control.der; do
	is "also in $file" "$(/usr/bin/python3 "$SRCDIR/t/lib/search_numbers.py" $file <control.numbers)" 3
done
is "the store and its log hold none" "$(found state/issuer.db state/issuer.db-wal)" 0
is "nor do backups" "$(found first.db last.db)" 0
is "nor the daemon's log" "$(found issuerd.log)" 0
if [ -r "/proc/$DAEMON/mem" ] && [ "$(id -u)" -eq 0 ]; then
	is "nor the gateway's memory" "$(found "$DAEMON")" 0
	like "the signer's holds some, so they can be found" "$(found "$(signer_pid)")" '^[1-9]'
else
	skip 2 "not root: the memory of others cannot be searched"
fi
# A crash: the kernel may write no core file, wherever it would.
kill -ABRT "$(signer_pid)"
ok "an aborted signer is replaced" until_true mint
kill -ABRT "$DAEMON"
wait "$DAEMON"
is "an aborted gateway ends" $? 134
is "no core file is left" "$(find . -name 'core*' | wc -l | tr -d ' ')" 0

# ---- restore ----
issuer_start
clock_forward $((30 * DAY))
KEYS=$(issuerctl key list -o name | wc -l)
another() { [ "$(issuerctl key list -o name | wc -l)" = $((KEYS + 1)) ]; }
ok "after the backup another key is made" until_true another
USED=$(issuerctl key list -o json | jq '[.[].generation] | max')
issuer_stop
rm -f state/issuer.db*
install -m 600 last.db state/issuer.db
like "a copy that is put back says what it is" "$(issuerctl key list 2>&1)" 'warning: this store is a copy of .* that was put back'
: >issuerd.log
issuer_start
ok "it mints at once" mint
like "the log says it, too" "$(cat issuerd.log)" 'event=store.restored backup_of='
like "it rotates only once the clock is accepted" "$(cat issuerd.log)" 'keys.rotation_failed'
ok "which is done" issuerctl db accept-clock
issuer_stop
issuer_start
ok "then the standby that was due is made again" until_true another
ok "under a generation that was never used" test "$(issuerctl key list -o json | jq '[.[].generation] | max')" -gt "$USED"
is "and recorded" "$(audit "event='store.restored'")" 1
unlike "the warning is gone" "$(issuerctl key list 2>&1)" 'put back'

# Another file under a running daemon: what it wrote would be lost, and what it read be old.
issuerctl db backup older.db >/dev/null
cp state/issuer.db-wal kept.wal 2>/dev/null
install -m 600 older.db state/issuer.db
ended() { ! kill -0 "$DAEMON" 2>/dev/null; }
ok "a store that is replaced ends the daemon" until_true ended
wait "$DAEMON"
is "with status 4" $? 4
like "and says why" "$(cat issuerd.log)" "issuer.db' was replaced or removed while it was in use"
rm -f state/issuer.db-wal state/issuer.db-shm
issuerctl db accept-clock >/dev/null
issuer_start

# An older store under a running daemon.
rm older.db
issuerctl db backup older.db >/dev/null
issuerctl key rotate --now --accept-verifier-outage >/dev/null
until_true [ -e older.db ]
mv older.db state/older.db && chmod 600 state/older.db
sqlite3 -cmd '.timeout 5000' state/issuer.db "UPDATE issuer SET revision = revision - 5"
went_back() { grep -q event=store.went_back issuerd.log; }
ok "a revision that goes back is noticed" until_true went_back
ok "and tokens are minted" mint
done_testing

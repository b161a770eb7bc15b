#!/bin/sh
# What could not be printed is not "done": every command of issuerctl fails, in one line, when
# standard output is full or closed.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
issuer_make
demo
TOKEN=$(issuerctl token create demo/app)
echo "$TOKEN" >token

# full CMD... - with standard output on a disk that is full.
full() { "$@" >/dev/full; }
closed() { "$@" >&-; }

if [ -c /dev/full ]; then
	while read -r line; do
		# shellcheck disable=SC2086 # lists of words
		one_line "$line, full" 1 'could not write to standard output: No space left' full issuerctl $line
	done <<'EOF2'
--help
--version
key --help
key list --help
init
init --dry-run
key list
key list -o json
key list -o name
key rotate
key rotate -o json
key rotate --dry-run
sa create a/b
sa list
sa show demo/app
sa annotate demo/app a=b
sa annotate demo/app a=b --dry-run
client create new
client create newer -o json
client create newest --secret-file newest.secret
client list
client revoke new
grant add ci demo/x --audience vault
grant list
grant remove 1
token create demo/app
token create demo/app -o json
token inspect token
EOF2
	one_line "a token that was lost" 1 \
		'^issuerctl: token [0-9a-f-]{36} was minted and recorded, but not printed: could not write' \
		full issuerctl token create demo/app
	JTI=$(sed 's/.*token \([0-9a-f-]*\) .*/\1/' err)
	is "is named as it is in the audit" "$(audit "event='token.issued' AND jti='$JTI'")" 1
	one_line "a secret that was lost" 1 "client 'lost' was created, but its secret not printed; revoke it" \
		full issuerctl client create lost
	is "belongs to a client" "$(issuerctl client list -o name | grep -cx lost)" 1
else
	skip 90 "no /dev/full"
fi

AUDITED=$(audit 1=1)
for line in --help 'key list' 'key rotate' 'sa create c/d' 'token create demo/app' 'token inspect token'; do
	# shellcheck disable=SC2086 # lists of words
	closed issuerctl $line 2>err
	is "$line, closed: status" $? 1
	like "$line, closed: it says so" "$(cat err)" '^issuerctl: standard output is closed; nothing was done$'
done
is "and indeed nothing was done" "$(audit 1=1)" "$AUDITED"
closed issuerctl key list 2>&-
is "with standard error closed, too" $? 1
issuerctl sa create e/f 2>&- <&- >out
is "standard output is enough" "$? $(issuerctl sa show e/f -o name)" "0 e/f"
ok "the store is sound" test "$(sqlite3 -readonly state/issuer.db 'PRAGMA integrity_check')" = ok

# ---- the process ----
mkfifo slow
"$BUILDDIR/t/issuerctl-test" token inspect <slow >/dev/null 2>&1 &
PID=$!
stop_on_exit $PID
exec 4>slow
protected() { [ "$(sed -n 's/^NoNewPrivs:[[:space:]]*//p' "/proc/$PID/status")" = 1 ]; }
ok "it gives up new privileges" until_true protected
like "it leaves no core file" "$(grep 'Max core file size' "/proc/$PID/limits")" ' 0 +0 '
exec 4>&-
done_testing

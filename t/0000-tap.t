#!/bin/sh
# The words of t/lib/tap.sh tell good from bad, and clean up after themselves.
# SPDX-License-Identifier: Apache-2.0
. "${SRCDIR:-.}/t/lib/tap.sh"

# script LINE... - what a test of these lines prints; its exit status.
script() {
	{
		echo ". '$SRCDIR/t/lib/tap.sh'"
		printf '%s\n' "$@"
	} >inner.t
	BUILDDIR=$WORK sh inner.t 2>&1
}

says_not_ok() {
	script "$@" done_testing | grep -q '^not ok 1 - x$'
}

says_ok() {
	script "$@" done_testing | grep -q '^ok 1 - x$'
}

ok "ok likes success" says_ok 'ok x true'
ok "ok minds failure" says_not_ok 'ok x false'
ok "not_ok likes failure" says_ok 'not_ok x false'
ok "not_ok minds success" says_not_ok 'not_ok x true'
ok "not_ok minds a command that is not there" says_not_ok 'not_ok x no-such-command'
ok "not_ok minds a crash" says_not_ok 'not_ok x sh -c "kill -SEGV \$\$"'
ok "exits likes the right status" says_ok 'exits x 3 sh -c "exit 3"'
ok "exits minds another" says_not_ok 'exits x 3 sh -c "exit 1"'
ok "is likes the same" says_ok 'is x "a b" "a b"'
ok "is minds a difference" says_not_ok 'is x "a b" "a  b"'
ok "like finds a pattern in some line" says_ok 'like x "one
two" "^t.o$"'
ok "like minds its absence" says_not_ok 'like x one "^t"'
ok "unlike likes its absence" says_ok 'unlike x one "^t"'
ok "unlike minds a pattern" says_not_ok 'unlike x two "^t"'

like "the plan counts" "$(script 'ok a true' 'ok b true' done_testing)" '^1\.\.2$'
ok "a script that passes ends well" script 'ok x true' done_testing
not_ok "a script that fails does not" script 'ok x false' done_testing
not_ok "nor does one that stops early" script 'ok x true'
unlike "one that stops early has no plan" "$(script 'ok x true')" '^1\.\.'
like "bail is TAP's own word" "$(script 'bail why')" '^Bail out! why$'
like "a skipped script says why" "$(script 'skip_all why')" '^1\.\.0 # SKIP why$'

is "skip counts, and says why" "$(script 'skip 2 why' 'ok a true' done_testing | tr '\n' ' ')" \
	'ok 1 # SKIP why ok 2 # SKIP why ok 3 - a 1..3 '

rm -rf t
ok "a script passes" script 'echo x >file' 'ok x test -s file' done_testing
is "and leaves nothing behind" "$(ls t/work)" ""
kept=$(script 'echo x >file' 'ok x false' done_testing | sed -n 's/^# kept for you: //p')
ok "a script that fails leaves its files and says where" test -s "$kept/file"

like "cleanups run last one first" \
	"$(script 'on_exit "echo first"' 'on_exit "echo second"' 'ok x true' done_testing | tr '\n' ' ')" \
	'second first'
# shellcheck disable=SC2016 # for the script's shell
pids=$(script 'sleep 1000 >/dev/null 2>&1 & one=$!' 'sleep 1000 >/dev/null 2>&1 &' 'echo "pids $one $!"; stop_on_exit $one $!' 'ok x false' |
	sed -n 's/^pids //p')
like "two children were started" "$pids" '^[0-9]+ [0-9]+$'
for pid in $pids; do
	not_ok "and $pid is gone" kill -0 "$pid"
done
like "a sanitizer's report fails the script" \
	"$(script 'echo leak >.sanitizer.1' 'ok x true' done_testing)" '^not ok 2 - no sanitizer'
done_testing

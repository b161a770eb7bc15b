#!/bin/sh
# A reader never notices that tokens are replaced: not by thousands of versions, not by an agent that is
# killed between any two steps, not by a disk that is full or failing.
# SPDX-License-Identifier: Apache-2.0
. "${SRCDIR:-.}/t/lib/issuer.sh"
. "$SRCDIR/t/lib/agent.sh"
. "$SRCDIR/t/lib/faults.sh"

# Sanitizers take time of their own.
VERSIONS=${VERSIONS:-$(is_sanitized && echo 1000 || echo 10000)}
errors=$(is_sanitized && echo full || echo full io)

# ---- many versions ----

place=$(mktemp -d /dev/shm/folder-storm.XXXXXX 2>/dev/null || mktemp -d)
"$BUILDDIR/t/folder-storm" "$place" "$VERSIONS" >storm
is "$VERSIONS versions are written" $? 0
like "under the eyes of a reader" "$(cat storm)" '^[1-9][0-9]+ reads'
like "who sees nothing but whole ones" "$(cat storm)" ' 0 faults$'
rm -rf "$place"

# ---- killed at each step ----

clock_set "$(date +%s)"
issuer_make
issuer_start
demo
agent_conf '{service_account: demo/app, directory: tokens}
{service_account: demo/app, directory: tokens, file: second}
{service_account: demo/app, path: plain/token}'
mkdir plain
ok "the first tokens" agent once --wait 0s
rm -f stop
/usr/bin/python3 "$SRCDIR/t/lib/reader.py" stop 640 tokens/token tokens/second plain/token >reader.out &
READER=$!
stop_on_exit "$READER"
AGENT_PROGRAM=issuer-agent-crash

# is_tidy - nothing but what belongs there: links, the version, and perhaps the one before.
is_tidy() {
	[ "$(find tokens -mindepth 1 -maxdepth 1 -name '..[0-9]*' | wc -l)" -le 2 ] &&
		[ "$(find tokens -mindepth 1 -maxdepth 1 ! -name '..[0-9]*' | sort | tr '\n' ' ')" = \
			"tokens/..data tokens/second tokens/token " ] && [ "$(ls -A plain)" = token ]
}

# each_step WORD... - the Nth call of a pass fails so, for each N; then one without a fault. Prints how many
# steps there were, and what went wrong.
each_step() {
	step=0
	while [ -x "$BUILDDIR/t/$AGENT_PROGRAM" ]; do
		step=$((step + 1))
		arm "$step $*"
		agent once --wait 0s >step.log 2>&1
		step_status=$?
		[ $step_status -ne 0 ] || grep -q failed step.log || break
		disarm
		clock_forward 3
		[ $step_status -eq 137 ] || grep -q '^issuer-agent: .*could not\|event=status.failed' step.log ||
			echo "step $step: $(cat step.log)"
		verifies "$(cat tokens/token)" >/dev/null 2>&1 && verifies "$(cat plain/token)" >/dev/null 2>&1 ||
			echo "step $step: a token is not good"
		agent once --wait 0s >step.log 2>&1 || echo "step $step: not repaired: $(cat step.log)"
		is_tidy || echo "step $step: left: $(ls -A tokens plain)"
		[ $step -lt 200 ] || break
	done
	disarm
	echo "$step steps"
}
each_step >killed
like "killed at each of many steps" "$(tail -n 1 killed)" '^[2-9][0-9] steps$'
is "the next run repairs all, each time" "$(sed '$d' killed)" ""
for how in $errors; do
	each_step "$how" >failed
	like "a disk that is $how at each step" "$(tail -n 1 failed)" '^[2-9][0-9] steps$'
	is "is told clearly, and got over" "$(sed '$d' failed)" ""
done
touch stop
wait "$READER"
is "the reader saw nothing of all this" "$(sed 1d reader.out)" ""
like "and it looked" "$(head -n 1 reader.out)" '^[1-9][0-9]{3,} reads$'
is "the audit has a record for each token" "$(store_is_whole >/dev/null && echo whole)" whole
done_testing

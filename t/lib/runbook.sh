# runbook.sh - the runbooks of doc/key-rotation.md, as tests run them. Sourced after tap.sh.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh

# runbook TITLE - its lines, from all fences below that heading.
runbook() {
	awk -v title="### $1" '
		/^### / { inside = index($0, title) == 1 }
		/^ *(1\. )?```sh$/ { fence = inside; next }
		/^ *```$/ { fence = 0 }
		fence { sub(/^ +/, ""); print }' "$SRCDIR/doc/key-rotation.md"
}
# run TITLE - as a tired admin would paste it; the output is in out.
run() {
	runbook "$1" >lines
	[ -s lines ] || fail "there is a runbook '$1'"
	# shellcheck source=/dev/null
	. ./lines >out 2>&1
	run_status=$?
	is "runbook: $1" "$run_status$([ $run_status -eq 0 ] || cat out)" 0
}

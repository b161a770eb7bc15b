# step.sh - long steps that show they live.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh

# step_kill PID - ends a process and all that it started, deepest first.
step_kill() {
	step_children=
	[ ! -r "/proc/$1/task/$1/children" ] ||
		read -r step_children <"/proc/$1/task/$1/children"
	for step_child in $step_children; do
		step_kill "$step_child"
	done
	kill "$1" 2>/dev/null
}

# step_stop - ends the step under way, if there is one: for the trap of a script that is told to stop.
step_stop() {
	[ -z "${step_job:-}" ] || step_kill "$step_job"
	step_job=
}

# step_run LOG TEXT CMD... - runs CMD, which says what it has to say in LOG. On a terminal the
# seconds count; elsewhere a line says when it is done. If CMD fails, the end of LOG is shown and
# the status is 1.
step_run() {
	step_log=$1 step_text=$2
	shift 2
	"$@" >"$step_log" 2>&1 </dev/null &
	step_job=$!
	step_begun=$(date +%s)
	if [ -t 1 ]; then
		while kill -0 "$step_job" 2>/dev/null; do
			printf '\r%s ... %ds ' "$step_text" "$(($(date +%s) - step_begun))"
			sleep 1
		done
		printf '\r'
	fi
	wait "$step_job"
	step_status=$?
	step_job=
	if [ "$step_status" -ne 0 ]; then
		echo "$step_text ... failed. The end of $step_log:" >&2
		tail -n 25 "$step_log" >&2
		return 1
	fi
	printf '%s ... done (%ds)\n' "$step_text" "$(($(date +%s) - step_begun))"
}

# tap.sh - the words of a black box test in sh, TAP out. A script sources it, says what it expects
# and ends with done_testing. It runs in a directory of its own, $WORK, which is removed when all
# went well and kept, with its path printed, when not.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh

SRCDIR=$(cd "${SRCDIR:-.}" && pwd) || exit 1
BUILDDIR=$(cd "${BUILDDIR:-.}" && pwd) || exit 1
export SRCDIR BUILDDIR

tap_count=0
tap_failed=0
tap_is_done=no
tap_pids=
tap_cleanups=

mkdir -p "$BUILDDIR/t/work" &&
	WORK=$(mktemp -d "$BUILDDIR/t/work/$(basename "$0" .t).XXXXXX") &&
	cd "$WORK" || exit 1
export WORK

# A program whose output nobody reads must not hide what a sanitizer found in it.
ASAN_OPTIONS="log_path=$WORK/.sanitizer${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
UBSAN_OPTIONS="print_stacktrace=1:log_path=$WORK/.sanitizer${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}"
TSAN_OPTIONS="log_path=$WORK/.sanitizer${TSAN_OPTIONS:+:$TSAN_OPTIONS}"
export ASAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS

# diag TEXT - a line, or lines, for the reader of the log.
diag() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

# pass DESC, fail DESC [EXPLANATION]
pass() {
	tap_count=$((tap_count + 1))
	printf 'ok %d - %s\n' "$tap_count" "$1"
}

fail() {
	tap_count=$((tap_count + 1))
	tap_failed=$((tap_failed + 1))
	printf 'not ok %d - %s\n' "$tap_count" "$1"
	[ $# -lt 2 ] || diag "$2"
	[ "$tap_failed" -eq 1 ] || return 0
	for tap_log in "$WORK"/*.log; do
		[ ! -s "$tap_log" ] || diag "the end of $(basename "$tap_log"):
$(tail -n 4 "$tap_log")"
	done
}

# skip COUNT REASON - in place of that many tests which cannot be run here.
skip() {
	tap_skips=$1
	while [ "$tap_skips" -gt 0 ]; do
		tap_skips=$((tap_skips - 1))
		tap_count=$((tap_count + 1))
		printf 'ok %d # SKIP %s\n' "$tap_count" "$2"
	done
}

# ok DESC CMD... - CMD succeeds; what it prints is shown only if it does not.
ok() {
	tap_desc=$1
	shift
	if "$@" >"$WORK/.output" 2>&1; then
		pass "$tap_desc"
	else
		fail "$tap_desc" "exit status $? of: $*"
		diag "$(cat "$WORK/.output")"
	fi
}

# not_ok DESC CMD... - CMD fails, and not by a signal.
not_ok() {
	tap_desc=$1
	shift
	"$@" >"$WORK/.output" 2>&1
	tap_status=$?
	if [ "$tap_status" -gt 0 ] && [ "$tap_status" -lt 126 ]; then
		pass "$tap_desc"
	else
		fail "$tap_desc" "exit status $tap_status of: $*"
		diag "$(cat "$WORK/.output")"
	fi
}

# exits DESC STATUS CMD... - CMD ends with exactly this exit status.
exits() {
	tap_desc=$1
	tap_want=$2
	shift 2
	"$@" >"$WORK/.output" 2>&1
	tap_status=$?
	if [ "$tap_status" -eq "$tap_want" ]; then
		pass "$tap_desc"
	else
		fail "$tap_desc" "exit status $tap_status, not $tap_want, of: $*"
		diag "$(cat "$WORK/.output")"
	fi
}

# is DESC GOT WANT
is() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1" " got: $2
want: $3"
	fi
}

# like DESC GOT PATTERN, unlike DESC GOT PATTERN - an extended regular expression on some line.
like() {
	if printf '%s\n' "$2" | grep -Eq -e "$3"; then
		pass "$1"
	else
		fail "$1" "    got: $2
pattern: $3"
	fi
}

unlike() {
	if printf '%s\n' "$2" | grep -Eq -e "$3"; then
		fail "$1" "      got: $2
unwanted: $3"
	else
		pass "$1"
	fi
}

# until_true CMD... - waits for an event that CMD can see: at most half a minute.
until_true() {
	until_tries=300
	until "$@" >/dev/null 2>&1; do
		until_tries=$((until_tries - 1))
		[ "$until_tries" -gt 0 ] || return 1
		sleep 0.1
	done
}

# on_exit CMD - a line of sh, run when the script ends, last one first.
on_exit() {
	tap_cleanups="$1
$tap_cleanups"
}

# stop_on_exit PID... - children of this script that must not outlive it.
stop_on_exit() {
	tap_pids="$* $tap_pids"
}

# is_child PID - is it still ours? One that was waited for is gone, and its number may be another's.
is_child() { [ "$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$1/status" 2>/dev/null)" = $$ ]; }

# stop PID - ends such a child and waits for it; its exit status. One that ignores SIGTERM for
# twenty seconds is killed (status 137).
stop() {
	tap_watchdog=
	if is_child "$1"; then
		kill -TERM "$1" 2>/dev/null
		(sleep 20 && kill -KILL "$1") >/dev/null 2>&1 &
		tap_watchdog=$!
	fi
	wait "$1" 2>/dev/null
	tap_status=$?
	if [ -n "$tap_watchdog" ]; then
		# Not TERM: until a new subshell has reset them, it still has our traps.
		kill -KILL "$tap_watchdog" 2>/dev/null
		wait "$tap_watchdog" 2>/dev/null
	fi
	tap_rest=
	for tap_pid in $tap_pids; do
		[ "$tap_pid" = "$1" ] || tap_rest="$tap_rest $tap_pid"
	done
	tap_pids=$tap_rest
	return "$tap_status"
}

tap_clean_up() {
	for tap_pid in $tap_pids; do
		stop "$tap_pid"
	done
	tap_lines=$tap_cleanups
	tap_cleanups=
	eval "$tap_lines"
}

tap_at_exit() {
	tap_status=$?
	trap - EXIT
	tap_clean_up
	if [ "$tap_is_done" = yes ] && [ "$tap_failed" -eq 0 ]; then
		cd "$BUILDDIR" && rm -rf "$WORK"
		exit "$tap_status"
	fi
	diag "kept for you: $WORK"
	[ "$tap_status" -ne 0 ] || tap_status=1
	exit "$tap_status"
}
trap tap_at_exit EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# done_testing - the last line of a script.
done_testing() {
	tap_clean_up
	for tap_report in "$WORK"/.sanitizer.*; do
		# A process that is killed while its leaks are looked for cannot be looked at.
		grep -qv 'Unable to get registers from thread' "$tap_report" 2>/dev/null || continue
		fail "no sanitizer complains" "$(cat "$tap_report")"
	done
	printf '1..%d\n' "$tap_count"
	tap_is_done=yes
	[ "$tap_failed" -eq 0 ]
	exit
}

# is_sanitized - do the programs of this build look over their own shoulders?
is_sanitized() { nm "$BUILDDIR/issuerd" 2>/dev/null | grep -qE '__(asan|tsan)_init'; }

# skip_all REASON - instead of everything.
skip_all() {
	printf '1..0 # SKIP %s\n' "$1"
	tap_is_done=yes
	exit 0
}

# bail TEXT - nothing that follows could work.
bail() {
	printf 'Bail out! %s\n' "$1"
	exit 1
}

# clock.sh - setting the clock that t/issuerd-test and t/issuerctl-test read. Source it after
# tap.sh; until clock_set is called, the programs see the real time.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh

# clock_write NOW UPTIME - a rename, because readers must not see half a number.
clock_write() {
	TEST_CLOCK=$WORK/clock
	export TEST_CLOCK
	echo "$1 $2" >"$TEST_CLOCK.new" && mv "$TEST_CLOCK.new" "$TEST_CLOCK"
}

# clock_set SECONDS - since 1970: so much time has passed, and the machine has been running.
clock_set() {
	clock_write "$1" "$1"
}

# clock_forward SECONDS - time passes; may be negative.
clock_forward() {
	read -r clock_now clock_uptime <"$TEST_CLOCK"
	clock_write $((clock_now + $1)) $((clock_uptime + $1))
}

# clock_jump SECONDS - the clock is set, and no time passes; may be negative.
clock_jump() {
	read -r clock_now clock_uptime <"$TEST_CLOCK"
	clock_write $((clock_now + $1)) "$clock_uptime"
}

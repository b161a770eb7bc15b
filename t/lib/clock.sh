# clock.sh - setting the clock that t/issuerd-test and t/issuerctl-test read. Source it after
# tap.sh; until clock_set is called, the programs see the real time.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh

# clock_set SECONDS - since 1970. A rename, because readers must not see half a number.
clock_set() {
	TEST_CLOCK=$WORK/clock
	export TEST_CLOCK
	echo "$1" >"$TEST_CLOCK.new" && mv "$TEST_CLOCK.new" "$TEST_CLOCK"
}

# clock_forward SECONDS - may be negative.
clock_forward() {
	clock_set "$(($(cat "$TEST_CLOCK") + $1))"
}

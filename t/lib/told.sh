# told.sh - the words of tests that do what a document tells people to do. Source it after issuer.sh,
# and set DOC. What is to be typed are the document's indented lines.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh

# told_program NAME CMD... - what people type as NAME, is CMD here.
told_program() {
	told_name=$1
	shift
	mkdir -p bin
	{
		echo '#!/bin/sh'
		printf 'exec'
		for told_word; do
			printf " '%s'" "$(printf %s "$told_word" | sed "s/'/'\\\\''/g")"
		done
		# shellcheck disable=SC2016 # for the program's shell
		echo ' "$@"'
	} >"bin/$told_name"
	chmod +x "bin/$told_name"
}

# told_issuerctl - issuerctl is this build's, with the configuration at hand.
told_issuerctl() {
	told_program issuerctl "$BUILDDIR/t/issuerctl-test" -c "$CONF"
}

# block FROM TO - the indented lines of the document between two patterns.
block() { sed -n "/$1/,/$2/s/^    //p" "$DOC"; }

# as_told CMD... - as a user would run it, with nothing of this machine's own but what tests need.
as_told() {
	env -i PATH="$WORK/bin:$PATH" HOME="$WORK" ${KUBECONFIG:+KUBECONFIG="$KUBECONFIG"} \
		${TEST_CLOCK:+TEST_CLOCK="$TEST_CLOCK"} ASAN_OPTIONS="$ASAN_OPTIONS" \
		UBSAN_OPTIONS="$UBSAN_OPTIONS" TSAN_OPTIONS="$TSAN_OPTIONS" "$@"
}

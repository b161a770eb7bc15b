#!/bin/sh
# Every input a fuzzer ever found worth keeping is harmless now.
# SPDX-License-Identifier: Apache-2.0
. "${SRCDIR:-.}/t/lib/tap.sh"

for corpus in "$SRCDIR"/t/fuzz/corpus/*/; do
	name=$(basename "$corpus")
	ok "fuzz_$name survives its corpus" "$BUILDDIR/t/fuzz/fuzz_$name" "$corpus"
done
for source in "$SRCDIR"/t/fuzz/fuzz_*.c; do
	name=$(basename "$source" .c)
	ok "$name has a corpus" test -d "$SRCDIR/t/fuzz/corpus/${name#fuzz_}"
done
done_testing

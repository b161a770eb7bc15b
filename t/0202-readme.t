#!/bin/sh
# The lines that README gives a new user do what README says. They are taken from there; only the
# port is another, and the programs are those of this build.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
! is_sanitized || skip_all "what is written is held to the programs that people run"
PORT=$(port_random)
sed -n '/^It installs the Debian packages/,/^The rooms/s/^    //p' "$SRCDIR/README" |
	sed -e '/configure/d' -e "s/8444/$PORT/g" >lines.sh
echo wait >>lines.sh
like "there are lines to try" "$(cat lines.sh)" '^issuerctl init'
PATH=$BUILDDIR:$PATH sh -e lines.sh >out 2>&1
is "they succeed" $? 0
like "and end in a verified token" "$(cat out)" "^good: system:serviceaccount:ci:deploy for https://localhost:$PORT"
like "which was shown before" "$(cat out)" '"sub": "system:serviceaccount:ci:deploy"'
like "the agent has a token for a program" "$(cat out)" '^-rw------- .*/issuer-agent\.[A-Za-z0-9]*/token$'
done_testing

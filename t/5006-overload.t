#!/bin/sh
# Many times as many clients as there is room for, at once: what there is no room for is told when to
# come back, keys are served meanwhile, each token that left has its record, memory stays as it
# was, and then all is as before. No word here on how fast: that is for make bench.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
# shellcheck source=t/lib/faults.sh
. "$SRCDIR/t/lib/faults.sh"
ROOM=4096 # token requests under way: doc/issuerd.8
CLIENTS=${CLIENTS:-4500}
FILES=$((CLIENTS * 2)) # one address gets three quarters of a listener's connections

# shellcheck disable=SC3045 # dash and bash have it
ulimit -n $((FILES + 200)) 2>/dev/null || skip_all "no $FILES open files"
clock_set 1900000000
LISTENERS_EXTRA=$PLAIN_LISTENER
issuer_make "limits: {connections: $FILES}"
demo
issuer_start
SIGNER=$(signer_pid)

# resident - KiB of both processes.
resident() {
	cat "/proc/$DAEMON/status" "/proc/$SIGNER/status" | awk '/^VmRSS:/ { n += $2 } END { print n }'
}
# overload N - nothing is committed until all have asked and those without room have been told.
overload() {
	hold
	storm "$CLIENTS" $((CLIENTS - ROOM))
	is "overload $1: keys are served meanwhile, where tokens are asked for" \
		"$(request "http://$(plain)/openid/v1/jwks")" 200
	is "overload $1: and we live" "$(request "$OPS/livez")" 200
	release
	storm_end
	is "overload $1: each client has its answer" "$(wc -l <storm | tr -d ' ')" "$CLIENTS"
	is "overload $1: it is a token, or a refusal that says when to come back" \
		"$(jq -c 'select((.status == 201 and .jti) or ((.status == 503 or .status == 429) and .retry_after) | not)' storm)" ""
	ok "overload $1: some have a token" [ "$(answered 201)" -gt 0 ]
	ok "overload $1: no more than there was room for" [ "$(answered 201)" -le $ROOM ]
	is "overload $1: each token has its record" "$(unrecorded)" ""
	is "overload $1: and each record its token" "$(audit "event = 'token.issued'")" "$(($(answered 201) + issued))"
	issued=$((issued + $(answered 201)))
	diag "$(jq .status storm | sort | uniq -c | tr '\n' ' '), $(resident) KiB"
}

issued=0
overload 1
overload 2
if is_sanitized; then
	skip 1 "a sanitizer keeps what was freed"
else
	overload 3 # which thread takes which connection differs: by now each has had many
	third=$(resident)
	overload 4
	overload 5
	fifth=$(resident)
	ok "memory is after the fifth ($fifth KiB) what it was after the third ($third KiB)" \
		[ "$fifth" -le $((third + third / 3)) ]
fi
is "afterwards a request is served" "$(ask_token demo app "$AWS")" 201
is "by the same signer" "$(signer_pid)" "$SIGNER"
is "we are ready" "$(request "$OPS/readyz")" 200
ok "and the audit is proven" issuerctl audit verify
done_testing

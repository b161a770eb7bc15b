#!/bin/sh
# The command that a new user types first.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"

# It builds without sanitizers, whatever this build has.
! is_sanitized || skip_all "the plain build has run it"
# quickstart builds in the source tree, which is read-only while a release is checked.
[ -w "$SRCDIR" ] || skip_all "the source tree is read-only"
quickstart() { "$SRCDIR/quickstart" "$@"; }

quickstart --once --dir dir --port 0 >out 2>&1 || bail "quickstart failed: $(tail -n 20 out)"
like "it shows the discovery URL" "$(cat out)" '^Discovery +https://localhost:[0-9]+/.well-known/openid-configuration$'
like "it shows the decoded token" "$(cat out)" '"sub": "system:serviceaccount:demo:app"'
like "it shows that a stranger accepts it" "$(cat out)" '^Verified .* good: system:serviceaccount:demo:app for https://localhost:'
unlike "it shows no secret" "$(cat out)" "$(cat dir/client.*.secret)"
for name in ISSUER_URL API_URL CA_FILE TOKEN_FILE CLIENT_TOKEN_FILE CONF PID BIN_DIR; do
	like "env has $name" "$(cat dir/env)" "^$name='[^']+'\$"
done
PID_ONCE=$(. ./dir/env && echo "$PID")
not_ok "--once leaves nothing running" kill -0 "$PID_ONCE"

quickstart --detach --dir dir --port 0 >out 2>&1
is "a second time, detached" $? 0
# shellcheck source=/dev/null
. ./dir/env
on_exit "kill $PID"
like "it says which process runs" "$(cat out)" "pid $PID"
is "its discovery answers" "$(curl -s --cacert "$CA_FILE" "$ISSUER_URL/.well-known/openid-configuration" | jq -r .issuer)" "$ISSUER_URL"
CA=$CA_FILE
API=$API_URL
is "the client gets a token for the demo service account" \
	"$(AUTH="Authorization: Bearer $(cat "$CLIENT_TOKEN_FILE")" ask_token demo app "$AWS")" 201
is "and 403 for any other" \
	"$(AUTH="Authorization: Bearer $(cat "$CLIENT_TOKEN_FILE")" ask_token demo other "$AWS")" 403
is "the token file has no newline" "$(wc -l <"$TOKEN_FILE" | tr -d ' ')" 0
is "and is for its owner alone" "$(stat -c %a "$TOKEN_FILE" "$CLIENT_TOKEN_FILE" | sort -u)" 600
quickstart --once --dir dir --port 0 >out 2>&1
is "beside a running one it is harmless" $? 0
ok "which still runs" kill -0 "$PID"
OTHER_PORT=${ISSUER_URL##*:}
exits "a port that is taken by it is refused to another" 1 quickstart --once --dir other --port "$OTHER_PORT"
like "with the reason" "$(cat .output)" "localhost:$OTHER_PORT': the address is in use"
exits "an unknown option" 2 quickstart --foo
exits "a port that is none" 2 quickstart --port x
ok "--help" quickstart --help
kill "$PID"
gone() { ! kill -0 "$PID"; }
ok "it stops when told" until_true gone
done_testing

#!/bin/sh
# A test whose port was taken by somebody else meanwhile goes on with another.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
issuer_make
demo
WAS=$PORT
/usr/bin/python3 -c 'import signal, socket, sys
taken = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("taken", flush=True)
signal.pause()' "$PORT" >taken &
stop_on_exit $!
until_true [ -s taken ]
issuer_start >moved
like "it says so" "$(cat moved)" "^# port $WAS was taken"
unlike "the port is another" "$PORT" "^$WAS\$"
is "the issuer moved with it" "$(request "$URL/openid/v1/jwks")" 200
is "and mints" "$(ask_token demo app "$AWS")" 201
ok "tokens that verify" verifies "$(token_of)"
done_testing

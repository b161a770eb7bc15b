#!/bin/sh
# A client that stalls in the middle of its TLS handshake costs a connection, and no processor:
# libmicrohttpd 0.9.75 would spin on it under epoll.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
issuer_make
issuer_start

# Opens connections, sends half a ClientHello on each, and waits. How much of the processor does the
# daemon use then? Spinning is a whole core or more, all the time; waiting is next to nothing, but on
# a busy machine one measurement may be off: so there are several tries, and the least one counts.
/usr/bin/python3 - "$PORT" "$DAEMON" >used <<'EOF'
import os, socket, sys, time

def cpu(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

port, pid = int(sys.argv[1]), sys.argv[2]
stalled = [socket.create_connection(("127.0.0.1", port)) for _ in range(8)]
for connection in stalled:
    connection.sendall(bytes.fromhex("16030100c8010000c40303"))
ratios = []
while len(ratios) < 5 and (not ratios or min(ratios) > 0.2):
    before, began = cpu(pid), time.monotonic()
    time.sleep(1)
    ratios.append((cpu(pid) - before) / (time.monotonic() - began))
print("waits" if min(ratios) <= 0.2 else f"spins: {ratios}")
EOF
is "the daemon waits for the rest" "$(cat used)" waits
is "and serves others" "$(request "$URL/openid/v1/jwks")" 200
done_testing

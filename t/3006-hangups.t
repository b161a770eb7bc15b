#!/bin/sh
# Who leaves in the middle of a request, or never ends it, keeps no place from others, nor the
# daemon from ending.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/issuer.sh
. "${SRCDIR:-.}/t/lib/issuer.sh"
issuer_make
issuer_start

# Plain TCP, where libmicrohttpd waits for edges. A witness begins an upload, then others begin one
# and leave, more of them than the listener takes; the witness's own time would be over first. So
# whose places are free while the witness is still there has not been waited for.
/usr/bin/python3 - "${OPS##*:}" "$DAEMON" >seen 2>&1 <<'EOF_PY'
import os, select, socket, sys

port, pid = int(sys.argv[1]), sys.argv[2]

def upload():
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\nseven b")
    return connection

def descriptors():
    return len(os.listdir(f"/proc/{pid}/fd"))

before = descriptors()
witness = upload()
for _ in range(1200):
    try:
        upload().close()
    except ConnectionError:
        pass  # the listener is full
while descriptors() > before + 1:
    if select.select([witness], [], [], 0.1)[0]:
        sys.exit("the places were taken until the time for a request was over")
print("the places are free")
EOF_PY
is "1200 uploads that were broken off" "$(cat seen)" "the places are free"
is "leave the listener serving" "$(request "$OPS/livez")" 200

# A client may end its side once it has asked.
printf 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n' | /usr/bin/python3 -c '
import socket, sys
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
connection.sendall(sys.stdin.buffer.read())
connection.shutdown(socket.SHUT_WR)
print(connection.makefile("rb").readline().decode().strip())' "${OPS##*:}" >answer
is "who ends its side after the request is answered" "$(cat answer)" "HTTP/1.1 200 OK"

# The 100 tells that the request is being read; its body never comes.
mkfifo told
/usr/bin/python3 - "${OPS##*:}" >told <<'EOF_PY' &
import socket, sys
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
connection.sendall(b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\nExpect: 100-continue\r\n\r\n")
print(connection.recv(12).decode(), flush=True)
while connection.recv(4096):
    pass
EOF_PY
stop_on_exit $!
read -r line <told
is "a request that is not whole" "$line" "HTTP/1.1 100"
ok "does not keep the daemon from ending" issuer_stop
unlike "which does not wait for it" "$(cat issuerd.log)" drain.timeout
done_testing

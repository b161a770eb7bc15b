# answers.py CERTIFICATE KEY DIR - an HTTPS server on a free port of 127.0.0.1, which it writes to
# standard output. A request gets the file of that path below DIR; if there is a file of that path
# with ".status", that status and Location: "302 https://elsewhere/". Requests are listed in
# DIR/requests.
# SPDX-License-Identifier: Apache-2.0
import http.server
import os
import ssl
import sys

CERTIFICATE, KEY, DIR = sys.argv[1:]


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        with open(f"{DIR}/requests", "a", encoding="ascii") as requests:
            print(self.path, file=requests)
        path = DIR + self.path
        status, body = "200", b""
        if os.path.exists(path + ".status"):
            status = open(path + ".status", encoding="ascii").read().strip()
        elif not os.path.exists(path):
            status = "404"
        if os.path.exists(path):
            body = open(path, "rb").read()
        code, _, location = status.partition(" ")
        self.send_response(int(code))
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            pass  # a client that has had enough


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERTIFICATE, KEY)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
sys.stdout.close()
server.serve_forever()

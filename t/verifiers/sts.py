# sts.py CERTIFICATE KEY TOKEN-FILE LOG - an STS endpoint on a free port of 127.0.0.1, as the AWS CLI
# meets it behind a proxy: CONNECT, then TLS as sts.eu-west-1.amazonaws.com. It writes its port to
# standard output, answers AssumeRoleWithWebIdentity if the token is that of the file, byte for byte,
# and then GetCallerIdentity. LOG gets a line per action.
# SPDX-License-Identifier: Apache-2.0
import http.server
import ssl
import sys
import urllib.parse

CERTIFICATE, KEY, TOKEN_FILE, LOG = sys.argv[1:]
XMLNS = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'

ASSUMED = f"""<AssumeRoleWithWebIdentityResponse {XMLNS}><AssumeRoleWithWebIdentityResult>
<AssumedRoleUser><AssumedRoleId>AROATEST:s</AssumedRoleId>
<Arn>arn:aws:sts::123456789012:assumed-role/demo/s</Arn></AssumedRoleUser>
<Credentials><AccessKeyId>ASIATESTTESTTESTTEST</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
<SessionToken>session</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>
</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"""

IDENTITY = f"""<GetCallerIdentityResponse {XMLNS}><GetCallerIdentityResult>
<Arn>arn:aws:sts::123456789012:assumed-role/demo/s</Arn><UserId>AROATEST:s</UserId>
<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"""

REFUSED = f"""<ErrorResponse {XMLNS}><Error><Type>Sender</Type><Code>InvalidIdentityToken</Code>
<Message>not the token of the file</Message></Error></ErrorResponse>"""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_CONNECT(self):
        self.send_response(200, "Connection established")
        self.end_headers()
        self.wfile.flush()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE, KEY)
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb")
        self.close_connection = False

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        form = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
        status, answer = 200, IDENTITY
        verdict = "ok"
        if form["Action"] == "AssumeRoleWithWebIdentity":
            answer = ASSUMED
            if form["WebIdentityToken"].encode() != open(TOKEN_FILE, "rb").read():
                status, answer, verdict = 400, REFUSED, "refused"
        with open(LOG, "a") as log:
            print(form["Action"], form.get("RoleArn", "-"), verdict, file=log)
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())
        self.wfile.flush()

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()

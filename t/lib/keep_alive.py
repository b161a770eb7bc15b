# keep_alive.py URL CA-FILE CERTIFICATE KEY - holds one connection to URL, by certificate, and never
# opens another. Each line of standard input is a path and perhaps a JSON body: GET it, or POST that;
# prints the status, "end" once the connection is gone.
# SPDX-License-Identifier: Apache-2.0
import http.client
import ssl
import sys
import urllib.parse

url = urllib.parse.urlsplit(sys.argv[1])
context = ssl.create_default_context(cafile=sys.argv[2])
context.load_cert_chain(sys.argv[3], sys.argv[4])
connection = http.client.HTTPSConnection(url.hostname, url.port, context=context, timeout=60)
connection.connect()
connection.auto_open = False
for line in sys.stdin:
    path, _, body = line.strip().partition(" ")
    try:
        connection.request("POST" if body else "GET", path, body or None,
                           {"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        answer.read()
        print(answer.status, flush=True)
    except (http.client.HTTPException, OSError):
        print("end", flush=True)

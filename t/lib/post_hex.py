# post_hex.py URL CA-FILE SECRET-FILE TYPE - posts each line of standard input, which is in hex, to URL
# as client-go would; all on one connection, unless the server ends it. Prints the statuses, a line
# each.
# SPDX-License-Identifier: Apache-2.0
import http.client
import ssl
import sys
import urllib.parse

url = urllib.parse.urlsplit(sys.argv[1])
headers = {
    "Authorization": "Bearer " + open(sys.argv[3], encoding="ascii").read(),
    "Content-Type": sys.argv[4],
    "Accept": "application/vnd.kubernetes.protobuf,application/json",
}
connection = http.client.HTTPSConnection(
    url.hostname, url.port, context=ssl.create_default_context(cafile=sys.argv[2]), timeout=60)
for line in sys.stdin:
    connection.request("POST", url.path, bytes.fromhex(line), headers)
    answer = connection.getresponse()
    answer.read()
    print(answer.status)

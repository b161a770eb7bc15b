# clients.py - clients that mint, and verifiers that obey max-age, until SIGTERM.
#   clients.py URL CA SECRET-FILE RATE VERIFIERS
# One client asks for RATE tokens a second. Each verifier keeps the JWKS for as long as its
# Cache-Control says, and checks each token at once and again later in its life. Prints a JSON line
# per token asked for ({"status", "jti", "kid", "at"}) and per token refused by a verifier
# ({"refused", "kid", "minted_at", "at", "why"}); the last line counts the checks.
# SPDX-License-Identifier: Apache-2.0
import http.client
import json
import queue
import re
import signal
import ssl
import sys
import threading
import time
import urllib.parse

import jwt

LOOKS = (0, 0.7, 1.9, 4.0)  # seconds after minting

url = urllib.parse.urlsplit(sys.argv[1])
tls = ssl.create_default_context(cafile=sys.argv[2])
secret = open(sys.argv[3]).read()
rate = float(sys.argv[4])
lock = threading.Lock()
is_over = threading.Event()
checks = 0


def say(**event):
    with lock:
        print(json.dumps(event), flush=True)


def connect():
    return http.client.HTTPSConnection(url.hostname, url.port, context=tls, timeout=20)


class Verifier:
    def __init__(self):
        self.todo = queue.PriorityQueue()
        self.connection = connect()
        self.keys = {}
        self.stale_at = 0.0

    def fetch(self):
        for attempt in (1, 2):
            try:
                asked = time.monotonic()
                self.connection.request("GET", url.path + "/openid/v1/jwks")
                answer = self.connection.getresponse()
                body = json.loads(answer.read())
                break
            except (http.client.HTTPException, OSError):
                self.connection.close()
                self.connection = connect()
                if attempt == 2:
                    raise
        max_age = int(re.search(r"max-age=(\d+)", answer.headers["Cache-Control"]).group(1))
        self.keys = {k["kid"]: jwt.PyJWK(k) for k in body["keys"]}
        self.stale_at = asked + max_age

    def check(self, token):
        if time.monotonic() >= self.stale_at:
            self.fetch()
        kid = jwt.get_unverified_header(token)["kid"]
        if kid not in self.keys:
            raise LookupError("kid is not in the JWKS")
        jwt.decode(token, self.keys[kid].key, algorithms=["RS256", "ES256"],
                   audience="sts.amazonaws.com", issuer=sys.argv[1])

    def run(self):
        global checks
        while not (is_over.is_set() and self.todo.empty()):
            try:
                due, _, token, kid, minted_at = self.todo.get(timeout=0.1)
            except queue.Empty:
                continue
            while (wait := due - time.monotonic()) > 0 and not is_over.is_set():
                time.sleep(min(wait, 0.1))
            try:
                self.check(token)
            except Exception as why:
                say(refused=True, kid=kid, minted_at=minted_at, at=time.time(), why=str(why))
            with lock:
                checks += 1


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


def mint(connection, number, verifiers):
    at = time.time()
    try:
        connection.request("POST", url.path + "/api/v1/namespaces/demo/serviceaccounts/app/token",
                           json.dumps({"spec": {"audiences": ["sts.amazonaws.com"]}}),
                           {"Authorization": "Bearer " + secret, "Content-Type": "application/json"})
        answer = connection.getresponse()
        body = answer.read()
    except (http.client.HTTPException, OSError) as why:
        connection.close()
        say(status=0, at=at, why=repr(why))
        return
    if answer.status != 201:
        say(status=answer.status, at=at, why=body.decode(errors="replace"))
        return
    token = json.loads(body)["status"]["token"]
    kid = jwt.get_unverified_header(token)["kid"]
    say(status=201, jti=claims_of(token)["jti"], kid=kid, at=at)
    for verifier in verifiers:
        for look in LOOKS:
            verifier.todo.put((time.monotonic() + look, number, token, kid, at))


def main():
    verifiers = [Verifier() for _ in range(int(sys.argv[5]))]
    threads = [threading.Thread(target=v.run) for v in verifiers]
    for thread in threads:
        thread.start()
    connection = connect()
    start = time.monotonic()
    number = 0
    signal.signal(signal.SIGTERM, lambda *_: is_over.set())
    while not is_over.wait(max(0, start + number / rate - time.monotonic())):
        number += 1
        mint(connection, number, verifiers)
    for thread in threads:
        thread.join()
    say(checks=checks)


main()

# server.py - an issuerd with a world of recorded exchanges in its store, and requests to it, byte
# for byte.
# SPDX-License-Identifier: Apache-2.0
import hashlib
import http.client
import json
import os
import socket
import sqlite3
import ssl
import subprocess
import urllib.parse

import jwt
from cryptography.hazmat.primitives import serialization

from golden.recording import Answer, why

CONFIGURATION = """\
issuers:
  - {{name: main, url: "{issuer}"}}
store: issuer.db
sealing_key: sealing.key
listeners:
  - address: 127.0.0.1:0
    serves: [public, api, ops]
    tls: {{certificate: "{certificate}", key: "{key}"}}
keys: {{algorithm: {algorithm}}}
tokens:
  backdate: 0s
  max_lifetime: {max_lifetime}s
  audiences: {audiences}
limits: {{body_bytes: 3145728}}
"""


def public_pem(jwk):
    return jwt.PyJWK(jwk).key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


class NoAnswer(Exception):
    pass


class Server:
    """Lives in a directory of its own; `certificate` and `key` are files for TLS."""

    def __init__(self, directory, programs, certificate, key):
        self.directory = directory
        self.programs = programs
        self.tls_files = (certificate, key)
        self.config = os.path.join(directory, "issuerd.yaml")
        self.clock = os.path.join(directory, "clock")
        self.store = os.path.join(directory, "issuer.db")
        self.now = 0
        self.daemon = None
        self.same_secrets = {}  # who has several is known here by one of them

    def set_clock(self, now):
        """Time never goes back: a recording's dates may, by the order of its lines."""
        self.now = max(self.now, now)
        with open(self.clock + ".new", "w", encoding="ascii") as out:
            out.write("%d %d\n" % (self.now, self.now))
        os.rename(self.clock + ".new", self.clock)

    def configure(self, world):
        self.base = urllib.parse.urlsplit(world.issuer).path.rstrip("/")
        with open(self.config, "w", encoding="utf-8") as out:
            out.write(CONFIGURATION.format(
                issuer=world.issuer,
                certificate=self.tls_files[0],
                key=self.tls_files[1],
                algorithm=world.algorithm,
                max_lifetime=world.max_lifetime,
                audiences=json.dumps(world.audiences),
            ))

    def environment(self):
        return {**os.environ, "TEST_CLOCK": self.clock}

    def ctl(self, *arguments):
        done = subprocess.run(
            [os.path.join(self.programs, "issuerctl-test"), "-c", self.config, *arguments],
            env=self.environment(), capture_output=True, text=True, check=False,
        )
        if done.returncode != 0:
            raise RuntimeError("issuerctl %s: %s" % (" ".join(arguments), done.stderr.strip()))

    def create(self, world, users, keys, now):
        self.set_clock(now)
        self.configure(world)
        self.ctl("init")
        for jwk in keys.values():
            self.add_key(jwk)
        for user in users:
            self.add_user(user)

    def add_key(self, jwk):
        """If it is one that issuerd takes; else its tokens are not good here, which shows in each
        exchange that has one."""
        path = os.path.join(self.directory, "key.pem")
        try:
            with open(path, "wb") as out:
                out.write(public_pem(jwk))
            self.ctl("key", "import", path, "--verify-only", "--until", "30d")
        except Exception:  # of several libraries
            pass

    def add_user(self, user):
        row = {"issuer": "main", "name": user.name}
        self.same_secrets.update((other, user.secret) for other in user.other_secrets)
        with sqlite3.connect(self.store) as db:
            if user.secret:
                db.execute(
                    "INSERT INTO client (issuer, name, kind, secret_hash, created_at)"
                    " VALUES ('main', ?, 'bearer', ?, 0)",
                    (user.name, hashlib.sha256(user.secret.encode()).hexdigest()),
                )
            for group in user.groups:
                db.execute("INSERT INTO client_group VALUES ('main', ?, ?)", (user.name, group))
            for namespace in sorted(user.namespaces):
                grant = db.execute(
                    "INSERT INTO \"grant\" (issuer, verb, user_name, namespace, name, max_ttl,"
                    " created_at) VALUES (:issuer, 'token', :name, :namespace, '*', 4294967296, 0)",
                    {**row, "namespace": namespace},
                )
                db.execute("INSERT INTO grant_audience VALUES (?, '*', 'main')", (grant.lastrowid,))
            if user.is_reviewer:
                db.execute(
                    "INSERT INTO \"grant\" (issuer, verb, user_name, namespace, name, max_ttl,"
                    " created_at) VALUES (:issuer, 'review', :name, '*', '*', 0, 0)", row,
                )
        db.close()

    def hold(self, objects):
        """Exactly these service accounts, pods and nodes; of two with one uid, the first."""
        with sqlite3.connect(self.store) as db:
            for table in ("service_account", "pod", "node"):
                db.execute("DELETE FROM " + table)
            db.executemany(
                "INSERT OR IGNORE INTO service_account VALUES ('main', ?, ?, ?, '{}', 0)",
                [(*key, uid) for key, uid in objects.accounts.items()],
            )
            db.executemany(
                "INSERT OR IGNORE INTO pod VALUES ('main', ?, ?, ?, ?, ?, 0)",
                [(*key, *pod) for key, pod in objects.pods.items()],
            )
            db.executemany(
                "INSERT OR IGNORE INTO node VALUES ('main', ?, ?, 0)",
                list(objects.nodes.items()),
            )
        db.close()

    def start(self):
        reader, writer = os.pipe()
        with open(os.path.join(self.directory, "log"), "wb") as log:
            self.daemon = subprocess.Popen(
                [os.path.join(self.programs, "issuerd-test"), "-c", self.config, "-R", str(writer)],
                env=self.environment(), stderr=log, pass_fds=[writer], stdin=subprocess.DEVNULL,
            )
        os.close(writer)
        with os.fdopen(reader, encoding="ascii") as ready:
            line = ready.readline()
        if not line:
            self.stop()
            raise RuntimeError("issuerd did not start: " + open(log.name, encoding="utf-8").read())
        self.port = int(line.split()[1].rpartition(":")[2])

    def stop(self):
        """What it ends with; 0 is as it should be."""
        if self.daemon is None:
            return 0
        self.daemon.terminate()
        ended, self.daemon = self.daemon.wait(), None
        return ended

    def restart_if_ended(self):
        """What it had ended with, or 0."""
        ended = self.daemon.poll()
        if ended is not None:
            self.start()
        return ended or 0

    def known_secret(self, name, value):
        """A header's value, with the secret that we know its sender by."""
        words = value.split(" ", 1)
        if name.lower() == "authorization" and words[-1] in self.same_secrets:
            words[-1] = self.same_secrets[words[-1]]
        return " ".join(words)

    def ask(self, exchange):
        """The answer to a recorded request. NoAnswer says why there is none."""
        try:
            return Answer(*self.send(exchange))
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer(why(error)) from error

    def send(self, exchange):
        """Status, headers, body."""
        context = ssl.create_default_context(cafile=self.tls_files[0])
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # what is asked here is no secret
        lines = ["%s %s%s HTTP/1.1" % (exchange.method, self.base, exchange.target)]
        lines += ["%s: %s" % (name, self.known_secret(name, value))
                  for name, value in exchange.headers]
        head = "\r\n".join(lines) + "\r\n\r\n"
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as plain:
            with context.wrap_socket(plain) as connection:
                try:
                    connection.sendall(head.encode() + exchange.body)
                except OSError:
                    pass  # refused unread; the answer says so
                response = http.client.HTTPResponse(connection, method=exchange.method)
                response.begin()
                return response.status, response.getheaders(), response.read()

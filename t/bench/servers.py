# servers.py - the servers that make bench compares: how each is set up and started, and what is
# asked of it. All listen on loopback and keep what they write in a directory of their own.
# SPDX-License-Identifier: Apache-2.0
import base64
import json
import os
import random
import shutil
import socket
import sqlite3
import subprocess
import time
import urllib.request
import uuid

BENCH = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(BENCH))
CONNECTIONS = 14000  # of a listener; one address gets three quarters of them


class Missing(Exception):
    """A peer that cannot be set up here, and why."""


def free_port():
    while True:  # below the range of outgoing connections, as t/lib/port.sh does
        port = random.randrange(20000, 32000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def run(*argv, **more):
    done = subprocess.run(argv, capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise Missing("%s: %s" % (os.path.basename(argv[0]),
                                  (done.stderr or done.stdout).strip().split("\n")[-1]))
    return done.stdout


def need(program):
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    if not path:
        raise Missing("no %s" % program)
    return path


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def make_directory(path):
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path, mode=0o700)
    return path


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return [int(p) for p in f.read().split()]


class Server:
    """One started program; `pids` are the processes whose CPU and memory are its own."""
    process = None

    def launch(self, *argv, **more):
        log = open(os.path.join(self.dir, "log"), "a")
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=log,
                                        start_new_session=True, **{"stdout": log, **more})
        log.close()

    def launch_ready(self, *argv, **more):
        """For programs that print a line once they serve."""
        self.launch(*argv, stdout=subprocess.PIPE, **more)
        if not self.process.stdout.readline():
            raise Missing("%s did not start: see %s/log" % (argv[0], self.dir))

    def wait_port(self, port):
        for _ in range(200):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", port)) == 0:
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise Missing("%s did not start: see %s/log" % (self.name, self.dir))

    @property
    def pids(self):
        return [self.process.pid] + children(self.process.pid)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


# ---- ours ----

CONF = """issuers:
  - name: bench
    url: https://127.0.0.1:{tls}
store: issuer.db
sealing_key: sealing.key
listeners:
  - address: 127.0.0.1:{plain}
    serves: [public, api]
  - address: 127.0.0.1:{tls}
    serves: [public, api]
    tls: {{certificate: server.pem, key: server.key}}
  - address: 127.0.0.1:{public}
    serves: [public]
  - address: 127.0.0.1:{ops}
    serves: [ops]
limits:
  connections: {connections}
"""

ACCOUNTS_SQL = """
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :count)
INSERT INTO service_account (issuer, namespace, name, uid, annotations, created_at)
SELECT 'bench', 'many', printf('a%07d', i), uuid(), '{}', 1 FROM n"""
PODS_SQL = """
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :count)
INSERT INTO pod (issuer, namespace, name, uid, account, node, created_at)
SELECT 'bench', 'many', printf('p%07d', i), uuid(), printf('a%07d', i), NULL, 1 FROM n"""


class Ours(Server):
    name = "issuerd"

    def __init__(self, work, builddir, accounts=10, pods=10):
        self.dir = make_directory(work)
        self.bin = builddir
        self.conf = os.path.join(work, "issuerd.yaml")
        self.plain, self.tls, self.ops = free_port(), free_port(), free_port()
        self.public = free_port()
        self.accounts, self.pods = accounts, pods
        write(self.conf, CONF.format(plain=self.plain, tls=self.tls, ops=self.ops,
                                     public=self.public, connections=CONNECTIONS))
        self.make_certificate()
        self.populate()

    def make_certificate(self):
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
            "-keyout", "server.key", "-out", "server.pem", cwd=self.dir)
        os.chmod(os.path.join(self.dir, "server.key"), 0o600)

    def ctl(self, *argv):
        return run(os.path.join(self.bin, "issuerctl"), "-c", self.conf, *argv)

    def populate(self):
        secret = os.path.join(self.dir, "client.secret")
        self.ctl("init")
        self.ctl("sa", "create", "bench/app")
        self.ctl("client", "create", "bench", "--group", "bench", "--secret-file", secret)
        self.ctl("grant", "add", "group:bench", "bench/app", "--audience", "*")
        self.ctl("grant", "add", "group:bench", "many/*", "--audience", "*")
        self.ctl("grant", "add", "group:bench", "--tokenreviews")
        db = sqlite3.connect(os.path.join(self.dir, "issuer.db"))
        db.create_function("uuid", 0, lambda: str(uuid.uuid4()))
        with db:
            db.execute(ACCOUNTS_SQL, {"count": self.accounts})
            db.execute(PODS_SQL, {"count": self.pods})
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
        with open(secret) as f:
            self.secret = f.read().strip()

    def start(self):
        self.launch(os.path.join(self.bin, "issuerd"), "-c", self.conf)
        self.wait_port(self.ops)

    def url(self, path, is_tls=False):
        scheme, port = ("https", self.tls) if is_tls else ("http", self.plain)
        return "%s://127.0.0.1:%d%s" % (scheme, port, path)

    def headers(self, bearer=None):
        return ["Authorization: Bearer " + (bearer or self.secret),
                "Content-Type: application/json"]

    def mint(self, is_tls=False, name="bench/serviceaccounts/app", bound=None):
        spec = {"audiences": ["sts.amazonaws.com"], "expirationSeconds": 3600}
        if bound:
            spec["boundObjectRef"] = {"kind": "Pod", "apiVersion": "v1", "name": bound}
        return {"url": self.url("/api/v1/namespaces/%s/token" % name, is_tls),
                "headers": self.headers(), "body": json.dumps({"spec": spec})}

    def jwks(self):
        return {"url": self.url("/openid/v1/jwks")}

    def jwks_apart(self):
        """From the listener that serves nothing else."""
        return {"url": "http://127.0.0.1:%d/openid/v1/jwks" % self.public}

    def token(self):
        """For our own API."""
        asked = urllib.request.Request(
            self.mint()["url"], b'{"spec": {}}',
            dict(h.split(": ", 1) for h in self.headers()))
        with urllib.request.urlopen(asked) as answer:
            return json.load(answer)["status"]["token"]

    def review(self, token):
        body = {"kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1",
                "spec": {"token": token}}
        return {"url": self.url("/apis/authentication.k8s.io/v1/tokenreviews"),
                "headers": self.headers(), "body": json.dumps(body)}

    def index(self, bearer):
        return {"url": self.url("/api"), "headers": self.headers(bearer)}


# ---- peers that publish ----

NGINX = """{user}worker_processes 1;
daemon off;
pid {dir}/pid;
error_log {dir}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  sendfile on;
  keepalive_requests 1000000000;
  client_body_temp_path {dir}/body;
  proxy_temp_path {dir}/proxy;
  fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi;
  scgi_temp_path {dir}/scgi;
  types {{ }}
  default_type application/jwk-set+json;
  add_header Cache-Control "public, max-age=300";
  add_header Access-Control-Allow-Origin "*";
  add_header X-Content-Type-Options nosniff;
  server {{
    listen 127.0.0.1:{port};
    location = /file {{ root {dir}; }}
    location = /memory {{ return 200 '{jwks}'; }}
  }}
}}
"""


class Nginx(Server):
    name = "nginx"

    def __init__(self, work, jwks):
        self.dir = make_directory(work)
        self.program = need("nginx")
        self.port = free_port()
        write(work + "/file", jwks)
        write(work + "/nginx.conf", NGINX.format(
            user="user root;\n" if os.geteuid() == 0 else "",  # else it could not read our files
            dir=work, port=self.port, jwks=jwks.strip()))

    def start(self):
        self.launch(self.program, "-p", self.dir, "-c", self.dir + "/nginx.conf")
        self.wait_port(self.port)

    def get(self, what):
        return {"url": "http://127.0.0.1:%d/%s" % (self.port, what)}


# ---- peers that mint ----

def make_key(path):
    run("openssl", "genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048",
        "-out", path)


def basic():
    return "Authorization: Basic " + base64.b64encode(b"bench:bench-secret").decode()


class Go(Server):
    name = "Go net/http + crypto/rsa"

    def __init__(self, work):
        self.dir = make_directory(work)
        env = dict(os.environ, GOCACHE=work + "/cache", GO111MODULE="off", GOFLAGS="")
        run(need("go"), "build", "-o", work + "/issuer", BENCH + "/peers/go/issuer.go", env=env,
            cwd=work)
        self.version = run("go", "version").split()[2]
        make_key(work + "/key.pem")
        self.port = free_port()

    def start(self):
        self.launch_ready(self.dir + "/issuer", "127.0.0.1:%d" % self.port,
                          self.dir + "/key.pem")

    def mint(self):
        body = {"spec": {"audiences": ["sts.amazonaws.com"], "expirationSeconds": 3600}}
        return {"url": "http://127.0.0.1:%d/token" % self.port, "body": json.dumps(body),
                "headers": ["Authorization: Bearer bench-secret"]}


class Node(Server):
    name = "node oidc-provider"

    def __init__(self, work):
        self.dir = make_directory(work)
        for name in ("issuer.js", "package.json", "package-lock.json"):
            shutil.copy(BENCH + "/peers/node/" + name, work)
        run(need("npm"), "ci", "--no-audit", "--no-fund", cwd=work)
        with open(work + "/node_modules/oidc-provider/package.json") as f:
            self.version = "%s on node %s" % (json.load(f)["version"],
                                              run("node", "--version").strip())
        make_key(work + "/key.pem")
        self.port = free_port()

    def start(self):
        self.launch_ready("node", "issuer.js", str(self.port), "key.pem", cwd=self.dir,
                          env=dict(os.environ, NODE_ENV="production"))

    def mint(self):
        return {"url": "http://127.0.0.1:%d/token" % self.port,
                "headers": [basic(), "Content-Type: application/x-www-form-urlencoded"],
                "body": "grant_type=client_credentials"}


GLEWLWYD = """port={port}
bind_address="127.0.0.1"
external_url="http://127.0.0.1:{port}/"
login_url="login.html"
api_prefix="api"
log_mode="file"
log_level="ERROR"
log_file="{dir}/glewlwyd.log"
cookie_secure=0
session_expiration=86400
session_key="GLEWLWYD2_SESSION_ID"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
use_secure_connection=false
secure_connection_key_file="{dir}/key.pem"
secure_connection_pem_file="{dir}/pub.pem"
secure_connection_ca_file="{dir}/pub.pem"
hash_algorithm="SHA512"
database = {{ type = "sqlite3" path = "{dir}/glewlwyd.db" }};
"""


class Glewlwyd(Server):
    name = "glewlwyd"

    def __init__(self, work):
        self.dir = make_directory(work)
        self.program = need("glewlwyd")
        self.version = run("dpkg-query", "-W", "-f", "${Version}", "glewlwyd")
        schema = run("zcat", "/usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz")
        db = sqlite3.connect(work + "/glewlwyd.db")
        db.executescript(schema)
        db.close()
        make_key(work + "/key.pem")
        run("openssl", "pkey", "-in", work + "/key.pem", "-pubout", "-out", work + "/pub.pem")
        self.port = free_port()
        write(work + "/glewlwyd.conf", GLEWLWYD.format(port=self.port, dir=work))

    def api(self, path):
        return "http://127.0.0.1:%d/api/%s" % (self.port, path)

    def post(self, opener, path, what):
        asked = urllib.request.Request(self.api(path), json.dumps(what).encode(),
                                       {"Content-Type": "application/json"})
        opener.open(asked).read()

    def start(self):
        self.launch(self.program, "--config-file=" + self.dir + "/glewlwyd.conf")
        self.wait_port(self.port)
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        try:
            self.post(opener, "auth/", {"username": "admin", "password": "password"})
            self.post(opener, "mod/plugin/", self.plugin())
            self.post(opener, "scope/", {"name": "bench", "display_name": "bench"})
            # client_secret is compared as it is; a password would cost a PBKDF2 each time.
            self.post(opener, "client/", {
                "client_id": "bench", "client_secret": "bench-secret", "enabled": True,
                "confidential": True, "authorization_type": ["client_credentials"],
                "scope": ["bench"], "redirect_uri": [],
                "token_endpoint_auth_method": ["client_secret_basic"]})
        except OSError as why:
            raise Missing("glewlwyd could not be set up: %s" % why)

    def plugin(self):
        flows = ("code", "token", "implicit", "password", "refresh", "none", "device")
        with open(self.dir + "/key.pem") as key, open(self.dir + "/pub.pem") as pub:
            parameters = {
                "iss": self.api("oidc"), "jwt-type": "rsa", "jwt-key-size": "256",
                "key": key.read(), "cert": pub.read(), "access-token-duration": 3600,
                "refresh-token-duration": 86400, "code-duration": 600,
                "refresh-token-rolling": True, "allow-non-oidc": True, "subject-type": "public",
                "auth-type-client-enabled": True,
                **{"auth-type-%s-enabled" % flow: False for flow in flows}}
        return {"module": "oidc", "name": "oidc", "display_name": "oidc", "order_rank": 0,
                "readonly": False, "parameters": parameters}

    def mint(self):
        return {"url": self.api("oidc/token"),
                "headers": [basic(), "Content-Type: application/x-www-form-urlencoded"],
                "body": "grant_type=client_credentials&scope=bench"}

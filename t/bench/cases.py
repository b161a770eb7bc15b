# cases.py - what make bench measures. A case is a function that gives one sample, a dict of
# numbers; cases that are compared run in turn, round after round (bench.py), so that whatever else
# the machine does falls on all of them.
# SPDX-License-Identifier: Apache-2.0
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import time

import servers

CORES = os.cpu_count()
WARMUP_S = 0.3
BUSY = 64  # connections that keep a server busy
IDLE_CONNECTIONS = 10000
OVERLOAD_READ_S = 15  # one answer may take seconds
OVERLOAD_CONNECTIONS = 6000  # more than the 4096 requests that may be under way
RANDOM = "%%%%%%%"  # where load.c puts a number


def say(text):
    print("bench: " + text, file=sys.stderr, flush=True)


def mappings(pid):
    """(file and offset, resident KiB, of that anonymous) of each mapping."""
    with open("/proc/%d/smaps" % pid) as f:
        for one in re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", f.read(), flags=re.M)[1:]:
            head = one.split("\n", 1)[0].split()
            size = dict(re.findall(r"^(\w+): +(\d+) kB", one, re.M))
            yield " ".join(head[2:]), int(size["Rss"]), int(size["Anonymous"])


def resident_kib(pids):
    """What the processes hold together: pages of a file that several map are there once."""
    own, shared = 0, {}
    for pid in pids:
        for where, resident, anonymous in mappings(pid):
            own += anonymous
            shared[where] = max(shared.get(where, 0), resident - anonymous)
    return own + sum(shared.values())


def fsync_us(directory, count=100):
    """The median of an append of 4 KiB with fdatasync, as a commit does it."""
    path = os.path.join(directory, "fsync")
    took = []
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for _ in range(count):
        os.write(fd, b"x" * 4096)
        began = time.monotonic()
        os.fdatasync(fd)
        took.append((time.monotonic() - began) * 1e6)
    os.close(fd)
    os.unlink(path)
    return statistics.median(took)


class Cases:
    def __init__(self, work, builddir, seconds, wants):
        self.work, self.builddir = work, builddir
        self.seconds = seconds
        self.load_program = os.path.join(builddir, "t/bench/load")
        self.wants = wants
        self.started = []
        self.missing = {}  # peer: why

    # ---- servers ----

    def ours(self, name, **more):
        return servers.Ours(os.path.join(self.work, name), self.builddir, **more)

    def start(self, server):
        server.start()
        self.started.append(server)
        return server

    @contextlib.contextmanager
    def running(self, server):
        self.start(server)
        yield server
        server.stop()

    def peer(self, make, name, *argv):
        say("setting up " + name)
        try:
            return self.start(make(os.path.join(self.work, name), *argv))
        except servers.Missing as why:
            self.missing[name] = str(why)
            say("%s is left out: %s" % (name, why))
            return None

    def stop(self):
        for server in self.started:
            server.stop()

    # ---- samples ----

    def load_argv(self, request, connections, *more):
        argv = [self.load_program, "-c", str(connections), *more]
        for header in request.get("headers", []):
            argv += ["-H", header]
        if "body" in request:
            argv += ["-d", request["body"]]
        return argv + [request["url"]]

    def load(self, server, request, connections, *more, seconds=None):
        pids = [a for pid in server.pids for a in ("-p", str(pid))]
        done = subprocess.run(
            self.load_argv(request, connections, "-t", str(seconds or self.seconds), "-w",
                           str(WARMUP_S), *pids, *more), capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit("bench: %s: errors under load: %s%s" % (
                server.name, done.stdout, done.stderr))
        sample = json.loads(done.stdout)
        sample["cpu_us"] = sample["server_cpu_s"] * 1e6 / sample["answers"]
        sample["per_s"] = sample["answers"] / sample["seconds"]
        sample["load_share"] = sample["load_cpu_s"] / sample["seconds"]  # of one core
        return sample

    def limit(self):
        """One signature and one verification in CPU time of one process."""
        out = servers.run("openssl", "speed", "-seconds", "1", "rsa2048")
        sign, verify = re.findall(r"rsa 2048 bits.*?(\S+) +(\S+)$", out, re.M)[0]
        return {"cpu_us": 1e6 / float(sign), "verify_us": 1e6 / float(verify),
                "fsync_us": fsync_us(self.work)}

    def limit_all(self):
        """Signatures per second of all cores together."""
        out = servers.run("openssl", "speed", "-elapsed", "-multi", str(CORES), "-seconds",
                          "1", "rsa2048")
        sign = re.findall(r"rsa 2048 bits.*?(\S+) +(\S+)$", out, re.M)[0][0]
        return {"per_s": float(sign)}

    def jwks_saturated(self, ours, request):
        """One paced reader, while 64 connections mint."""
        mint = subprocess.Popen(
            self.load_argv(ours.mint(), BUSY, "-t", str(self.seconds + 1)),
            stdout=subprocess.DEVNULL)
        time.sleep(0.5)
        sample = self.load(ours, request, 1, "-g", "1000")
        del sample["cpu_us"], sample["per_s"]  # of both loads together
        mint.wait()
        return sample

    # ---- the rounds ----

    def compared(self):
        """(key, function) of all cases that run in turn; sets up what they need."""
        cases = [("limit", self.limit), ("limit_all", self.limit_all)]
        say("setting up issuerd")
        ours = self.start(self.ours("ours"))

        def add(group, key, *argv, **more):
            if self.wants(group):
                cases.append((key, lambda: self.load(*argv, **more)))

        add("mint", "mint", ours, ours.mint(), BUSY)
        add("mint", "mint_1", ours, ours.mint(), 1)
        add("mint", "mint_tls", ours, ours.mint(is_tls=True), BUSY)
        if self.wants("peers"):
            for key, make, name in (("go", servers.Go, "go"), ("node", servers.Node, "node"),
                                    ("glewlwyd", servers.Glewlwyd, "glewlwyd")):
                peer = self.peer(make, name)
                if peer:
                    add("peers", key, peer, peer.mint(), BUSY)
        add("jwks", "jwks", ours, ours.jwks(), BUSY)
        if self.wants("jwks"):
            cases.append(("jwks_saturated", lambda: self.jwks_saturated(ours, ours.jwks())))
            cases.append(("jwks_saturated_apart",
                          lambda: self.jwks_saturated(ours, ours.jwks_apart())))
            self.add_nginx(ours, add)
        if self.wants("review"):
            token = ours.token()
            add("review", "review", ours, ours.review(token), BUSY)
            add("review", "bearer", ours, ours.index(token), BUSY)
            add("review", "secret", ours, ours.index(ours.secret), BUSY)
        if self.wants("many"):
            self.add_many(add)
        return cases

    def add_nginx(self, ours, add):
        out = subprocess.run(["curl", "-s", ours.jwks()["url"]], capture_output=True, text=True)
        peer = self.peer(servers.Nginx, "nginx", out.stdout)
        if peer:
            add("jwks", "nginx_file", peer, peer.get("file"), BUSY)
            add("jwks", "nginx_memory", peer, peer.get("memory"), BUSY)

    def add_many(self, add):
        say("setting up a store with a million service accounts")
        for name, accounts, pods in (("ten", 10, 10), ("million", 1000000, 100000)):
            ours = self.start(self.ours(name, accounts=accounts, pods=pods))
            account = "many/serviceaccounts/a" + RANDOM
            add("many", "mint_" + name, ours, ours.mint(name=account), BUSY, "-r", str(accounts))
            add("many", "bound_" + name, ours, ours.mint(name=account, bound="p" + RANDOM), BUSY,
                "-r", str(pods))

    # ---- once ----

    def start_to_token(self):
        """Of an existing store: from exec to the first token, in milliseconds."""
        ours = self.ours("start")
        with self.running(ours):
            pass
        took = []
        for _ in range(7):
            began = time.monotonic()
            ours.launch(os.path.join(self.builddir, "issuerd"), "-c", ours.conf)
            done = subprocess.run(self.load_argv(ours.mint(), 1, "-s", "5000"),
                                  stdout=subprocess.DEVNULL)
            took.append((time.monotonic() - began) * 1e3)
            ours.stop()
            if done.returncode != 0:
                raise SystemExit("bench: no token after a start")
        return {"ms": statistics.median(took), "max_ms": max(took)}

    def memory(self):
        """Resident KiB: after a first token, and with idle connections."""
        ours = self.ours("memory")
        with self.running(ours):
            subprocess.run(self.load_argv(ours.mint(), 1, "-s", "5000"), check=True,
                           stdout=subprocess.DEVNULL)
            before = resident_kib(ours.pids)
            idle = subprocess.Popen(self.load_argv(ours.jwks(), IDLE_CONNECTIONS, "-i"),
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            if not idle.stdout.readline():
                raise SystemExit("bench: no %d connections" % IDLE_CONNECTIONS)
            after = resident_kib(ours.pids)
            idle.stdin.close()
            idle.wait()
        return {"idle_kib": before, "connections": IDLE_CONNECTIONS,
                "per_connection_kib": (after - before) / IDLE_CONNECTIONS}

    def soak(self, tokens):
        """Resident KiB once all places are warm, and after all."""
        warm = max(tokens // 10, 50000)
        ours = self.ours("soak")
        with self.running(ours):
            done, first = 0, None
            while done < tokens:
                done += self.load(ours, ours.mint(), BUSY, seconds=5)["answers"]
                if first is None and done >= warm:
                    first = resident_kib(ours.pids)
                say("%d tokens, %d KiB" % (done, resident_kib(ours.pids)))
            last = resident_kib(ours.pids)
        return {"tokens": done, "warm": warm, "first_kib": first, "last_kib": last}

    def overload(self):
        """More requests at a time than the signer takes; readers of the JWKS beside them."""
        ours = self.ours("overload")
        seconds = max(self.seconds, OVERLOAD_READ_S)
        with self.running(ours):
            self.load(ours, ours.mint(), BUSY)
            before = resident_kib(ours.pids)
            mint = subprocess.Popen(
                self.load_argv(ours.mint(), OVERLOAD_CONNECTIONS, "-a", "-w", "2", "-t",
                               str(2 * seconds + 5)), stdout=subprocess.PIPE)
            time.sleep(3)
            same = self.load(ours, ours.jwks(), 1, "-g", "1000", seconds=seconds)
            middle = resident_kib(ours.pids)
            apart = self.load(ours, ours.jwks_apart(), 1, "-g", "1000", seconds=seconds)
            after = resident_kib(ours.pids)
            sample = json.loads(mint.communicate()[0])
        return {"statuses": sample["statuses"], "told_when": sample["told_when"],
                "broken": sample["broken"], "jwks_same_listener_p99_us": same["p99_us"],
                "jwks_listener_apart_p99_us": apart["p99_us"], "before_kib": before,
                "middle_kib": middle, "after_kib": after}

    def audit(self):
        import audit  # which needs this file
        return audit.measure(os.path.join(self.work, "audit"), self.builddir,
                             int(os.environ.get("BENCH_RECORDS", "10000000")))

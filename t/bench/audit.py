# audit.py - make bench-audit: finding records in a big audit, and verifying all of it.
#
# Environment: BENCH_RECORDS (default 10000000; about 450 bytes of disk each). The records are those
# of tokens, for ten thousand subjects in thirty days, hashed as store/chain.c does and written by
# way of the same indexes; verify would notice if not.
# SPDX-License-Identifier: Apache-2.0
import hashlib
import json
import os
import random
import shutil
import sqlite3
import statistics
import struct
import subprocess
import time

import cases
import servers

SUBJECTS = 10000
DAY = 86400
DAYS = 30
LOOKS = 9  # at each search
NOTHING = struct.pack(">Q", 2**64 - 1)
INSERT = """INSERT INTO audit (issuer, at, event, actor, auth, peer, agent, subject, audience, asked,
lifetime, bound, rule, jti, kid, exp, outcome, detail, hash)
VALUES ('bench', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""


def subject(number):
    return "system:serviceaccount:many:a%07d" % number


def packed(member):
    if member is None:
        return NOTHING
    if isinstance(member, int):
        return struct.pack(">Qq", 8, member)
    member = member.encode()
    return struct.pack(">Q", len(member)) + member


def tokens(count, kid, begin, chance):
    """Members of an audit row, in the order of the table, without issuer and hash."""
    for i in range(count):
        at = begin + i * DAYS * DAY // count
        yield (at, "token.issued", "bench", "secret", "10.0.%d.%d:40000" % (i >> 8 & 255, i & 255),
               "issuer-agent/1", subject(chance.randrange(SUBJECTS)), '["sts.amazonaws.com"]', 3600,
               3600, None, "grant 2",
               "%08x-0000-4000-8000-%012x" % (chance.getrandbits(32), i), kid, at + 3600, "ok", None)


class Chain:
    def __init__(self, seq, head):
        self.seq, self.head = seq, head
        self.issuer = packed("bench")

    def linked(self, rows):
        for row in rows:
            self.head = hashlib.sha256(
                self.head + self.issuer + b"".join(map(packed, row))).digest()
            self.seq += 1
            yield row + (self.head,)


def fill(path, count, begin):
    db = sqlite3.connect(path)
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA cache_size = -500000")
    kid = db.execute("SELECT kid FROM signing_key").fetchone()[0]
    chain = Chain(*db.execute("SELECT audit_seq, audit_hash FROM issuer").fetchone())
    rows = chain.linked(tokens(count, kid, begin, random.Random(1)))
    with db:
        db.executemany(INSERT, rows)
        db.execute("UPDATE issuer SET audit_seq = ?, audit_hash = ?", (chain.seq, chain.head))
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def drop_cache(path):
    with open(path, "rb") as f:
        os.fdatasync(f.fileno())
        os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def timed_ms(ours, *argv):
    began = time.monotonic()
    out = ours.ctl(*argv)
    return (time.monotonic() - began) * 1e3, out


def searches(ours, path, begin):
    """(what, records found, median ms, most ms), then the same once with nothing in memory."""
    rfc3339 = lambda at: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
    chance = random.Random(2)
    for what, since in (("the last day", begin + (DAYS - 1) * DAY), ("all thirty days", begin)):
        argv = lambda: ("audit", "list", "--subject", subject(chance.randrange(SUBJECTS)), "--since",
                        rfc3339(since), "--limit", "10000", "-o", "json")
        looks = [timed_ms(ours, *argv()) for _ in range(LOOKS)]
        took = [ms for ms, _ in looks]
        found = statistics.median(len(json.loads(out)) for _, out in looks)
        yield what, found, statistics.median(took), max(took)
        drop_cache(path)
        cold, out = timed_ms(ours, *argv())
        yield what + ", file not in memory", len(json.loads(out)), cold, cold


def measure(work, builddir, count):
    """The searches, and how fast all of it is verified."""
    ours = servers.Ours(work, builddir)
    path = os.path.join(ours.dir, "issuer.db")
    begin = int(time.time()) - DAYS * DAY
    try:
        cases.say("writing %d records" % count)
        fill(path, count, begin)
        size = os.path.getsize(path)
        looks = [dict(zip(("what", "records", "median_ms", "most_ms"), row))
                 for row in searches(ours, path, begin)]
        ms, out = timed_ms(ours, "audit", "verify", "-o", "json")
        records = json.loads(out)["records"]
        return {"records": records, "bytes": size, "looks": looks, "verify_s": ms / 1e3,
                "verify_per_s": records / ms * 1e3}
    finally:
        shutil.rmtree(ours.dir)


def main():
    builddir = os.path.abspath(os.environ.get("BUILDDIR", "."))
    count = int(os.environ.get("BENCH_RECORDS", "10000000"))
    load = os.getloadavg()[0]
    found = measure(os.path.join(builddir, "t", "work", "bench-audit"), builddir, count)
    print("%d records, %.1f GB; load average %.1f" % (count, found["bytes"] / 1e9, load))
    print("\n| audit list --subject S --since | records | median ms | most ms |")
    print("|---|---|---|---|")
    for look in found["looks"]:
        print("| %(what)s | %(records)d | %(median_ms).1f | %(most_ms).1f |" % look)
    print("\naudit verify: %d records in %.1f s, %.0f a second" % (
        found["records"], found["verify_s"], found["verify_per_s"]))


if __name__ == "__main__":
    main()

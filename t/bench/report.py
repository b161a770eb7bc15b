# report.py - what make bench says in the end: a table of medians, and the goals beside what was
# reached. The goals are those of the design (7) as ratios within one run.
# SPDX-License-Identifier: Apache-2.0
import statistics

FIGURES = ("cpu_us", "per_s", "p50_us", "p99_us", "load_share")

TITLES = {
    "limit": "openssl speed rsa2048, one process",
    "limit_all": "openssl speed rsa2048, all cores",
    "mint": "mint, HTTP, 64 connections",
    "mint_1": "mint, HTTP, 1 connection",
    "mint_tls": "mint, TLS, 64 connections",
    "go": "minimal issuer in Go",
    "node": "node oidc-provider",
    "glewlwyd": "glewlwyd",
    "jwks": "JWKS, issuerd",
    "jwks_saturated": "JWKS, issuerd, while it mints at full load",
    "jwks_saturated_apart": "the same, from a listener of its own",
    "nginx_file": "JWKS, nginx, from a file",
    "nginx_memory": "JWKS, nginx, from memory",
    "review": "TokenReview",
    "bearer": "GET /api, bearer token of a service account",
    "secret": "GET /api, secret of a client",
    "mint_ten": "mint, one of 10 service accounts",
    "mint_million": "mint, one of 1 000 000 service accounts",
    "bound_ten": "mint for one of 10 pods",
    "bound_million": "mint for one of 100 000 pods",
}


def medians(samples):
    """{key: {figure: median}} of {key: [sample]}."""
    return {key: {figure: statistics.median(s[figure] for s in of)
                  for figure in of[0] if isinstance(of[0][figure], (int, float))}
            for key, of in samples.items()}


def cell(value, form):
    return form % value if value is not None else "-"


def table(found, missing):
    lines = ["| what | CPU us | x signature | per second | p50 ms | p99 ms | generator's core |",
             "|---|---|---|---|---|---|---|"]
    sign = found["limit"]["cpu_us"]
    for key, figures in found.items():
        cpu, per_s, p50, p99, share = (figures.get(f) for f in FIGURES)
        lines.append("| %s | %s | %s | %s | %s | %s | %s |" % (
            TITLES[key], cell(cpu, "%.1f"), cell(cpu and cpu / sign, "%.2f"),
            cell(per_s, "%.0f"), cell(p50 and p50 / 1000, "%.2f"),
            cell(p99 and p99 / 1000, "%.2f"), cell(share and share * 100, "%.0f %%")))
    lines += ["| %s | left out: %s | | | | | |" % (TITLES.get(name, name), why)
              for name, why in missing.items()]
    return lines


class Goals:
    """Collects (what, value, comparison, goal, unit); those without their numbers are not there."""

    def __init__(self, found, once, cores):
        self.found, self.once, self.cores = found, once, cores
        self.rows = []

    def get(self, key, figure):
        return self.found.get(key, self.once.get(key, {})).get(figure)

    def add(self, what, value, at_most=None, at_least=None, unit=""):
        if value is None:
            return
        is_reached = value <= at_most if at_most is not None else value >= at_least
        self.rows.append({"what": what, "value": value, "unit": unit, "reached": is_reached,
                          "goal": at_most if at_most is not None else at_least,
                          "is_upper": at_most is not None})

    def ratio(self, what, of, to, at_most=None, at_least=None):
        a, b = self.get(*of), self.get(*to)
        self.add(what, a / b if a and b else None, at_most, at_least, " x")

    def collect(self):
        sign = ("limit", "cpu_us")
        for key, name, goal in (("mint", "CPU per token, 64 connections", 1.18),
                                ("mint_tls", "CPU per token, TLS, 64 connections", 1.21),
                                ("mint_1", "CPU per token, 1 connection", 1.45)):
            self.ratio("%s / one signature" % name, (key, "cpu_us"), sign, at_most=goal)
        self.add_beyond()
        self.add_latency()
        self.add_throughput()
        for key, goal in (("go", 1.5), ("node", 1.25), ("glewlwyd", 4)):
            self.ratio("tokens per CPU second / %s" % TITLES[key], (key, "cpu_us"),
                       ("mint", "cpu_us"), at_least=goal)
        self.ratio("CPU per JWKS / nginx from a file", ("jwks", "cpu_us"),
                   ("nginx_file", "cpu_us"), at_most=0.7)
        self.ratio("CPU per JWKS / nginx from memory", ("jwks", "cpu_us"),
                   ("nginx_memory", "cpu_us"), at_most=1.1)
        for key, where in (("jwks_saturated", "the same listener"),
                           ("jwks_saturated_apart", "a listener of its own")):
            self.ratio("p99 of JWKS while minting at full load, %s / one signature" % where,
                       (key, "p99_us"), sign, at_most=2)
        verify = ("limit", "verify_us")
        self.ratio("CPU per TokenReview / one verification", ("review", "cpu_us"), verify,
                   at_most=2)
        self.ratio("CPU per service account bearer / one verification", ("bearer", "cpu_us"),
                   verify, at_most=2)
        self.ratio("mint, a million accounts / ten", ("mint_million", "cpu_us"),
                   ("mint_ten", "cpu_us"), at_most=1.05)
        self.ratio("mint for a pod, 100 000 pods / ten", ("bound_million", "cpu_us"),
                   ("bound_ten", "cpu_us"), at_most=1.05)
        self.add_once()
        return self.rows

    def add_beyond(self):
        """The ratio's goal, in the time of a machine where a signature takes 745 us."""
        cpu = self.get("mint", "cpu_us")
        if cpu:
            self.add("CPU per token, 64 connections, beyond one signature",
                     cpu - self.found["limit"]["cpu_us"], at_most=0.18 * 745, unit=" us")

    def add_latency(self):
        p50, limit = self.get("mint_1", "p50_us"), self.found["limit"]
        if p50:
            self.add("p50, 1 connection, beyond one signature and one fsync",
                     (p50 - limit["cpu_us"] - limit["fsync_us"]) / 1000, at_most=0.5, unit=" ms")

    def add_throughput(self):
        """The generator's share of the cores is not the server's to use."""
        mint, share = self.get("mint", "per_s"), self.get("mint", "load_share")
        if mint:
            usable = self.found["limit_all"]["per_s"] * (self.cores - share) / self.cores
            self.add("tokens per second / signatures of the cores it could use", mint / usable,
                     at_least=0.85, unit=" x")

    def add_once(self):
        kib = self.get("memory", "idle_kib")
        self.add("resident, both processes, idle", kib and kib / 1024, at_most=16, unit=" MiB")
        self.add("resident per idle connection of 10 000",
                 self.get("memory", "per_connection_kib"), at_most=9, unit=" KiB")
        self.add("start to first token", self.get("start", "ms"), at_most=100, unit=" ms")
        if "soak" in self.once:
            soak = self.once["soak"]
            self.add("resident after %d tokens / after %d" % (soak["tokens"], soak["warm"]),
                     soak["last_kib"] / soak["first_kib"], at_most=1.05, unit=" x")
        if "audit" in self.once:
            audit = self.once["audit"]
            self.add("audit list by subject, the last day of %d records" % audit["records"],
                     audit["looks"][0]["median_ms"], at_most=100, unit=" ms")
            self.add("audit verify, records per second", audit["verify_per_s"],
                     at_least=500000, unit="")
        if "overload" in self.once:
            over = self.once["overload"]
            self.add("resident under overload, end / middle",
                     over["after_kib"] / over["middle_kib"], at_most=1.05, unit=" x")


def goal_lines(rows):
    lines = ["| what | measured | goal | reached |", "|---|---|---|---|"]
    for r in rows:
        lines.append("| %s | %.2f%s | %s %g%s | %s |" % (
            r["what"], r["value"], r["unit"], "<=" if r["is_upper"] else ">=", r["goal"],
            r["unit"], "yes" if r["reached"] else "**no**"))
    return lines

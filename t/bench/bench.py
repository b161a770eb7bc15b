# bench.py - make bench: our daemon, the limit and the peers side by side, in one run, in turn.
#
#   bench.py [--json FILE]
#
# Environment: BENCH_SECONDS per sample (default 4), BENCH_ROUNDS (default 5), BENCH_ONLY: some of
# mint peers jwks review many memory start overload soak audit, separated by commas (default: all);
# BENCH_SOAK=0 mints a hundred thousand tokens instead of a million, BENCH_RECORDS is how many audit
# records there are (default 10000000). The method is in doc/performance.md.
# SPDX-License-Identifier: Apache-2.0
import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import time

import cases
import report
import servers

GROUPS = ("mint", "peers", "jwks", "review", "many", "memory", "start", "overload", "soak",
          "audit")


def chosen():
    asked = os.environ.get("BENCH_ONLY", "")
    groups = [g for g in asked.replace(",", " ").split() if g]
    for g in groups:
        if g not in GROUPS:
            raise SystemExit("bench: BENCH_ONLY: '%s' is none of %s" % (g, " ".join(GROUPS)))
    return groups or list(GROUPS)


def raise_files():
    """Ten thousand connections are as many files, on both sides."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < 2 * cases.IDLE_CONNECTIONS:
        cases.say("only %d open files are allowed: memory and overload will fail" % hard)


def machine():
    with open("/proc/cpuinfo") as f:
        model = [line.split(":")[1].strip() for line in f if line.startswith("model name")]
    commit = subprocess.run(["git", "-C", servers.TOP, "describe", "--always", "--dirty"],
                            capture_output=True, text=True).stdout.strip()
    return {"cpu": model[0] if model else "?", "cores": cases.CORES,
            "kernel": platform.release(), "openssl": servers.run("openssl", "version").strip(),
            "ia32cap": os.environ.get("OPENSSL_ia32cap"), "commit": commit or "?",
            "at": time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime())}


def run_rounds(bench, rounds):
    samples = {}
    in_turn = bench.compared()
    for number in range(rounds):
        for key, measure in in_turn:
            cases.say("round %d of %d: %s" % (number + 1, rounds, report.TITLES[key]))
            samples.setdefault(key, []).append(measure())
    return samples


def run_once(bench, wants):
    once = {}
    is_long = os.environ.get("BENCH_SOAK") != "0"
    for key, measure in (("start", bench.start_to_token), ("memory", bench.memory),
                         ("overload", bench.overload),
                         ("soak", lambda: bench.soak(1000000 if is_long else 100000)),
                         ("audit", bench.audit)):
        if wants(key):
            cases.say(key)
            once[key] = measure()
    return once


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", metavar="FILE", help="write all results there")
    args = parser.parse_args()
    groups = chosen()
    rounds = int(os.environ.get("BENCH_ROUNDS", "5"))
    seconds = float(os.environ.get("BENCH_SECONDS", "4"))
    builddir = os.environ.get("BUILDDIR", ".")
    work = os.path.join(os.path.abspath(builddir), "t", "work", "bench")

    load = os.getloadavg()[0]
    raise_files()
    servers.make_directory(work)
    bench = cases.Cases(work, os.path.abspath(builddir), seconds, groups.__contains__)
    try:
        samples = run_rounds(bench, rounds)
        once = run_once(bench, groups.__contains__)
    finally:
        bench.stop()
    shutil.rmtree(work)

    found = report.medians(samples)
    about = machine()
    goals = report.Goals(found, once, cases.CORES).collect()
    print("%(at)s, commit %(commit)s, %(cpu)s, %(cores)d cores, Linux %(kernel)s, %(openssl)s"
          % about + (", OPENSSL_ia32cap=%s" % about["ia32cap"] if about["ia32cap"] else ""))
    print("%d rounds of %g s, medians; load average before: %.1f" % (rounds, seconds, load))
    print()
    print("\n".join(report.table(found, bench.missing)))
    print()
    print("\n".join(report.goal_lines(goals)))
    for key, figures in once.items():
        print("\n%s: %s" % (key, json.dumps(figures)))
    if args.json:
        with open(args.json, "w") as f:
            json.dump({"machine": about, "rounds": rounds, "seconds": seconds, "load": load,
                       "samples": samples, "medians": found, "once": once, "goals": goals,
                       "missing": bench.missing}, f, indent=1)


if __name__ == "__main__":
    sys.exit(main())

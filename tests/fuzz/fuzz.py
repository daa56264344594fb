#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs fuzz targets one after the other, and writes a report.

    fuzz.py --out build --seconds 600 TARGET...

What libFuzzer finds interesting goes to OUT/fuzz/corpus/TARGET, where the next
run goes on; the repository keeps a small corpus that was written by hand, and
each input that broke something.  An input that breaks a target is kept as
OUT/fuzz/TARGET-crash-...
"""

import argparse
import glob
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, TOP + "/lab")

import report   # noqa: E402  (found by the line above)


def fuzz(out, target, seconds):
    """(inputs tried, files that break it)"""
    found = f"{out}/fuzz/corpus/{target}"
    prefix = f"{out}/fuzz/{target}-"
    log = f"{out}/fuzz/{target}.log"
    os.makedirs(found, exist_ok=True)
    for old in glob.glob(prefix + "*"):
        os.unlink(old)
    with open(log, "w", encoding="utf-8") as f:
        status = subprocess.run(
            [f"{out}/fuzz/{target}", f"-max_total_time={seconds}", "-timeout=25",
             "-max_len=8192", "-print_final_stats=1", f"-artifact_prefix={prefix}",
             f"-dict={TOP}/tests/fuzz/{target}.dict", found,
             f"{TOP}/tests/fuzz/corpus/{target}"],
            stdout=f, stderr=subprocess.STDOUT, check=False).returncode
    with open(log, encoding="utf-8", errors="replace") as f:
        text = f.read()
    tried = re.search(r"number_of_executed_units: (\d+)", text)
    broken = glob.glob(prefix + "*")
    if status and not broken:
        broken = [f"it ended with status {status}"]
    if broken:
        print("\n".join(text.splitlines()[-40:]))
    return int(tried[1]) if tried else 0, broken


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", default="build")
    p.add_argument("--seconds", type=int, default=60)
    p.add_argument("targets", nargs="+")
    args = p.parse_args()
    out = os.path.abspath(args.out)
    r = report.Report("fuzz")
    for target in args.targets:
        print(f"fuzzing {target} for {args.seconds} s", flush=True)
        tried, broken = fuzz(out, target, args.seconds)
        for name, value, unit, aim, ok in (("inputs", tried, "inputs", "> 0", tried > 0),
                                           ("broken", len(broken), "inputs", 0, not broken)):
            r.fields["checks"].append({"name": f"fuzz.{target}.{name}", "value": value,
                                       "unit": unit, "aim": aim, "ok": ok})
        r.fields["raw"][target] = {"seconds": args.seconds, "broken": broken}
    path = f"{out}/report/fuzz.json"
    r.write(path)
    for c in r.fields["checks"]:
        print(f"  {c['name']:<28} {c['value']:>12}{'' if c['ok'] else '   NOT OK'}")
    print(f"report: {path}")
    return 0 if all(c["ok"] for c in r.fields["checks"]) else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures, section by section, and writes one report and a picture for each.

    bench.py BUILD-FOLDER [SECTION...]

A section is a module here with run(out): it returns its checks, its raw figures
and the rows of its picture.  Sections that are not run keep their last figures,
with the revision they were measured at.  Exit status 1: a figure is not as aimed, or
was not measured.
"""

import importlib
import json
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE) + "/lab")

import report   # noqa: E402  (found by the line above)
import svg      # noqa: E402

SECTIONS = ("irq", "disk", "snd", "recovery")
EX_WRONG_USE = 100


def last_report(path):
    """What was measured before; nothing when there is no report that can be used."""
    try:
        with open(path, encoding="utf-8") as f:
            old = json.load(f)
        return old["checks"], old["raw"]
    except (OSError, ValueError, KeyError, TypeError):
        return [], {}


def section_of(check):
    return check["name"].split(".", 1)[0]


def print_checks(checks):
    for c in checks:
        verdict = {True: "ok", False: "FAILED", None: "-"}[c["ok"]]
        value = "-" if c["value"] is None else c["value"]
        wanted = f"(wanted {c['aim']})" if c["aim"] else ""
        print(f"  {c['name']:32} {value!s:>10} {c['unit']:5} {wanted:16} {verdict}"
              + (f": {c['reason']}" if c.get("reason") else ""))


def run_section(name, out, r):
    started = time.monotonic()
    found = importlib.import_module(name).run(out)
    r.ran_in_vm(found["guest_out"])
    for c in found["checks"]:
        c["revision"] = r.fields["revision"]
    raw = dict(found["raw"], revision=r.fields["revision"], kernel=r.fields["kernel"],
               started=r.fields["started"], seconds=round(time.monotonic() - started, 1))
    svg.write(f"{out}/report/{name}.svg", found["picture"])
    print_checks(found["checks"])
    return found["checks"], raw


def main():
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return EX_WRONG_USE
    out, names = os.path.abspath(sys.argv[1]), sys.argv[2:] or SECTIONS
    wrong = [name for name in names if name not in SECTIONS]
    if wrong:
        print(f"bench: there is no section {' '.join(wrong)}; there are: {' '.join(SECTIONS)}",
              file=sys.stderr)
        return EX_WRONG_USE
    path = f"{out}/report/bench.json"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    r = report.Report("bench")
    old_checks, old_raw = last_report(path)
    checks = [c for c in old_checks if section_of(c) in SECTIONS and section_of(c) not in names]
    r.fields["raw"] = {name: raw for name, raw in old_raw.items() if name not in names}
    for name in names:
        print(f"bench: {name} ...", flush=True)
        found, r.fields["raw"][name] = run_section(name, out, r)
        checks += found
    r.fields["checks"] = sorted(checks, key=lambda c: SECTIONS.index(section_of(c)))
    r.write(path)
    # A figure that has an aim and was not measured now is no success either.
    bad = [c["name"] for c in checks
           if c["ok"] is False or (c["ok"] is None and c["aim"] and section_of(c) in names)]
    missing = [c["name"] for c in checks if c["ok"] is None]
    for words, which in (("not as aimed", bad), ("not measured", missing)):
        if which:
            print(f"bench: {words}: {', '.join(which)}")
    print(f"bench: report: {path}")
    return 1 if bad or missing else 0


if __name__ == "__main__":
    sys.exit(main())

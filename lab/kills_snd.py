#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""kills_snd.py BUILD-FOLDER N: kills each sound driver N times while aplay plays
numbered frames, in a VM with a clock of its own, and reports what became of them."""

import json
import os
import statistics
import subprocess
import sys

import report

RUN = "kills-snd"
JOB = ". /udrv/tests/vm/lib.sh; . /udrv/tests/vm/snd_lib.sh; sounds && for chip in ac97 hda; do " \
      "python3 /udrv/tests/vm/snd_kills.py $chip {n} > /out/$chip.json; done; true"


def check(name, value, unit, compare, aim):
    ok = None if value is None else value <= aim if compare == "<=" else value == aim
    return {"name": name, "value": value, "unit": unit, "aim": f"{compare} {aim}", "ok": ok,
            **({"reason": "not measured"} if value is None else {})}


def judge(chip, found, n):
    gaps = found.get("gap_ms", [])
    yield check(f"{chip}.kills", found.get("kills"), "", "==", n)
    for what in ("lost", "repeated", "wrong", "silent"):
        yield check(f"{chip}.frames_{what}", found.get(what), "", "==", 0)
    yield check(f"{chip}.engine_stopped_ms.median",
                round(statistics.median(gaps), 2) if gaps else None, "ms", "<=", 5)
    yield check(f"{chip}.engine_stopped_ms.max", max(gaps, default=None), "ms", "<=", 85)
    yield check(f"{chip}.recovery_ms.median", round(found["recovery_ms_median"], 2) if found else None,
                "ms", "<=", 100)


def read(path):
    try:
        with open(path, encoding="utf-8") as f:
            return json.load(f)
    except (OSError, ValueError):
        return {}


def main():
    out, n = os.path.abspath(sys.argv[1]), int(sys.argv[2])
    r = report.Report(RUN)
    done = subprocess.run(
        ["setpriv", "--pdeathsig", "TERM", report.TOP + "/lab/vm.sh", RUN, "--machine", "snd-icount",
         "--timeout", str(300 + 20 * n), "--", JOB.format(n=n)], env=dict(os.environ, O=out), check=False)
    if done.returncode == 130:
        return 130
    guest_out = f"{out}/vm/{RUN}/out"
    r.ran_in_vm(guest_out)
    for chip in ("ac97", "hda"):
        r.fields["raw"][chip] = read(f"{guest_out}/{chip}.json")
        r.fields["checks"] += judge(chip, r.fields["raw"][chip], n)
    for c in r.fields["checks"]:
        print(f"  {c['name']:32} {c['value']!s:>10} {c['unit']:3} (wanted {c['aim']})"
              f"  {'ok' if c['ok'] else 'FAILED'}")
    path = f"{out}/report/{RUN}.json"
    r.write(path)
    print(f"kills-snd: report: {path}")
    return 0 if all(c["ok"] for c in r.fields["checks"]) else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make kills-ide: tests/vm/ide_kill.test with many deaths, of each work alone, and
its report.

    tests/kills_ide.py OUT DEATHS [WORK...]

WORK: fio, compile, sqlite; all three when none is named."""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
import report   # noqa: E402
import tap      # noqa: E402

# Booting, one death on a busy host, and everything after them.
SECONDS, SECONDS_A_DEATH = 200, 15
WORKS = ("fio", "compile", "sqlite")


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()
    except OSError:
        return ""


def kill_during(r, out, work, deaths):
    """Adds a run's results to the report."""
    name = f"kills-ide-{work}"
    vm, seconds = f"{out}/vm/{name}", SECONDS + SECONDS_A_DEATH * deaths
    subprocess.run(
        [report.TOP + "/lab/vm.sh", name, "--machine", "ide", "--timeout",
         str(seconds + SECONDS), "--",
         f"WORK={work} KILLS={deaths} UDRV_TIMEOUT={seconds} "
         "/udrv/tests/vm/run/run-tests /out/tap ide_kill"],
        env=dict(os.environ, O=out), check=False)
    r.ran_in_vm(vm + "/out")
    status = read(vm + "/out/tap/ide_kill.rc").split("\n")[0] or "the guest died"
    results = tap.judge(read(vm + "/out/tap/ide_kill.tap"), status)
    for result in results:
        r.fields["checks"].append({
            "name": f"{work}.{result.name}", "value": result.outcome, "unit": "",
            "aim": tap.PASSED, "ok": result.outcome == tap.PASSED, "notes": result.notes})
    # Empty when the test has not come to its end, which a check above says.
    r.fields["raw"][work] = json.loads(read(vm + "/out/status.json") or "null")


def main():
    out, deaths, works = sys.argv[1], int(sys.argv[2]), sys.argv[3:] or WORKS
    r = report.Report("kills-ide")
    for work in works:
        if work not in WORKS:
            sys.exit(f"kills-ide: what is {work}? There are {', '.join(WORKS)}")
        kill_during(r, out, work, deaths)
    path = f"{out}/report/kills-ide.json"
    r.write(path)
    failed = [c["name"] for c in r.fields["checks"] if not c["ok"]]
    if failed:
        print("failed: " + ", ".join(failed))
    print(f"report: {path}\n{len(r.fields['checks']) - len(failed)} passed, {len(failed)} failed")
    sys.exit(bool(failed))


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make kills-ide: tests/vm/ide_kill.test with many deaths, and its report.

    tests/kills_ide.py OUT DEATHS
"""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
import report   # noqa: E402
import tap      # noqa: E402

# Booting, one death on a busy host, and everything after them.
SECONDS, SECONDS_A_DEATH = 150, 15


def main():
    out, deaths = sys.argv[1], int(sys.argv[2])
    r = report.Report("kills-ide")
    vm = f"{out}/vm/kills-ide"
    done = subprocess.run(
        [report.TOP + "/lab/vm.sh", "kills-ide", "--machine", "ide", "--timeout",
         str(SECONDS + SECONDS_A_DEATH * deaths), "--",
         f"KILLS={deaths} /udrv/tests/vm/ide_kill.test"],
        env=dict(os.environ, O=out), check=False)
    r.ran_in_vm(vm + "/out")
    with open(vm + "/job.log", encoding="utf-8", errors="replace") as f:
        results = tap.judge(f.read().replace("\r\n", "\n"), str(done.returncode))
    for result in results:
        r.fields["checks"].append({
            "name": "ide." + result.name, "value": result.outcome, "unit": "", "aim": tap.PASSED,
            "ok": result.outcome == tap.PASSED, "notes": result.notes})
    try:
        with open(vm + "/out/status.json", encoding="utf-8") as f:
            r.fields["raw"] = json.load(f)
    except (OSError, ValueError):
        print("kills-ide: the test ended before it wrote udrvd's status")
    path = f"{out}/report/kills-ide.json"
    r.write(path)
    failed = [c for c in r.fields["checks"] if not c["ok"]]
    print(f"report: {path}\n{len(results) - len(failed)} passed, {len(failed)} failed")
    sys.exit(bool(failed))


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the demo in the VM and writes its report.

The guest's half (lab/demo/demo.sh) prints what it does and writes its checks
and raw figures to /out/demo.json; this half adds where and when they were
measured, and gives the verdict: 0 only when every check is as aimed.
"""

import json
import os
import subprocess
import sys

import report

TIMEOUT = 600       # for all of it; it takes about a minute
RUN = "demo"


def guest_results(path):
    """The guest's checks and raw figures; raises ValueError with what is wrong."""
    try:
        with open(path, encoding="utf-8") as f:
            found = json.load(f)
    except FileNotFoundError:
        raise ValueError("the guest wrote no demo.json") from None
    except json.JSONDecodeError as e:
        raise ValueError(f"the guest's demo.json is not JSON: {e}") from None
    if not found.get("checks"):
        raise ValueError("the guest's demo.json has no checks")
    return found


def verdict(checks, status):
    bad = [c["name"] for c in checks if not c.get("ok")]
    if bad:
        return "not as aimed: " + ", ".join(bad)
    if status != 0:
        return f"all checks are as aimed, but the job ended with status {status}"
    return None


def main():
    out = os.path.abspath(sys.argv[1])
    r = report.Report("demo")
    status = subprocess.run(
        ["setpriv", "--pdeathsig", "TERM", report.TOP + "/lab/vm.sh", RUN, "--machine", "ide",
         "--timeout", str(TIMEOUT), "--", "/udrv/demo/demo.sh"], env=dict(os.environ, O=out), check=False).returncode
    if status == 130:
        return 130
    guest_out = f"{out}/vm/{RUN}/out"
    r.ran_in_vm(guest_out)
    try:
        found = guest_results(guest_out + "/demo.json")
    except ValueError as e:
        print(f"demo: FAILED: {e} (job status {status}); logs are in {out}/vm/{RUN}")
        return 1
    r.fields["checks"] = found["checks"]
    r.fields["raw"] = found.get("raw", {})
    path = f"{out}/report/demo.json"
    r.write(path)
    why = verdict(found["checks"], status)
    print(f"demo: {'FAILED: ' + why if why else 'passed'} "
          f"({r.fields['seconds']:.0f} s in the VM); report: {path}")
    return 1 if why else 0


if __name__ == "__main__":
    sys.exit(main())

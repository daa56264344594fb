#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs VM tests on the debug kernel, once over type 1 and once over iommufd.

    lab/debug_check.py OUT TEST...

The two runs have reports of their own; OUT/report/debug-kernel.json puts them
together: tests run, tests failed, and splats (results of the runner's looks
at the kernel log and at lost memory that are not clean, and guests that died).
"""

import json
import os
import subprocess
import sys

import report

IOMMUS = ("type1", "iommufd")
SPLAT = ("kernel log clean", "no kernel memory is lost", "the guest survives")


def run(out, iommu, tests):
    """The report of one run."""
    name = f"debug-kernel-{iommu}"
    path = f"{out}/report/{name}.json"
    if os.path.exists(path):
        os.unlink(path)
    print(f"debug kernel, DMA over {iommu}", flush=True)
    subprocess.run([f"{report.TOP}/tests/check.py", "--out", out, "--report", name,
                    "--vm", *tests], env=os.environ | {"UDRV_IOMMU": iommu}, check=False)
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def add(r, iommu, part):
    checks = part["checks"]
    run_ = [c for c in checks if c["ok"] is not None]
    failed = [c for c in run_ if not c["ok"]]
    splats = [c for c in failed if c["name"].endswith(SPLAT)]
    for name, value, aim, ok in (("tests", len(run_), "> 0", len(run_) > 0),
                                 ("failed", len(failed), 0, not failed),
                                 ("splats", len(splats), 0, not splats)):
        r.fields["checks"].append({"name": f"debug.{iommu}.{name}", "value": value,
                                   "unit": "results", "aim": aim, "ok": ok})
    r.fields["kernel"] = part["kernel"]
    r.fields["raw"][iommu] = {"failed": [{"name": c["name"], "reason": c.get("reason")}
                                         for c in failed], "seconds": part["seconds"]}


def main():
    out, tests = sys.argv[1], sys.argv[2:]
    r = report.Report("debug-kernel")
    for iommu in IOMMUS:
        add(r, iommu, run(out, iommu, tests))
    path = f"{out}/report/debug-kernel.json"
    r.write(path)
    print(f"\n  {'debug kernel ' + r.fields['kernel']:<36} value  aim")
    for c in r.fields["checks"]:
        print(f"  {c['name']:<36} {c['value']:>5}  {c['aim']}{'' if c['ok'] else '   NOT OK'}")
    print(f"report: {path}")
    return 0 if all(c["ok"] for c in r.fields["checks"]) else 1


if __name__ == "__main__":
    sys.exit(main())

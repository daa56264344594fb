#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs VM tests on the debug kernel, once over type 1 and once over iommufd.

    lab/debug_check.py OUT TEST...

The two have reports of their own; OUT/report/debug-kernel.json puts them
together: tests run, tests failed, and splats (results of the runner's looks
at the kernel log and at lost memory that are not clean, and guests that died).

A report keeps the results of tests that are not run again, so that some of them can
be run at a time; each has the revision that it was run at.
"""

import json
import os
import subprocess
import sys

import report

IOMMUS = ("type1", "iommufd")
SPLAT = ("kernel log clean", "no kernel memory is lost", "the guest survives")


def load(path):
    try:
        with open(path, encoding="utf-8") as f:
            return json.load(f)
    except OSError:
        return {"checks": [], "raw": {}, "seconds": 0}


def test_of(check):
    """"irq_file" of "vm.irq_file.a name"."""
    return check["name"].split(".")[1]


def path_of(out, name):
    return f"{out}/report/debug-kernel-{name}.json"


def run(out, iommu, tests):
    """Runs some tests, and puts their results among those that are there."""
    print(f"debug kernel, DMA over {iommu}", flush=True)
    now = path_of(out, "now")
    if os.path.exists(now):
        os.unlink(now)
    done = subprocess.run([f"{report.TOP}/tests/check.py", "--out", out,
                           "--report", "debug-kernel-now", "--vm", *tests],
                          env=os.environ | {"UDRV_IOMMU": iommu}, check=False)
    if not os.path.exists(now):
        sys.exit(done.returncode or 1)
    before, part = load(path_of(out, iommu)), load(now)
    part["checks"] = [c for c in before["checks"] if test_of(c) not in tests] + part["checks"]
    part["raw"] = {"revisions": before["raw"].get("revisions", {}) |
                   {test: part["revision"] for test in tests}}
    part["seconds"] = round(before["seconds"] + part["seconds"], 1)
    with open(path_of(out, iommu), "w", encoding="utf-8") as f:
        json.dump(part, f, indent=1)


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
    r.fields["kernel"] = part.get("kernel", "")
    r.fields["raw"][iommu] = {"failed": [{"name": c["name"], "reason": c.get("reason")}
                                         for c in failed], "seconds": part["seconds"],
                                "revisions": part["raw"].get("revisions", {})}


def main():
    out, tests = sys.argv[1], sys.argv[2:]
    r = report.Report("debug-kernel")
    for iommu in IOMMUS:
        if os.environ.get("UDRV_IOMMU", iommu) == iommu:
            run(out, iommu, tests)
        add(r, iommu, load(path_of(out, iommu)))
    path = f"{out}/report/debug-kernel.json"
    r.write(path)
    print(f"\n  {'debug kernel ' + r.fields['kernel']:<36} value  aim")
    for c in r.fields["checks"]:
        print(f"  {c['name']:<36} {c['value']:>5}  {c['aim']}{'' if c['ok'] else '   NOT OK'}")
    print(f"report: {path}")
    return 0 if all(c["ok"] for c in r.fields["checks"]) else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Builds the module against the kernels that it promises, inside the lab's root.

    lab/compat.py OUT

For each kernel OUT/compat/NAME.log has all that the compiler said; the module
is OUT/compat/NAME/kshim/udrv.ko.  The report is OUT/report/kshim-compat.json.
"""

import os
import re
import subprocess
import sys

import report

TOP = report.TOP
# Debian 12's, the lab's own (Debian 13's), and the newest of its backports.
KERNELS = ("6.1", "6.12", "backports")
COMPLAINT = re.compile(r"\b(warning|error):|^WARNING:|\*\*\*")
BUILD_TIMEOUT = 600


def lab_command(obj):
    """The lab's root directory and the start of a command line that runs in it."""
    bash = '. lab/common.sh; root_dir'
    root = subprocess.run(["bash", "-c", bash, f"{TOP}/lab/compat.sh"], cwd=TOP, text=True,
                          capture_output=True, check=True).stdout.strip() + "/root"
    os.makedirs(obj, exist_ok=True)
    return root, ["unshare", "--mount", "--pid", "--fork", "--kill-child",
                  "--propagation", "private"]


def build_command(out, name):
    """How the module is built for that kernel, and the kernel's release."""
    obj = os.path.abspath(f"{out}/compat/{name}")
    root, command = lab_command(obj)
    if name == "6.12":
        with open(f"{root}/../release", encoding="utf-8") as f:
            release = f.read().strip()
        command += [f"{TOP}/lab/in-root.sh", root]
    else:
        subprocess.run([f"{TOP}/lab/kernel.sh", name, "headers"], check=True,
                       env=os.environ | {"O": out})
        tree = os.path.realpath(f"{out}/kernels/{name}")
        with open(f"{tree}/release", encoding="utf-8") as f:
            release = f.read().strip()
        command += [f"{TOP}/lab/in-kernel.sh", f"{tree}/headers", root]
    # Not WERROR, so that all warnings are seen and counted.
    return release, command + [TOP, obj, "make", "-C", "/src", "O=/build", "WERROR=0",
                               "kshim", f"KDIR=/usr/src/linux-headers-{release}"]


def build(out, name):
    """(release, complaints, module was built)"""
    release, command = build_command(out, name)
    module = f"{out}/compat/{name}/kshim/udrv.ko"
    # What make finds up to date would warn of nothing.
    subprocess.run(["rm", "-rf", os.path.dirname(module)], check=True)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=BUILD_TIMEOUT, check=False)
    with open(f"{out}/compat/{name}.log", "w", encoding="utf-8") as f:
        f.write(done.stdout)
    complaints = [line for line in done.stdout.splitlines() if COMPLAINT.search(line)]
    return release, complaints, done.returncode == 0 and os.path.exists(module)


def main():
    out = sys.argv[1]
    r = report.Report("kshim-compat")
    rows = []
    for name in KERNELS:
        release, complaints, built = build(out, name)
        r.fields["checks"].append({
            "name": f"kshim.{name}.warnings", "value": len(complaints) if built else None,
            "unit": "lines", "aim": 0, "ok": built and not complaints})
        r.fields["raw"][name] = {"release": release, "built": built, "complaints": complaints}
        rows.append((name, release, "built" if built else "NOT BUILT", len(complaints)))
        for line in complaints[:20]:
            print(f"  {name}: {line}")
    path = f"{out}/report/kshim-compat.json"
    r.write(path)
    print(f"\n  {'kernel':<10} {'release':<26} {'module':<10} warnings")
    for row in rows:
        print(f"  {row[0]:<10} {row[1]:<26} {row[2]:<10} {row[3]}")
    print(f"  {path}")
    return 0 if all(c["ok"] for c in r.fields["checks"]) else 1


if __name__ == "__main__":
    sys.exit(main())

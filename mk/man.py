#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make lint-man: groff has nothing to complain of the manual pages in docs/man, the
example programs in them compile, and udrv(4) names what the ABI's header names."""

import glob
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ABI = "libudrv/include/udrv/irq_abi.h"
COMPILE = ("-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
           "-Ilibudrv/include", "-x", "c", "-")


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


def complaints(argv, text=None):
    """What a command prints; a word of our own when it fails in silence."""
    try:
        done = subprocess.run(argv, cwd=TOP, input=text, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60)
    except OSError as e:
        return str(e)
    return done.stdout or (f"status {done.returncode}" if done.returncode else "")


def programs(page):
    """The displays that are whole programs, as a reader sees them."""
    for body in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", page, re.S | re.M):
        if "int main(" in body:
            yield body.replace("\\e", "\\").replace("\\&", "")


def undocumented(page):
    names = set(re.findall(r"\b(?:UDRV|udrv)_[A-Za-z_]+\b", read(ABI)))
    names -= {"UDRV_IRQ_ABI_H", "UDRV_IRQ_"}
    missing = sorted(name for name in names if name not in page)
    return f"does not say what {', '.join(missing)} of {ABI} means" if missing else ""


def findings():
    for path in sorted(glob.glob("docs/man/*.[1-8]", root_dir=TOP)):
        page = read(path)
        yield path, complaints(["groff", "-ww", "-mandoc", "-z", path])
        for n, program in enumerate(programs(page), 1):
            yield f"{path}: example {n}", complaints([os.environ.get("CC", "cc"), *COMPILE],
                                                     program)
        if path.endswith("/udrv.4"):
            yield path, undocumented(page)


def main():
    bad = [(where, what) for where, what in findings() if what]
    for where, what in bad:
        print(f"{where}: {what}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tries docs/writing-a-driver.md exactly as it is written, in a copy of the
sources: each block of commands runs, and each line that the guide shows below
it is printed.  Prints TAP."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GUIDE = "docs/writing-a-driver.md"
SECONDS = 300       # for a block that builds the library on a busy machine


def copy(to):
    shutil.copytree(TOP, to, symlinks=True,
                    ignore=lambda where, names: {"build", ".git"} if where == TOP else set())


def blocks(text):
    """(commands, what they print) in order; what they print may be empty."""
    found = re.findall(r"^```(sh)?\n(.*?)^```$", text, re.S | re.M)
    for (kind, body), after in zip(found, found[1:] + [("sh", "")]):
        if kind == "sh":
            yield body, "" if after[0] == "sh" else after[1]


def run(commands, where):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "UDRV_", "MFLAGS"))}
    try:
        return subprocess.run(["bash", "-c", commands], cwd=where, env=env, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=SECONDS).stdout
    except subprocess.TimeoutExpired:
        return f"not done within {SECONDS} s"


def main():
    with open(os.path.join(TOP, GUIDE), encoding="utf-8") as f:
        todo = list(blocks(f.read()))
    with tempfile.TemporaryDirectory(prefix="udrv-guide-") as scratch:
        where = os.path.join(scratch, "udrv")
        copy(where)
        for n, (commands, wanted) in enumerate(todo, 1):
            printed = run(commands, where)
            # What make says of its work is not in the guide.
            lines = [line for line in printed.splitlines() if not re.match(r"  [A-Z]+ ", line)]
            # A driver and the model report each on its own: which line comes
            # first is nobody's promise.
            good = sorted(lines) == sorted(wanted.splitlines())
            print(f"{'ok' if good else 'not ok'} {n} - block {n} prints what the guide says")
            if not good:
                print("".join(f"# {line}\n" for line in printed.splitlines()), end="")
    print(f"1..{len(todo)}")
    return 0 if todo else 1


if __name__ == "__main__":
    sys.exit(main())

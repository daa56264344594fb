# SPDX-License-Identifier: MIT
"""Runs a section's half in the guest."""

import json
import os
import subprocess

import report


def run(out, section, machine, timeout):
    """The folder of what /udrv/bench/SECTION.sh wrote, SECTION.jsonl among it."""
    name = f"bench-{section}"
    done = subprocess.run(
        ["setpriv", "--pdeathsig", "TERM", report.TOP + "/lab/vm.sh", name, "--machine", machine,
         "--timeout", str(timeout), "--", f"/udrv/bench/{section}.sh", f"/out/{section}.jsonl"],
        env=dict(os.environ, O=out), check=False)
    if done.returncode == 130:
        raise KeyboardInterrupt
    return f"{out}/vm/{name}/out"


def rows(path):
    """The objects in the file, one a line; those before the first that is none."""
    found = []
    try:
        with open(path, encoding="utf-8") as f:
            for line in f:
                found.append(json.loads(line))
    except (OSError, ValueError) as e:
        print(f"bench: the guest's figures end early: {e}")
    return found

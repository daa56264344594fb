# SPDX-License-Identifier: MIT
"""Runs a section's half in the guest."""

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

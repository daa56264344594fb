# SPDX-License-Identifier: MIT
"""The shape that all reports in build/report/ share (see docs)."""

import datetime
import json
import os
import platform
import subprocess
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def output_of(*argv):
    """First line of a command's output, empty when it cannot be run."""
    try:
        done = subprocess.run(argv, cwd=TOP, capture_output=True, text=True,
                              timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.split("\n", 1)[0]


def revision():
    """The commit that is tested, with a + when the tree has changes on top."""
    git = ("git", "-c", f"safe.directory={TOP}")
    commit = output_of(*git, "rev-parse", "HEAD")
    dirty = output_of(*git, "status", "--porcelain")
    return (commit or "unknown") + ("+" if dirty else "")


class Report:
    """Begin it before the work, so that its times are the work's."""

    def __init__(self, name):
        self.start = time.monotonic()
        self.fields = {
            "name": name,
            "revision": revision(),
            "kernel": platform.release(),
            "qemu": output_of("qemu-system-x86_64", "--version"),
            "started": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
            "seconds": 0,
            "checks": [],
            "raw": {},
        }

    def ran_in_vm(self, out):
        """The kernel is the guest's, which wrote its release into its /out."""
        try:
            with open(f"{out}/kernel", encoding="utf-8") as f:
                self.fields["kernel"] = f.read().strip()
        except OSError:
            pass

    def write(self, path):
        self.fields["seconds"] = round(time.monotonic() - self.start, 1)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        # Renamed into place: a reader never sees half of it.
        with open(path + ".new", "w", encoding="utf-8") as f:
            json.dump(self.fields, f, indent=1)
            f.write("\n")
        os.replace(path + ".new", path)

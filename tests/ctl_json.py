#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every command of udrvctl with --json: what it prints is JSON and nothing else, by a
strict parser, and has what docs/udrvd.md promises.  Prints TAP."""

import json
import os
import re
import subprocess
import sys
import tempfile

import tap

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.abspath(os.path.join(TOP, os.environ.get("O", "build")))
UDRVCTL = BUILD + "/supervisor/udrvctl"
NOBODY = "0000:fe:1f.7"        # no machine has one there

CONFIG = """[device]
name = fake
bdf = none
driver = {driver}
options = mode=good
[restart]
standby = no
"""

# In this order: words, exit status, members that the answer has (of each element,
# if it is an array).
COMMANDS = [
    ("ping", 0, {"ok", "pid", "devices"}),
    ("wait fake running --timeout 30", 0, {"name", "state"}),
    ("status", 0, {"ok", "devices"}),
    ("status fake", 0, {"name", "bdf", "driver", "pid", "state", "state_ms", "restarts",
                        "last_cause", "interrupts", "interrupts_per_s", "endpoint",
                        "standby", "upgrade", "recovery"}),
    ("history fake --limit 3", 0, {"name", "events", "recovery"}),
    ("top --interval 0.2 --limit 2", 0, {"devices"}),
    ("trace fake", 0, {"ok", "trace"}),
    ("trace fake on", 0, {"ok"}),
    ("trace fake off", 0, {"ok"}),
    ("wait fake running --timeout 30", 0, {"name", "state"}),
    ("upgrade fake {copy}", 1, {"to", "state", "why"}),
    ("kill fake", 0, {"ok"}),
    ("restart fake", 0, {"ok"}),
    ("stop fake", 0, {"ok"}),
    ("start fake", 0, {"ok"}),
    ("config check {folder}/c", 0, {"ok", "devices", "complaints"}),
    ("config check {folder}/none", 1, {"ok", "devices", "complaints"}),
    ("list", 0, {"device", "id", "class", "driver", "iommu_group", "user"}),
    ("bind " + NOBODY, 1, {"device", "error"}),
    ("unbind " + NOBODY, 1, {"device", "error"}),
    ("metrics", 100, None),
    ("shutdown", 0, {"ok"}),
]


def no_constant(name):
    raise ValueError(f"{name} is not JSON")


def no_twins(pairs):
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError(f"a key twice: {keys}")
    return dict(pairs)


def strict(text):
    return json.loads(text, parse_constant=no_constant, object_pairs_hook=no_twins)


def judge(text, keys):
    """What is wrong with an answer; "": nothing."""
    try:
        answer = strict(text)
    except ValueError as error:
        return str(error)
    for one in answer if isinstance(answer, list) else [answer]:
        if not keys <= one.keys():
            return f"{sorted(keys - one.keys())} is missing"
    return ""


def try_command(words, status, keys, ctl):
    """--json goes before the command, and behind its words as well."""
    before = words.startswith(("status", "list", "bind", "unbind"))
    argv = ctl + (["--json", *words.split()] if before else [*words.split(), "--json"])
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    note = f"{' '.join(argv)} -> {done.returncode}\n{done.stdout}\n{done.stderr}"
    tap.result(done.returncode == status, f"{words.split('/')[0]}: exit status {status}", note)
    if keys is None:
        tap.result(done.stdout == "", f"{words}: nothing on stdout", note)
        return
    # One document, or a line for each look.
    texts = done.stdout.splitlines() if words.startswith("top") else [done.stdout]
    wrong = [judge(text, keys) for text in texts]
    tap.result(texts and not any(wrong), f"{words.split('/')[0]}: JSON", f"{wrong}\n{note}")
    if status == 1 and "bind" in words:
        tap.result(NOBODY in done.stderr, f"{words}: people are told as well", note)


def run(folder):
    os.mkdir(folder + "/c")
    driver = BUILD + "/tests/drivers/fake"
    with open(folder + "/c/fake.ini", "w", encoding="utf-8") as f:
        f.write(CONFIG.format(driver=driver))
    # A program that the driver's user cannot read, or that ends at once.
    with open(folder + "/copy", "w", encoding="utf-8") as f:
        f.write("#!/bin/false\n")
    os.chmod(folder + "/copy", 0o755)
    ctl = [UDRVCTL, "-s", folder + "/s"]
    with subprocess.Popen([BUILD + "/supervisor/udrvd", "-c", folder + "/c", "-s", folder + "/s"],
                          stderr=subprocess.DEVNULL) as udrvd:
        try:
            for _ in range(600):
                if subprocess.run([*ctl, "ping"], check=False, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL).returncode == 0:
                    break
            for words, status, keys in COMMANDS:
                try_command(words.format(folder=folder, copy=folder + "/copy"), status, keys, ctl)
        finally:
            udrvd.terminate()


def main():
    text = subprocess.run([UDRVCTL, "--help"], capture_output=True, text=True, check=True).stdout
    described = set()
    for words in re.findall(r"^  ([a-z][a-z |]*)", text, re.M):
        described |= {word.split()[0] for word in words.split("  ")[0].split("|")}
    tried = {words.split()[0] for words, _, _ in COMMANDS}
    tap.result(len(described) > 12 and described == tried, "every command is tried",
           f"described {sorted(described)}\ntried {sorted(tried)}")
    with tempfile.TemporaryDirectory(prefix="udrv-json-") as folder:
        os.chmod(folder, 0o755)
        run(folder)
    tap.plan()
    return 0


if __name__ == "__main__":
    sys.exit(main())

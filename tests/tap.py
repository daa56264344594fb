# SPDX-License-Identifier: MIT
"""Reads TAP, from CMocka, from tests/vm/lib.sh and from the VM's runner; and
prints that of a test in Python."""

import re
from dataclasses import dataclass, field

PLAN = re.compile(r"^1\.\.(\d+)\s*$")
RESULT = re.compile(r"^(not )?ok\b *(\d+)?(?: *- *)?(.*)$")
# CMocka writes "not ok 3 # SKIP name" for a skipped test, lib.sh "ok 3 - name
# # SKIP reason"; either is a skip.
SKIP = re.compile(r"^(.*?)\s*# *SKIP\b *(.*)$", re.I)

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclass
class Result:
    name: str
    outcome: str
    notes: list = field(default_factory=list)


def parse(text):
    """(results, how many the plans promise).  One text may hold several
    streams, each with its plan: a program's and the runner's."""
    results, planned = [], 0
    early = []      # notes before any result belong to the first
    for line in text.splitlines():
        if match := PLAN.match(line):
            planned += int(match[1])
        elif match := RESULT.match(line):
            results.append(_result(match, early))
            early = []
        elif line.strip():
            note = line[1:].strip() if line.startswith("#") else line
            (results[-1].notes if results else early).append(note)
    return results, planned


def _result(match, notes):
    name = match[3].strip()
    outcome = FAILED if match[1] else PASSED
    if skip := SKIP.match(name):
        outcome = SKIPPED
        name = skip[1] or skip[2]
        notes = notes + [skip[2]]
    return Result(name or f"test {match[2] or '?'}", outcome, list(notes))


def judge(text, status):
    """The results of a program with this output and exit status ("0", "3",
    "SIGSEGV", "timeout after 9 s"), and one more, "runs to its end", which
    fails when the program died, or did less than its plan says."""
    results, planned = parse(text)
    failed = any(r.outcome == FAILED for r in results)
    problems = []
    if not results:
        problems.append("printed no test result")
    elif planned != len(results):
        problems.append(f"planned {planned} tests, printed {len(results)} results")
    if status != "0" and not (status.isdigit() and failed):
        problems.append(f"exit status: {status}")
    if problems:
        tail = text.splitlines()[-15:]
        results.append(Result("runs to its end", FAILED, problems + tail))
    return results


_printed = 0


def result(good, name, note=""):
    """Prints a result, and why it is a bad one."""
    global _printed
    _printed += 1
    print(f"{'ok' if good else 'not ok'} {_printed} - {name}")
    if not good and note:
        print("".join(f"# {line}\n" for line in str(note).splitlines()), end="")


def plan():
    """Prints how many results there were."""
    print(f"1..{_printed}")

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests tap.py, on which every verdict rests; prints TAP itself."""

import sys

import tap


def outcomes(text, status="0"):
    return [(r.name, r.outcome) for r in tap.judge(text, status)]


def failed_names(text, status="0"):
    return [name for name, outcome in outcomes(text, status) if outcome == tap.FAILED]


ENDS = "runs to its end"

CASES = {
    "CMocka's output is read":
        outcomes("1..3\nok 1 - a\nnot ok 2 - b\n# 0x1 != 0x2\nnot ok 3 # SKIP c\n", "1")
        == [("a", "passed"), ("b", "failed"), ("c", "skipped")],
    "a skip by lib.sh has a reason":
        tap.judge("ok 1 - a # SKIP no card\n1..1\n", "0")[0].notes == ["no card"],
    "notes belong to the result before them":
        tap.judge("1..2\nok 1 - a\nnot ok 2 - b\n# why\n", "1")[1].notes == ["why"],
    "two streams in one text add up":
        failed_names("ok 1 - a\n1..1\nok - b\nok - c\n1..2\n") == [],
    "a good program has no failure":
        failed_names("1..1\nok 1 - a\n") == [],
    "fewer results than planned fail":
        failed_names("1..2\nok 1 - a\n") == [ENDS],
    "more results than planned fail":
        failed_names("1..1\nok 1 - a\nok 2 - b\n") == [ENDS],
    "results without a plan fail":
        failed_names("ok 1 - a\n") == [ENDS],
    "silence fails":
        failed_names("") == [ENDS],
    "a plan of nothing fails":
        failed_names("1..0\n") == [ENDS],
    "a death after good results fails":
        failed_names("1..1\nok 1 - a\n", "SIGSEGV") == [ENDS],
    "an exit status without a failed test fails":
        failed_names("1..1\nok 1 - a\n", "3") == [ENDS],
    "an exit status that a failed test explains is one failure":
        failed_names("1..1\nnot ok 1 - a\n", "1") == ["a"],
    "a time-out fails":
        failed_names("1..1\nok 1 - a\n", "timeout after 9 s") == [ENDS],
    "words that only begin like a result are none":
        outcomes("1..1\nokay\nok 1 - a\n") == [("a", "passed")],
}


def main():
    print(f"1..{len(CASES)}")
    for number, (name, good) in enumerate(CASES.items(), 1):
        print(f"{'ok' if good else 'not ok'} {number} - {name}")
    return 0 if all(CASES.values()) else 1


if __name__ == "__main__":
    sys.exit(main())

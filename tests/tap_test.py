#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests tap.py and klog.py, on which every verdict rests; prints TAP itself."""

import os
import sys

import tap

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + "/vm/run")

import klog   # noqa: E402  (found by the line above)


def outcomes(text, status="0"):
    return [(r.name, r.outcome) for r in tap.judge(text, status)]


def failed_names(text, status="0"):
    return [name for name, outcome in outcomes(text, status) if outcome == tap.FAILED]


ENDS = "runs to its end"
CUT, END = "------------[ cut here ]------------", "---[ end trace 0000000000000000 ]---"
KNOWN = [CUT, "WARNING: CPU: 1 PID: 30 at io_get_cqe_overflow+0xa6/0x3d0",
         "Modules linked in: udrv(O)", "Workqueue: iou_exit io_ring_exit_work", "Call Trace:",
         " __io_submit_flush_completions+0x13f/0x19f0",
         " io_uring_try_cancel_uring_cmd+0x131/0x2e0", END]

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
    "a splat that is known is left out of the log":
        klog.without_known(["a", *KNOWN, *KNOWN, "b"]) == ["a", "b"],
    "one with another trace is not":
        klog.without_known(KNOWN[:-2] + [END]) == KNOWN[:-2] + [END],
    "one with our module in its trace is not":
        klog.without_known(KNOWN[:-1] + [" f+0x1/0x2 [udrv]", END])
        == KNOWN[:-1] + [" f+0x1/0x2 [udrv]", END],
    "one without an end is not":
        klog.without_known(KNOWN[:-1] + KNOWN) == KNOWN[:-1],
}


def main():
    print(f"1..{len(CASES)}")
    for number, (name, good) in enumerate(CASES.items(), 1):
        print(f"{'ok' if good else 'not ok'} {number} - {name}")
    return 0 if all(CASES.values()) else 1


if __name__ == "__main__":
    sys.exit(main())

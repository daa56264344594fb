# SPDX-License-Identifier: MIT
"""Section snd: the smallest period, two of which make the buffer, with which ten
seconds are played without an underrun, each frame once; our drivers against the kernel's,
on the machine snd-icount, in a time of its own.  QEMU's wav file is the proof: ALSA does
not notice when a ring goes around."""

import os
import sys

import guest_half

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + "/tests/vm")

from coded import TAIL, coded, judge   # noqa: E402  (found by the line above)

TIMEOUT = 900
CHIPS = {"ac97": "snd_intel8x0", "hda": "snd_hda_intel"}


def look(row, guest_out, end):
    """What was played up to byte end of the file becomes part of the row."""
    if not row.get("frames"):
        return
    try:
        played = judge(f"{guest_out}/{row['chip']}.wav", coded(row["frames"]), row["from"],
                       end)
    except (OSError, ValueError):
        played = {"played": 0}
    row["heard"] = played
    # "clean": all there, but for what QEMU and two periods keep to themselves.
    row["clean"] = (row["xruns"] == 0 and played["played"] >= row["frames"] - TAIL and
                    not sum(played[k] for k in ("lost", "repeated", "wrong", "silent")))
    print(f"  snd: {row['who']} {row['chip']} 2 x {row['period']}: {row['xruns']} underruns,",
          *(f"{k}={v}" for k, v in played.items()))


def smallest(rows, who, chip):
    clean = [row["period"] for row in rows
             if row["who"] == who and row["chip"] == chip and row.get("clean")]
    return min(clean, default=None)


def figure(rows, who, chip):
    value = smallest(rows, who, chip)
    check = {"name": f"snd.{chip}.min_period_frames.{who}", "value": value, "unit": "frames",
             "aim": None, "ok": None if value is None else True}
    if value is None:
        check["reason"] = "none was without underruns"
    return check


def judged(rows):
    """The worse one of our chips, which is to be no worse than the kernel's."""
    ours = [smallest(rows, "ours", chip) for chip in CHIPS]
    kernel = [smallest(rows, "kernel", chip) for chip in CHIPS]
    check = {"name": "snd.min_period_frames", "unit": "frames", "value": None, "aim": "as the kernel",
             "ok": None}
    if None in ours + kernel:
        check["reason"] = "none was without underruns"
        return check
    check.update(value=max(ours), aim=f"<= {' / '.join(map(str, kernel))}",
                 ok=all(a <= b for a, b in zip(ours, kernel)))
    return check


def run(out):
    guest_out = guest_half.run(out, "snd", "snd-icount", TIMEOUT)
    rows = guest_half.rows(guest_out + "/snd.jsonl")
    for i, row in enumerate(rows):
        behind = [r["from"] for r in rows[i + 1:] if r["chip"] == row["chip"]]
        look(row, guest_out, behind[0] if behind else None)
    checks = [judged(rows)] + [figure(rows, who, chip) for chip in CHIPS
                               for who in ("ours", "kernel")]
    bars = [(f"{chip}: {'udrv' if who == 'ours' else CHIPS[chip]}", smallest(rows, who, chip),
             "none was without underruns") for chip in CHIPS for who in ("kernel", "ours")]
    return {"guest_out": guest_out, "checks": checks, "raw": {"rows": rows},
            "picture": {"title": "Smallest period (frames, 2 of them) that plays 10 s without an "
                                 "underrun", "bars": bars, "ours": "udrv"}}

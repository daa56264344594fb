#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Numbered frames, and what became of them: every frame of a wav file tells which
one it is, so lost, repeated and wrong ones can be counted.

    coded.py make FROM TO FILE [RATE]   a wav file of the frames FROM ... TO-1
    coded.py judge WAV TOTAL [SKIP]     "played=N lost=N ..."; status 1 unless all
                                        is there but for QEMU's last 20 ms; SKIP
                                        bytes were there before
"""

import array
import sys
import wave

TAIL = 1100 + 1024              # QEMU keeps 20 ms to itself, stdio a block


def coded(total, start=0):
    """Left: noise, right: the number times an odd one; none is silent."""
    samples = array.array("H")
    for i in range(start, total):
        samples.append((i * 2654435761 & 0xffffffff) >> 13 & 0xffff | 1)
        samples.append(i * 40503 & 0xffff)
    return samples.tobytes()


def judge(wav, source, skip=0, end=None):
    """What became of the frames, which begin somewhere after skip bytes; what lies
    behind end bytes does not matter."""
    number = {i * 40503 & 0xffff: i for i in range(65536)}
    with open(wav, "rb") as file:
        file.seek(max(44, skip // 4 * 4))
        data = file.read(None if end is None else end - file.tell())
    got = array.array("I", data[:len(data) // 4 * 4])
    want = array.array("I", source)
    result = dict.fromkeys(("played", "lost", "repeated", "wrong", "silent"), 0)
    expected = zeros = 0
    first = got.index(want[0]) if skip else 0
    for frame in got[first:]:
        if not frame:
            zeros += 1
            continue
        i = number[frame >> 16] + (expected & ~0xffff)
        if i + 32768 < expected:
            i += 65536
        if i >= len(want) or want[i] != frame:
            result["wrong"] += 1
            continue
        if i != expected:
            result["lost" if i > expected else "repeated"] += abs(i - expected)
        if result["played"]:
            result["silent"] += zeros
        zeros, expected = 0, i + 1
        result["played"] += 1
    return result


def make(start, end, path, rate=48000):
    with wave.open(path, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(coded(end, start))


def main(argv):
    if argv[:1] == ["make"] and len(argv) in (4, 5):
        make(int(argv[1]), int(argv[2]), *argv[3:4], *map(int, argv[4:]))
        return 0
    if argv[:1] == ["judge"] and len(argv) in (3, 4):
        total = int(argv[2])
        result = judge(argv[1], coded(total), *map(int, argv[3:]))
        print(*(f"{k}={v}" for k, v in result.items()), f"of={total}")
        bad = result["lost"] + result["repeated"] + result["wrong"]
        return int(bool(bad) or not total - TAIL <= result["played"] <= total)
    print(__doc__, file=sys.stderr)
    return 100


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Records from a sound card that hears silence: snd_record.py SOCKET RATE SECONDS

What it has read it fills with noise, so a frame that the chip has not written shows.
Prints a JSON object: frames recorded, the milliseconds of the driver's clock in which,
samples not written, overruns.
"""

import json
import select
import struct
import sys
import time

from snd_client import APP, DRV, PAGE, RUN, Stream

PERIOD, FRAMES, FRAME = 1024, 8192, 4
NOISE = b"\x5a" * (FRAMES * FRAME)


def driver(stream):
    """(gen, is, hw, hw_ns, xruns)"""
    return struct.unpack_from("<IIQQQ", stream.memory, DRV)


def wait(stream):
    """For the bell, not for long."""
    if select.select([stream.bell], [], [], 0.1)[0]:
        stream.bell.recv(512)


def record(stream, params, seconds):
    """Up to the first look after so many seconds."""
    unwritten = appl = 0
    begin = None
    end = time.monotonic() + 2 * seconds + 10
    while time.monotonic() < end:
        wait(stream)
        _, _, hw, ns, xruns = driver(stream)
        if hw and not begin:
            begin = hw, ns
        while appl < hw:
            at = appl % FRAMES
            n = min(hw - appl, FRAMES - at)
            where = slice(PAGE + at * FRAME, PAGE + (at + n) * FRAME)
            got = stream.memory[where]
            unwritten += len(got) - got.count(0)
            stream.memory[where] = NOISE[:n * FRAME]
            appl += n
        stream.put(1, RUN, params, appl)
        if begin and ns - begin[1] >= seconds * 1e9:
            return {"frames": hw - begin[0], "ms": (ns - begin[1]) / 1e6,
                    "unwritten": unwritten, "xruns": xruns}
    sys.exit("snd_record: the recording stands still")


def main():
    path, rate, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    params = (0, 2, rate, PERIOD, FRAMES)
    stream = Stream(path, 1)
    stream.memory[PAGE:PAGE + len(NOISE)] = NOISE
    stream.put(1, 0, params, 0)
    while driver(stream)[0] != 1:
        wait(stream)
    stream.put(1, RUN, params, 0)
    print(json.dumps(record(stream, params, seconds)))


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A bad application on one stream of a sound card: snd_hostile.py SOCKET WHAT

    garbage     the control page changes all the time, while the bell rings
    huge        every field in turn is as large as it can be
    leave       1000 times: takes the stream, makes it run, is gone
    crowd       1000 connections at once, which say nothing
    keep        takes the stream, leaves, but keeps what it has of it: what it writes
                into that is not heard (by who listens), and what it reads is not the
                next one's; until SIGTERM.  Status 1: it read something
"""

import array
import random
import signal
import socket
import struct
import sys
import time

from snd_client import APP, PAGE, RUN, Stream


def garbage(path):
    """Two seconds."""
    rng = random.Random(1)
    s = Stream(path)
    s.run()
    end = time.monotonic() + 2
    while time.monotonic() < end:
        at = rng.randrange(0, 256)
        s.memory[at:at + 16] = rng.randbytes(16)
        s.ring()


def huge(path):
    """Each field, with all others sane, before and while it runs."""
    for at, form in [(APP + 4 * i, "<I") for i in range(7)] + [(APP + 32, "<Q")]:
        for value in (0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 0):
            s = Stream(path)
            s.run()
            s.memory[at:at + struct.calcsize(form)] = struct.pack(form, value)
            s.ring()
            time.sleep(0.005)
            s.put(3, RUN, (0, 2, 48000, 1024, 8192), 4096)
            s.memory[at:at + struct.calcsize(form)] = struct.pack(form, value)
            s.ring()
            time.sleep(0.005)
            s.lease.close()


def leave(path):
    """Gone in the midst of it, and quickly here again."""
    for _ in range(1000):
        s = Stream(path)
        s.memory[APP:APP + 40] = struct.pack("<7IIQ", 1, RUN, 0, 2, 48000, 1024, 8192, 0, 8192)
        s.ring()
        s.lease.close()


def crowd(path):
    """They are sent away sooner or later."""
    many = []
    for _ in range(1000):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        s.connect(path)
        many.append(s)


def keep(path):
    """Others play meanwhile."""
    s = Stream(path)
    s.run()
    time.sleep(0.1)
    s.lease.close()
    time.sleep(0.1)
    loud = array.array("h", [0x7FFF] * ((len(s.memory) - PAGE) // 2)).tobytes()
    s.memory[PAGE:] = loud
    print("kept", flush=True)
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    end = time.monotonic() + 60
    while not ended and time.monotonic() < end:
        s.put(7, RUN, (0, 2, 48000, 1024, 8192), 8192)
        if s.memory[PAGE:] != loud:
            print("it has changed")
            sys.exit(1)
        time.sleep(0.01)


def main():
    path, what = sys.argv[1:]
    {f.__name__: f for f in (garbage, huge, leave, crowd, keep)}[what](path)


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Has a disk's driver die of its first request before udrvd knows that the disk is there.

    first_request.py DRIVER     udrvd is not started yet; says "under way" when it was so

udrvd stands still from the moment the block device's node appears until a read has
reached the driver, and this has died; the read's end is awaited after that.
"""

import glob
import mmap
import os
import re
import signal
import sys
import time

END = time.monotonic() + 60


def wait_for(what):
    while time.monotonic() < END:
        found = what()
        if found:
            return found
    sys.exit("nothing came")


def process(name, state=None):
    """Its pid, once there is one of that name, and in that state."""
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="ascii") as f:
                pid, found, its_state = re.match(r"(\d+) \((.*)\) (.)", f.read()).groups()
        except OSError:
            continue
        if found == name and state in (None, its_state):
            return int(pid)
    return None


def read(path):
    fd = os.open(path, os.O_RDONLY | os.O_DIRECT)
    os.preadv(fd, [mmap.mmap(-1, 4096)], 0)


def main():
    udrvd = wait_for(lambda: process("udrvd"))
    node = wait_for(lambda: glob.glob("/dev/ublkb*"))[0]
    os.kill(udrvd, signal.SIGSTOP)
    reader = os.fork()
    if not reader:
        try:
            read(node)
        finally:
            os._exit(0)         # also when the disk is taken away
    try:
        wait_for(lambda: process(sys.argv[1], "Z"))
        with open(f"/sys/block/{os.path.basename(node)}/queue/nr_requests", encoding="ascii") as f:
            early = f.read() != "31\n" and os.waitpid(reader, os.WNOHANG) == (0, 0)
        print("under way" if early else "too late", flush=True)
    finally:
        os.kill(udrvd, signal.SIGCONT)
    os.waitpid(reader, 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes stamped blocks to a disk for ever, and says which of them must survive
the power's loss: for tests/power_ide.py, which ends QEMU meanwhile.

    power_writer.py DISK ACKED

Turn by turn: 32 blocks anywhere, fdatasync, then the turn's number goes to the
file ACKED.  Every fourth turn uses O_DSYNC writes instead.  plan() tells both
sides which blocks those are."""

import os
import random
import struct
import sys

BLOCK, BLOCKS, EACH = 4096, 16384, 32


def plan(turn):
    return random.Random(turn).sample(range(BLOCKS), EACH)


def stamp(block, turn):
    return struct.pack("<QQ", block, turn) * (BLOCK // 16)


def main():
    disk = os.open(sys.argv[1], os.O_WRONLY)
    sync = os.open(sys.argv[1], os.O_WRONLY | os.O_DSYNC)
    acked = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    turn = 0
    while True:
        turn += 1
        fd = disk if turn % 4 else sync
        for block in plan(turn):
            os.pwrite(fd, stamp(block, turn), block * BLOCK)
        # NO_FLUSH: to see that blocks are missing then.
        if fd == disk and "NO_FLUSH" not in os.environ:
            os.fdatasync(disk)
        os.pwrite(acked, b"%12d\n" % turn, 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What reached the disk, and in which order, beside what its user was promised.

    ide_log.py LOG TURNS

LOG is what QEMU's blklogwrites wrote of the disk on which power_writer.py was at
work, TURNS the last turn of which the writer knows that it was flushed.  For each
turn all of its blocks must be in the log, then a flush, and only then a block of a
later turn: if so, a loss of power at any moment whatever would have kept all that
the writer was promised."""

import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import power_writer     # noqa: E402

BLOCK = power_writer.BLOCK
# dm-log-writes: a superblock, and entries, each in a sector of its own before its data.
SUPER, ENTRY = struct.Struct("<QQQI"), struct.Struct("<QQQQ")
MAGIC = 0x6a736677736872
FLUSH, FUA, DISCARD = 1, 2, 4


def entries(log):
    """(flags, offset in bytes, data) for each entry"""
    magic, _, count, size = SUPER.unpack(log.read(SUPER.size))
    if magic != MAGIC:
        # QEMU writes the superblock at a flush.
        sys.exit("ide_log: this is no log of blklogwrites, or nothing was ever flushed")
    log.seek(size)
    for _ in range(count):
        sector, sectors, flags, _ = ENTRY.unpack_from(log.read(size))
        data = b"" if flags & DISCARD else log.read(sectors * size)
        yield flags, sector * size, data


def blocks(offset, data):
    """(block, turn) for each of the writer's in one write, turn 0 for what is not"""
    for at in range(0, len(data), BLOCK):
        block, turn = (offset + at) // BLOCK, int.from_bytes(data[at + 8:at + 16], "little")
        yield block, turn if data[at:at + BLOCK] == power_writer.stamp(block, turn) else 0


def main():
    turns, now, there, flushed, count = int(sys.argv[2]), 0, set(), True, 0
    missing = set(range(1, turns + 1))
    with open(sys.argv[1], "rb") as log:
        for flags, offset, data in entries(log):
            for block, turn in blocks(offset, data):
                if not turn and not now:
                    continue        # another test's, before
                count += 1
                if turn < now:
                    sys.exit(f"ide_log: block {block} of turn {turn} was written after turn {now} began")
                if turn > now:
                    if not flushed:
                        sys.exit(f"ide_log: turn {turn} began before turn {now} was flushed")
                    now, there = turn, set()
                there.add(block)
                flushed = False
            if flags & (FLUSH | FUA):
                flushed = True
                if there == set(power_writer.plan(now)):
                    missing.discard(now)
    if missing:
        sys.exit(f"ide_log: not all of these turns was written and flushed: {sorted(missing)[:10]}")
    print(f"{count} blocks for {turns} turns of {power_writer.EACH}")


if __name__ == "__main__":
    main()

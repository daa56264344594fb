#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Raw Ethernet frames, for the tests of network drivers.

    frames.py send IF N [SIZE|MIN-MAX] [PAUSE_EVERY]   N frames of these sizes
    frames.py garbage IF N SEED       N frames of random bytes and sizes
    frames.py csum IF START           a frame whose sum, from START on, is left
                                      to the driver
    frames.py count IF N SECONDS      how many of ours come, and how many wrong,
                                      until there are N or the time is up

Ours have the type 0x88b5 (for experiments) and carry their length and a
pattern.  "send" prints how many the kernel took.
"""

import random
import socket
import struct
import sys
import time

TYPE = 0x88b5
HEADER = b"\xff" * 6 + b"\x02\0\0\0\0\1" + struct.pack("!H", TYPE)
PACKET_VNET_HDR = 15
SOL_PACKET = 263
NEEDS_CSUM = 1


def raw(interface, proto=0):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(proto))
    s.bind((interface, proto))
    return s


def pattern(size, seed):
    """A frame of this size; short ones are padded on the wire."""
    body = struct.pack("!HI", size, seed & 0xffffffff)
    fill = bytes((seed + i) & 0xff for i in range(256)) * (size // 256 + 1)
    return (HEADER + body + fill)[:size]


def intact(frame):
    size, seed = struct.unpack_from("!HI", frame, 14)
    return len(frame) == max(size, 60) and frame[:size] == pattern(size, seed)


def put(s, frame):
    """True if the kernel took it; it may be short of buffers for a while."""
    for _ in range(100):
        try:
            s.send(frame)
            return True
        except OSError as e:
            if e.errno != 105:      # ENOBUFS
                raise
            time.sleep(0.005)
    return False


def send(interface, n, sizes="60-1514", pause_every="32"):
    low, _, high = sizes.partition("-")
    low, high = int(low), int(high or low)
    rng = random.Random(1)
    s = raw(interface)
    taken = 0
    for i in range(int(n)):
        taken += put(s, pattern(rng.randint(low, high), i))
        if i % int(pause_every) == int(pause_every) - 1:
            time.sleep(0.002)
    print(taken)


def garbage(interface, n, seed):
    rng = random.Random(int(seed))
    s = raw(interface)
    for i in range(int(n)):
        put(s, rng.randbytes(rng.choice((14, 15, 59, 60, 61, 1513, 1514, rng.randint(14, 1514)))))
        if i % 32 == 31:
            time.sleep(0.002)


def csum(interface, start):
    """With the sum's field filled by the driver, all from start on sums up to
    0xffff; the receiver's "count" looks at that."""
    start = int(start)
    s = raw(interface)
    s.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    frame = bytearray(pattern(start, start) + bytes(101))
    frame[start + 20:] = random.Random(start).randbytes(len(frame) - start - 20)
    struct.pack_into("!H", frame, 14, 0xc5 << 8)        # marks it
    struct.pack_into("!H", frame, 16, start)
    s.send(struct.pack("<BBHHHH", NEEDS_CSUM, 0, 0, 0, start, 10) + frame)


def sums_up(frame):
    start = struct.unpack_from("!H", frame, 16)[0]
    data = frame[start:] + b"\0" * (len(frame[start:]) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total == 0xffff


def count(interface, n, seconds):
    s = raw(interface, TYPE)
    s.setsockopt(socket.SOL_SOCKET, 33, 32 << 20)       # SO_RCVBUFFORCE
    end = time.monotonic() + float(seconds)
    got = wrong = 0
    print("ready", flush=True)
    while got < int(n) and (left := end - time.monotonic()) > 0:
        s.settimeout(left)
        try:
            frame = s.recv(65536)
        except TimeoutError:
            break
        got += 1
        good = sums_up(frame) if frame[14:16] == b"\xc5\0" else intact(frame)
        wrong += not good
        if not good:
            print("wrong:", frame[:40].hex(), len(frame), file=sys.stderr)
    # One too many would be wrong as well.
    s.settimeout(0.5)
    try:
        s.recv(65536)
        got += 1
    except TimeoutError:
        pass
    print(got, wrong)


def main():
    commands = {"send": send, "garbage": garbage, "csum": csum, "count": count}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()

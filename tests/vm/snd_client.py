# SPDX-License-Identifier: MIT
"""What an application of a sound card has and does (udrv/snd_abi.h), without ALSA."""

import mmap
import os
import socket
import struct
import sys
import time

MAGIC, PAGE, APP, DRV = 0x646E7375, 4096, 64, 128
RUN = 1


class Stream:
    """What an application gets."""

    def __init__(self, path, direction=0):
        end = time.monotonic() + 10
        while True:
            self.lease = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self.lease.connect(path)
            self.lease.send(struct.pack("<II", MAGIC, direction))
            text, fds, _, _ = socket.recv_fds(self.lease, 8, 2)
            if fds:
                break
            if time.monotonic() > end:
                sys.exit(f"no stream: error {struct.unpack('<Ii', text)[1]}")
            time.sleep(0.005)
        self.memory = mmap.mmap(fds[0], 0)
        self.bell = socket.socket(fileno=fds[1])
        self.bell.setblocking(False)
        os.close(fds[0])

    def ring(self):
        """A full bell, or one that nobody hears, is all right."""
        try:
            self.bell.send(b"\0")
        except OSError:
            pass

    def put(self, gen, want, params, appl):
        """As an application does it that behaves."""
        self.memory[APP:APP + 40] = struct.pack("<7IIQ", gen, want, *params, 0, appl)
        self.ring()

    def run(self):
        """A stream that is started, without a sound."""
        self.put(1, 0, (0, 2, 48000, 1024, 8192), 0)
        time.sleep(0.002)
        self.put(1, RUN, (0, 2, 48000, 1024, 8192), 8192)

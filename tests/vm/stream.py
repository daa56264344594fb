#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A long TCP connection, like an ssh session that never ends, checked byte by
byte in both directions.

stream.py serve PORT [FILE]	  one connection; ends when the client ends
stream.py run HOST PORT [FILE]	  until SIGTERM, then an orderly end

Each side sends the same pseudo-random sequence and compares what it receives.
FILE is rewritten with the number of bytes received so far, for others to watch.
Prints "sent N received N longest-pause MS"; exit status 1 on any difference or
socket error.
"""
import os
import random
import signal
import socket
import sys
import threading
import time

PERIOD = 1 << 20
PIECE = 1 << 16


class Stream:
    def __init__(self, conn, watch):
        self.conn = conn
        self.watch = watch
        self.pattern = random.Random(1).randbytes(PERIOD) * 2
        self.sent = self.received = 0
        self.pause = 0.0
        self.ending = threading.Event()
        self.error = None

    def send(self):
        try:
            while not self.ending.is_set():
                at = self.sent % PERIOD
                self.sent += self.conn.send(self.pattern[at:at + PIECE])
            self.conn.shutdown(socket.SHUT_WR)
        except OSError as err:
            self.error = f"send: {err}"

    def receive(self):
        last = shown = time.monotonic()
        while data := self.conn.recv(PIECE):
            now = time.monotonic()
            self.pause = max(self.pause, now - last)
            last = now
            at = self.received % PERIOD
            if data != self.pattern[at:at + len(data)]:
                raise OSError(f"wrong byte after {self.received}")
            self.received += len(data)
            if self.watch and now - shown > 0.1:
                shown = now
                # At once: a reader must not find it empty.
                with open(self.watch + ".new", "w") as f:
                    f.write(f"{self.received}\n")
                os.replace(self.watch + ".new", self.watch)

    def run(self):
        sender = threading.Thread(target=self.send)
        sender.start()
        try:
            self.receive()
        except OSError as err:
            self.error = f"receive: {err}"
        self.ending.set()
        sender.join(30)
        print(f"sent {self.sent} received {self.received} longest-pause {self.pause * 1000:.0f}")
        if self.error or sender.is_alive():
            print(f"stream.py: {self.error or 'the sender is stuck'}", file=sys.stderr)
            return 1
        return 0


def main(argv):
    if argv[1:2] == ["serve"] and len(argv) in (3, 4):
        with socket.create_server(("", int(argv[2]))) as server:
            conn, _ = server.accept()
        return Stream(conn, argv[3] if len(argv) == 4 else None).run()
    if argv[1:2] == ["run"] and len(argv) in (4, 5):
        conn = socket.create_connection((argv[2], int(argv[3])), timeout=30)
        conn.settimeout(None)
        stream = Stream(conn, argv[4] if len(argv) == 5 else None)
        signal.signal(signal.SIGTERM, lambda *_: stream.ending.set())
        return stream.run()
    print(__doc__, file=sys.stderr)
    return 100


if __name__ == "__main__":
    sys.exit(main(sys.argv))

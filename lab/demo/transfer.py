#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A file over TCP, as any application would do it: plain sockets, no retries.

transfer.py receive PORT FILE	  accept one connection, write FILE
transfer.py send HOST PORT FILE	  send FILE, wait for the receiver's verdict

Any error of the socket is an application error: a message and exit status 1.
The receiver prints "progress BYTES" for each MiB, then "done BYTES SECONDS".
"""
import os
import socket
import sys
import time

MIB = 1 << 20


def receive(port, path):
    with socket.create_server(("", port)) as server:
        print("listening", flush=True)
        conn, _ = server.accept()
    total, reported, start = 0, 0, None
    with conn, open(path, "wb") as out:
        while chunk := conn.recv(MIB):
            start = start or time.monotonic()
            out.write(chunk)
            total += len(chunk)
            if total - reported >= MIB:
                reported = total
                print(f"progress {total}", flush=True)
        seconds = time.monotonic() - start if start else 0
        conn.sendall(total.to_bytes(8, "big"))
    print(f"done {total} {seconds:.6f}", flush=True)


def send(host, port, path):
    size = os.stat(path).st_size
    with socket.create_connection((host, port), timeout=60) as conn:
        conn.settimeout(None)
        with open(path, "rb") as src:
            conn.sendfile(src)
        conn.shutdown(socket.SHUT_WR)
        answer = b""
        while len(answer) < 8:
            piece = conn.recv(8 - len(answer))
            if not piece:
                raise ConnectionError("the receiver closed without a verdict")
            answer += piece
    if int.from_bytes(answer, "big") != size:
        raise ConnectionError(f"sent {size} bytes, receiver has {int.from_bytes(answer, 'big')}")


def main(argv):
    try:
        if argv[1:2] == ["receive"] and len(argv) == 4:
            receive(int(argv[2]), argv[3])
        elif argv[1:2] == ["send"] and len(argv) == 5:
            send(argv[2], int(argv[3]), argv[4])
        else:
            print(__doc__, file=sys.stderr)
            return 100
    except OSError as err:
        print(f"transfer.py: {argv[1]}: {err}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))

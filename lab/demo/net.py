# SPDX-License-Identifier: MIT
"""The net part: a file goes over TCP between a NIC with our driver and a NIC
with the kernel's, in two network namespaces, while our driver is killed again
and again.

The device is an 82574L (QEMU's e1000e): QEMU's older e1000 model stays deaf for
a second after each reset, which says nothing about us (facts.md section 4).
"""
import hashlib
import json
import os
import subprocess
import sys
import threading
import time

import house

NAME, BDF, PEER = "net0", "0000:00:06.0", "k07"
SIZE = int(os.environ.get("DEMO_MIB", "256")) << 20
KILLS = int(os.environ.get("DEMO_KILLS", "12"))
OURS, THEIRS = "10.7.0.1", "10.7.0.2"
CONFIG = f"""\
[device]
name = {NAME}
bdf = {BDF}
driver = /udrv/bin/e1000

[net]
ifname = u0
"""


def prepare():
    """Before udrvd starts."""
    house.configure(NAME, CONFIG)
    house.ctl("bind", BDF)


def connect():
    for ns in ("ours", "theirs"):
        house.run("ip", "netns", "add", ns)
        house.run("ip", "-n", ns, "link", "set", "lo", "up")
    for ns, dev, addr in (("ours", "u0", OURS), ("theirs", PEER, THEIRS)):
        house.run("ip", "link", "set", dev, "netns", ns)
        house.run("ip", "-n", ns, "addr", "add", f"{addr}/24", "dev", dev)
        house.run("ip", "-n", ns, "link", "set", dev, "up")
    for _ in range(20):
        if subprocess.run(["ip", "netns", "exec", "ours", "ping", "-q", "-c", "1", "-W", "1", THEIRS],
                          stdout=subprocess.DEVNULL).returncode == 0:
            return
    raise RuntimeError("the peer does not answer")


class Transfer:
    """One file from `src` to `dst`; each 1/(kills+1) of it kills the driver."""

    def __init__(self, src_ns, dst_ns, host, port, source, target, kills):
        self.where = [SIZE * (i + 1) // (kills + 1) for i in range(kills)]
        self.kills = 0
        self.bytes = 0
        self.seconds = 0.0
        self.last = time.monotonic()
        self.receiver = self._start(dst_ns, "receive", str(port), target)
        if self.receiver.stdout.readline().strip() != "listening":
            raise RuntimeError("the receiver does not listen")
        self.sender = self._start(src_ns, "send", host, str(port), source)

    @staticmethod
    def _start(ns, *argv):
        return subprocess.Popen(
            ["ip", "netns", "exec", ns, "/udrv/demo/transfer.py", *argv],
            stdout=subprocess.PIPE, text=True)

    def _kill(self):
        house.kill(NAME)
        self.kills += 1

    def _stalled(self, end):
        while not end.wait(1):
            if time.monotonic() - self.last > 60:
                print("transfer: no byte for 60 s, given up", file=sys.stderr)
                self.receiver.kill()
                self.sender.kill()
                return

    def run(self):
        """The number of application errors."""
        end = threading.Event()
        guard = threading.Thread(target=self._stalled, args=(end,))
        guard.start()
        for line in self.receiver.stdout:
            self.last = time.monotonic()
            words = line.split()
            self.bytes = int(words[1])
            if words[0] == "done":
                self.seconds = float(words[2])
            while self.where and words[0] == "progress" and self.bytes >= self.where[0]:
                self.where.pop(0)
                self._kill()
        errors = sum(p.wait() != 0 for p in (self.receiver, self.sender))
        end.set()
        guard.join()
        return errors

    def mbit(self):
        return self.bytes * 8 / 1e6 / self.seconds if self.seconds else 0.0


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def make_file(path):
    with open(path, "wb") as f:
        for _ in range(SIZE >> 20):
            f.write(os.urandom(1 << 20))


def play():
    """(checks, raw figures)"""
    print(f"net: {SIZE >> 20} MiB over TCP, {KILLS} kills of the e1000 driver ({BDF})")
    connect()
    make_file("/tmp/demo/source")
    want = sha256("/tmp/demo/source")
    print("  quiet:  our NIC -> kernel NIC ...", flush=True)
    quiet = Transfer("ours", "theirs", THEIRS, 7001, "/tmp/demo/source", "/tmp/demo/target", 0)
    errors = quiet.run()
    print(f"          {quiet.mbit():.0f} Mbit/s", flush=True)
    print(f"  killed: the same, with {KILLS} x SIGKILL ...", flush=True)
    killed = Transfer("ours", "theirs", THEIRS, 7002, "/tmp/demo/source", "/tmp/demo/target", KILLS)
    errors += killed.run()
    print(f"          {killed.mbit():.0f} Mbit/s", flush=True)
    got = sha256("/tmp/demo/target")
    house.wait_running(NAME)
    return results(quiet, killed, errors, want, got)


def results(quiet, killed, errors, want, got):
    final = house.status(NAME)
    times = final["recovery"]["ms"]
    ratio = killed.mbit() / quiet.mbit() if quiet.mbit() else 0.0
    checks = house.recovery_checks("net", killed.kills, times) + [
        house.check("net.sha256_equal", want == got, "", "==", True),
        house.check("net.app_errors", errors, "", "==", 0),
        house.check("net.mbit.kills_over_quiet", round(ratio, 3), "", ">=", 0.05),
    ]
    raw = {"sha256": want, "sha256_received": got, "bytes": killed.bytes,
           "mbit_quiet": round(quiet.mbit(), 1), "mbit_killed": round(killed.mbit(), 1),
           "recovery_ms": times, "status": final,
           "history": json.loads(house.ctl("--json", "history", NAME))}
    return checks, raw

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The main job, in the guest: a file goes over TCP between a NIC with our
driver and a NIC with the kernel's, in two network namespaces, while our driver
is killed again and again.  Prints what happened; writes /out/demo.json.

The device is an 82574L (QEMU's e1000e): QEMU's older e1000 model stays deaf for
a second after each reset, which says nothing about us (facts.md section 4).
"""
import hashlib
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time

BDF, PEER = "0000:00:06.0", "k07"
SIZE = int(os.environ.get("DEMO_MIB", "256")) << 20
KILLS = int(os.environ.get("DEMO_KILLS", "12"))
OURS, THEIRS = "10.7.0.1", "10.7.0.2"
BIN = "/udrv/bin"
CONFIG = """\
[device]
name = net0
bdf = 0000:00:06.0
driver = /udrv/bin/e1000

[net]
ifname = u0
"""
SPLATS = re.compile(r"WARNING:|BUG:|Oops|nobody cared|hung task|general protection|DMAR:.*fault")


def run(*argv, **kw):
    return subprocess.run(argv, check=True, text=True, stdout=subprocess.PIPE, **kw).stdout


def ctl(*argv):
    return run(f"{BIN}/udrvctl", *argv)


def status():
    return json.loads(ctl("--json", "status", "net0"))


def setup():
    os.makedirs("/etc/udrv", exist_ok=True)
    with open("/etc/udrv/net0.ini", "w") as f:
        f.write(CONFIG)
    run(f"{BIN}/udrvctl", "bind", BDF)
    log = open("/out/udrvd.log", "w")
    daemon = subprocess.Popen([f"{BIN}/udrvd"], stdout=log, stderr=log)
    for ns in ("ours", "theirs"):
        run("ip", "netns", "add", ns)
        run("ip", "-n", ns, "link", "set", "lo", "up")
    ctl("wait", "net0", "running", "--timeout", "20")
    for ns, dev, addr in (("ours", "u0", OURS), ("theirs", PEER, THEIRS)):
        run("ip", "link", "set", dev, "netns", ns)
        run("ip", "-n", ns, "addr", "add", f"{addr}/24", "dev", dev)
        run("ip", "-n", ns, "link", "set", dev, "up")
    for _ in range(20):
        if subprocess.run(["ip", "netns", "exec", "ours", "ping", "-q", "-c", "1", "-W", "1", THEIRS],
                          stdout=subprocess.DEVNULL).returncode == 0:
            break
    else:
        raise RuntimeError("the peer does not answer")
    return daemon


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
        """At a driver that runs: a kill of one that is dead proves nothing."""
        ctl("wait", "net0", "running", "--timeout", "20")
        ctl("kill", "net0")
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


def splats():
    log = run("dmesg")
    with open("/out/dmesg.txt", "w") as f:
        f.write(log)
    return [line for line in log.splitlines() if SPLATS.search(line)]


def check(name, value, unit, aim, compare):
    """One row of the report; aim and compare say what ok means."""
    tests = {">=": lambda v: v >= aim, "<=": lambda v: v <= aim, "==": lambda v: v == aim}
    return {"name": name, "value": value, "unit": unit, "aim": f"{compare} {aim}",
            "ok": value is not None and tests[compare](value)}


def main():
    began = time.monotonic()
    print(f"udrv demo: {SIZE >> 20} MiB over TCP, {KILLS} kills of the e1000 driver ({BDF})")
    daemon = setup()
    os.makedirs("/tmp/demo", exist_ok=True)
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

    ctl("wait", "net0", "running", "--timeout", "20")
    final = status()
    bad = splats()
    report(quiet, killed, errors, want, got, final, bad, time.monotonic() - began)
    daemon.terminate()
    daemon.wait(20)


def report(quiet, killed, errors, want, got, final, bad, seconds):
    times = final["recovery"]["ms"]
    ratio = killed.mbit() / quiet.mbit() if quiet.mbit() else 0.0
    checks = [
        check("net.kills", killed.kills, "", 10, ">="),
        check("net.recovered", len(times), "", killed.kills, "=="),
        check("net.sha256_equal", want == got, "", True, "=="),
        check("net.app_errors", errors, "", 0, "=="),
        check("net.recovery_ms.median", round(statistics.median(times), 1) if times else None,
              "ms", 1000, "<="),
        check("net.recovery_ms.max", round(max(times), 1) if times else None, "ms", 5000, "<="),
        check("net.mbit.kills_over_quiet", round(ratio, 3), "", 0.05, ">="),
        check("kernel.splats", len(bad), "", 0, "=="),
    ]
    print()
    for c in checks:
        print(f"  {c['name']:28} {c['value']!s:>10} {c['unit']:3} (wanted {c['aim']})"
              f"  {'ok' if c['ok'] else 'FAILED'}")
    for line in bad:
        print("  kernel:", line)
    raw = {"sha256": want, "sha256_received": got, "bytes": killed.bytes,
           "mbit_quiet": round(quiet.mbit(), 1), "mbit_killed": round(killed.mbit(), 1),
           "recovery_ms": times, "status": final, "seconds": round(seconds, 1),
           "history": json.loads(ctl("--json", "history", "net0"))}
    with open("/out/demo.json", "w") as f:
        json.dump({"checks": checks, "raw": raw}, f, indent=1)
    print("\nA recovery, step by step (udrvctl history net0):")
    print(ctl("history", "net0"))


if __name__ == "__main__":
    main()

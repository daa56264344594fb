#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""udrvctl top, and udrvctl metrics, read by prometheus_client's strict parser of OpenMetrics: of a
real udrvd, and of one (this program) that tells of every kind of device, with
names that need care.  Prints TAP.  (Debian's own Python: it has the parser.)"""

import copy
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse

import tap

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.abspath(os.path.join(TOP, os.environ.get("O", "build")))
UDRVCTL = BUILD + "/supervisor/udrvctl"

COMMON = {"driver": "/usr/lib/udrv/x", "starts": 3, "deaths": 2, "malformed_messages": 0,
          "foreign_messages": 0, "irq_storms": 1, "interrupts": 12345678901,
          "recovery": {"count": 2, "last_ms": 101.5, "median_ms": 99.25, "max_ms": 101.5}}
DEVICES = [
    COMMON | {"name": "net0", "bdf": "0000:00:04.0", "state": "running",
              "endpoint": {"type": "net", "name": 'we"ird\\name'},
              "counters": {"tx_sent": 10, "rx_frames": 20, "tx_bytes": 1000, "rx_bytes": 2000,
                           "tx_dropped": 1, "rx_dropped": 2, "rx_errors": 3, "resets": 4,
                           "carrier": True}},
    COMMON | {"name": "disk0", "bdf": "0000:00:13.0", "state": "backoff",
              "endpoint": {"type": "blk", "name": "ublkb0"},
              "counters": {"disks": [
                  {"unit": 0, "reads": 5, "writes": 6, "flushes": 7, "discards": 8,
                   "read_sectors": 40, "written_sectors": 48, "errors": 1},
                  {"unit": 3, "reads": 0, "writes": 0, "flushes": 0, "discards": 0,
                   "read_sectors": 0, "written_sectors": 0, "errors": 0}]}},
    COMMON | {"name": "snd0", "bdf": "0000:00:10.0", "state": "held", "interrupts": None,
              "endpoint": None,
              "recovery": {"count": 0, "last_ms": None, "median_ms": None, "max_ms": None},
              "counters": {"streams": [
                  {"name": "playback", "running": True, "played": 48000, "xruns": 1},
                  {"name": "capture", "running": False, "played": 0, "xruns": 0}]}},
    COMMON | {"name": "bare", "bdf": "none", "state": "off", "endpoint": None, "counters": None},
]
WANTED = {
    ("udrv_starts_total", "net0"): 3,
    ("udrv_interrupts_total", "net0"): 12345678901,
    ("udrv_interrupts_total", "snd0"): None,
    ("udrv_recovery_last_seconds", "net0"): 0.1015,
    ("udrv_recovery_last_seconds", "snd0"): None,
    ("udrv_net_carrier", "net0"): 1,
    ("udrv_net_carrier", "disk0"): None,
    ("udrv_net_frames_total", "net0", "transmit"): 10,
    ("udrv_net_frames_total", "net0", "receive"): 20,
    ("udrv_net_bytes_total", "net0", "receive"): 2000,
    ("udrv_net_dropped_total", "net0", "receive"): 2,
    ("udrv_disk_requests_total", "disk0", "0", "flush"): 7,
    ("udrv_disk_bytes_total", "disk0", "0", "write"): 48 * 512,
    ("udrv_disk_errors_total", "disk0", "3"): 0,
    ("udrv_sound_frames_total", "snd0", "playback"): 48000,
    ("udrv_sound_xruns_total", "snd0", "capture"): 0,
    ("udrv_state", "disk0", "backoff"): 1,
    ("udrv_state", "disk0", "running"): 0,
    ("udrv_device_info", "net0", "0000:00:04.0", "/usr/lib/udrv/x", 'we"ird\\name'): 1,
}


def metrics(path):
    return subprocess.run([UDRVCTL, "-s", path, "metrics"], stdout=subprocess.PIPE, text=True,
                          timeout=30, check=True).stdout


def samples(text):
    """{(sample, label values...): number}; raises what the parser does not like."""
    return {(s.name, *s.labels.values()): s.value
            for family in parse(text) for s in family.samples}


def serve(listener, replies):
    conn, _ = listener.accept()
    with conn, conn.makefile("rw") as f:
        for devices in replies:
            f.readline()
            f.write(json.dumps({"ok": True, "devices": devices}) + "\n")
            f.flush()


def ask(folder, replies, *words):
    """What udrvctl prints when udrvd answers so."""
    path = folder + "/mock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(1)
        threading.Thread(target=serve, args=(listener, replies), daemon=True).start()
        text = subprocess.run([UDRVCTL, "-s", path, *words], stdout=subprocess.PIPE, text=True,
                              timeout=30, check=True).stdout
    os.unlink(path)
    return text


def every_kind(folder):
    text = ask(folder, [DEVICES], "metrics")
    try:
        got = samples(text)
    except ValueError as e:
        tap.result(False, "the parser takes it", f"{e}\n{text}")
        return
    tap.result(True, "the parser takes it")
    for key, value in WANTED.items():
        tap.result(got.get(key) == value, f"{key[0]} of {' '.join(key[1:])}",
               f"{got.get(key)} instead of {value}")
    tap.result(text.endswith("# EOF\n"), "it ends as it should")


def rates(folder):
    later = copy.deepcopy(DEVICES)
    later[0]["interrupts"] += 200
    later[0]["counters"]["tx_sent"] += 50
    later[0]["counters"]["rx_bytes"] += 100
    later[1]["counters"]["disks"][0]["written_sectors"] += 100000
    later[2]["interrupts"] = 5          # a line that was not there before
    text = ask(folder, [DEVICES, later], "top", "--interval", "0.5", "--limit", "1")
    rows = {line.split()[0]: line.split() for line in text.splitlines()}
    # NAME STATE PID RESTARTS IRQ/S OPS/S IN OUT; the time between is not ours to say.
    irq, ops, in_ = (float(v) for v in rows["net0"][4:7])
    tap.result(0 < irq <= 400 and abs(irq - 4 * ops) <= 4 and abs(irq - 2 * in_) <= 2,
           "top: rates of a network device", text)
    out = rows["disk0"][7]
    tap.result(out.endswith("M") and 1 < float(out[:-1]) <= 103, "top: bytes to a disk", text)
    tap.result(rows["bare"][4:8] == ["0"] * 4, "top: a device that does nothing", text)
    tap.result(len(text.splitlines()) == 5, "top: as often as it was asked to", text)


def real_udrvd(folder):
    os.mkdir(folder + "/c")
    with open(folder + "/c/fake.ini", "w", encoding="utf-8") as f:
        f.write(f"[device]\nname=fake\nbdf=none\ndriver={BUILD}/tests/drivers/fake\n"
                "options=mode=good\n")
    path = folder + "/s"
    with subprocess.Popen([BUILD + "/supervisor/udrvd", "-c", folder + "/c", "-s", path],
                          stderr=subprocess.DEVNULL) as udrvd:
        try:
            end = time.monotonic() + 30
            while subprocess.run([UDRVCTL, "-s", path, "wait", "fake", "running"], check=False,
                                 stderr=subprocess.DEVNULL).returncode:
                if time.monotonic() > end:
                    tap.result(False, "udrvd runs")
                    return
                time.sleep(0.05)
            got = samples(metrics(path))
            tap.result(got[("udrv_starts_total", "fake")] == 1, "a real one: starts", got)
            tap.result(got[("udrv_state", "fake", "running")] == 1, "a real one: running", got)
        finally:
            udrvd.terminate()


def main():
    with tempfile.TemporaryDirectory(prefix="udrv-metrics-") as folder:
        os.chmod(folder, 0o755)
        every_kind(folder)
        rates(folder)
        real_udrvd(folder)
    tap.plan()
    return 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: MIT
"""The disk part: a tree of files is unpacked on ext4 and read back, on a disk
with our driver, which is killed again and again meanwhile.
"""
import glob
import json
import os
import subprocess
import threading
import time

import house

NAME = "ide0"
BDF = os.environ.get("DEMO_IDE", "0000:00:13.0")
KILLS = int(os.environ.get("DEMO_DISK_KILLS", "12"))
DISK, MOUNT = f"/dev/udrv/{NAME}0", "/mnt/demo"
# A thousand files of all sizes that every lab has.
[SOURCE] = glob.glob("/usr/src/linux-headers-*-common/include/uapi")
CONFIG = f"""\
[device]
name = {NAME}
bdf = {BDF}
driver = /udrv/bin/ide

[dma]
arena = 17M

[disk]
"""


def prepare():
    """Before udrvd starts."""
    house.run("modprobe", "ublk_drv")
    house.configure(NAME, CONFIG)
    house.ctl("bind", BDF)


class Kills:
    """One after the other, each of a driver that has served requests."""

    def __init__(self):
        self.done = 0
        self.error = None
        self.end = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        try:
            while not self.end.wait(0.4):
                if house.status(NAME)["recovery"]["count"] == self.done:
                    house.kill(NAME)
                    self.done += 1
        except subprocess.CalledProcessError as e:
            self.error = str(e)

    def stop(self):
        self.end.set()
        self.thread.join()


def shell(command):
    """1 for an application error, which is shown."""
    p = subprocess.run(["bash", "-c", "set -o pipefail; " + command], text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if p.returncode:
        print(f"  disk: '{command}' ends with {p.returncode}: {p.stdout[-500:]}")
    return int(p.returncode != 0)


def wait_for_disk():
    """udrvd makes it once the driver is ready; a name that is not there yet
    would become a regular file."""
    end = time.monotonic() + 20
    while not os.path.exists(os.path.realpath(DISK)):
        if time.monotonic() > end:
            raise RuntimeError(f"{DISK} is not there")
        time.sleep(0.1)


def job(copy):
    """Unpack, write all back, forget, read and compare."""
    return (shell(f"tar -C {SOURCE} -c . | tar -C {MOUNT} -x --one-top-level={copy} && sync") +
            shell("echo 3 > /proc/sys/vm/drop_caches") +
            shell(f"cd {MOUNT}/{copy} && sha256sum --quiet -c /tmp/demo/sums"))


def play():
    """(checks, raw figures)"""
    print(f"disk: a tree of files on ext4, at least {KILLS} kills of the ide driver ({BDF})", flush=True)
    wait_for_disk()
    shell(f"cd {SOURCE} && find . -type f -print0 | xargs -0 sha256sum > /tmp/demo/sums")
    os.makedirs(MOUNT, exist_ok=True)
    errors = shell(f"mkfs.ext4 -q -F {DISK} && mount {DISK} {MOUNT}")
    began = time.monotonic()
    errors += job("quiet")
    quiet = time.monotonic() - began
    print(f"  quiet:  {quiet:.1f} s", flush=True)

    began = time.monotonic()
    kills, rounds = Kills(), 0
    while not errors and not kills.error and kills.done < KILLS and rounds < 20:
        errors += job(f"killed{rounds}") + shell(f"rm -r {MOUNT}/killed{rounds}")
        rounds += 1
    kills.stop()
    seconds = time.monotonic() - began
    print(f"  killed: {seconds / max(rounds, 1):.1f} s, {rounds} times, {kills.done} x SIGKILL",
          flush=True)
    house.wait_running(NAME)
    errors += shell(f"umount {MOUNT}")
    clean = shell(f"e2fsck -fn {DISK}") == 0
    return results(kills, errors, clean, quiet, seconds / max(rounds, 1))


def results(kills, errors, clean, quiet, killed):
    final = house.status(NAME)
    times = final["recovery"]["ms"]
    checks = house.recovery_checks("disk", kills.done, times) + [
        house.check("disk.app_errors", errors + (kills.error is not None), "", "==", 0),
        house.check("disk.fsck_clean", clean, "", "==", True),
    ]
    raw = {"seconds_quiet": round(quiet, 1), "seconds_killed": round(killed, 1),
           "recovery_ms": times, "kill_error": kills.error, "status": final,
           "history": json.loads(house.ctl("--json", "history", NAME))}
    return checks, raw

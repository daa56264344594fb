# SPDX-License-Identifier: MIT
"""The sound part: a tune plays through an AC'97 whose driver is killed again and
again, and what came out is compared with it, frame by frame.
"""
import json
import os
import subprocess
import threading
import time
import wave

import house
import tune

NAME, BDF = "snd0", "0000:00:12.0"
KILLS = int(os.environ.get("DEMO_SND_KILLS", "12"))
SECONDS = 10
RECORDED = "/out/ac97.wav"              # by QEMU, which hears the chip
TAIL = 2200                             # frames that QEMU keeps to itself
CONFIG = f"""\
[device]
name = {NAME}
bdf = {BDF}
driver = /udrv/bin/ac97

[sound]
"""


def prepare():
    """Before udrvd starts."""
    house.configure(NAME, CONFIG)
    house.ctl("bind", BDF)


def stream():
    """The playback stream's state."""
    return house.status(NAME)["counters"]["streams"][0]


class Kills:
    """One after the other, each of a driver that plays."""

    def __init__(self):
        self.at, self.gaps = [], []
        self.error = None
        self.thread = threading.Thread(target=self._run)
        self.end = threading.Event()
        self.thread.start()

    def _one(self):
        now = house.status(NAME)
        playing = now["counters"]["streams"][0]
        if not playing["running"] or now["recovery"]["count"] != len(self.at):
            return
        if self.at:
            self.gaps.append(playing["gap_ms"])
        house.kill(NAME)
        self.at.append(playing["position"])

    def _run(self):
        try:
            while not self.end.wait(0.4) and len(self.at) < KILLS:
                self._one()
        except subprocess.CalledProcessError as e:
            self.error = str(e)

    def stop(self):
        self.end.set()
        self.thread.join()


def aplay(*argv):
    """1 for an application error, which is shown."""
    done = subprocess.run(["aplay", "-q", "-D", f"udrv:{NAME}", *argv], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        print(f"  snd: aplay ends with {done.returncode}: {done.stdout[-500:]}")
    return int(done.returncode != 0)


def make_tune(path):
    source = tune.tune(SECONDS)
    with wave.open(path, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(tune.RATE)
        out.writeframes(source)
    return source


def play():
    """(checks, raw figures)"""
    print(f"snd: a tune of {SECONDS} s, at least 10 kills of the ac97 driver ({BDF})", flush=True)
    source = make_tune("/tmp/demo/tune.wav")
    with open("/tmp/demo/silence", "wb") as f:
        f.write(bytes(96000))
    began = time.monotonic()
    kills = Kills()
    errors = aplay("/tmp/demo/tune.wav")
    kills.stop()
    seconds = time.monotonic() - began
    # Silence pushes the rest into the file.
    errors += aplay("-f", "dat", "/tmp/demo/silence")
    house.wait_running(NAME)
    with open(RECORDED, "rb") as f:
        f.seek(44)
        found = tune.compare(f.read(), source)
    print(f"  {len(source) // 4} frames in {seconds:.1f} s, {len(kills.at)} x SIGKILL: "
          f"{found['lost']} lost, {found['repeated']} repeated, {found['silent']} silent", flush=True)
    return results(kills, errors, found, source)


def results(kills, errors, found, source):
    final = house.status(NAME)
    times = final["recovery"]["ms"]
    lost = found["lost"] + max(0, found["missing_at_end"] - TAIL)
    checks = house.recovery_checks("snd", len(kills.at), times) + [
        house.check("snd.app_errors", errors + (kills.error is not None), "", "==", 0),
        house.check("snd.frames_lost", lost, "", "==", 0),
        house.check("snd.frames_repeated", found["repeated"], "", "==", 0),
        house.check("snd.frames_wrong", found["wrong"], "", "==", 0),
        house.check("snd.silence_ms.max", round(found["silent_max"] * 1000 / tune.RATE, 1), "ms",
                    "==", 0),
    ]
    raw = {"frames": len(source) // 4, "found": found, "kills_at": kills.at, "gap_ms": kills.gaps,
           "recovery_ms": times, "kill_error": kills.error, "status": final,
           "history": json.loads(house.ctl("--json", "history", NAME))}
    return checks, raw

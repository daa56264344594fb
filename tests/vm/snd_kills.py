#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kills a sound driver, or gives it another program, while aplay plays numbered
frames through it, and counts what became of them.  udrvd runs already, with the device.

    snd_kills.py NAME KILLS [SEED]      a JSON object; status 1 unless all is well
    snd_kills.py NAME --upgrade PROGRAM PROGRAM...      to each in turn

The ring is 85 ms long (4 periods of 1024 frames), and the one that aplay does
not know of.
"""

import json
import os
import random
import signal
import statistics
import subprocess
import sys
import time

from coded import TAIL, coded, judge, make

PERIOD, PERIODS, RATE = 1024, 4, 48000
BETWEEN = 0.3                   # seconds, between two kills
END = 10


def status(name):
    done = subprocess.run(["udrvctl", "--json", "status", name], check=True, text=True,
                          stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def wait_until(what, found):
    """Bounded; what found() finds."""
    end = time.monotonic() + END
    while not (it := found()):
        if time.monotonic() > end:
            sys.exit(f"snd_kills: {what}: not within {END} s")
        time.sleep(0.02)
    return it


def playing(name):
    """The status, if a driver plays."""
    now = status(name)
    return now if now["state"] == "running" and now["counters"]["streams"][0]["running"] else None


def kill(name, times):
    """One driver that plays; notes how long the engine stood still after it."""
    before = wait_until("playing", lambda: playing(name))
    os.kill(before["pid"], signal.SIGKILL)
    time.sleep(0.15)            # looking costs processor time, which it needs itself

    def recovered():
        now = playing(name)
        return now if now and now["recovery"]["count"] > before["recovery"]["count"] else None

    after = wait_until("recovered", recovered)
    times["gap_ms"].append(after["counters"]["streams"][0]["gap_ms"])
    times["recovery_ms"].append(after["recovery"]["last_ms"])


def upgrade(name, times, program):
    """The same, after another program took over in order."""
    before = wait_until("playing", lambda: playing(name))
    subprocess.run(["udrvctl", "upgrade", name, program], check=True, stdout=subprocess.DEVNULL)
    time.sleep(0.15)
    after = wait_until("upgraded", lambda: playing(name))
    if after["pid"] == before["pid"] or after["driver"] != program or after["deaths"]:
        sys.exit(f"snd_kills: {program} did not take over: {after}")
    times["gap_ms"].append(after["counters"]["streams"][0]["gap_ms"])


def play(name, disturbances, periods, rng):
    """(frames, times, aplay's status)"""
    total = int(RATE * (1 + len(disturbances) * (BETWEEN + 0.3)))
    make(0, total, "/tmp/kills.wav")
    with open("/tmp/zeros", "wb") as file:
        file.write(bytes(48000))
    times = {"gap_ms": [], "recovery_ms": []}
    player = subprocess.Popen(["aplay", "-q", "-D", f"udrvhw:{name}", f"--period-size={PERIOD}",
                               f"--buffer-size={PERIOD * periods}", "/tmp/kills.wav"])
    for disturb, *how in disturbances:
        time.sleep(rng.uniform(0.15, 2 * BETWEEN - 0.15))
        if player.poll() is not None:
            break
        disturb(name, times, *how)
    code = player.wait(END + total / RATE)
    # Zeros are not counted, but push the rest into the file.
    subprocess.run(["aplay", "-q", "-D", f"udrv:{name}", "-f", "dat", "/tmp/zeros"], check=True)
    return total, times, code


def main():
    name, programs = sys.argv[1], sys.argv[3:]
    seed, periods = 4711, PERIODS
    if sys.argv[2] == "--upgrade":
        disturbances = [(upgrade, program) for program in programs]
    else:
        disturbances = [(kill,)] * int(sys.argv[2])
        seed = int(sys.argv[3]) if len(sys.argv) > 3 else seed
    wav = f"/out/{name}.wav"
    skip = os.path.getsize(wav)         # what others have played
    total, times, code = play(name, disturbances, periods, random.Random(seed))
    result = judge(wav, coded(total), skip)
    result.update(chip=name, of=total, aplay=code, kills=len(times["gap_ms"]),
                  ring_ms=round(PERIOD * periods * 1000 / RATE, 1), **times)
    for what, found in times.items():
        result[f"{what}_median"] = statistics.median(found) if found else None
    print(json.dumps(result))
    bad = result["lost"] + result["repeated"] + result["wrong"] + result["silent"]
    sys.exit(int(bad or code or result["kills"] < len(disturbances) or
                 not total - TAIL <= result["played"] <= total))


main()

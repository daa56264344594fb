#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make power-ide: the power goes while the IDE driver writes, and is killed.

    tests/power_ide.py OUT ROUNDS

Each round: a guest writes stamped blocks, flushes, and says so; QEMU gets SIGKILL
at some moment; then every block of which a flush had returned must be in the
image.  The image is qcow2 without the host's cache: QEMU keeps where new blocks
are in its own memory until the guest flushes, so that what was not flushed is
really lost (NO_FLUSH=1 shows it)."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE + "/vm", HERE + "/../lab"]
import report           # noqa: E402
import power_writer     # noqa: E402

START_SECONDS = 180     # to the first turn, on a busy host
BLOCK = power_writer.BLOCK


def acked(vm):
    try:
        with open(vm + "/out/acked", encoding="ascii") as f:
            return int(f.read() or 0)
    except (OSError, ValueError):
        return 0


def qemu_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return int(f.read().split()[0])


def lose_power(out, vm, seconds):
    """Boots, waits until the writer has worked for that long, ends QEMU."""
    # The last round's would be taken for this one's until vm.py empties the folder.
    shutil.rmtree(vm, ignore_errors=True)
    no_flush = "NO_FLUSH=1 " if os.environ.get("NO_FLUSH") else ""
    p = subprocess.Popen([report.TOP + "/lab/vm.sh", "power-ide", "--machine", "ide-power",
                          "--brief", "--timeout", "400", "--",
                          no_flush + "/udrv/tests/vm/power_writer.sh"],
                         env=dict(os.environ, O=out), stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + START_SECONDS
    while not acked(vm) and p.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(seconds)
    early = p.poll() is not None or not acked(vm)
    if p.poll() is None:
        os.kill(qemu_of(p.pid), signal.SIGKILL)
    said = p.communicate()[1]
    if early:
        print(f"power-ide: the writer did not get to work: {said}")


def check_image(vm, turns):
    """(blocks looked at, those that are older than what was flushed)"""
    newest = {}
    for turn in range(1, turns + 1):
        newest.update(dict.fromkeys(power_writer.plan(turn), turn))
    raw = vm + "/ide0.raw"
    subprocess.run(["qemu-img", "convert", "-O", "raw", vm + "/ide0.img", raw], check=True)
    lost = 0
    with open(raw, "rb") as f:
        for block, turn in newest.items():
            f.seek(block * BLOCK)
            data = f.read(BLOCK)
            found = int.from_bytes(data[8:16], "little")
            lost += found < turn or data != power_writer.stamp(block, found)
    os.unlink(raw)
    return len(newest), lost


def main():
    out, rounds = os.path.abspath(sys.argv[1]), int(sys.argv[2])
    r = report.Report("power-ide")
    vm = f"{out}/vm/power-ide"
    for n in range(1, rounds + 1):
        lose_power(out, vm, random.uniform(2, 8))
        turns = acked(vm)
        kills = len([name for name in os.listdir(vm + "/out") if name.startswith("killed.")])
        blocks, lost = check_image(vm, turns)
        r.ran_in_vm(vm + "/out")
        ok = turns > 0 and lost == 0
        r.fields["checks"].append({"name": f"power.round{n}.blocks_lost", "value": lost, "unit": "",
                                   "aim": "== 0", "ok": ok})
        r.fields["raw"][f"round{n}"] = {"turns": turns, "blocks": blocks, "lost": lost,
                                        "driver_kills": kills}
        print(f"  round {n}: {turns} flushed turns, {kills} kills of the driver, {blocks} blocks: "
              f"{lost} lost{'' if ok else '   NOT OK'}", flush=True)
    path = f"{out}/report/power-ide.json"
    r.write(path)
    failed = sum(not c["ok"] for c in r.fields["checks"])
    print(f"report: {path}\n{rounds - failed} passed, {failed} failed")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()

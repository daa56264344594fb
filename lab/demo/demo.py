#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The demo, in the guest: applications use devices whose drivers are killed
again and again.  Prints what happened; writes /out/demo.json."""
import json
import os
import sys
import time

import disk
import house
import net
import snd

PARTS = {"net": net, "disk": disk, "snd": snd}


def main():
    began = time.monotonic()
    wanted = sys.argv[1:] or PARTS
    parts = {name: PARTS[name] for name in wanted}
    os.makedirs("/tmp/demo", exist_ok=True)
    for part in parts.values():
        part.prepare()
    daemon = house.start_udrvd([part.NAME for part in parts.values()])
    checks, raw = [], {}
    for name, part in parts.items():
        found, raw[name] = part.play()
        checks += found
    bad = house.splats()
    checks.append(house.check("kernel.splats", len(bad), "", "==", 0))
    raw["seconds"] = round(time.monotonic() - began, 1)
    house.show(checks)
    for line in bad:
        print("  kernel:", line)
    with open("/out/demo.json", "w") as f:
        json.dump({"checks": checks, "raw": raw}, f, indent=1)
    for part in parts.values():
        print(f"\nRecoveries, step by step (udrvctl history {part.NAME}):")
        print(house.ctl("history", part.NAME))
    daemon.terminate()
    daemon.wait(20)


if __name__ == "__main__":
    main()

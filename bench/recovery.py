# SPDX-License-Identifier: MIT
"""Section recovery: from the kill of a driver under load to its end, to READY=1 of the
next one, and to the first I/O, with a standby and without, on the machine all-icount:
an instruction is a nanosecond there, whatever the host does."""

import statistics

import guest_half

TIMEOUT = 600
DEVICES = {"net": "82574L, ping", "disk": "PIIX4, fio", "snd": "AC'97, aplay"}
WAYS = ("standby", "plain")
# With a standby, to the first I/O; design.md and docs/udrvd.md.
AIMS = {"disk": 50}


def median(rows, device, way, what):
    found = rows.get((device, way), {}).get(what)
    return round(statistics.median(found), 1) if found else None


def check(name, value, aim=None):
    return {"name": f"recovery.{name}", "value": value, "unit": "ms",
            "aim": aim and f"<= {aim}",
            "ok": None if value is None else aim is None or value <= aim,
            **({"reason": "the VM ended before it"} if value is None else {})}


def run(out):
    guest_out = guest_half.run(out, "recovery", "all-icount", TIMEOUT)
    rows = {(row["device"], row["way"]): row for row in guest_half.rows(guest_out + "/recovery.jsonl")}
    checks = [check(f"{device}_ms.median", median(rows, device, "standby", "io_ms"),
                    AIMS.get(device)) for device in DEVICES]
    checks += [check(f"{device}.{way}.{what}", median(rows, device, way, what))
               for device in DEVICES for way in WAYS for what in ("died_ms", "ready_ms", "io_ms")]
    bars = [(f"{way}: {text}", median(rows, device, way, "io_ms"), "the VM ended before it")
            for device, text in DEVICES.items() for way in WAYS]
    return {"guest_out": guest_out, "checks": checks, "raw": {"rows": list(rows.values())},
            "picture": {"title": "From kill to the first I/O of the next driver, ms, median",
                        "bars": bars, "ours": "standby"}}

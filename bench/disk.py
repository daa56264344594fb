# SPDX-License-Identifier: MIT
"""Section disk: fio on an IDE disk with our driver over ublk, against the same
disk with the kernel's ata_piix; and how long a death is felt.

A disk's time is not made of instructions, so that is wall-clock time, and only
ratios of medians are judged, of rounds that took turns on the same host.  Such a ratio
moves by a third from one boot of the guest to the next, and hardly within one: judged is
the median of those of several boots.  Small
transfers are the drivers' work more than the disk's: they are judged also on the
machine null-icount, whose disk takes no time and whose clock counts instructions.
What a transfer costs the processor is counted on the machine ide-icount."""

import statistics

import guest_half

TIMEOUT = 900
BOOTS = 5           # of the machine "ide"; odd, so that the median is a boot's own
# What counts: transactions of small ones, bytes of large ones; the aim.
JOBS = {
    "seqread": ("mb_s", 1.0), "seqwrite": ("mb_s", 1.0),
    "randread_qd1": ("iops", 0.9), "randwrite_qd1": ("iops", 0.9),
    "randread_qd32": ("iops", 0.9), "randwrite_qd32": ("iops", 0.9),
}
RECOVERY_AIM = 50
COST_AIM = 1.0      # our copy between the kernel's pages and the DMA memory included


def median(rows, who, job, what):
    found = [row[what] for row in rows if row.get("who") == who and row.get("job") == job]
    return statistics.median(found) if found else None


def judged(name, value, unit, compare, aim):
    check = {"name": name, "value": value, "unit": unit, "aim": f"{compare} {aim}", "ok": None}
    if value is None:
        check["reason"] = "the VM ended before it"
    else:
        check["ok"] = value >= aim if compare == ">=" else value <= aim
    return check


def ratio(rows, job, what):
    ours, kernel = (median(rows, who, job, what) for who in ("ours", "kernel"))
    return round(ours / kernel, 3) if ours is not None and kernel else None


def rate(name, rows, job):
    what, aim = JOBS[job]
    return judged(f"disk.{job}.{name}", ratio(rows, job, what), "", ">=", aim)


def rate_of_boots(boots, job):
    """Judged by the median; the others are there to look at.  One boot that ended
    early is enough for there to be no verdict."""
    what, aim = JOBS[job]
    name = f"disk.{job}.ours_over_kernel"
    found = [ratio(rows, job, what) for rows in boots]
    found = [] if None in found else found
    yield judged(name, statistics.median(found) if found else None, "", ">=", aim)
    yield figure(f"{name}.worst_boot", min(found, default=None), "")
    yield figure(f"{name}.best_boot", max(found, default=None), "")


def figure(name, value, unit):
    """As it is: nothing to aim at, but to look at."""
    if value is None:
        return {"name": name, "value": None, "unit": unit, "aim": None, "ok": None,
                "reason": "the VM ended before it"}
    return {"name": name, "value": value, "unit": unit, "aim": None, "ok": True}


def figures(rows, job, what, unit):
    for who in ("ours", "kernel"):
        value = median(rows, who, job, what)
        yield figure(f"disk.{job}.{who}.{what}", None if value is None else round(value, 1), unit)


def cost(rows, job):
    """Instructions for a transfer, fio's and the system calls' included."""
    yield judged(f"disk.{job}.insn.ours_over_kernel", ratio(rows, job, "insn"), "", "<=", COST_AIM)
    yield from figures(rows, job, "insn", "insn")


def recovery(name, rows, aim):
    """Death to the next completed request: in the time of instructions, in which a
    busy host delays nothing, and by the clock on the wall."""
    times = [t for row in rows for t in row.get("recovery_ms", [])]
    for which, value in (("median", statistics.median(times) if times else None),
                         ("max", max(times, default=None))):
        value = None if value is None else round(value, 1)
        if aim and which == "median":
            yield judged(f"disk.{name}.{which}", value, "ms", "<=", aim)
        else:
            yield figure(f"disk.{name}.{which}", value, "ms")


def run(out):
    costs = guest_half.rows(guest_half.run(out, "diskcost", "ide-icount", TIMEOUT) + "/diskcost.jsonl")
    rates = guest_half.rows(guest_half.run(out, "diskrate", "null-icount", TIMEOUT) + "/diskrate.jsonl")
    boots = []
    for boot in range(BOOTS):
        print(f"  disk: boot {boot + 1} of {BOOTS}", flush=True)
        guest_out = guest_half.run(out, "disk", "ide", TIMEOUT)
        boots.append(guest_half.rows(guest_out + "/disk.jsonl"))
    rows = [dict(row, boot=boot) for boot, found in enumerate(boots, 1) for row in found]
    checks = [check for job in JOBS for check in rate_of_boots(boots, job)]
    checks += [rate("no_disk_time.ours_over_kernel", rates, job) for job in JOBS
               if not job.startswith("seq")]
    checks += recovery("recovery_ms", costs, RECOVERY_AIM)
    checks += recovery("recovery_wall_ms", rows, None)
    for job, (what, _) in JOBS.items():
        checks += figures(rows, job, what, "MB/s" if what == "mb_s" else "1/s")
        checks += figures(rows, job, "cpu_us_per_io", "us")
        checks += cost(costs, job)
    bars = [(f"{job}: {'udrv' if who == 'ours' else 'ata_piix'}",
             median(rates, who, job, what), "the VM ended before it")
            for job, (what, _) in JOBS.items() if what == "iops" for who in ("kernel", "ours")]
    return {"guest_out": guest_out, "checks": checks, "raw": {"rows": rows, "costs": costs, "rates": rates},
            "picture": {"title": "4 KiB transfers per second on an IDE disk that takes no time, median", "bars": bars,
                        "ours": "udrv"}}

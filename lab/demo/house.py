# SPDX-License-Identifier: MIT
"""What the demo's parts have in common: commands, udrvd, kills, checks."""
import json
import os
import re
import statistics
import subprocess
import time

BIN = "/udrv/bin"
SPLATS = re.compile(r"WARNING:|BUG:|Oops|nobody cared|hung task|general protection|DMAR:.*fault"
                    r"|I/O error|EXT4-fs error|blocked for more than")


def run(*argv, **kw):
    return subprocess.run(argv, check=True, text=True, stdout=subprocess.PIPE, **kw).stdout


def ctl(*argv):
    return run(f"{BIN}/udrvctl", *argv)


def status(name):
    return json.loads(ctl("--json", "status", name))


def wait_running(name):
    ctl("wait", name, "running", "--timeout", "20")


def kill(name):
    """At a driver that runs: a kill of one that is dead proves nothing."""
    wait_running(name)
    ctl("kill", name)


def configure(name, text):
    os.makedirs("/etc/udrv", exist_ok=True)
    with open(f"/etc/udrv/{name}.ini", "w") as f:
        f.write(text)


def start_udrvd(names):
    log = open("/out/udrvd.log", "w")
    daemon = subprocess.Popen([f"{BIN}/udrvd"], stdout=log, stderr=log)
    end = time.monotonic() + 10
    while subprocess.run([f"{BIN}/udrvctl", "status"], capture_output=True).returncode:
        if time.monotonic() > end or daemon.poll() is not None:
            raise RuntimeError("udrvd does not start: see out/udrvd.log")
        time.sleep(0.1)
    for name in names:
        wait_running(name)
    return daemon


def splats():
    log = run("dmesg")
    with open("/out/dmesg.txt", "w") as f:
        f.write(log)
    return [line for line in log.splitlines() if SPLATS.search(line)]


def check(name, value, unit, compare, aim):
    """One row of the report; compare and aim say what ok means."""
    tests = {">=": lambda v: v >= aim, "<=": lambda v: v <= aim, "==": lambda v: v == aim}
    return {"name": name, "value": value, "unit": unit, "aim": f"{compare} {aim}",
            "ok": value is not None and tests[compare](value)}


def recovery_checks(part, kills, times):
    """The aims leave room for a busy host: this VM has no clock of its own."""
    return [
        check(f"{part}.kills", kills, "", ">=", 10),
        check(f"{part}.recovered", len(times), "", "==", kills),
        check(f"{part}.recovery_ms.median", round(statistics.median(times), 1) if times else None,
              "ms", "<=", 1000),
        check(f"{part}.recovery_ms.max", round(max(times), 1) if times else None,
              "ms", "<=", 10000),
    ]


def show(checks):
    print()
    for c in checks:
        print(f"  {c['name']:28} {c['value']!s:>10} {c['unit']:3} (wanted {c['aim']})"
              f"  {'ok' if c['ok'] else 'FAILED'}")

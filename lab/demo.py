#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the demo in two VMs and writes its report (DEMO_PARTS="snd" for some).

The guest's half (lab/demo/demo.sh) prints what it does and writes its checks
and raw figures to /out/demo.json; this half adds where and when they were
measured, and gives the verdict: 0 only when every check is as aimed.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile

import report
import waveform

TIMEOUT = 600       # for a VM; it takes about a minute
# Sound has a clock of its own: on a busy host the VM itself would stutter.
RUNS = (("demo", "ide", ("net", "disk")), ("demo-snd", "snd-icount", ("snd",)))


def guest_results(path):
    """The guest's checks and raw figures; raises ValueError with what is wrong."""
    try:
        with open(path, encoding="utf-8") as f:
            found = json.load(f)
    except FileNotFoundError:
        raise ValueError("the guest wrote no demo.json") from None
    except json.JSONDecodeError as e:
        raise ValueError(f"the guest's demo.json is not JSON: {e}") from None
    if not found.get("checks"):
        raise ValueError("the guest's demo.json has no checks")
    return found


def verdict(checks, status):
    bad = [c["name"] for c in checks if not c.get("ok")]
    if bad:
        return "not as aimed: " + ", ".join(bad)
    if status != 0:
        return f"all checks are as aimed, but the job ended with status {status}"
    return None


def show_sound(guest_out, out, raw):
    """What was played, to listen to and to look at."""
    if "snd" not in raw:
        return
    wav, picture = out + "/report/demo-sound.wav", out + "/report/demo-sound.svg"
    os.makedirs(out + "/report", exist_ok=True)
    shutil.copyfile(guest_out + "/ac97.wav", wav)
    waveform.draw(wav, picture, raw["snd"]["frames"], max(0, raw["snd"]["found"]["start"]),
                  raw["snd"]["kills_at"])
    print(f"demo: what was played: {wav}, and its picture: {picture}")


def start_vm(name, machine, parts, out, said):
    """Both VMs run at once; what the second one says is shown after the first."""
    return subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", report.TOP + "/lab/vm.sh", name, "--machine", machine,
         "--timeout", str(TIMEOUT), "--", "/udrv/demo/demo.sh", *parts],
        env=dict(os.environ, O=out), stdout=said, stderr=said and subprocess.STDOUT)


def end_vm(vm, said):
    """The status of its job."""
    status = vm.wait()
    if said:
        said.seek(0)
        print(said.read(), end="", flush=True)
    return status


def merge(checks, raw, found):
    """What is in both runs' reports is added up: kernel.splats."""
    known = {c["name"]: c for c in checks}
    for c in found["checks"]:
        if c["name"] in known:
            known[c["name"]]["value"] += c["value"]
            known[c["name"]]["ok"] = known[c["name"]]["ok"] and c["ok"]
        else:
            checks.append(c)
    raw.update(found.get("raw", {}))


def main():
    out = os.path.abspath(sys.argv[1])
    wanted = os.environ.get("DEMO_PARTS", "net disk snd").split()
    r = report.Report("demo")
    worst = 0
    vms = []
    for name, machine, parts in RUNS:
        parts = [part for part in parts if part in wanted]
        said = tempfile.TemporaryFile("w+") if vms else None
        if parts:
            vms.append((name, start_vm(name, machine, parts, out, said), said))
    for name, vm, said in vms:
        status, guest_out = end_vm(vm, said), f"{out}/vm/{name}/out"
        if status == 130:
            return 130
        worst = worst or status
        r.ran_in_vm(guest_out)
        try:
            found = guest_results(guest_out + "/demo.json")
        except ValueError as e:
            print(f"demo: FAILED: {e} (job status {status}); logs are in {out}/vm/{name}")
            return 1
        merge(r.fields["checks"], r.fields["raw"], found)
        show_sound(guest_out, out, found.get("raw", {}))
    path = f"{out}/report/demo.json"
    r.write(path)
    why = verdict(r.fields["checks"], worst)
    print(f"demo: {'FAILED: ' + why if why else 'passed'} "
          f"({r.fields['seconds']:.0f} s in VMs); report: {path}")
    return 1 if why else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs tests, prints what failed and writes a report.

    check.py --out build --report NAME [--unit PROGRAM...] [--unit-san PROGRAM...]
             [--native PROGRAM...] [--vm TEST...]

Every program and VM test prints TAP.  The closing line is "N passed, N failed,
N skipped"; the exit status is 1 when a test failed.

CHECK_AGAIN=1 in the environment, for hosts whose load is not ours: what failed
runs once more by itself at the end, and the second run counts.  A line "UNSTABLE"
names it, and raw.unstable in the report says what the first one failed at; it is
printed if the second one fails too.
"""

import argparse
import concurrent.futures
import glob
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, TOP + "/lab")

from machine import DEBUG, VARIANTS  # noqa: E402  (found by the line above)
import report   # noqa: E402
import tap      # noqa: E402

# A program of host tests that takes this long hangs (some start many QEMUs).
HOST_TIMEOUT = 300
# Tests of drivers mostly wait for device models, so that several fit together.
NATIVE_AT_ONCE = 3
VM_TIMEOUT = 120        # for each VM test without a "# timeout:" line
VM_BOOT = 90            # what booting may take on a busy host
BESIDE = 4              # as much longer may a VM take that gets what others leave
SLOW = 6 if DEBUG else 1    # how much longer tests may take
# Deaths that are QEMU's (7.2): its emulation of several processors was seen to end in a
# triple fault; its 82574 forgets a timer when MSI-X is switched off, as it is after a
# driver's death, with vfio-pci as well; and nothing a guest does may end in its SIGSEGV.
QEMU_DEATHS = re.compile(r"triple fault|e1000e_intrmgr_on_msix_throttling_timer: Assertion|"
                         r"QEMU was ended by SIGSEGV")
# Whatever comes of the kernel or stays behind is no matter of timing.
NEVER_AGAIN = ("kernel log clean", "leaves nothing behind")
SILENT_DEATHS = 3       # of one test: two in a row were seen
# What of our environment the guest's programs see: how DMA is mapped
# (udrv/host.h), and how long a test with a long version is to take (abuse.mk).
PASSED_ON = ("UDRV_IOMMU", "UDRV_TIMEOUT", "ABUSE_CALLS", "ABUSE_SECONDS", "ABUSE_SEED")


class Check:
    def __init__(self, out, name):
        self.out = os.path.abspath(out)
        self.report = report.Report(name)
        self.counts = {tap.PASSED: 0, tap.FAILED: 0, tap.SKIPPED: 0}
        self.may_repeat = bool(os.environ.get("CHECK_AGAIN"))
        self.repeat = {}        # what has failed once: {name: (part, program or test)}

    def once_more(self, prefix, results, item):
        """Whether these results are put aside, because `item` runs again."""
        failed = [r for r in results if r.outcome == tap.FAILED]
        if not self.may_repeat or not failed or any(r.name in NEVER_AGAIN for r in failed):
            return False
        self.repeat[prefix] = item
        self.report.fields["raw"].setdefault("unstable", {})[prefix] = {
            r.name: r.notes for r in failed}
        print(f"UNSTABLE {prefix}: runs once more, for " + ", ".join(r.name for r in failed),
              flush=True)
        return True

    def second_runs(self):
        again, self.repeat, self.may_repeat = self.repeat, {}, False
        for part in ("unit", "unit_san", "native"):
            self.host(part, [item[1] for item in again.values() if item[0] == part])
        # One guest at a time: what failed beside another one does not get another again.
        self.vms(by_machine([item[1] for item in again.values() if item[0] == "vm"]).items())

    def add(self, prefix, results):
        """Counts results, and prints those that failed."""
        first = self.report.fields["raw"].get("unstable", {}).get(prefix, {})
        for result in results:
            self.counts[result.outcome] += 1
            name = f"{prefix}.{result.name}"
            entry = {"name": name, "value": result.outcome, "unit": None, "aim": tap.PASSED,
                     "ok": {tap.PASSED: True, tap.FAILED: False, tap.SKIPPED: None}[result.outcome]}
            if result.outcome != tap.PASSED and result.notes:
                entry["reason"] = "\n".join(result.notes)
            self.report.fields["checks"].append(entry)
            if result.outcome == tap.FAILED:
                print(f"FAILED {name}")
                for note in result.notes:
                    print(f"    {note}")
                for note in first.get(result.name, []):
                    print(f"    at first: {note}")
        sys.stdout.flush()

    # ---- programs on the host ------------------------------------------

    def host(self, part, programs, at_once=1):
        with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
            try:
                for program, ended in zip(programs, pool.map(run_program, programs)):
                    self.program(part, program, *ended)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                kill_programs()
                raise

    def program(self, part, program, text, errors, status, seconds):
        name = os.path.basename(program).removesuffix(".py")
        results = tap.judge(text, status)
        if status != "0" and errors:
            results[-1].notes += ["its standard error ends:"] + errors.splitlines()[-30:]
        self.time(f"{part}.{name}", seconds)
        print(f"  {part}.{name}: {len(results)} tests, {seconds:.1f} s", flush=True)
        if not self.once_more(f"{part}.{name}", results, (part, program)):
            self.add(f"{part}.{name}", results)

    def time(self, name, seconds):
        self.report.fields["raw"].setdefault("seconds", {})[name] = round(seconds, 2)

    # ---- tests in the VM -----------------------------------------------

    def vm(self, tests):
        """One boot for the tests of each machine; another one for the rest when the
        guest died or was spoiled in a test, so at most one boot for each test.
        Guests that count instructions for their time run beside the others, on what
        these leave of the host: a busy host only makes them last longer."""
        groups = by_machine(tests)
        beside = [m for m in groups if VARIANTS.get(m, {}).get("icount")] if len(groups) > 1 else []
        raised = []

        def run_beside():
            try:
                self.vms([(m, groups[m]) for m in beside], ("chrt", "--idle", "0"))
            except BaseException as e:
                raised.append(e)

        thread = threading.Thread(target=run_beside, daemon=True)   # it ends with us, as its VM does
        thread.start()
        self.vms([(m, names) for m, names in groups.items() if m not in beside])
        thread.join()
        if raised:
            raise raised[0]

    def vms(self, groups, prefix=()):
        for name, tests in groups:
            while tests:
                tests = self.boot(name, tests, prefix)

    def boot(self, machine, names, prefix=()):
        """Runs tests until the guest ends; returns those not run."""
        run = f"check-{machine}-{names[0]}"
        folder = f"{self.out}/vm/{run}"
        out = folder + "/out"
        limit = SLOW * (VM_BOOT + sum(time_limit(name) + 30 for name in names))
        if prefix:
            limit *= BESIDE
        asked = {key: os.environ[key] for key in PASSED_ON if os.environ.get(key)}
        if asked:
            self.report.fields["raw"]["asked"] = asked
        words = [f"SLOW={SLOW}", *(f"{key}={value}" for key, value in asked.items())]
        print(f"  VM ({machine}): {len(names)} tests", flush=True)
        started = time.monotonic()
        self.run_vm(run, machine, limit, ["env", *words], names, prefix)
        # QEMU's emulation of several processors loses a race with the kernel's
        # patching of its own code now and then (an int3 Oops).  Only without
        # our module is that death none of ours.
        if not os.path.exists(f"{out}/tap/{names[0]}.tap") and \
                "udrv: loading" not in read(f"{folder}/console.log"):
            print("  the guest died before our module was loaded; once more", flush=True)
            self.report.fields["raw"].setdefault("booted_again", []).append(run)
            self.run_vm(run, machine, limit, ["env", *words], names, prefix)
        self.time(f"vm.boot.{run}", time.monotonic() - started)
        self.report.ran_in_vm(out)
        self.own_reports(out)
        later = read(f"{out}/tap/for-another-guest").split()
        for i, name in enumerate(names):
            if names[i:] == later:
                return later
            status, _, seconds = read(f"{out}/tap/{name}.rc").partition("\n")
            text = read(f"{out}/tap/{name}.tap")
            if not status and self.silent_death(name, folder):
                return names[i:]
            if not status:
                self.add(f"vm.{name}", [died(text, folder)])
                return names[i + 1:]
            self.time(f"vm.{name}", float(seconds))
            results = tap.judge(text, status)
            if not self.once_more(f"vm.{name}", results, ("vm", name)):
                self.add(f"vm.{name}", results)
        return []

    def own_reports(self, out):
        """A test may leave /out/report/NAME.json, an object with "checks" and
        "raw", which becomes a report of its own."""
        for path in glob.glob(f"{out}/report/*.json"):
            name = os.path.basename(path)
            own = report.Report(name.removesuffix(".json"))
            own.fields.update(json.loads(read(path)))
            own.ran_in_vm(out)
            own.write(f"{self.out}/report/{name}")

    def silent_death(self, name, folder):
        """QEMU ended, as it is known to do, and the kernel has not said a word; or its
        first word is an int3, which is QEMU's race with the kernel's patching.  The test
        runs once more; the report has its name and how QEMU ended."""
        deaths = self.report.fields["raw"].setdefault("died_silently", {})
        before = deaths.get(name, [])
        console = read(f"{folder}/console.log")
        why = read(f"{folder}/why").strip()
        said = re.search(r"(Oops|BUG:|panic|Call Trace|lockup|blocked for more than).*", console)
        if said and said[0].startswith("Oops: int3: "):
            why = said[0]
        elif said or not QEMU_DEATHS.search(why):
            return False
        if len(before) == SILENT_DEATHS:
            return False
        print(f"  vm.{name}: {why}; once more", flush=True)
        deaths[name] = before + [why]
        return True

    def run_vm(self, run, machine, limit, env, names, prefix):
        done = subprocess.run(
            ["setpriv", "--pdeathsig", "TERM",      # the VM ends with us
             *prefix, TOP + "/lab/vm.sh", run, "--brief", "--machine", machine,
             "--timeout", str(limit), "--", *env,
             "/udrv/tests/vm/run/run-tests", "/out/tap", *names],
            env=dict(os.environ, O=self.out), check=False)
        if done.returncode == 130:
            raise KeyboardInterrupt

    # ---- the end ----------------------------------------------------------

    def finish(self):
        fields = self.report.fields
        fields["raw"].update(self.counts)
        path = f"{self.out}/report/{fields['name']}.json"
        self.report.write(path)
        failed = [c["name"] for c in fields["checks"] if c["ok"] is False]
        if failed:
            print("failed: " + ", ".join(failed))
        if unstable := fields["raw"].get("unstable"):
            print("failed at first: " + ", ".join(
                f"{name}.{result}" for name, results in unstable.items() for result in results))
        print(f"report: {path}")
        print(", ".join(f"{self.counts[o]} {o}" for o in (tap.PASSED, tap.FAILED, tap.SKIPPED)))
        return 1 if failed else 0


running = set()     # programs of host tests; a set changes in one step


def run_program(program):
    """(stdout, stderr, exit status as tap.judge takes it, seconds).  The program
    gets a process group of its own, all of which ends with it."""
    started = time.monotonic()
    with subprocess.Popen([program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, errors="replace",
                          start_new_session=True) as p:
        running.add(p)
        try:
            text, errors = p.communicate(timeout=HOST_TIMEOUT)
            status = str(p.returncode) if p.returncode >= 0 else signal.Signals(-p.returncode).name
        except subprocess.TimeoutExpired:
            os.killpg(p.pid, signal.SIGKILL)
            text, errors = p.communicate()
            status = f"timeout after {HOST_TIMEOUT} s"
        running.discard(p)
    return text, errors, status, time.monotonic() - started


def kill_programs():
    for p in list(running):
        if p.poll() is None:
            os.killpg(p.pid, signal.SIGKILL)


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()
    except OSError:
        return ""


def header(test, key, default):
    match = re.search(rf"^# {key}: *(\S+)", read(f"{TOP}/tests/vm/{test}.test"), re.M)
    return match[1] if match else default


def time_limit(test):
    return float(os.environ.get("UDRV_TIMEOUT") or header(test, "timeout", VM_TIMEOUT))


def by_machine(tests):
    groups = {}
    for test in tests:
        groups.setdefault(header(test, "machine", "default"), []).append(test)
    return groups


def died(text, run):
    """For a test in which the VM ended; `why` is by lab/vm.py."""
    why = read(f"{run}/why").strip() or "the VM could not be run"
    console = read(f"{run}/console.log").splitlines()[-50:]
    return tap.Result("the guest survives", tap.FAILED,
                      [why, "the test's last output:", *text.splitlines()[-15:],
                       "the console's:", *console])


def vm_tests(words):
    """Names of VM tests; a wrong one is said with what there is."""
    there = sorted(f[:-5] for f in os.listdir(TOP + "/tests/vm") if f.endswith(".test"))
    for word in words:
        if word not in there:
            sys.exit(f"check: there is no test tests/vm/{word}.test; there are: {' '.join(there)}")
    return words or there


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", default="build", help="the build folder")
    p.add_argument("--report", default="check", help="name of the report")
    p.add_argument("--unit", nargs="*", default=[])
    p.add_argument("--unit-san", nargs="*", default=[])
    p.add_argument("--native", nargs="*", default=[])
    p.add_argument("--vm", nargs="*", help="VM tests; none named means all")
    args = p.parse_args()
    names = vm_tests(args.vm) if args.vm is not None else []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    check = Check(args.out, args.report)
    try:
        check.host("unit", args.unit)
        check.host("unit_san", args.unit_san)
        check.host("native", args.native, NATIVE_AT_ONCE)
        check.vm(names)
        check.second_runs()
    except KeyboardInterrupt:
        print("\ncheck: interrupted")
        return 130
    return check.finish()


if __name__ == "__main__":
    sys.exit(main())

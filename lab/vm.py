#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs one VM: boots it, gives it a job, waits for its end within bounds.

The guest (lab/guest/init) runs the shell command of out/job, writes its output
to a virtio port (job.log here), its status to out/status, and powers off.
It also writes out/alive every few seconds: a guest that stops doing so hangs.

    lab/vm.py --lab DIR --payload IMG --run DIR [--kernel DIR] [--timeout S] -- COMMAND...
    lab/vm.py --lab DIR --payload IMG --run DIR --shell

Exit status: the job's; 124 time limit, 125 the guest died or hung.
"""

import argparse
import ctypes
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time

import machine

# The guest writes out/alive every 5 s; TCG on a busy host is slow, not this slow.
HANG_SECONDS = 120
# Another kernel may be one that checks itself (debug_kernel.sh).
KERNEL_HANG_SECONDS = 400
POLL_SECONDS = 0.1
PR_SET_PDEATHSIG = 1


class Died(Exception):
    """The VM ended, or had to be ended, without its job's status."""

    def __init__(self, code, why):
        super().__init__(why)
        self.code = code


def die_with_parent():
    """So that QEMU cannot outlive us, not even after kill -9."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def lock_folder(folder):
    """A run owns its folder: a second one would empty it under its feet."""
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    lock = open(folder + ".lock", "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"lab: another VM is running in {folder}; wait for it, or use "
                 "another clone (they share the lab's root)")
    return lock


class Vm:
    def __init__(self, args):
        self.run = os.path.abspath(args.run)
        self.timeout = args.timeout
        # Counting instructions, 5 s of the guest's can be minutes of ours.
        self.hang = (args.timeout if args.machine.endswith("icount") else
                     KERNEL_HANG_SECONDS if args.kernel else HANG_SECONDS)
        self.lock = lock_folder(self.run)
        shutil.rmtree(self.run, ignore_errors=True)
        os.makedirs(self.run + "/out")
        # A later build replaces the payload; this run keeps the one it began with.
        payload = self.run + "/payload.img"
        os.link(args.payload, payload)
        open(self.run + "/job.log", "w").close()
        with open(self.run + "/out/job", "w") as f:
            columns, rows = shutil.get_terminal_size()
            f.write((f"shell {rows} {columns}" if args.shell else " ".join(args.command)) + "\n")
        self.shown = 0
        self.argv = machine.qemu_argv(args.lab, payload, self.run, args.machine,
                                      args.append, args.shell, args.kernel)
        if os.environ.get("V") == "1":
            print("+", " ".join(self.argv), flush=True)
        self.process = None

    def start(self, **streams):
        self.process = subprocess.Popen(self.argv, preexec_fn=die_with_parent, **streams)

    def stop(self):
        # Once is enough: a second Ctrl-C must not keep us from cleaning up.
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, signal.SIG_IGN)
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for name in ("payload.img", "qmp", "qmp-guest"):
            try:
                os.unlink(f"{self.run}/{name}")
            except FileNotFoundError:
                pass

    def show_new_output(self):
        """Passes on what the job has printed since the last call."""
        with open(self.run + "/job.log", "rb") as f:
            f.seek(self.shown)
            new = f.read()
        self.shown += len(new)
        if new:
            sys.stdout.buffer.write(new.replace(b"\r\n", b"\n"))
            sys.stdout.flush()

    def wait(self):
        """Waits for the end of the job and returns its status."""
        started = time.monotonic()
        alive, alive_at = None, started
        while self.process.poll() is None:
            time.sleep(POLL_SECONDS)
            self.show_new_output()
            now = time.monotonic()
            try:
                mtime = os.stat(self.run + "/out/alive").st_mtime_ns
            except FileNotFoundError:
                mtime = None
            if mtime != alive:
                alive, alive_at = mtime, now
            if now - started > self.timeout:
                raise Died(124, f"the VM was not done after {self.timeout} s")
            if now - alive_at > self.hang:
                raise Died(125, f"the guest hangs: no sign of life for {self.hang:.0f} s")
        self.show_new_output()
        try:
            with open(self.run + "/out/status") as f:
                return int(f.read())
        except (FileNotFoundError, ValueError):
            raise Died(125, f"the guest died before its job was done; {self.qemu_ended()}") from None

    def qemu_ended(self):
        """A processor that gives up ("triple fault") is a reset to QEMU, which then
        ends as after a power-off; only its log of resets tells them apart."""
        status = self.process.returncode
        if status < 0:
            with open(self.run + "/qemu.log", errors="replace") as f:
                last = (f.read().splitlines() or ["it said nothing"])[-1]
            return f"QEMU was ended by {signal.Signals(-status).name}: {last}"
        with open(self.run + "/resets.log", errors="replace") as f:
            if "Triple fault" in f.read():
                return "a processor of the guest had a triple fault"
        return f"QEMU exited with status {status}"

    def last_words(self):
        """The end of what QEMU and the kernel said, for a VM that died."""
        lines = []
        for name, last in (("qemu.log", 10), ("console.log", 30)):
            with open(f"{self.run}/{name}", errors="replace") as f:
                lines += [line for line in f.read().splitlines()
                          if "is not connected to host network" not in line][-last:]
        return lines


def parse_args():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--lab", required=True, help="folder of the root (lab/root.sh)")
    p.add_argument("--payload", required=True, help="image for /udrv (lab/build.sh)")
    p.add_argument("--kernel", help="folder of another kernel (lab/kernel.sh)")
    p.add_argument("--run", required=True, help="folder for logs and results; emptied")
    p.add_argument("--machine", default="default", choices=machine.VARIANTS)
    p.add_argument("--append", default="", help="more words for the kernel command line")
    p.add_argument("--timeout", type=float, default=600, help="seconds for all of it")
    p.add_argument("--brief", action="store_true", help="no console's tail when the guest dies")
    p.add_argument("--shell", action="store_true", help="a shell on this terminal")
    p.add_argument("command", nargs="*", help="the job, for the guest's shell")
    args = p.parse_args()
    if not args.shell and not args.command:
        p.error("say a COMMAND for the guest, or --shell")
    return args


def run_shell(vm, log):
    vm.start(stderr=log)
    # Ctrl-C belongs to the guest's shell.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return vm.process.wait()


def on_signal(signum, _frame):
    raise KeyboardInterrupt


def main():
    args = parse_args()
    for signum in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, on_signal)
    vm = Vm(args)
    try:
        with open(vm.run + "/qemu.log", "w") as log:
            if args.shell:
                return run_shell(vm, log)
            vm.start(stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return vm.wait()
    except Died as e:
        vm.show_new_output()
        with open(vm.run + "/why", "w") as f:
            f.write(f"{e}\n")
        print(f"lab: {e}; see {vm.run}/console.log", file=sys.stderr, flush=True)
        if not args.brief:
            print("".join(f"  | {line}\n" for line in vm.last_words()), file=sys.stderr)
        return e.code
    except KeyboardInterrupt:
        print("\nlab: interrupted, ending the VM", file=sys.stderr)
        return 130
    finally:
        vm.stop()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plays numbered frames through a sound driver and kills it meanwhile, holding
what udrvd would hold: VFIO descriptors, ring, bell, checkpoint, arena.

    snd.py DRIVER BDF WAV KILLS     "played=N lost=N repeated=N wrong=N silent=N ..."
"""

import ctypes
import fcntl
import mmap
import os
import signal
import socket
import struct
import sys
import time

from coded import coded, judge

VFIO_GROUP_GET_STATUS, VFIO_GROUP_SET_CONTAINER, VFIO_GROUP_GET_DEVICE_FD = 0x3b67, 0x3b68, 0x3b6a
VFIO_SET_IOMMU, TYPE1V2 = 0x3b66, 3
PAGE, RING = 4096, 256 << 10
RATE, PERIOD, FRAMES = 48000, 1024, 49152       # a second: the VM may be slow
IDLE, RUN, PAUSE, DRAIN = range(4)
READY, RUNNING, DRAINED = 1, 2, 5
APP, DRV = 64, 128                              # offsets in udrv/snd_abi.h
TAIL = 1100                                     # QEMU keeps 20 ms to itself


def sealed(name, size):
    """A memfd that cannot shrink."""
    fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, size)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
    return fd


def open_vfio(bdf):
    """Container and device, as udrv_host_open() does."""
    group = os.path.basename(os.readlink(f"/sys/bus/pci/devices/{bdf}/iommu_group"))
    container = os.open("/dev/vfio/vfio", os.O_RDWR)
    group = os.open(f"/dev/vfio/{group}", os.O_RDWR)
    fcntl.ioctl(group, VFIO_GROUP_SET_CONTAINER, struct.pack("i", container))
    fcntl.ioctl(container, VFIO_SET_IOMMU, TYPE1V2)
    name = ctypes.create_string_buffer(bdf.encode())
    libc = ctypes.CDLL(None, use_errno=True)
    device = libc.ioctl(group, VFIO_GROUP_GET_DEVICE_FD, name)
    if device < 0:
        raise OSError(ctypes.get_errno(), "VFIO_GROUP_GET_DEVICE_FD")
    return container, device


class Rig:
    """Everything that outlives the driver."""

    def __init__(self, driver, bdf):
        container, device = open_vfio(bdf)
        self.driver, self.bdf, self.pid = driver, bdf, 0
        self.bell, drivers = socket.socketpair()
        self.bell.setblocking(False)
        memory = sealed("playback", PAGE + RING)
        self.fds = {
            "device": device, "container": container,
            "arena": sealed("arena", 1 << 20), "checkpoint": sealed("checkpoint", PAGE),
            "playback": memory, "playback-bell": drivers.detach(),
        }
        self.page = mmap.mmap(memory, PAGE + RING)
        self.appl = 0

    def start(self):
        """Fork and exec, with the descriptors from 3 on."""
        self.pid = os.fork()
        if self.pid:
            return
        copies = [fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for fd in self.fds.values()]
        for i, fd in enumerate(copies):
            os.dup2(fd, 3 + i)
        os.closerange(3 + len(copies), 4096)
        env = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(copies)),
               "LISTEN_FDNAMES": ":".join(self.fds), "UDRV_DEVICE": self.bdf}
        os.execve(self.driver, [self.driver], env)

    def end(self, sig):
        """The exit status, or minus the signal."""
        os.kill(self.pid, sig)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def put(self, form, at, *values):
        """Write into the page, and tell the driver."""
        struct.pack_into(form, self.page, at, *values)
        self.bell.send(b"\0")

    def state(self):
        """gen, is, hw."""
        return struct.unpack_from("<IIQ", self.page, DRV)

    def wait(self, what, done):
        """Bounded; what is for the message."""
        end = time.monotonic() + 20
        while not done(*self.state()):
            if time.monotonic() > end:
                sys.exit(f"no {what}: gen, is, hw = {self.state()}")
            time.sleep(0.001)

    def write(self, to, frames):
        """Frames up to to into the ring, which has room for them."""
        while self.appl < to:
            at = self.appl % FRAMES
            n = min(to - self.appl, FRAMES - at)
            piece = frames[self.appl * 4:(self.appl + n) * 4]
            self.page[PAGE + at * 4:PAGE + (at + n) * 4] = piece
            self.appl += n
        self.put("<Q", APP + 32, self.appl)


def main():
    driver, bdf, wav, kills = sys.argv[1:]
    kills = int(kills)
    total = 60000 + 6000 * kills
    source = coded(total)
    rig = Rig(driver, bdf)
    rig.start()
    # format S16, 2 channels; params before gen.
    rig.put("<7I", APP + 4, IDLE, 0, 2, RATE, PERIOD, FRAMES, 0)
    rig.put("<I", APP, 1)
    rig.wait("stream", lambda gen, is_, hw: gen == 1 and is_ == READY)
    rig.write(FRAMES, source)
    rig.put("<I", APP + 4, RUN)
    gaps = []
    for n in range(kills):
        target = (n + 1) * 6000
        rig.wait(f"frame {target}", lambda gen, is_, hw, target=target: hw >= target)
        rig.write(min(rig.state()[2] + FRAMES, total), source)
        died = time.monotonic()
        rig.end(signal.SIGKILL)
        before = rig.state()[2]
        rig.start()
        rig.wait("new driver", lambda gen, is_, hw, before=before: hw > before)
        gaps.append(time.monotonic() - died)
    while rig.appl < total:
        rig.write(min(rig.state()[2] + FRAMES, total), source)
        time.sleep(0.01)
    rig.put("<I", APP + 4, DRAIN)
    rig.wait("end", lambda gen, is_, hw: is_ == DRAINED and hw == total)
    status = rig.end(signal.SIGTERM)
    result = judge(wav, source)
    # stdio has written whole blocks only so far.
    ok = (status == 0 and total - TAIL - 1024 <= result["played"] <= total and
          not result["lost"] + result["repeated"] + result["wrong"])
    print(*(f"{k}={v}" for k, v in result.items()), f"of={total} kills={kills} exit={status}",
          f"kill_to_running_ms={sorted(gaps)[len(gaps) // 2] * 1000:.0f}" if gaps else "")
    sys.exit(0 if ok else 1)


main()

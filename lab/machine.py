# SPDX-License-Identifier: MIT
"""The lab's machine: one table of devices, and the QEMU command line from it.

Slots are PCI device numbers on bus 0; the MAC address of a network device is
52:54:00:00:00:<slot>.  On q35 the INTx line of slot N is GSI 20 + N % 4, so
4, 8, 0xc and 0x10 share GSI 20.  Network devices on one hub see each other.
"""

import os
import re
import subprocess

# slot: (QEMU device, its options, hub)
DEVICES = {
    0x04: ("e1000", "", 1),        # for our driver (82540EM, INTx only)
    0x05: ("e1000", "", 1),        # its kernel-driven peer
    0x06: ("e1000e", "", 2),       # for our driver (82574L, MSI-X)
    0x07: ("e1000e", "", 2),       # its kernel-driven peer
    0x08: ("edu", "", None),       # QEMU's teaching device
    0x0c: ("edu", "", None),       # a second one, on the same line
    0x10: ("e1000", "", 3),        # a neighbour on line 20 ...
    0x11: ("e1000", "", 3),        # ... and who it talks to
}

# What a test can ask for with "# machine: NAME".
VARIANTS = {
    "default": {},
    "no-iommu": {"iommu": False},
    # With devices that tests may hurt (_spare).
    "spare": {"spare": True},
    # With a PIIX4 and disks in slot 13 (_ide).
    "ide": {"ide": True},
    # With AC'97 and HDA, which play into files of /out, and one that records (_snd).
    "snd": {"snd": True},
    # The same in a time of its own: 8 ns for each instruction, and idle time passes at
    # once.  However busy the host is, no deadline is missed.  One processor: QEMU 7.2
    # starves a second one (README.md, "QEMU's own errors").
    "snd-icount": {"snd": True, "icount": True, "shift": 3, "cpus": 1},
    # Both processors in one thread of QEMU's (README.md, "QEMU's own errors").
    "one-thread": {"thread": "single"},
    # With chips that play into files of other rates than 48 kHz (_snd_rates).
    "snd-rates": {"snd_rates": True, "icount": True, "shift": 3, "cpus": 1},
    # With sockets that devices go and come in, and QEMU's ear for it (_hotplug).
    "hotplug": {"hotplug": True, "qmp": True},
    # The same with sockets that tell the kernel themselves, not through ACPI, so that a card
    # can be torn out: a socket without power lets it go, and says so.
    "surprise": {"hotplug": True, "qmp": True, "native": True},
    # The first one in a time of its own, with a file /out/hot.wav for a chip that is plugged in.
    "hotplug-snd": {"hotplug": True, "qmp": True, "wav": "hot", "icount": True, "shift": 3,
                    "cpus": 1},
    # One instruction is one nanosecond of the guest's, whatever the host does.
    "icount": {"icount": True},
    "ide-icount": {"icount": True, "ide": True},
    # Its first disk is none of the host's, and takes no time: what is left is the drivers'.
    "null-icount": {"icount": True, "ide": True, "null": True},
    # 2 ns for each: network traffic whose timing says something.
    "net-icount": {"icount": True, "shift": 1},
    # And with everything that a driver of ours can drive.
    "all-icount": {"icount": True, "ide": True, "snd": True},
    # With two disks on each of its channels: the first one's writes are logged by QEMU,
    # the second has bad sectors (_ide_four); and QEMU's ear for tests.
    "ide-four": {"ide_four": True, "qmp": True},
    # The first disk's image is qcow2 without the host's cache (tests/power_ide.py).
    "ide-power": {"ide": True, "power": True},
}

def host_tsc_khz():
    """How fast the host's time stamp counter runs, which the guest's is as well;
    None when the host does not say.  (In a virtual machine without control of its
    clock, as CI's are, "cpu MHz" is that and nothing else.)"""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        text = f.read()
    match = re.search(r"^cpu MHz\s*: ([0-9.]+)$", text, re.M)
    if not match or not re.search(r"^flags\s*:.* hypervisor( |$)", text, re.M) or \
            os.path.exists("/sys/devices/system/cpu/cpu0/cpufreq"):
        return None
    return round(float(match[1]) * 1000)


MEMORY_MB = 2048
CPUS = 2
# The debug kernel (debug_kernel.sh) checks every access to memory: all takes longer.
DEBUG = os.environ.get("KERNEL") == "debug"


def qemu_argv(lab, payload, run, variant="default", append="", interactive=False, kernel=None):
    """The command line for a VM that boots the root in folder `lab` with the
    image `payload` as /udrv and the folder run/out as /out.  `kernel`: a folder
    with another kernel than the root's own (kernel.sh)."""
    options = VARIANTS[variant]
    iommu = options.get("iommu", True)
    # panic=-1 with -no-reboot: a panic ends QEMU at once.
    # tsc=reliable: on a busy host Linux distrusts the TSC, turns to QEMU's HPET, and freezes.
    # tsc_early_khz: and what it measures there itself may be wrong by a factor of 30.
    # no_timer_check: on a busy host the kernel finds its timer too slow, and panics.
    # iomem=relaxed: tests touch registers through sysfs beside the device's driver;
    # newer kernels take that mapping away when VFIO opens it.
    icount = options.get("icount", False)
    # Who is in time by a small margin would not be on the debug kernel: there a second
    # has as many instructions as it can have.
    shift = 0 if DEBUG else options.get("shift", 0)
    tsc_khz = None if icount else host_tsc_khz()
    cmdline = ("console=ttyS0 loglevel=5 panic=-1 mitigations=off tsc=reliable "
               "no_timer_check iomem=relaxed "
               f"intel_iommu={'on' if iommu else 'off'} "
               f"{f'tsc_early_khz={tsc_khz} ' if tsc_khz else ''}"
               # Where code lies changes what it costs.
               f"{'nokaslr norandmaps ' if icount else ''}"
               f"{'udrv.modules ' if kernel else ''}{append}")
    argv = [
        "qemu-system-x86_64", "-nodefaults", "-no-user-config",
        "-display", "none", "-no-reboot",
        # Never KVM: the lab must run alike where there is none, or a broken one.
        # rdrand: without entropy the first python3 waits for seconds.
        "-machine", "q35", "-cpu", "Nehalem,+rdrand", "-m", str(MEMORY_MB),
        "-kernel", f"{kernel or lab}/vmlinuz", "-initrd", f"{kernel or lab}/initrd.img",
        "-append", cmdline.strip(),
        "-qmp", f"unix:{run}/qmp,server=on,wait=off",
        "-d", "cpu_reset", "-D", f"{run}/resets.log",
    ]
    if icount:
        argv += ["-accel", "tcg,thread=single", "-smp", str(options.get("cpus", 1)),
                 "-icount", f"shift={shift},sleep=off",
                 "-rtc", "base=2024-01-01T00:00:00,clock=vm", "-seed", "1"]
    else:
        argv += ["-accel", f"tcg,thread={options.get('thread', 'multi')}", "-smp", str(CPUS)]
    if iommu:
        argv += ["-device", "intel-iommu,intremap=on"]
    if interactive:
        argv += ["-serial", "mon:stdio"]
    else:
        argv += ["-serial", f"file:{run}/console.log"]
    argv += _plumbing(lab, payload, run)
    for slot, (device, extra, hub) in DEVICES.items():
        argv += _device(slot, device, extra, hub)
    if options.get("spare"):
        argv += _spare(payload)
    if kernel:
        # Its modules; lab/guest/init is told, and finds them by their label.
        argv += ["-drive", f"if=none,id=modules,file={kernel}/modules.img,format=raw,readonly=on",
                 "-device", "virtio-blk-pci,drive=modules,bus=pcie.0,addr=0x1b"]
    if options.get("ide"):
        argv += _ide(run, icount, options.get("power"), options.get("null"))
    if options.get("ide_four"):
        argv += _ide_four(run)
    if options.get("snd"):
        argv += _snd(run)
    if options.get("snd_rates"):
        argv += _snd_rates(run)
    if options.get("hotplug"):
        argv += _hotplug()
    if options.get("wav"):
        argv += _wav(run, options["wav"])
    if options.get("native"):
        argv += ["-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off"]
    if options.get("qmp"):
        argv += _qmp(run)
    return argv


def _plumbing(lab, payload, run):
    """Disks, the job's output and the shared folder: virtio with MSI-X on
    slots above the ones tests use, so that no INTx line is touched."""
    return [
        "-drive", f"if=none,id=root,file={lab}/root.img,format=raw,snapshot=on",
        "-device", "virtio-blk-pci,drive=root,addr=0x15",
        "-drive", f"if=none,id=payload,file={payload},format=raw,snapshot=on",
        "-device", "virtio-blk-pci,drive=payload,addr=0x16",
        "-device", "virtio-serial-pci,addr=0x17",
        "-chardev", f"file,id=job,path={run}/job.log",
        "-device", "virtserialport,chardev=job,name=job",
        "-fsdev", f"local,id=out,path={run}/out,security_model=none",
        "-device", "virtio-9p-pci,fsdev=out,mount_tag=out,addr=0x19",
    ]


def _spare(payload):
    """A disk that nobody uses, in slot 18 (its content is the payload's), and
    0000:81:00.0, an edu on a bus that the IOMMU does not cover."""
    return [
        "-drive", f"if=none,id=spare,file={payload},format=raw,snapshot=on",
        "-device", "virtio-blk-pci,drive=spare,addr=0x18",
        "-device", "pxb-pcie,id=outside,bus_nr=0x80,addr=0x1a,bypass_iommu=on",
        "-device", "pcie-root-port,id=outport,bus=outside,addr=0",
        "-device", "edu,bus=outport",
    ]


def _ide(run, icount, power, null):
    """A controller in compatibility mode, slot 13: two disks (the second needs
    48-bit addresses) on its first channel, an empty CD drive on the other.  Where an
    idle guest's clock jumps, a flush must not take the host's time."""
    argv = ["-device", "piix4-ide,id=ide,addr=0x13"]
    for n, gigabytes in enumerate((1, 200)):
        image = f"{run}/ide{n}.img"
        with open(image, "wb") as file:
            file.truncate(gigabytes << 30)
        kind = "raw,cache=unsafe" if icount else "raw"
        if power and n == 0:
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", image, "1G"], check=True)
            kind = "qcow2,cache=none"
        where = f"file={image},format={kind}"
        if null and n == 0:
            where = "driver=raw,file.driver=null-co,file.size=1G,file.read-zeroes=on"
        argv += ["-drive", f"if=none,id=ide{n},{where},discard=unmap",
                 "-device", f"ide-hd,bus=ide.0,unit={n},drive=ide{n},serial=ide{n}"]
    return argv + ["-device", "ide-cd,bus=ide.1,unit=0"]


def _ide_four(run):
    """A controller in slot 13 with two disks on each channel.  What QEMU was told to
    write to the first one, and to flush, is in /out/ide0.log in the order in which it
    came (tests/vm/ide_log.py); the second cannot read sector 100000 nor write 200000."""
    argv = ["-device", "piix4-ide,id=ide,addr=0x13"]
    for n in range(4):
        image = f"{run}/ide{n}.img"
        with open(image, "wb") as file:
            file.truncate(1 << 30)
        node = f"driver=file,filename={image},discard=unmap,node-name=ide{n}"
        if n == 0:
            log = f"{run}/out/ide0.log"
            open(log, "wb").close()
            node = (f"driver=blklogwrites,node-name=ide0,file.driver=file,file.filename={image},"
                    f"log.driver=file,log.filename={log}")
        elif n == 1:
            # The driver above blkdebug says what the events are.
            node = ("driver=raw,node-name=ide1,file.driver=blkdebug,"
                    f"file.image.driver=file,file.image.filename={image}")
            for rule, (event, sector) in enumerate((("read_aio", 100000), ("write_aio", 200000))):
                node += (f",file.inject-error.{rule}.event={event},"
                         f"file.inject-error.{rule}.sector={sector}")
        argv += ["-blockdev", node, "-device", f"ide-hd,bus=ide.{n // 2},unit={n % 2},drive=ide{n},"
                 f"id=disk{n},serial=ide{n},rerror=report,werror=report"]
    return argv


def _wav(run, name, rate=48000):
    """Plays into /out/NAME.wav; nothing is resampled if the chip's rate is this one."""
    return ["-audiodev", f"wav,id={name},path={run}/out/{name}.wav,out.frequency={rate},"
                         "timer-period=1000"]


def _hda(name, slot, codec="hda-output"):
    """A controller, and on its bus a codec."""
    return ["-device", f"intel-hda,id={name}bus,addr={slot}", "-device",
            f"{codec},bus={name}bus.0,audiodev={name},mixer=on,use-timer=off"]


def _snd(run):
    """An AC'97 chip in slot 12 and an HDA controller in slot 14; what they play is
    in /out/ac97.wav and /out/hda.wav, 48 kHz, nothing resampled."""
    # Two that record: silence, but in time.  The wav files' voices only play.
    mic = ["-audiodev", "none,id=mic,timer-period=1000", "-device", "AC97,addr=0x1e,audiodev=mic",
           *_hda("mic", "0x0e", "hda-micro")]
    return [*_wav(run, "ac97"), "-device", "AC97,addr=0x12,audiodev=ac97",
            *_wav(run, "hda"), *_hda("hda", "0x14"), *mic]


def _snd_rates(run):
    """A chip for each rate, which is in its name: QEMU gives a file one rate for good."""
    argv = []
    for name, slot, rate in (("ac8000", "0x09", 8000), ("ac16000", "0x0a", 16000),
                             ("ac44100", "0x0b", 44100)):
        argv += [*_wav(run, name, rate), "-device", f"AC97,addr={slot},audiodev={name}"]
    for name, slot, rate in (("hda16000", "0x0d", 16000), ("hda44100", "0x0e", 44100)):
        argv += [*_wav(run, name, rate), *_hda(name, slot)]
    return argv


def _hotplug():
    """Two sockets for PCI cards, ports hp1 (with an edu, id hot1) and hp2 (empty)."""
    argv = []
    for n in (1, 2):
        argv += ["-device", f"pcie-root-port,id=hp{n},chassis={n},addr={0x1b + n:#x}"]
    # For an e1000e to be plugged in beside the one of slot 06.
    return argv + ["-netdev", "hubport,id=hot,hubid=2", "-device", "edu,bus=hp1,id=hot1"]


def _qmp(run):
    """A QMP monitor on the virtio port "qmp", by which tests pull and plug and more
    (tests/vm/qmp).  A monitor cannot have that port itself: QEMU calls itself up."""
    return ["-chardev", f"socket,id=monitor,path={run}/qmp-guest,server=on,wait=off",
            "-mon", "chardev=monitor,mode=control",
            "-chardev", f"socket,id=qmp,path={run}/qmp-guest",
            "-device", "virtserialport,chardev=qmp,name=qmp"]


def _device(slot, device, extra, hub):
    argv = []
    words = [device, f"addr={slot:#x}"]
    if hub is not None:
        argv += ["-netdev", f"hubport,id=n{slot:x},hubid={hub}"]
        words += [f"netdev=n{slot:x}", f"mac=52:54:00:00:00:{slot:02x}", "romfile="]
    if extra:
        words.append(extra)
    return argv + ["-device", ",".join(words)]

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make install, into a folder: what is there is complete, starts, and a driver
can be built with nothing else.  Prints TAP."""

import os
import subprocess
import sys
import tempfile

import tap

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PREFIX = "/opt/udrv"
FILES = ["sbin/udrvd", "bin/udrvctl", "lib/udrv/e1000", "lib/udrv/ide", "lib/udrv/ac97",
         "lib/udrv/hda", "lib/libudrv.a", "lib/pkgconfig/libudrv.pc", "include/udrv.h",
         "include/udrv/net.h", "lib/systemd/system/udrvd.service", "lib/udev/rules.d/05-udrv.rules",
         "share/man/man4/udrv.4", "share/doc/udrv/udrvd.md", "share/doc/udrv/examples/e1000.ini"]


def run(*words, **env):
    try:
        done = subprocess.run(words, cwd=TOP, env=os.environ | env, text=True, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=250)
    except OSError as e:
        return False, str(e)
    return done.returncode == 0, done.stdout


def main():
    for name in [n for n in os.environ if n.startswith(("MAKE", "MFLAGS"))]:
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="udrv-install-") as dest:
        where = dest + PREFIX
        good, text = run("make", "-s", "install", f"DESTDIR={dest}", f"PREFIX={PREFIX}")
        tap.result(good, "make install", text)
        missing = [f for f in FILES if not os.path.exists(f"{where}/{f}")]
        tap.result(not missing, "all of it is there", missing)
        good, text = run(f"{where}/sbin/udrvd", "--version")
        tap.result(good and text.startswith("udrvd "), "udrvd starts", text)
        good, text = run("grep", "-rn", "/usr/s\\?bin/udrv", f"{where}/lib/systemd",
                         f"{where}/lib/udev")
        tap.result(not good, "nothing points out of the prefix", text)
        good, text = run(f"{where}/sbin/udrvd", "--check", "-c", f"{where}/share/doc/udrv/examples")
        tap.result(good, "the examples are right", text)
        env = {"PKG_CONFIG_PATH": f"{where}/lib/pkgconfig", "PKG_CONFIG_SYSROOT_DIR": dest}
        flags = run("pkg-config", "--cflags", "--libs", "libudrv", **env)[1].split()
        good, text = run("cc", "-Wall", "-Werror", "-o", f"{dest}/edu", "examples/edu.c", *flags)
        tap.result(good, "a driver is built with it", text)
        good, text = run(f"{dest}/edu", "qtest:edu")
        tap.result(good and "DMA done" in text, "and drives", text)
    tap.plan()
    return 0


if __name__ == "__main__":
    sys.exit(main())

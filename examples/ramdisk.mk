# SPDX-License-Identifier: MIT
PROGS_LIST += examples/ramdisk
USES_UDRV += examples/ramdisk
examples/ramdisk_SRC := examples/ramdisk.c
